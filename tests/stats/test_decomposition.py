"""The decomposition of an error against all subsets."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thinkharder.core.errors import BadOption
from thinkharder.stats.decomposition import decompose
from thinkharder.stats.voting import maj_at_k

NAMES = ("right", "selection", "coverage", "truncated", "abstained", "cut")
COUNTS = st.lists(st.integers(0, 3), min_size=4, max_size=4).filter(any)


def by_subsets(counts: list[int], k: int) -> dict[str, float]:
    """The vote between one right and one wrong answer, put into words subset by subset."""
    every = ["right"] * counts[0] + ["wrong"] * counts[1] + ["cut"] * counts[2] + ["silent"] * counts[3]
    total = dict.fromkeys(NAMES, 0.0)
    subsets = list(combinations(every, k))
    for drawn in subsets:
        good, bad = drawn.count("right"), drawn.count("wrong")
        chosen = 0.0 if not good else 1.0 if good > bad else 0.5 if good == bad else 0.0
        total["right"] += chosen
        if good:
            total["selection"] += 1 - chosen
        elif bad:
            total["coverage"] += 1
            total["cut"] += "cut" in drawn
        else:
            total["truncated" if "cut" in drawn else "abstained"] += 1
    return {name: value / len(subsets) for name, value in total.items()}


@given(COUNTS)
@settings(max_examples=60)
def test_it_is_the_mean_over_all_subsets(counts: list[int]) -> None:
    right, wrong, cut, silent = ([count] for count in counts)
    for k in range(1, sum(counts) + 1):
        vote = maj_at_k([[*right, *wrong]], [[1, 0]], k, abstained=[counts[2] + counts[3]])
        found = decompose(right, wrong, cut, silent, vote, k).shares
        assert found == pytest.approx(by_subsets(counts, k), abs=1e-12)
        assert sum(value for name, value in found.items() if name != "cut") == pytest.approx(1)
        if k == sum(counts):
            assert decompose(right, wrong, cut, silent, vote).shares == pytest.approx(found)


def test_several_problems_and_their_mean() -> None:
    found = decompose([3, 1, 0, 0, 0], [1, 3, 3, 0, 0], [0, 0, 1, 4, 0], [0, 0, 0, 0, 4], [1, 0, 0, 0, 0])
    assert [getattr(found, name).tolist() for name in NAMES] == [
        [1, 0, 0, 0, 0],
        [0, 1, 0, 0, 0],
        [0, 0, 1, 0, 0],
        [0, 0, 0, 1, 0],
        [0, 0, 0, 0, 1],
        [0, 0, 1, 0, 0],
    ]
    assert found.shares["right"] == 0.2


def test_what_is_unknown_is_nan() -> None:
    found = decompose([1, 0, 1], [1, 0, 1], [0, 0, 0], [0, 0, 0], [float("nan"), 0, 0.5])
    for name in NAMES:
        assert np.isnan(getattr(found, name)[:2]).all()
        assert not np.isnan(getattr(found, name)[2])
    assert np.isnan(found.shares["right"])
    assert np.isnan(decompose([1], [0], [0], [0], [1.0], 2).right[0])
    assert np.isnan(decompose([], [], [], [], []).shares["right"])


def test_what_was_not_selected_from_these_samples_is_refused() -> None:
    with pytest.raises(BadOption, match="problem 1: selected=1 exceeds"):
        decompose([1, 0], [0, 1], [0, 0], [0, 0], [1.0, 1.0])
    noisy = decompose([0, 3], [2, 1], [0, 0], [0, 0], [0.01, 0.755], 1, noise=0.02)
    assert noisy.right.tolist() == pytest.approx([0, 0.75])
    assert noisy.selection.tolist() == [0, 0]
    with pytest.raises(BadOption, match="k=0"):
        decompose([1], [0], [0], [0], [1.0], 0)
    with pytest.raises(BadOption, match="one shape"):
        decompose([1], [0, 1], [0], [0], [1.0])


def test_k_may_differ_between_problems() -> None:
    each = decompose([2, 1], [1, 3], [0, 1], [1, 0], [0.3, 0.2], [1, 3])
    ones = [
        decompose([r], [w], [t], [a], [s], k)
        for r, w, t, a, s, k in ((2, 1, 0, 1, 0.3, 1), (1, 3, 1, 0, 0.2, 3))
    ]
    assert each.coverage.tolist() == [float(one.coverage[0]) for one in ones]
    with pytest.raises(BadOption, match="k=0"):
        decompose([2, 1], [1, 3], [0, 1], [1, 0], [0.3, 0.2], [1, 0])
