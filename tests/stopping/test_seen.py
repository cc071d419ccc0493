"""What rules see is the same for one run and for many, and a rule's one function works on both."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thinkharder.core.types import Candidate
from thinkharder.stopping import CountRule, Fixed, Margin, Seen, Unanimous

FIELDS = ("first", "second", "voted", "distinct", "run", "opening")


def draws(*groups: int | None) -> list[Candidate]:
    return [Candidate(id=str(i), text="", draw=i, answer_class=g) for i, g in enumerate(groups)]


def test_what_is_seen() -> None:
    seen = Seen.of(draws(4, 4, None, 1, 1, 1), 10)
    assert [getattr(seen, name) for name in FIELDS] == [3, 2, 5, 2, 3, 2]
    assert (seen.drawn, seen.cap) == (6, 10)
    assert [getattr(Seen.of([], 10), name) for name in FIELDS] == [0] * 6
    assert Seen.of(draws(None, 1), 3).opening == 0


@given(
    st.sampled_from((Fixed(5), Margin(2), Unanimous(3))),
    st.lists(
        st.lists(st.one_of(st.none(), st.integers(0, 2)), min_size=6, max_size=6), min_size=1, max_size=5
    ),
)
def test_a_rule_says_the_same_of_one_run_and_of_many(rule: CountRule, runs: list[list[int | None]]) -> None:
    for k in range(7):
        alone = [Seen.of(draws(*run[:k]), 6) for run in runs]
        arrays = {name: np.array([getattr(seen, name) for seen in alone], np.int16) for name in FIELDS}
        together = rule.wants(Seen(k, np.full(len(runs), 6, np.int16), **arrays))
        assert np.broadcast_to(together, len(runs)).tolist() == [int(rule.wants(seen)) for seen in alone]


@pytest.mark.parametrize("rule", [Fixed(3), Margin(2), Unanimous(2)])
def test_the_rules_can_be_replayed_fast(rule: object) -> None:
    assert isinstance(rule, CountRule)
