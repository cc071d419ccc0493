"""The front door: what it picks, that it holds what it says, and what it does at the edges."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from thinkharder.core.errors import BadOption
from thinkharder.stats.intervals import difference_interval, effective_size, mean_interval, problem_means
from thinkharder.stats.proportions import wilson

NAN = float("nan")
RUNS = 2000


@pytest.mark.parametrize("n", [30, 100, 500])
@pytest.mark.parametrize("rate", [0.05, 0.5, 0.95])
def test_one_outcome_a_problem_is_held_as_often_as_it_says(n: int, rate: float) -> None:
    """Exactly, over all outcomes that n problems can have."""
    held = 0.0
    for solved in range(n + 1):
        found = mean_interval([1.0] * solved + [0.0] * (n - solved))
        held += float(stats.binom.pmf(solved, n, rate)) * (found.low <= rate <= found.high)
    assert 0.93 <= held <= 0.97


@pytest.mark.slow
@pytest.mark.parametrize("n", [30, 100, 500])
@pytest.mark.parametrize("rate", [0.05, 0.5, 0.95])
@pytest.mark.parametrize(("rho", "samples"), [(0.2, 16), (0.5, 4), (0.8, 64)])
def test_means_of_samples_are_held_as_often_as_they_say(
    n: int, rate: float, rho: float, samples: int
) -> None:
    """Simulated: the standard error of a share of 2,000 is half a point, and so much is allowed on either side."""
    rng = np.random.default_rng([7, n, samples, round(100 * rate)])
    size = 1 / rho - 1
    values = rng.binomial(samples, rng.beta(rate * size, (1 - rate) * size, (RUNS, n))) / samples
    found = [mean_interval(row) for row in values]
    assert 0.925 <= np.mean([one.low <= rate <= one.high for one in found]) <= 0.975


def test_zero_one_outcomes_get_wilsons_interval() -> None:
    found = mean_interval([1, 0, 1, 1, 0, 1, 1, 1, 1, 1])
    low, high = wilson(8, 10)
    assert (found.estimate, found.low, found.high) == pytest.approx((0.8, float(low), float(high)))
    assert found.method == "Wilson"
    assert mean_interval([1.0] * 30).low == pytest.approx(float(wilson(30, 30)[0]))
    assert mean_interval([True, False]).method == "Wilson"


def test_samples_of_one_problem_are_not_independent() -> None:
    """The same 30 problems sampled 64 times each say no more than once, where a problem is always solved or never."""
    once = mean_interval([1.0] * 20 + [0.0] * 10)
    many = mean_interval(np.repeat([[1.0]] * 20 + [[0.0]] * 10, 64, axis=1))
    assert many == once
    even = np.tile(([1.0] * 43 + [0.0] * 21), (30, 1))
    assert mean_interval(even).high - mean_interval(even).low < (once.high - once.low) / 10


@given(st.lists(st.integers(0, 16), min_size=1, max_size=60))
def test_what_always_holds(sixteenths: list[int]) -> None:
    values = np.array(sixteenths) / 16
    found, mirrored = mean_interval(values), mean_interval(1 - values)
    assert 0 <= found.low <= found.estimate + 1e-12
    assert found.estimate - 1e-12 <= found.high <= 1
    assert found.high > found.low
    assert mirrored.low == pytest.approx(1 - found.high, abs=1e-9)
    assert effective_size(values) >= len(values) * (1 - 1e-12)
    low, high = wilson(values.sum(), len(values))
    assert low - 1e-9 <= found.low
    assert found.high <= high + 1e-9
    wider = mean_interval(values, level=0.99)
    assert wider.low <= found.low
    assert found.high <= wider.high


def test_missing_samples_and_missing_problems() -> None:
    assert problem_means([[1, NAN, 0], [1, 1, NAN], [NAN, NAN, NAN]])[:2].tolist() == [0.5, 1.0]
    assert mean_interval([[1, NAN], [0, 0]]) == mean_interval([1, 0])
    for values in ([], [1, NAN], [[NAN, NAN], [1, 0]]):
        found = mean_interval(values)
        assert np.isnan([found.estimate, found.low, found.high]).all()
        assert "undefined" in found.method


def test_other_bounds_scale() -> None:
    unit, scaled = mean_interval([0.2, 0.4, 0.9]), mean_interval([2, 4, 9], bounds=(0, 10))
    assert (10 * unit.low, 10 * unit.high) == pytest.approx((scaled.low, scaled.high))


def test_without_bounds_skew_is_followed() -> None:
    rng = np.random.default_rng(0)
    found = mean_interval(rng.lognormal(0, 1, 60), bounds=None)
    assert found.high - found.estimate > 1.2 * (found.estimate - found.low)
    assert "bootstrap" in found.method
    assert np.isnan(mean_interval([3.0, 3.0], bounds=None).low)


def test_a_difference_where_few_differ_does_not_collapse() -> None:
    same = difference_interval([1, 0] * 15, [1, 0] * 15)
    assert same.estimate == 0
    assert same.low == -same.high
    assert 0.05 < same.high < 0.2
    flipped = difference_interval([1, 1, 0, 1], [0, 1, 0, 0]), difference_interval([0, 1, 0, 0], [1, 1, 0, 1])
    assert (flipped[0].low, flipped[0].high) == pytest.approx((-flipped[1].high, -flipped[1].low))


@pytest.mark.parametrize("rates", [(0.5, 0.5), (0.5, 0.7), (0.9, 0.95)])
def test_differences_hold_the_truth(rates: tuple[float, float]) -> None:
    rng = np.random.default_rng(5)
    hits = 0
    for _ in range(500):
        hard = rng.random(150)
        one, two = (rng.binomial(8, np.clip(rate + 0.09 * (hard - 0.5), 0, 1)) / 8 for rate in rates)
        found = difference_interval(one, two)
        hits += found.low <= rates[0] - rates[1] <= found.high
    assert 0.92 <= hits / 500 <= 0.99


def test_what_cannot_be_meant_raises() -> None:
    with pytest.raises(BadOption, match="must lie in"):
        mean_interval([3.0])
    with pytest.raises(BadOption, match="low < high"):
        mean_interval([1.0], bounds=(1, 0))
    with pytest.raises(BadOption, match="level=95"):
        mean_interval([1.0], level=95)
    with pytest.raises(BadOption, match="shape"):
        mean_interval([[[1.0]]])
    with pytest.raises(BadOption, match="same problems"):
        difference_interval([1.0], [1.0, 0.0])
    with pytest.raises(BadOption, match="a scaled"):
        difference_interval([7.0], [7.0])
    assert np.isnan(difference_interval([1, NAN], [1, 1]).low)
