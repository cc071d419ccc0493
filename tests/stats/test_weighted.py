"""Weighted maj@k against the live selection over all subsets."""

import numpy as np
import pytest
from hypothesis import given, settings

from tests.stats.pool import Samples, samples
from thinkharder import select
from thinkharder.core.errors import BadOption
from thinkharder.stats import weighted
from thinkharder.stats.voting import maj_at_k, tally
from thinkharder.stats.weighted import weighted_maj_at_k

NAN = float("nan")


@given(samples())
@settings(max_examples=25)
def test_it_is_the_mean_of_live_votes_over_all_subsets(pool: Samples) -> None:
    for k in range(1, len(pool.classes) + 1):
        found = weighted_maj_at_k([pool.classes], [pool.scores], [pool.right], k)[0]
        assert found == pytest.approx(pool.by_subsets(select.weighted_vote, k), abs=1e-12)


@given(samples())
@settings(max_examples=15)
def test_equal_weights_are_the_plain_vote(pool: Samples) -> None:
    counted = tally([pool.classes], [pool.right])
    for weight in (0.3, 0.0, NAN):
        for k in range(1, len(pool.classes) + 1):
            found = weighted_maj_at_k([pool.classes], [[weight] * len(pool.classes)], [pool.right], k)
            plain = maj_at_k(counted.counts, counted.right, k, abstained=counted.abstained)
            assert found == pytest.approx(plain, abs=1e-12)


def test_rounding_neither_makes_nor_breaks_a_tie() -> None:
    ties = [[0.1, 0.1, 0.1, 0.1, 0.1, 0.1]], [[0, 1, 0, 1, 0, 1]]
    assert weighted_maj_at_k(ties[1], ties[0], [[1, 0, 1, 0, 1, 0]], 6)[0] == 0.5
    # As binary fractions 0.1 + 0.2 is more than 0.3, by less than a float's sum of them shows reliably.
    assert weighted_maj_at_k([[0, 1, 1]], [[0.3, 0.1, 0.2]], [[1, 0, 0]], 3)[0] == 0.0
    assert weighted_maj_at_k([[0, 1, 1]], [[1.0, 1.0, 1e-20]], [[1, 0, 0]], 3)[0] == 0.0
    assert weighted_maj_at_k([[0, 0, 1, 1]], [[3e8, 1e-9, 3e8, 1e-9]], [[1, 1, 0, 0]], 4)[0] == 0.5


def test_what_is_not_enumerated_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    classes, weights = rng.integers(-1, 4, (3, 14)), rng.random((3, 14))
    right = np.where(classes == 1, 1.0, 0.0)
    exact = weighted_maj_at_k(classes, weights, right, 5)
    monkeypatch.setattr(weighted, "MOST_SUBSETS", 1)
    drawn = weighted_maj_at_k(classes, weights, right, 5)
    assert (drawn == weighted_maj_at_k(classes, weights, right, 5)).all()
    assert (drawn != weighted_maj_at_k(classes, weights, right, 5, seed=1)).any()
    assert drawn == pytest.approx(exact, abs=0.015)


def test_edges() -> None:
    classes = [[0, 1, -2], [0, 1, -1]]
    right = [[1, 0, NAN], [1, NAN, NAN]]
    found = weighted_maj_at_k(classes, [[1, 2, 9], [1, 1, 1]], right, 2)
    assert found[0] == 0.0
    assert np.isnan(found[1])
    assert np.isnan(weighted_maj_at_k(classes, [[1, 2, 9], [1, 1, 1]], right, 3)[0])
    assert weighted_maj_at_k([[0, 1]], [[-5, 0.1]], [[0, 1]], 2)[0] == 1.0
    with pytest.raises(BadOption, match="finite"):
        weighted_maj_at_k([[0]], [[np.inf]], [[1]], 1)
    with pytest.raises(BadOption, match="one shape"):
        weighted_maj_at_k([[0]], [[1, 2]], [[1]], 1)
