"""maj@k against the live vote over all subsets, and against simulation."""

from itertools import product
from math import factorial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.stats.pool import Samples, samples
from thinkharder import select
from thinkharder.core.errors import BadOption
from thinkharder.stats import plurality
from thinkharder.stats.voting import Tally, maj_at_k, maj_at_k_of, tally

NAN = float("nan")


def of(pool: Samples) -> Tally:
    return tally([pool.classes], [pool.right])


@given(samples())
@settings(max_examples=25)
def test_it_is_the_mean_of_live_votes_over_all_subsets(pool: Samples) -> None:
    counted = of(pool)
    for k in range(1, len(pool.classes) + 1):
        found = maj_at_k(counted.counts, counted.right, k, abstained=counted.abstained)[0]
        assert found == pytest.approx(pool.by_subsets(select.majority, k), abs=1e-12)


def by_simulation(votes: np.ndarray, right: np.ndarray) -> float:
    most = votes.max(axis=1, keepdims=True)
    won = (votes == most) & (votes > 0)
    return float((won @ right / np.maximum(won.sum(axis=1), 1)).mean())


@pytest.mark.parametrize("k", [2, 7, 40, 150])
def test_large_pools_agree_with_simulation(k: int) -> None:
    rng = np.random.default_rng(k)
    counts = rng.multinomial(300, rng.dirichlet(np.full(25, 0.3)))
    right = np.zeros(26)
    right[np.argsort(counts)[-2:]] = [1.0, 0.0]
    drawn = rng.multivariate_hypergeometric([*counts, 30], k, size=40_000)
    found = maj_at_k(counts, right[:25], k, abstained=30)
    assert float(found) == pytest.approx(by_simulation(drawn[:, :-1], right[:25]), abs=0.01)


def test_without_replacement_all_samples_are_the_vote_itself() -> None:
    assert maj_at_k([[5, 5, 2]], [[1, 0, 1]], 12)[0] == 0.5
    assert maj_at_k([[5, 4, 2]], [[1, 0, 0]], 14, abstained=[3])[0] == 1.0


def test_abstentions_never_vote_and_nothing_but_them_is_wrong() -> None:
    assert maj_at_k([1], [1.0], 1, abstained=3) == pytest.approx(0.25)
    assert maj_at_k([1], [1.0], 4, abstained=3) == 1.0
    assert maj_at_k([0], [NAN], 2, abstained=3) == 0.0


def test_what_is_unknown_is_nan() -> None:
    assert np.isnan(maj_at_k([2, 1], [1.0, 0.0], 4))
    assert np.isnan(maj_at_k([2, 1], [1.0, NAN], 2))
    assert maj_at_k([2, 0], [1.0, NAN], 2) == 1.0
    assert np.isnan(maj_at_k_of([0.5, 0.5], [1.0, NAN], 2))


def test_equal_problems_and_shapes() -> None:
    counts = np.array([[[3, 1], [1, 3]], [[2, 2], [3, 1]]])
    right = np.broadcast_to([1.0, 0.0], counts.shape)
    found = maj_at_k(counts, right, 3)
    assert found.shape == (2, 2)
    assert found[0, 0] == found[1, 1]
    assert found[0, 0] + found[0, 1] == pytest.approx(1.0)
    assert found[1, 0] == pytest.approx(0.5)


def brute_of(chances: list[float], right: list[float], k: int) -> float:
    """All sequences of k draws; the last chance abstains."""
    total = 0.0
    every = [*chances, 1 - sum(chances)]
    for drawn in product(range(len(every)), repeat=k):
        votes = np.bincount([d for d in drawn if d < len(chances)], minlength=len(chances))
        won = (votes == votes.max()) & (votes > 0)
        good = float(won @ np.array(right)) / won.sum() if won.any() else 0.0
        total += good * float(np.prod([every[d] for d in drawn]))
    return total


@given(st.lists(st.integers(0, 5), min_size=2, max_size=3), st.integers(0, 3), st.integers(1, 5))
@settings(max_examples=40)
def test_known_chances_agree_with_all_sequences(weights: list[int], quiet: int, k: int) -> None:
    total = sum(weights) + quiet
    if total == 0:
        return
    chances = [w / total for w in weights]
    right = [1.0, 0.0, 0.5][: len(chances)]
    assert float(maj_at_k_of(chances, right, k)) == pytest.approx(brute_of(chances, right, k), abs=1e-12)


def test_known_chances_agree_with_simulation_and_multinomial_counting() -> None:
    rng = np.random.default_rng(3)
    chances = rng.dirichlet(np.full(12, 0.5)) * 0.9
    right = np.zeros(12)
    right[np.argsort(chances)[-2]] = 1.0
    drawn = rng.multinomial(64, [*chances, 0.1], size=200_000)
    assert float(maj_at_k_of(chances, right, 64)) == pytest.approx(
        by_simulation(drawn[:, :-1], right), abs=0.005
    )
    three = factorial(3) / (factorial(2) * factorial(1)) * 0.6**2 * 0.4 + 0.6**3
    assert float(maj_at_k_of([0.6, 0.4], [1, 0], 3)) == pytest.approx(three)


def test_what_takes_too_long_is_resampled(monkeypatch: pytest.MonkeyPatch) -> None:
    counts, right = [40, 30, 20, 1, 1], [0.0, 1.0, 0.0, 0.0, 1.0]
    exact = (maj_at_k(counts, right, 9, abstained=8), maj_at_k_of([0.4, 0.35], [0, 1], 9))
    monkeypatch.setattr(plurality, "MOST_WORK", 0.0)
    drawn = [(maj_at_k(counts, right, 9, abstained=8), maj_at_k_of([0.4, 0.35], [0, 1], 9)) for _ in range(2)]
    assert drawn[0] == drawn[1], "seeded"
    assert drawn[0] != exact
    assert [float(v) for v in drawn[0]] == pytest.approx([float(v) for v in exact], abs=0.015)


def test_a_tally() -> None:
    found = tally([[0, 1, 0, -1], [2, -2, -2, -2]], [[1, 0, NAN, NAN], [NAN, NAN, NAN, NAN]])
    assert found.counts.tolist() == [[2, 1, 0], [0, 0, 1]]
    assert found.abstained.tolist() == [1, 0]
    assert found.samples.tolist() == [4, 1]
    np.testing.assert_array_equal(found.right, [[1, 0, NAN], [NAN, NAN, NAN]])
    assert tally([[0, 0]], [[1, 0]]).right[0, 0] == 0.5
    assert tally(np.zeros((0, 3)), np.zeros((0, 3))).counts.shape == (0, 1)


def test_what_cannot_be_meant_raises() -> None:
    with pytest.raises(BadOption, match="k=0"):
        maj_at_k([1], [1], 0)
    with pytest.raises(BadOption, match="one shape"):
        maj_at_k([1, 2], [1], 1)
    with pytest.raises(BadOption, match="in \\[0, 1\\]"):
        maj_at_k([1], [2], 1)
    with pytest.raises(BadOption, match="more than 1"):
        maj_at_k_of([0.7, 0.7], [1, 0], 1)
    with pytest.raises(BadOption, match="classes"):
        tally([[-3]], [[0.0]])
    with pytest.raises(BadOption, match="classes"):
        tally([0, 1], [0.0, 1.0])
