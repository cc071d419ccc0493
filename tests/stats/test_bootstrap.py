"""The bootstrap over problems."""

import numpy as np
import pytest
from scipy import stats

from thinkharder.core.errors import BadOption
from thinkharder.stats.bootstrap import cluster_bootstrap, studentised_bootstrap

NAN = float("nan")


def mean(values: np.ndarray) -> float:
    return float(values.mean())


def test_problems_are_resampled_and_not_samples() -> None:
    rng = np.random.default_rng(0)
    problem = rng.random((40, 1))
    values = np.repeat(problem, 50, axis=1)
    low, high = cluster_bootstrap((values,), mean)
    spread = 1.96 * float(problem.std(ddof=1)) / 40**0.5
    assert high - low == pytest.approx(2 * spread, rel=0.15)


@pytest.mark.parametrize("method", ["bca", "percentile"])
def test_it_is_scipys_of_the_problems(method: str) -> None:
    values = np.random.default_rng(1).exponential(size=25)
    low, high = cluster_bootstrap((values,), mean, method=method, resamples=500, seed=3)  # type: ignore[arg-type]
    named = "BCa" if method == "bca" else method
    theirs = stats.bootstrap(
        (values,), mean, vectorized=False, n_resamples=500, method=named, rng=np.random.default_rng(3)
    ).confidence_interval
    assert (low, high) == pytest.approx((theirs.low, theirs.high))


def test_bca_follows_skew_and_seeds_repeat() -> None:
    values = np.random.default_rng(2).lognormal(0, 1, 40)
    bca, plain = cluster_bootstrap((values,), mean), cluster_bootstrap((values,), mean, method="percentile")
    assert bca[1] > plain[1]
    assert bca == cluster_bootstrap((values,), mean)
    assert bca != cluster_bootstrap((values,), mean, seed=1)


def test_statistics_of_several_arrays() -> None:
    rng = np.random.default_rng(3)
    x = rng.normal(size=60)
    y = x + 0.5 * rng.normal(size=60)
    low, high = cluster_bootstrap((x, y), lambda a, b: float(np.corrcoef(a, b)[0, 1]))
    assert 0.7 < low < np.corrcoef(x, y)[0, 1] < high < 1


@pytest.mark.parametrize("method", ["bca", "percentile"])
def test_no_spread_seen_is_not_no_spread(method: str) -> None:
    for values in ([1.0] * 30, [1.0], [1.0, NAN]):
        assert np.isnan(cluster_bootstrap((values,), mean, method=method)).all()  # type: ignore[arg-type]


def test_a_statistic_that_resamples_lose_is_undefined() -> None:
    rare = np.array([1.0] * 29 + [0.0])

    def odds(values: np.ndarray) -> float:
        return NAN if values.all() else float(values.mean() / (1 - values.mean()))

    assert np.isnan(cluster_bootstrap((rare,), odds)).all()
    assert np.isnan(cluster_bootstrap((np.ones(9),), odds)).all()


def test_where_bca_has_no_answer_it_gives_none() -> None:
    low, high = cluster_bootstrap((np.arange(30.0),), lambda values: float(values.max()))
    assert np.isnan(low) == np.isnan(high)


def test_studentised_against_students_on_normal_values() -> None:
    values = np.random.default_rng(4).normal(10, 2, 200)
    low, high = studentised_bootstrap(values)
    theirs = stats.ttest_1samp(values, 0).confidence_interval()
    assert (low, high) == pytest.approx((theirs.low, theirs.high), abs=0.05)
    assert (low, high) == studentised_bootstrap(values)


def test_studentised_at_the_edges() -> None:
    assert np.isnan(studentised_bootstrap([2.0, 2.0])).all()
    assert np.isnan(studentised_bootstrap([2.0])).all()
    assert np.isnan(studentised_bootstrap([2.0, NAN])).all()
    low, high = studentised_bootstrap([0.0] * 29 + [1000.0])
    assert np.isnan(high), "one value carries all of it: nothing bounds the mean from above"
    assert low < 1000 / 30
    assert np.isnan(studentised_bootstrap([400.0, 900.0, 500.0])).all()


def test_what_cannot_be_meant_raises() -> None:
    with pytest.raises(BadOption, match="one row a problem"):
        cluster_bootstrap(([1.0, 2.0], [1.0]), mean)
    with pytest.raises(BadOption, match="method='basic'"):
        cluster_bootstrap(([1.0, 2.0],), mean, method="basic")  # type: ignore[arg-type]
    with pytest.raises(BadOption, match="resamples=1"):
        cluster_bootstrap(([1.0, 2.0],), mean, resamples=1)
    with pytest.raises(BadOption, match="shape"):
        studentised_bootstrap([[1.0]])
