"""Paired tests against all sign assignments, scipy and simulation."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from thinkharder.core.errors import BadOption
from thinkharder.stats import paired
from thinkharder.stats.paired import mcnemar, permutation_test

NAN = float("nan")


@given(st.lists(st.integers(-4, 4), min_size=1, max_size=9))
@settings(max_examples=60)
def test_all_signs_are_counted(quarters: list[int]) -> None:
    d = np.array(quarters)
    sums = [abs(int(np.dot(signs, d))) for signs in product((-1, 1), repeat=len(d))]
    brute = np.mean([total >= abs(int(d.sum())) for total in sums])
    found = permutation_test(0.5 + d / 8, np.full(len(d), 0.5))
    assert found.p == pytest.approx(brute)
    assert found.difference == pytest.approx(d.mean() / 8)
    assert (found.problems, found.differ) == (len(d), int((d != 0).sum()))


def test_many_problems_are_drawn_and_agree_with_scipy() -> None:
    rng = np.random.default_rng(0)
    one, two = rng.random(200), rng.random(200) + 0.04
    found = permutation_test(one, two)
    theirs = stats.permutation_test(
        (one - two,), np.mean, permutation_type="samples", n_resamples=5000, vectorized=True, rng=rng
    )
    assert found.p == pytest.approx(theirs.pvalue, abs=0.02)
    assert found == permutation_test(one, two)
    assert "20,000 drawn" in found.method


def test_drawn_and_counted_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(1)
    one, two = rng.random(18), rng.random(18) * 0.8
    exact = permutation_test(one, two).p
    monkeypatch.setattr(paired, "MOST_EXACT", 0)
    assert permutation_test(one, two).p == pytest.approx(exact, abs=0.015)
    assert permutation_test(np.ones(25) + rng.random(25), np.zeros(25), resamples=99).p == 0.01


def test_equal_steps_are_exact_however_many() -> None:
    one, two = np.array([1.0] * 300 + [0.0] * 240), np.array([0.0] * 300 + [1.0] * 240)
    found = permutation_test(one, two)
    assert found.p == pytest.approx(stats.binomtest(240, 540).pvalue)
    assert "exact" in found.method
    large = permutation_test(np.tile(one, 5), np.tile(two, 5))
    assert large.p == pytest.approx(stats.binomtest(1200, 2700).pvalue)


@given(st.integers(0, 30), st.integers(0, 30))
def test_mcnemar_is_the_mid_p_of_a_fair_coin(gains: int, losses: int) -> None:
    one = np.array([1.0] * gains + [0.0] * losses + [1.0])
    two = np.array([0.0] * gains + [1.0] * losses + [1.0])
    n = gains + losses
    found, plain = mcnemar(one, two).p, stats.binomtest(gains, n).pvalue if n else 1.0
    tie = float(stats.binom.pmf(gains, n, 0.5))
    assert found == pytest.approx(1.0 if gains == losses else plain - tie)
    assert found <= plain + 1e-12


@pytest.mark.parametrize("n", [30, 100])
def test_equal_strategies_are_rarely_told_apart(n: int) -> None:
    rng = np.random.default_rng(n)
    found = []
    for _ in range(400):
        hard = rng.random(n)
        one, two = (rng.binomial(8, hard) / 8 for _ in range(2))
        found.append((permutation_test(one, two, resamples=400).p, mcnemar(one > 0.5, two > 0.5).p))
    shares = (np.array(found) < 0.05).mean(axis=0)
    assert (shares < 0.08).all()
    assert shares[0] > 0.025


def test_undefined_and_trivial() -> None:
    for test in (permutation_test, mcnemar):
        assert np.isnan(test([], []).p)
        assert np.isnan(test([1, NAN], [1, 0]).p)
        assert test([1, 0], [1, 0]).p == 1.0
    assert permutation_test([1, 0], [1, 0]).differ == 0


def test_what_cannot_be_meant_raises() -> None:
    with pytest.raises(BadOption, match="permutation_test"):
        mcnemar([0.5], [1.0])
    with pytest.raises(BadOption, match="same problems"):
        permutation_test([1.0], [1.0, 0.0])
