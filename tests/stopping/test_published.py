"""The published rules say what their definitions say, written out here the slow way."""

import math

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.stopping.test_rules import draws
from tests.stopping.test_tables import upper
from thinkharder.core.errors import BadOption
from thinkharder.core.protocols import StoppingRule
from thinkharder.core.registry import build, spec_of
from thinkharder.stopping import AdaptiveConsistency, Cite, Dsc, Esc, Mmc, Msprt, Ppr, Sprt
from thinkharder.stopping.dirichlet import leads
from thinkharder.stopping.msprt import log_ratio
from thinkharder.stopping.tables import (
    bet_boundary,
)

RULES: list[StoppingRule] = [
    AdaptiveConsistency(0.9),
    AdaptiveConsistency(prior="dirichlet"),
    Esc(4),
    Dsc(2, 3, 0.9),
    Dsc(1, easy=True),
    Ppr(0.1, 4),
    Sprt(0.6, beta=0.2),
    Msprt(1, beta=0.2),
    Cite(0.1, 3),
    Cite(answers=5),
    Mmc(0.1, 3),
    Mmc(pairs="leading"),
]
answers = st.one_of(
    st.lists(st.one_of(st.none(), st.integers(0, 3)), max_size=40),
    st.lists(st.sampled_from((2, 2, 2, 2, 2, 2, 0, 1, 3, None)), min_size=4, max_size=40),
    st.tuples(st.integers(0, 24), st.integers(0, 6)).map(lambda n: [1] * n[0] + [0] * n[1]),
)


def counts(seen: list[int | None]) -> list[int]:
    found = [seen.count(answer) for answer in range(4)]
    return [*sorted((count for count in found if count), reverse=True), 0, 0]


def test_adaptive_consistency_stops_where_the_paper_does() -> None:
    """1 - I_½(a + 1, b + 1) >= 0.95; with b = 0 that is 1 - 2^-(a + 1)."""
    rule = AdaptiveConsistency()
    assert rule.more([], 40) == 4
    assert rule.more(draws(0, 0, 0), 40) == 1
    assert rule.more(draws(0, 0, 0, 0), 40) == 0
    assert rule.more(draws(0, 0, 0, 0, 1), 40) == 2
    assert rule.more(draws(*[0] * 6, 1), 40) == 0


@given(answers)
def test_adaptive_consistency_by_its_formula(seen: list[int | None]) -> None:
    a, b, *_ = counts(seen)
    value = upper(a + 1, b + 1)
    assume(abs(value - 0.8) > 1e-5)
    assert (AdaptiveConsistency(0.8).more(draws(*seen), 999) == 0) == (value >= 0.8)


@settings(max_examples=40)
@given(answers)
def test_dirichlet_reads_all_counts(seen: list[int | None]) -> None:
    found = [count for count in counts(seen) if count] or [0]
    sure = leads(*found, *([0] if len(found) == 1 else [])) >= 0.8
    assert (AdaptiveConsistency(0.8, "dirichlet").more(draws(*seen), 999) == 0) == sure


def test_esc_looks_at_disjoint_windows() -> None:
    rule = Esc(3)
    assert rule.more([], 9) == 3
    assert rule.more(draws(0, 1, 1), 9) == 3
    assert rule.more(draws(0, 1, 1, 1), 9) == 2
    assert rule.more(draws(0, 1, 1, 1, 1, 0), 9) == 3
    assert rule.more(draws(0, 1, 2, 1, 1, 1), 9) == 0
    assert rule.more(draws(None, None, None), 9) == 3


def test_dsc_looks_at_the_end_of_its_windows() -> None:
    rule = Dsc(first=3, window=2, threshold=0.9)
    assert rule.more([], 20) == 3
    assert rule.more(draws(0, 0, 0), 20) == 0
    assert rule.more(draws(0, 1, 0), 20) == 2
    assert rule.more(draws(0, 1, 0, 0), 20) == 1
    assert Dsc(first=1, easy=True).more([], 20) == 1
    assert Dsc(first=1, easy=True).more(draws(0), 20) == 0


@given(answers)
def test_ppr_by_its_formula(seen: list[int | None]) -> None:
    a, b, *_ = counts(seen)
    density = 0.5 ** (a + b) * math.factorial(a + b + 1) / (math.factorial(a) * math.factorial(b))
    rule = Ppr(0.2, 4)
    assert (rule.more(draws(*seen), 999) == 0) == (density <= 0.2 / 3 * (1 + 1e-12))


@pytest.mark.parametrize("rule", [Ppr(0.05, 3), Cite(0.05, answers=3)], ids=str)
def test_more_answers_than_were_said_are_never_certified(rule: StoppingRule) -> None:
    assert rule.more(draws(1, 2, *[0] * 60), 900) == 0
    assert rule.more(draws(1, 2, 3, *[0] * 60), 900) == 837


def test_sprt_is_three_ahead_at_its_defaults() -> None:
    assert Sprt().more([], 40) == 3
    assert Sprt().more(draws(0, 0), 40) == 1
    assert Sprt().more(draws(0, 0, 0), 40) == 0
    assert Sprt().more(draws(*[0, 1] * 15, 0, 0, 0), 40) == 0
    assert Sprt().more(draws(*[0, 1] * 15, 0, 0), 40) == 1


def test_msprt_is_three_ahead_at_its_defaults() -> None:
    assert Msprt().more([], 40) == 3
    assert Msprt().more(draws(*[0, 1] * 15, 0, 0, 0), 40) == 0
    assert Msprt().more(draws(*[0, 1] * 15, 0, 0), 40) == 1


@given(answers)
def test_sprt_by_its_formula(seen: list[int | None]) -> None:
    a, b, *_ = counts(seen)
    ratio = a * math.log(1.2) + b * math.log(0.8)
    high, low = math.log(0.8 / 0.05), math.log(0.2 / 0.95)
    ends = Sprt(0.6, 0.05, 0.2).more(draws(*seen), 999) == 0
    assert ends == (ratio >= high or ratio <= low)


@given(answers)
def test_msprt_by_its_formula(seen: list[int | None]) -> None:
    a, b, *_ = counts(seen)
    ratio = log_ratio(a, b, 1)
    ends = Msprt(1, 0.05, 0.2).more(draws(*seen), 999) == 0
    assert ends == (ratio >= math.log(0.8 / 0.05) or ratio <= math.log(0.2 / 0.95))


def leader(seen: list[int | None]) -> tuple[int, int]:
    """Leader and runner-up; of those with equal votes the one that had them first."""
    best: dict[int, tuple[int, int]] = {}
    for number, answer in enumerate(seen):
        if answer is not None:
            best[answer] = (best.get(answer, (0, 0))[0] + 1, -number)
    order = [*sorted(best, key=lambda answer: best[answer], reverse=True), -1, -1]
    return order[0], order[1]


@given(answers)
def test_cite_by_its_definition(seen: list[int | None]) -> None:
    pilot, rule = 3, Cite(0.2, 3)
    votes = [answer for answer in seen if answer is not None]
    ends = False
    if len(votes) >= pilot:
        target, _ = leader(list(votes[:pilot]))
        first, second, *_ = counts(seen)
        wins = votes[pilot:].count(target)
        ends = leader(list(votes))[0] == target and wins >= bet_boundary(0.2)(second)
        if ends and votes.count(target) != first:
            raise AssertionError(votes)
    assert (rule.more(draws(*seen), 999) == 0) == ends


def certificate(seen: list[int | None], delta: float, pilot: int) -> bool:
    """MMC with fixed pairs, from its description."""
    votes = [answer for answer in seen if answer is not None]
    pair, number, due = (-1, -1), 0, pilot
    duel = field = 1.0
    wins = losses = others = 0
    for count, answer in enumerate(votes, 1):
        if pair[0] >= 0:
            up = max(0.5, (wins + 0.5) / (wins + losses + 1))
            apart = max(0.5, (wins + 0.5) / (wins + others + 1))
            if answer == pair[0]:
                duel, field, wins = duel * 2 * up, field * 2 * apart, wins + 1
            elif answer == pair[1]:
                duel, losses = duel * 2 * (1 - up), losses + 1
            else:
                field, others = field * 2 * (1 - apart), others + 1
        if count == due:
            due *= 2
            if leader(list(votes[:count])) != pair:
                pair, number = leader(list(votes[:count])), number + 1
                duel = field = 1.0
                wins = losses = others = 0
    first, second, *_ = counts(seen)
    led = first > second and leader(list(votes))[0] == pair[0]
    return led and min(duel, field) >= number * (number + 1) / delta


def test_mmc_looks_at_its_pair_again_and_again() -> None:
    """The pair after one vote is that after two; after eight it is another."""
    rule = Mmc(0.5, pilot=1)
    assert rule.more(draws(0, 0, *[1] * 9), 999) > 0
    assert rule.more(draws(0, 0, *[1] * 60), 999) == 0


@given(answers, st.integers(1, 6))
def test_mmc_by_its_definition(seen: list[int | None], pilot: int) -> None:
    assert (Mmc(0.5, pilot).more(draws(*seen), 999) == 0) == certificate(seen, 0.5, pilot)


@given(st.sampled_from(RULES), answers)
def test_what_it_asks_for_is_the_least_that_can_stop_it(rule: StoppingRule, seen: list[int | None]) -> None:
    """No draw of a wave but the last can stop it: so that asking in waves stops where asking one by one does."""
    wave = rule.more(draws(*seen), 999)
    for more in range(1, min(wave, 6)):
        for answer in (0, 3, 9):
            assert rule.more(draws(*seen, *[answer] * more), 999) > 0


@given(st.sampled_from(RULES), answers, st.integers(1, 60))
def test_never_more_than_the_cap(rule: StoppingRule, seen: list[int | None], cap: int) -> None:
    assert 0 <= rule.more(draws(*seen), cap) <= max(0, cap - len(seen))


@given(st.lists(st.tuples(st.sampled_from(RULES), answers), min_size=1, max_size=6))
def test_answers_do_not_depend_on_what_was_asked_before(
    asked: list[tuple[StoppingRule, list[int | None]]],
) -> None:
    alone = [rule.more(draws(*seen), 99) for rule, seen in asked]
    assert [rule.more(draws(*seen), 99) for rule, seen in reversed(asked)] == alone[::-1]


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_rules_come_back_from_their_specs(rule: StoppingRule) -> None:
    assert build("rule", str(spec_of(rule))) == rule


@pytest.mark.parametrize(
    "spec",
    [
        "adaptive-consistency(threshold=0.4)",
        "adaptive-consistency(threshold=1)",
        "adaptive-consistency(prior=gamma)",
        "esc(w=1)",
        "dsc(first=0)",
        "dsc(window=0)",
        "ppr-1v1(delta=0)",
        "ppr-1v1(answers=1)",
        "sprt(p1=0.5)",
        "sprt(alpha=2)",
        "msprt(prior=0)",
        "cite(delta=1)",
        "cite(pilot=0)",
        "cite(answers=1)",
        "mmc(delta=-1)",
        "mmc(pilot=0)",
        "mmc(pairs=any)",
    ],
)
def test_bad_options_are_refused(spec: str) -> None:
    with pytest.raises(BadOption):
        build("rule", spec)
