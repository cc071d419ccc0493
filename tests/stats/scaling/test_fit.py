"""Fits: they find what the data were made with, follow their gradients, and survive data without a maximum."""

import numpy as np
import pytest
from scipy.optimize import check_grad

from thinkharder.core.errors import BadOption, UnknownName
from thinkharder.stats.scaling.fit import (
    FITS,
    Tally,
    _beta_loss,
    _zero_loss,
    fit,
    fit_beta,
    fit_zero_inflated,
)
from thinkharder.stats.scaling.rates import BetaRates, RateMixture, ZeroInflated


def made(rates: np.ndarray, samples: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    return np.full(len(rates), samples), np.random.default_rng(seed).binomial(samples, rates)


def test_gradients_are_right() -> None:
    n, c = made(np.random.default_rng(0).beta(0.5, 1.0, 200), 16)
    tally = Tally.of(np.append(n, [4, 9]), np.append(c, [0, 9]))
    for loss, at in ((_beta_loss, [-0.5, 0.3]), (_zero_loss, [-0.5, 0.3, -1.0])):
        assert (
            check_grad(lambda x, f=loss: f(x, tally)[0], lambda x, f=loss: f(x, tally)[1], np.array(at))
            < 1e-5
        )


def test_beta_is_recovered() -> None:
    law = fit("beta-binomial", *made(np.random.default_rng(3).beta(0.7, 2.0, 4000), 32))
    assert isinstance(law, BetaRates)
    assert law.alpha == pytest.approx(0.7, rel=0.07)
    assert law.beta == pytest.approx(2.0, rel=0.1)


def test_a_share_of_hopeless_problems_is_recovered() -> None:
    rng = np.random.default_rng(4)
    rates = np.where(rng.random(4000) < 0.3, 0.0, rng.beta(2.0, 3.0, 4000))
    law = fit("zero-inflated", *made(rates, 32))
    assert isinstance(law, ZeroInflated)
    assert law.zero == pytest.approx(0.3, abs=0.03)
    assert law.alpha == pytest.approx(2.0, rel=0.15)


def test_the_mixture_finds_two_kinds_of_problems() -> None:
    rates = np.repeat([0.1, 0.8], [600, 400])
    law = fit("mixture", *made(rates, 40))
    assert isinstance(law, RateMixture)
    assert 1 - law.failure(np.array([1]))[0] == pytest.approx(0.38, abs=0.02)
    low = sum(w for p, w in zip(law.rates, law.weights, strict=True) if p < 0.4)
    assert low == pytest.approx(0.6, abs=0.03)


def test_in_sample_the_mixture_is_never_worse_and_that_says_nothing() -> None:
    n, c = made(np.random.default_rng(5).beta(0.5, 1.0, 150), 16)
    likelihood = {law: fit(law, n, c).log_likelihood(n, c).mean() for law in FITS}
    assert likelihood["mixture"] > likelihood["beta-binomial"] > likelihood["exponential"]


@pytest.mark.parametrize("law", FITS)
def test_weights_are_repetitions(law: str) -> None:
    n, c = made(np.random.default_rng(6).beta(0.5, 1.0, 40), 16)
    weight = np.random.default_rng(7).integers(0, 3, 40)
    k = np.array([1, 8, 64])
    first = fit(law, n, c, weight.astype(float)).failure(k)
    second = fit(law, np.repeat(n, weight), np.repeat(c, weight)).failure(k)
    assert first == pytest.approx(second, rel=1e-6)


@pytest.mark.parametrize("law", FITS)
@pytest.mark.parametrize("right", [0, 5, 10], ids=["never", "equal", "always"])
def test_data_without_a_maximum_end_at_the_bounds(law: str, right: int) -> None:
    n, c = np.full(20, 10), np.full(20, right)
    found = fit(law, n, c)
    assert 1 - found.failure(np.array([1]))[0] == pytest.approx(right / 10, abs=0.03)
    assert np.all(np.isfinite(list(found.parameters.values())) | (right == 10))


def test_problems_may_have_different_numbers_of_draws() -> None:
    rng = np.random.default_rng(8)
    n = rng.integers(4, 60, 3000)
    c = rng.binomial(n, rng.beta(0.7, 2.0, 3000))
    assert fit_beta(Tally.of(n, c)).alpha == pytest.approx(0.7, rel=0.1)
    assert fit_zero_inflated(Tally.of(n, c)).zero < 0.1


@pytest.mark.parametrize(
    ("n", "c", "why"),
    [
        ([4, 4], [1], "same length"),
        ([], [], "same length"),
        ([4, 4], [1, 5], "problem 1 has 5 right of 4"),
        ([4, 0], [1, 0], "problem 1 has 0 right of 0"),
        ([4, 4], [1, -1], "-1 right"),
        ([4, 4], [1, 0.5], "whole numbers"),
    ],
)
def test_what_cannot_be_is_refused(n: list[int], c: list[float], why: str) -> None:
    with pytest.raises(BadOption, match=why):
        fit("beta-binomial", n, c)


def test_an_unknown_law_is_named() -> None:
    with pytest.raises(UnknownName, match="beta-binomial"):
        fit("beta", [4] * 12, [1] * 12)
