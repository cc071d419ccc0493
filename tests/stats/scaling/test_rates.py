"""Laws of the rates: what they say is a probability, and agrees with numerical integration and with simulation."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

from thinkharder.stats.scaling.rates import BetaRates, OneRate, RateLaw, RateMixture, ZeroInflated

LAWS: list[RateLaw] = [
    OneRate(0.3),
    OneRate(0.0),
    OneRate(1.0),
    BetaRates(0.3, 1.5),
    BetaRates(4.0, 0.7),
    ZeroInflated(0.2, 0.8, 1.1),
    ZeroInflated(0.0, 0.8, 1.1),
    RateMixture((0.0, 0.1, 0.7), (0.25, 0.5, 0.25)),
]
N = 12


@pytest.mark.parametrize("law", LAWS, ids=repr)
def test_the_counts_add_up_to_one(law: RateLaw) -> None:
    every = np.arange(N + 1)
    assert np.exp(law.log_likelihood(np.full(N + 1, N), every)).sum() == pytest.approx(1.0)


@pytest.mark.parametrize("law", LAWS, ids=repr)
def test_failing_all_is_the_likelihood_of_none_right(law: RateLaw) -> None:
    k = np.array([1, 5, 60])
    assert np.exp(law.log_likelihood(k, np.zeros(3, dtype=np.int64))) == pytest.approx(law.failure(k))


@pytest.mark.parametrize("law", LAWS, ids=repr)
def test_what_is_said_given_the_counts_averages_to_what_is_said_without(law: RateLaw) -> None:
    """E over c of E[(1 - p)^k | c] is E (1 - p)^k."""
    every, k = np.arange(N + 1), np.array([1, 7, 300])
    sizes = np.full(N + 1, N)
    weight = np.exp(law.log_likelihood(sizes, every))
    given = law.failure_given(sizes, every, k)
    given = np.where(weight[:, None] > 0, given, 0.0)
    assert weight @ given == pytest.approx(law.failure(k), abs=1e-12)


@settings(max_examples=25, deadline=None)
@given(st.floats(0.2, 5), st.floats(0.2, 5), st.integers(0, 6), st.integers(1, 40))
def test_the_beta_law_is_the_integral(alpha: float, beta: float, c: int, k: int) -> None:
    prior = stats.beta(alpha + c, beta + 6 - c)
    whole, _ = integrate.quad(lambda x: prior.cdf(x) * k * (1 - x) ** (k - 1), 0, 1, limit=200)
    # by parts: E (1 - p)^k = integral of the distribution function times k (1 - p)^(k - 1)
    found = BetaRates(alpha, beta).failure_given(np.array([6]), np.array([c]), np.array([k]))
    assert found[0, 0] == pytest.approx(whole, rel=1e-5, abs=1e-9)


@pytest.mark.parametrize("law", LAWS, ids=repr)
def test_draws_have_the_moments_that_are_said(law: RateLaw) -> None:
    rng = np.random.default_rng(1)
    k = np.array([1, 4])
    new = law.draw(40_000, rng)
    assert ((1 - new)[:, None] ** k).mean(axis=0) == pytest.approx(law.failure(k), abs=0.01)
    n, c = np.full(40_000, 5), np.full(40_000, 0)
    if np.isfinite(law.log_likelihood(n[:1], c[:1]))[0]:
        known = law.draw_given(n, c, rng)
        said = law.failure_given(n[:1], c[:1], k)[0]
        assert ((1 - known)[:, None] ** k).mean(axis=0) == pytest.approx(said, abs=0.01)


def test_zero_inflation_believes_in_hopeless_problems_the_more_was_drawn() -> None:
    law = ZeroInflated(0.1, 1.0, 1.0)
    n = np.array([1, 10, 100, 100])
    never = law.hopeless(n, np.array([0, 0, 0, 1]))
    assert np.all(np.diff(never[:3]) > 0)
    assert never[2] == pytest.approx(0.1 / (0.1 + 0.9 / 101))
    assert never[3] == 0


def test_a_power_law_comes_from_the_rates_near_zero() -> None:
    """Beta rates: the failure rate falls like k^(-alpha) (arXiv:2502.17578)."""
    k = np.array([10_000, 1_000_000])
    first, second = BetaRates(0.4, 2.0).failure(k)
    assert np.log(first / second) / np.log(100) == pytest.approx(0.4, abs=1e-3)
