"""pass@k against all subsets, exact fractions and its own limits."""

from fractions import Fraction
from itertools import combinations
from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thinkharder.core.errors import BadOption
from thinkharder.stats.passk import coverage, none_of, pass_at_k


@pytest.mark.parametrize("n", range(1, 8))
def test_it_is_the_mean_over_all_subsets(n: int) -> None:
    for c in range(n + 1):
        outcomes = [1] * c + [0] * (n - c)
        for k in range(1, n + 1):
            brute = np.mean([max(chosen) for chosen in combinations(outcomes, k)])
            assert pass_at_k(n, c, k) == pytest.approx(brute, abs=1e-14)


@given(st.integers(1, 3000), st.data())
def test_it_is_exact_for_large_n(n: int, data: st.DataObject) -> None:
    c, k = data.draw(st.integers(0, n)), data.draw(st.integers(0, n))
    exact = Fraction(comb(n - c, k), comb(n, k))
    assert none_of(n, c, k) == pytest.approx(float(exact), rel=1e-9, abs=1e-300)
    assert pass_at_k(n, c, k) == pytest.approx(float(1 - exact), abs=1e-12)


def test_it_is_stable_where_binomials_overflow() -> None:
    n = 1_000_000_000
    assert pass_at_k(n, 1, 1000) == pytest.approx(1e-6, rel=1e-9)
    assert pass_at_k(n, 1000, 1) == pytest.approx(1e-6, rel=1e-9)
    assert pass_at_k(n, n // 2, 20) == pytest.approx(1 - 0.5**20, rel=1e-9)
    assert pass_at_k(10**6, 5 * 10**5, 4 * 10**5) == 1.0


@given(st.integers(1, 60), st.data())
def test_more_samples_never_hurt_and_it_stays_a_chance(n: int, data: st.DataObject) -> None:
    c = data.draw(st.integers(0, n))
    found = pass_at_k(n, c, np.arange(1, n + 1))
    assert ((found >= 0) & (found <= 1)).all()
    assert (np.diff(found) >= -1e-15).all()
    assert found[0] == pytest.approx(c / n)
    assert found[-1] == float(c > 0)


def test_the_arguments_broadcast() -> None:
    found = pass_at_k(np.array([[4], [2]]), np.array([[1], [1]]), np.array([1, 2, 4]))
    assert found.shape == (2, 3)
    assert found[0] == pytest.approx([0.25, 0.5, 1.0])
    assert found[1][:2] == pytest.approx([0.5, 1.0])
    assert np.isnan(found[1][2])


def test_without_enough_samples_it_is_undefined() -> None:
    assert np.isnan(pass_at_k(3, 3, 4))
    assert np.isnan(pass_at_k(0, 0, 1))


def test_coverage_is_pass_at_all() -> None:
    found = coverage([4, 4, 0], [0, 1, 0])
    assert found[0] == 0
    assert found[1] == 1
    assert np.isnan(found[2])


@pytest.mark.parametrize(
    ("n", "c", "k", "said"),
    [
        (3, 4, 1, "c=4 of n=3"),
        (3, 0.5, 1, "one of them is 0.5"),
        (3, -1, 1, "one of them is -1.0"),
        (3, float("nan"), 1, "one of them is nan"),
        (3, 1, "two", "k must be numbers"),
    ],
)
def test_what_cannot_be_meant_raises(n: float, c: float, k: float, said: str) -> None:
    with pytest.raises(BadOption, match=said):
        pass_at_k(n, c, k)
