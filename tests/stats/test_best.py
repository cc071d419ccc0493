"""best@k against the live selection over all subsets, and against simulation."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings

from tests.stats.pool import Samples, samples
from thinkharder import select
from thinkharder.core.errors import BadOption
from thinkharder.stats.best import best_at_k
from thinkharder.stats.passk import pass_at_k

NAN = float("nan")


@given(samples())
@settings(max_examples=25)
def test_with_classes_it_is_the_live_selection_over_all_subsets(pool: Samples) -> None:
    for k in range(1, len(pool.classes) + 1):
        found = best_at_k([pool.scores], [pool.right], k, classes=[pool.classes])[0]
        assert found == pytest.approx(pool.by_subsets(select.highest_score, k), abs=1e-12)


def best_of(chosen: tuple[int, ...], scores: list[float], right: list[float]) -> float:
    scored = [i for i in chosen if not np.isnan(scores[i])]
    top = [i for i in scored if scores[i] == max(scores[j] for j in scored)] or list(chosen)
    return float(np.mean([right[i] for i in top]))


@given(samples())
@settings(max_examples=25)
def test_without_classes_every_sample_counts(pool: Samples) -> None:
    n = len(pool.scores)
    for k in range(1, n + 1):
        brute = np.mean([best_of(c, pool.scores, pool.right) for c in combinations(range(n), k)])
        assert best_at_k([pool.scores], [pool.right], k)[0] == pytest.approx(brute, abs=1e-12)


def test_a_perfect_scorer_reaches_coverage_and_a_constant_one_the_mean() -> None:
    rng = np.random.default_rng(1)
    right = (rng.random((40, 64)) < rng.random((40, 1))).astype(float)
    for k in (1, 8, 64):
        assert best_at_k(right, right, k) == pytest.approx(pass_at_k(64, right.sum(axis=1), k))
        assert best_at_k(np.zeros_like(right), right, k) == pytest.approx(right.mean(axis=1))


def test_large_pools_agree_with_simulation() -> None:
    rng = np.random.default_rng(2)
    scores = rng.integers(0, 20, 200) / 20
    right = (rng.random(200) < scores).astype(float)
    drawn = np.argsort(rng.random((20_000, 200)), axis=1)[:, :12]
    top = scores[drawn] == scores[drawn].max(axis=1, keepdims=True)
    simulated = ((top * right[drawn]).sum(axis=1) / top.sum(axis=1)).mean()
    assert best_at_k([scores], [right], 12)[0] == pytest.approx(simulated, abs=0.01)


def test_edges() -> None:
    assert np.isnan(best_at_k([[0.1, 0.2]], [[1, 0]], 3)[0])
    assert np.isnan(best_at_k([[0.1, 0.2]], [[1, NAN]], 1)[0])
    assert np.isnan(best_at_k([[0.1, 0.2]], [[1, 0]], 2, classes=[[0, -2]])[0])
    assert best_at_k([[0.1, 0.2]], [[1, NAN]], 2, classes=[[0, -1]])[0] == 1.0
    assert best_at_k([[-np.inf, np.inf]], [[1, 0]], 2)[0] == 0.0
    with pytest.raises(BadOption, match="k=0"):
        best_at_k([[0.1]], [[1]], 0)
    with pytest.raises(BadOption, match="one shape"):
        best_at_k([[0.1]], [[1, 0]], 1)
