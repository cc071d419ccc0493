"""N*: where closed forms have it, where curves go up and down, and where it lies beyond the curve."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thinkharder.core.errors import BadOption
from thinkharder.stats.scaling.saturation import envelope, saturation


def test_an_exponential_saturates_where_its_gain_says() -> None:
    """1 - (1 - p)^k gains p (1 - p)^k with sample k + 1: worth it while that is at least threshold / 10 (100 tokens)."""
    p, k = 0.1, np.arange(1, 400)
    found = saturation(k, 1 - (1 - p) ** k, 100.0 * k, 0.02)
    wanted = 1 + int(np.floor(np.log(0.002 / p) / np.log(1 - p)))
    assert found.n_star == wanted
    assert (found.low, found.high) == (wanted, wanted)
    assert found.tokens == 100 * wanted


def test_a_vote_of_two_does_not_stop_it() -> None:
    """maj@1 = maj@2 < maj@3 = maj@4 …: the first gain is none, and 3 samples are worth it all the same."""
    found = saturation([1, 2, 3, 4, 5], [0.6, 0.6, 0.7, 0.7, 0.7], [100, 200, 300, 400, 500], 0.2)
    assert found.n_star == 3


def test_beyond_the_curve_is_none() -> None:
    found = saturation([1, 2, 4], [0.1, 0.3, 0.6], [100, 200, 400], 0.01)
    assert found.n_star is None
    assert found.accuracy == 0.6


def test_nothing_is_gained_by_a_falling_curve() -> None:
    assert saturation([1, 2, 4], [0.6, 0.5, 0.4], [100, 200, 400], 0.01).n_star == 1


def test_the_interval_is_that_of_the_curves() -> None:
    k = np.arange(1, 200)
    again = [1 - (1 - p) ** k for p in np.linspace(0.05, 0.2, 40)]
    found = saturation(k, 1 - 0.9**k, 100.0 * k, 0.02, again)
    assert found.low is not None
    assert found.high is not None
    assert found.low < found.n_star < found.high  # type: ignore[operator]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=2, max_size=12))
def test_the_envelope_is_concave_and_lies_above(values: list[float]) -> None:
    y = np.array(values)
    x = np.cumsum(np.linspace(1, 3, len(y)))
    hull = envelope(x, y)
    assert hull[0] == 0
    assert y[hull[-1]] == y.max()
    slopes = np.diff(y[hull]) / np.diff(x[hull])
    assert np.all(np.diff(slopes) <= 1e-9)
    inside = x <= x[hull[-1]]
    assert np.all(np.interp(x[inside], x[hull], y[hull]) >= y[inside] - 1e-9)


@pytest.mark.parametrize(
    ("k", "y", "tokens", "threshold", "why"),
    [
        ([1, 2], [0.1, 0.2], [10, 20], 0.0, "above 0"),
        ([1, 2], [0.1, 0.2], [10, 20], float("nan"), "above 0"),
        ([1], [0.1], [10], 0.1, "two budgets"),
        ([1, 2], [0.1, 0.2], [10, 10], 0.1, "must rise"),
        ([1, 2], [0.1], [10, 20], 0.1, "two budgets"),
    ],
)
def test_what_cannot_be_is_refused(k: list, y: list, tokens: list, threshold: float, why: str) -> None:
    with pytest.raises(BadOption, match=why):
        saturation(k, y, tokens, threshold)
