"""Intervals of one rate against scipy, their definitions and published values."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import stats

from thinkharder.core.errors import BadOption
from thinkharder.stats.proportions import clopper_pearson, jeffreys, mid_p, wilson

METHODS = [wilson, clopper_pearson, jeffreys, mid_p]


@pytest.mark.parametrize(("method", "name"), [(wilson, "wilson"), (clopper_pearson, "exact")])
@pytest.mark.parametrize("level", [0.8, 0.95, 0.99])
def test_they_are_scipys(method: Callable[..., Any], name: str, level: float) -> None:
    for n in (1, 7, 40):
        x = np.arange(n + 1)
        low, high = method(x, n, level)
        theirs = [stats.binomtest(int(i), n).proportion_ci(level, method=name) for i in x]
        assert low == pytest.approx([t.low for t in theirs], abs=1e-9)
        assert high == pytest.approx([t.high for t in theirs], abs=1e-9)


def test_mid_p_holds_its_definition() -> None:
    x, n = np.arange(1, 12), 12
    low, high = mid_p(x, n)
    inner = x < n
    assert stats.binom.sf(x, n, low) + stats.binom.pmf(x, n, low) / 2 == pytest.approx(0.025)
    found = stats.binom.cdf(x[inner] - 1, n, high[inner]) + stats.binom.pmf(x[inner], n, high[inner]) / 2
    assert found == pytest.approx(0.025)
    assert mid_p(0, n)[1] == pytest.approx(1 - 0.05 ** (1 / n))


def test_jeffreys_is_the_posterior() -> None:
    low, high = jeffreys([0, 3, 10], 10)
    assert low == pytest.approx([0, stats.beta.ppf(0.025, 3.5, 7.5), stats.beta.ppf(0.025, 10.5, 0.5)])
    assert high == pytest.approx([stats.beta.ppf(0.975, 0.5, 10.5), stats.beta.ppf(0.975, 3.5, 7.5), 1])


@pytest.mark.parametrize("method", METHODS)
def test_they_are_symmetric_hold_the_rate_and_shrink(method: Callable[..., Any]) -> None:
    for n in (1, 10, 77):
        x = np.arange(n + 1)
        low, high = method(x, n)
        assert low == pytest.approx(1 - high[::-1], abs=1e-12)
        assert (low <= x / n).all()
        assert (x / n <= high).all()
        assert low[0] == 0
        assert high[-1] == 1
    assert np.isnan(method(0, 0)[0])
    assert np.isnan(method(0, 0)[1])
    narrow, wide = method(5, 10, 0.5), method(5, 10, 0.99)
    assert wide[0] < narrow[0] < narrow[1] < wide[1]


def test_what_cannot_be_meant_raises() -> None:
    for x, n in ((3, 2), (-1, 2), (0, -1)):
        with pytest.raises(BadOption, match="between 0 and n"):
            wilson(x, n)
    with pytest.raises(BadOption, match="level=95"):
        wilson(1, 2, 95)
