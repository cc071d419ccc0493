"""What rules see is the same for one run and for many, and a rule's one function works on both."""

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thinkharder.core.types import Candidate
from thinkharder.stopping import CountRule, Fixed, FoldingRule, Margin, Seen, Unanimous, ask

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


def test_who_leads_is_who_was_first_to_have_the_votes() -> None:
    def places(*groups: int | None) -> tuple[int, int, int, int]:
        seen = Seen.of(draws(*groups), 10)
        return seen.latest, seen.votes, seen.leader, seen.rival

    assert places() == (-1, 0, -1, -1)
    assert places(7) == (7, 1, 7, -1)
    assert places(7, 3) == (3, 1, 7, 3)
    assert places(7, 3, 3) == (3, 2, 3, 7)
    assert places(7, 3, 3, 7) == (7, 2, 3, 7)
    assert places(7, 3, 5, 5, None) == (-1, 0, 5, 7)
    assert places(7, 3, 5, 5, 3, 3) == (3, 3, 3, 5)


@given(st.lists(st.one_of(st.none(), st.integers(0, 3)), max_size=30))
def test_leader_and_rival_have_the_most_votes(groups: list[int | None]) -> None:
    seen = Seen.of(draws(*groups), 30)
    assert (groups.count(seen.leader), groups.count(seen.rival)) == (seen.first, seen.second)
    assert seen.leader != seen.rival or seen.leader == -1


@dataclass(frozen=True)
class Trail:
    """A rule whose state is all that it has seen."""

    def start(self) -> tuple[int, ...]:
        return (0,)

    def step(self, state: tuple[int, ...], before: Seen, now: Seen) -> tuple[int, ...]:
        assert now.drawn == before.drawn + 1 == len(state)
        assert before.state == state
        return (*state, now.latest)

    def wants(self, seen: Seen) -> int:
        return int(sum(seen.state) % 5)


@given(st.lists(st.lists(st.one_of(st.none(), st.integers(0, 3)), max_size=12), max_size=8))
def test_states_are_those_of_their_own_draws(runs: list[list[int | None]]) -> None:
    for groups in [*runs, *runs[::-1]]:
        wanted = sum(-1 if group is None else group for group in groups) % 5
        assert ask(Trail(), draws(*groups), 1000) == wanted


def test_a_run_takes_one_step_a_draw() -> None:
    steps = []

    @dataclass(frozen=True)
    class Counted:
        def start(self) -> tuple[int]:
            return (0,)

        def step(self, state: tuple[int], before: Seen, now: Seen) -> tuple[int]:
            steps.append(now.drawn)
            return state

        def wants(self, seen: Seen) -> int:
            return 1

    for count in range(31):
        ask(Counted(), draws(*range(count)), 99)
    assert steps == list(range(1, 31))
    assert isinstance(Counted(), FoldingRule)
