"""The law of what a rule sees, against the enumeration of all counts."""

import itertools
from math import factorial

import numpy as np
import pytest

from thinkharder.stats.priors import Prior, default_prior
from thinkharder.stats.priors_law import law

VOTES = 7


def enumerated(shares: list[float], right: list[float], votes: int) -> dict[tuple[int, int], np.ndarray]:
    """(a, b) -> chances of: the state, its next vote for the leader, for the runner-up; leader right; picked among tied; runner-up right."""
    found: dict[tuple[int, int], np.ndarray] = {}
    for counts in itertools.product(range(votes + 1), repeat=len(shares)):
        if sum(counts) != votes:
            continue
        chance = float(factorial(votes))
        for share, count in zip(shares, counts, strict=True):
            chance *= share**count / factorial(count)
        first, second, *_ = [*sorted(counts, reverse=True), 0]
        top = [i for i, count in enumerate(counts) if count == first]
        lead = sum(shares[i] for i in top)
        next_ = 0.0 if len(top) > 1 else sum(s for s, c in zip(shares, counts, strict=True) if c == second)
        behind = [right[i] for i, count in enumerate(counts) if count == second < first]
        runner_up = np.mean(behind) if behind and second else 0.0
        parts = [1.0, lead, next_, np.mean([right[i] for i in top]), 1 / len(top), runner_up]
        found[first, second] = found.get((first, second), np.zeros(6)) + chance * np.array(parts)
    return found


@pytest.mark.parametrize(
    ("shares", "sizes", "right"),
    [
        ([0.6, 0.4, 0.0], [1, 1, 0], [0.7, 0.2, 0.0]),
        ([0.5, 0.3, 0.2], [1, 1, 1], [0.6, 0.3, 0.1]),
        ([0.4, 0.3, 0.3], [1, 2, 0], [0.9, 0.05, 0.0]),
        ([0.4, 0.3, 0.15], [1, 1, 2], [0.6, 0.2, 0.05]),
        ([0.98, 0.01, 0.005], [1, 1, 2], [0.6, 0.2, 0.05]),
    ],
)
def test_the_law_of_one_profile(shares: list[float], sizes: list[int], right: list[float]) -> None:
    total = np.dot(shares, sizes)
    known = law(Prior.of([1], [0], [np.array(shares) / total], [sizes], [right]), VOTES)
    each, good = (np.repeat(np.array(side), sizes).tolist() for side in (np.array(shares) / total, right))
    for votes in range(1, VOTES + 1):
        found = np.stack([known.mass, known.lead, known.second, known.right, known.alone, known.runner_up])[
            :, 0, votes
        ]
        assert found[0].sum() == pytest.approx(1)
        for (first, second), expected in enumerated(each, good, votes).items():
            assert found[:3, first, second] == pytest.approx(expected[:3], rel=1e-9, abs=1e-14)
            # Of four answers two or three may be level: the pick among them is by their mean number.
            few, alone = len(each) <= 3, first > second
            near = {
                3: 1e-9 if few or alone else 0.05,
                4: 1e-9 if few or alone else 0.05,
                5: 1e-9 if few else 0.25,
            }
            for field, rel in near.items():
                assert found[field, first, second] == pytest.approx(expected[field], rel=rel, abs=1e-14)


def test_a_mixture_adds_up_by_rate_of_abstaining() -> None:
    one = Prior.of([1], [0.2], [[0.7, 0.3]], [[1, 1]], [[0.8, 0.2]])
    two = Prior.of([1], [0.5], [[0.5, 0.25]], [[1, 2]], [[0.5, 0.1]])
    both = Prior.of(
        [0.25, 0.75], [0.2, 0.5], [[0.7, 0.3], [0.5, 0.25]], [[1, 1], [1, 2]], [[0.8, 0.2], [0.5, 0.1]]
    )
    mixed = law(both, 5)
    assert mixed.rates.tolist() == [0.2, 0.5]
    assert mixed.mass[0] == pytest.approx(0.25 * law(one, 5).mass[0])
    assert mixed.right[1] == pytest.approx(0.75 * law(two, 5).right[0])


def test_the_default_prior_has_a_law() -> None:
    known = law(default_prior(), 12)
    assert known.mass.sum(axis=(0, 2, 3)) == pytest.approx(1)
    assert (known.lead + known.second <= known.mass + 1e-12).all()
    assert (known.right <= known.mass + 1e-12).all()
