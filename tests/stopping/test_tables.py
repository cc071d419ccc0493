"""Posteriors, ratios and capitals of the rules against integrals and simulation."""

import math
from itertools import product

import numpy as np
import pytest

from thinkharder.stopping.dirichlet import leads
from thinkharder.stopping.msprt import log_ratio
from thinkharder.stopping.tables import (
    bet_boundary,
    beta_boundary,
    density_boundary,
    log_bet,
    share_above_half,
)


def upper(a: int, b: int) -> float:
    """P(p > 1/2), p ~ Beta(a, b), by the midpoint rule."""
    x = (np.arange(200_000) + 0.5) / 200_000
    density = np.exp((a - 1) * np.log(x) + (b - 1) * np.log1p(-x))
    return float(density[x > 0.5].sum() / density.sum())


@pytest.mark.parametrize(("a", "b"), [(1, 1), (2, 1), (5, 1), (7, 3), (30, 30), (41, 29), (90, 2)])
def test_shares_above_one_half(a: int, b: int) -> None:
    assert share_above_half(a, b) == pytest.approx(upper(a, b), abs=1e-6)


def test_shares_of_large_counts_do_not_overflow() -> None:
    assert share_above_half(9000, 1) == 1.0
    assert share_above_half(10**6 + 10, 10**6) == pytest.approx(0.5 + 10 / math.sqrt(4e6 * math.pi), abs=1e-4)


@pytest.mark.parametrize(
    "boundary", [beta_boundary(0.95), density_boundary(0.01), bet_boundary(0.01)], ids=["beta", "ppr", "bet"]
)
def test_boundaries_are_the_least_counts(boundary: object) -> None:
    stops, need = boundary.stops, boundary  # type: ignore[attr-defined]
    for b in range(40):
        a = need(b)  # type: ignore[operator]
        assert a >= b
        assert stops(a, b)
        assert a == b or not stops(a - 1, b)
    assert need(np.array([3, 0, 700])).tolist() == [need(3), need(0), need(700)]  # type: ignore[operator]


@pytest.mark.parametrize(
    "given_", [(3, 1), (5, 2, 1, 1), (4, 4, 1), (9, 5, 3, 2, 2), (1, 1, 1, 1, 1)], ids=str
)
def test_dirichlet_by_simulation(given_: tuple[int, ...]) -> None:
    drawn = np.random.default_rng(0).dirichlet(np.array(given_) + 1.0, 200_000)
    assert leads(*given_) == pytest.approx(float((drawn.argmax(1) == 0).mean()), abs=0.005)


def test_dirichlet_of_two_answers_is_beta() -> None:
    for a, b in product(range(12), range(12)):
        if a >= b:
            assert leads(a, b) == pytest.approx(share_above_half(a + 1, b + 1), abs=1e-9)


@pytest.mark.parametrize(("a", "b", "prior"), [(0, 0, 1), (5, 2, 1), (9, 9, 3), (30, 10, 1), (12, 4, 1000)])
def test_the_mixture_ratio_is_an_integral(a: int, b: int, prior: int) -> None:
    p = 0.5 + (np.arange(400_000) + 0.5) / 800_000
    weight = np.exp((prior - 1) * (np.log(p) + np.log1p(-p) + math.log(4)))
    ratio = np.exp(a * np.log(2 * p) + b * np.log(2 * (1 - p)))
    assert log_ratio(a, b, prior) == pytest.approx(math.log((weight * ratio).sum() / weight.sum()), abs=1e-5)


def test_both_ways_to_the_mixture_ratio_agree() -> None:
    assert log_ratio(9, 4, 14_001) == pytest.approx(log_ratio(9, 4, 13_999), rel=1e-3)


@pytest.mark.parametrize(("a", "b"), [(0, 0), (3, 0), (7, 2), (20, 9)])
def test_the_bettors_capital_is_a_mean_over_stakes(a: int, b: int) -> None:
    stakes = (np.arange(100_000) + 0.5) / 100_000
    assert math.exp(log_bet(a, b)) == pytest.approx(
        float(((1 + stakes) ** a * (1 - stakes) ** b).mean()), rel=1e-6
    )
