"""Forecasts of pass@k: right in expectation, intervals that hold the truth, the figures that are published."""

import numpy as np
import pytest

from benchmarks.forecasts import Errors, intervals, measure
from thinkharder.core.errors import BadOption
from thinkharder.stats.passk import pass_at_k
from thinkharder.stats.scaling.forecast import fit_bootstrap, forecast_pass


def population(
    seed: int, problems: int = 100, samples: int = 16
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    rates = rng.beta(0.6, 1.2, problems)
    return rates, np.full(problems, samples), rng.binomial(samples, rates)


def median_error(errors: Errors) -> float:
    return float(np.median(np.abs(np.asarray(errors.said) / np.asarray(errors.own) - 1)))


def test_far_beyond_the_samples() -> None:
    """What the bench test shows on 500 populations, on 60."""
    found = measure(60)
    assert median_error(found["beta-binomial"]) < 0.2
    assert median_error(found["known prior"]) < median_error(found["beta-binomial"])
    assert median_error(found["beta-binomial"]) < median_error(found["straight log-log line"])


@pytest.mark.bench
def test_the_published_figure() -> None:
    found = measure(500)
    assert median_error(found["beta-binomial"]) <= 0.15
    held, _ = intervals(200)
    assert 0.9 <= held <= 0.99


def test_intervals_hold_the_truth() -> None:
    """The population's own pass@k; 95% of 40 is 38, under 33 has a chance of 1 in 500."""
    held, k = 0, 100
    for seed in range(40):
        rates, n, c = population(seed)
        told = forecast_pass(fit_bootstrap("beta-binomial", n, c, 40, seed), [k], seed=seed)
        held += told.low[0] <= (1 - (1 - rates) ** k).mean() <= told.high[0]
    assert held >= 33


def test_new_problems_vary_more_than_those_that_were_sampled() -> None:
    _, n, c = population(1)
    fitted = fit_bootstrap("beta-binomial", n, c, 60)
    same, new = (forecast_pass(fitted, [1, 4, 64], new=new) for new in (False, True))
    assert np.all(new.high - new.low > same.high - same.low)
    assert same.value[0] == pytest.approx((c / n).mean(), abs=0.01)


def test_a_pool_that_is_complete_is_what_was_seen() -> None:
    _, n, c = population(2)
    told = forecast_pass(fit_bootstrap("beta-binomial", n, c, 20), [1, 5, 16], pool=16)
    seen = pass_at_k(n[:, None], c[:, None], np.array([[1, 5, 16]])).mean(axis=0)
    assert told.value == pytest.approx(seen)
    assert told.low == pytest.approx(told.high)


def test_a_pool_that_grows_is_foreseen() -> None:
    """Four draws of 32 seen; the estimate of all 32 lies in the interval, at least 24 of 30 times."""
    held = 0
    for seed in range(30):
        rates, _, _ = population(seed, 60)
        draws = np.random.default_rng(seed).random((60, 32)) < rates[:, None]
        fitted = fit_bootstrap("beta-binomial", np.full(60, 4), draws[:, :4].sum(axis=1), 40, seed)
        low, high = (forecast_pass(fitted, [16], pool=32, seed=seed).at(16))[1:]
        held += low <= pass_at_k(32, draws.sum(axis=1), 16).mean() <= high
    assert held >= 24


def test_the_same_seed_gives_the_same() -> None:
    _, n, c = population(3)
    one, two = (forecast_pass(fit_bootstrap("zero-inflated", n, c, 20, 5), [9], seed=5) for _ in range(2))
    assert (one.value[0], one.low[0], one.high[0]) == (two.value[0], two.low[0], two.high[0])


def test_every_law_has_intervals_of_its_numbers() -> None:
    _, n, c = population(4)
    for law in ("exponential", "beta-binomial", "zero-inflated"):
        fitted = fit_bootstrap(law, n, c, 30)
        for name, (low, high) in fitted.intervals().items():
            assert low <= high, name
        assert fitted.intervals().keys() == fitted.law.parameters.keys()
    assert fit_bootstrap("mixture", n, c, 5).intervals() == {}


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"k": [4], "pool": 8}, "cannot hold the 16 already seen"),
        ({"k": [64], "pool": 32}, "samples of 64"),
        ({"k": [4], "pool": 32, "new": True}, "take one"),
        ({"k": [0]}, "at least 1"),
        ({"k": [2.5]}, "whole numbers"),
    ],
)
def test_what_cannot_be_is_refused(options: dict, why: str) -> None:
    _, n, c = population(5)
    fitted = fit_bootstrap("beta-binomial", n, c, 5)
    with pytest.raises(BadOption, match=why):
        forecast_pass(fitted, options.pop("k"), **options)


def test_a_budget_that_was_not_forecast_is_refused() -> None:
    _, n, c = population(6)
    with pytest.raises(BadOption, match="no k = 3"):
        forecast_pass(fit_bootstrap("beta-binomial", n, c, 5), [2, 4]).at(3)


def test_nothing_right_is_not_never_right() -> None:
    """All bootstrap fits are one there; the bound is the rate whose draws are all wrong in one case of forty."""
    n, c = np.full(20, 8), np.zeros(20, dtype=int)
    for law in ("beta-binomial", "zero-inflated", "mixture", "exponential"):
        told = forecast_pass(fit_bootstrap(law, n, c, times=5), [1, 8, 128])
        rate = 1 - 0.025 ** (1 / 160)
        assert told.high == pytest.approx(1 - (1 - rate) ** told.k, abs=0.01)
        assert told.high[-1] > 0.9
        assert told.low == pytest.approx(0, abs=1e-9)


def test_all_right_is_not_always_right() -> None:
    n = np.full(20, 8)
    told = forecast_pass(fit_bootstrap("beta-binomial", n, n, times=5), [1, 8, 128])
    assert told.low == pytest.approx(0.025 ** (1 / 20))
    assert told.high == pytest.approx(1)
