"""The arithmetic of the benchmark on recorded pools, against plain enumeration."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.confidence_pools import auroc, best_of, vote

SAMPLES = st.lists(st.tuples(st.integers(0, 4), st.booleans()), min_size=1, max_size=8)


@given(SAMPLES, st.integers(1, 8))
def test_best_of_n_is_the_mean_over_all_subsets(samples: list[tuple[int, bool]], n: int) -> None:
    scores, right = np.array([s for s, _ in samples], dtype=float), np.array([r for _, r in samples])
    shares = []
    for chosen in combinations(samples, min(n, len(samples))):
        top = [r for s, r in chosen if s == max(s for s, _ in chosen)]
        shares.append(sum(top) / len(top))
    # Ties share by their whole class in closed form, by those drawn here: the same in expectation.
    assert best_of(n, scores, right) == pytest.approx(np.mean(shares))


@given(SAMPLES)
def test_auroc_is_the_share_of_pairs_in_order(samples: list[tuple[int, bool]]) -> None:
    good, bad = ([s for s, r in samples if r is kind] for kind in (True, False))
    found = auroc(np.array([s for s, _ in samples], dtype=float), np.array([r for _, r in samples]))
    if good and bad:
        pairs = [1.0 if g > b else 0.5 if g == b else 0.0 for g in good for b in bad]
        assert found == pytest.approx(np.mean(pairs))
    else:
        assert np.isnan(found)


def test_votes_by_hand() -> None:
    rng = np.random.default_rng(0)
    keys, right = ["7", "8", "8", None], np.array([True, False, False, False])
    assert vote(4, np.ones(4), keys, right, rng) == 0.0
    assert vote(4, np.array([2.0, 1.0, 1.0, 9.0]), keys, right, rng) == 0.5
    assert vote(4, np.array([3.0, 1.0, 1.0, 9.0]), keys, right, rng) == 1.0
    assert vote(4, np.ones(4), [None] * 4, right, rng) == 0.0
