"""The risk-coverage curve against its definition."""

from itertools import pairwise, permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thinkharder.core.errors import BadOption
from thinkharder.stats.selective import risk_coverage

NAN = float("nan")
ANSWERS = st.lists(st.tuples(st.sampled_from([0.1, 0.5, 0.9]), st.booleans()), min_size=1, max_size=5)


@given(ANSWERS)
@settings(max_examples=40)
def test_inside_a_tie_the_order_is_random(answers: list[tuple[float, bool]]) -> None:
    n = len(answers)
    orders = [
        p for p in permutations(range(n)) if all(answers[a][0] >= answers[b][0] for a, b in pairwise(p))
    ]
    wrong = np.array([[not answers[i][1] for i in order] for order in orders], dtype=float)
    brute = (np.cumsum(wrong, axis=1) / np.arange(1, n + 1)).mean(axis=0)
    found = risk_coverage(*zip(*answers, strict=True))
    assert found.risk == pytest.approx(brute)
    assert found.aurc == pytest.approx(brute.mean())
    assert found.coverage == pytest.approx(np.arange(1, n + 1) / n)
    assert found.risk[-1] == pytest.approx(np.mean([not right for _, right in answers]))


@given(st.lists(st.booleans(), min_size=1, max_size=20))
def test_the_best_order_has_no_excess(right: list[bool]) -> None:
    assert risk_coverage(right, right).excess == pytest.approx(0, abs=1e-12)
    worst = risk_coverage(np.logical_not(right), right)
    assert worst.excess >= -1e-12


def test_what_states_nothing_is_answered_last() -> None:
    found = risk_coverage([NAN, 0.2, 0.9, NAN], [1, 0, 1, 0])
    assert found.risk == pytest.approx([0, 0.5, 0.5, 0.5])
    assert found.threshold[:2].tolist() == [0.9, 0.2]
    assert np.isnan(found.threshold[2:]).all()
    assert found.attainable.tolist() == [True, True, False, True]
    assert found.at(0.5) == 0.5
    assert found.at(0.25) == 0
    assert found.at(0.01) == 0


def test_edges() -> None:
    empty = risk_coverage([], [])
    assert np.isnan([empty.aurc, empty.excess, empty.at(1.0)]).all()
    ten = risk_coverage(np.arange(10), [0] + [1] * 9)
    assert ten.at(3 * 0.3) == 0.0
    with pytest.raises(BadOption, match="coverage=0"):
        ten.at(0)
    with pytest.raises(BadOption, match="right known"):
        risk_coverage([0.5], [NAN])
    with pytest.raises(BadOption, match="one shape"):
        risk_coverage([0.5], [1, 0])
