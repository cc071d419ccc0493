"""Stopping rules are pure functions of the finished draws in draw order."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thinkharder.core.errors import BadOption
from thinkharder.core.protocols import StoppingRule
from thinkharder.core.registry import build, spec_of
from thinkharder.core.types import Candidate
from thinkharder.stopping import Fixed, Margin, Unanimous


def draws(*groups: int | None) -> list[Candidate]:
    """Finished draws with these answer classes."""
    return [Candidate(id=str(i), text="", draw=i, answer_class=g) for i, g in enumerate(groups)]


rules = st.one_of(
    st.integers(1, 9).map(Fixed), st.integers(2, 9).map(Unanimous), st.integers(1, 9).map(Margin)
)
seen = st.lists(st.one_of(st.none(), st.integers(0, 2)), max_size=12).map(lambda groups: draws(*groups))


def test_fixed_draws_n_at_once() -> None:
    assert Fixed(5).more([], 16) == 5
    assert Fixed(5).more([], 3) == 3
    assert Fixed(5).more(draws(0, 1), 16) == 3
    assert Fixed(2).more(draws(0, 1, 2), 16) == 0


def test_unanimous_stops_where_the_first_agree() -> None:
    rule = Unanimous(3)
    assert rule.more([], 10) == 3
    assert rule.more(draws(0), 10) == 2
    assert rule.more(draws(4, 4, 4), 10) == 0
    assert rule.more(draws(4, 4, 1), 10) == 7
    assert rule.more(draws(0, 0, 1, 1, 1), 10) == 5
    assert rule.more([], 2) == 2
    assert rule.more(draws(0, 0), 2) == 0


def test_unanimous_takes_no_silence_for_agreement() -> None:
    assert Unanimous(2).more(draws(None, None), 6) == 4
    failed = Candidate(id="x", text="", answer_class=0, error="ServerError: 500")
    assert Unanimous(2).more([*draws(0), failed], 6) == 4


def test_margin_asks_for_the_least_that_can_reach_it() -> None:
    rule = Margin(3)
    assert rule.more([], 10) == 3
    assert rule.more(draws(0, 0, 0), 10) == 0
    assert rule.more(draws(0, 0, 1), 10) == 2
    assert rule.more(draws(0, 1, 2), 10) == 3
    assert rule.more(draws(0, 0, 1, 0, 0), 10) == 0
    assert rule.more(draws(None, None), 10) == 3
    assert rule.more(draws(0, 1, 0, 1), 5) == 1
    assert rule.more(draws(0, 1, 0, 1, 0), 5) == 0


@given(rules, seen, st.integers(1, 16))
def test_never_more_than_the_cap(rule: StoppingRule, finished: list[Candidate], cap: int) -> None:
    more = rule.more(finished, cap)
    assert more >= 0
    assert len(finished) + more <= max(cap, len(finished))


@given(rules, st.lists(st.one_of(st.none(), st.integers(0, 2)), min_size=16, max_size=16), st.integers(1, 16))
def test_it_ends(rule: StoppingRule, groups: list[int | None], cap: int) -> None:
    taken = 0
    for _ in range(cap + 1):
        more = rule.more(draws(*groups[:taken]), cap)
        if not more:
            break
        taken += more
    assert rule.more(draws(*groups[:taken]), cap) == 0
    assert taken <= cap


@given(st.integers(1, 6), seen)
def test_margin_stops_exactly_at_the_margin(m: int, finished: list[Candidate]) -> None:
    counts = sorted((sum(c.answer_class == g for c in finished) for g in range(3)), reverse=True)
    assert (Margin(m).more(finished, 1000) == 0) == (counts[0] - counts[1] >= m)


@pytest.mark.parametrize("spec", ["fixed:0", "unanimous:1", "margin:0"])
def test_bad_options_are_refused(spec: str) -> None:
    with pytest.raises(BadOption, match="must be at least"):
        build("rule", spec)


@pytest.mark.parametrize("rule", [Fixed(3), Unanimous(4), Margin(2)])
def test_rules_come_back_from_their_specs(rule: StoppingRule) -> None:
    assert build("rule", str(spec_of(rule))) == rule
