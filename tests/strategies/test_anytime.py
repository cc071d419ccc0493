"""Every strategy is anytime: whatever ends it, at whatever point, the best so far is returned; and its plan is a bound."""

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.strategies.toys import RIGHT, WRONG, ByKind, Outcome, Table, bench, boxed
from tests.virtual_clock import run_virtual
from thinkharder.core.errors import NothingFound, ThinkharderError
from thinkharder.core.registry import build
from thinkharder.core.usage import Budget
from thinkharder.models.toy import Faults

SPECS = [
    "direct",
    "cot",
    "best-of-n:n=5",
    "self-consistency:n=6",
    "self-consistency(n=8, until=margin(m=2))",
    "self-consistency(n=8, until=unanimous(k=3))",
    "weighted-vote:n=5",
    "multiple-attempts:n=7",
    "self-refine:rounds=3",
    "self-refine:rounds=2,feedback=verifier",
    "deep-reasoning:rounds=2",
    "hybrid:chains=3,rounds=2",
    "adaptive",
]
FIRST_ANSWER = {"deep-reasoning:rounds=2": 3}
"""Calls until the first answer, where that is not the first call."""
MIXED = boxed(18, 20, 16, None, 18, 1, 2, 3)
TABLE = Table({"18": 0.9, "20": 0.5, "16": 0.2})


def script(answers: tuple[str, ...] = MIXED, critiques: tuple[str, ...] = (WRONG,)) -> ByKind:
    """A model that always finds something wrong, unless told otherwise."""
    return ByKind({"answer": answers, "critique": critiques, "plan": ("It asks X.", "I will do Y.")})


def check_best_so_far(found: Outcome) -> None:
    """The answer is what the strategy's own selection takes of the answers seen."""
    result = found.result
    usable = {c.id: c for c in result.candidates if c.error is None}
    assert result.chosen in usable
    assert usable[result.chosen].answer == result.answer
    if any(c.answer_class is not None for c in usable.values()):
        assert result.answer is not None
    if found.told("offer"):
        assert result.chosen in {*usable}


def check_offers_grow(found: Outcome) -> None:
    """No offer drops what an earlier one held."""
    offers = [set(offer["ids"]) for offer in found.told("offer")]
    assert all(before <= after for before, after in pairwise(offers))


@pytest.mark.parametrize("spec", SPECS)
async def test_whatever_number_of_calls_is_allowed_the_best_so_far_is_returned(spec: str) -> None:
    whole = await bench(spec, script(), verifier=TABLE)
    check_offers_grow(whole)
    assert whole.result.exhausted is None
    seen = 0
    for calls in range(1, whole.result.usage.calls + 1):
        job = bench(spec, script(), verifier=TABLE, budget=Budget(calls=calls))
        if calls < FIRST_ANSWER.get(spec, 1):
            with pytest.raises(NothingFound, match="calls"):
                await job
            continue
        found = await job
        check_best_so_far(found)
        check_offers_grow(found)
        assert found.result.usage.calls <= calls
        answers = sum(c.error is None for c in found.result.candidates)
        assert answers >= seen
        seen = answers
        cut = calls < whole.result.usage.calls
        assert found.result.exhausted == ("calls" if cut else None)


@pytest.mark.parametrize("spec", SPECS)
async def test_whatever_number_of_tokens_is_allowed_the_best_so_far_is_returned(spec: str) -> None:
    whole = await bench(spec, script(), verifier=TABLE)
    answered = False
    for tokens in range(20, whole.result.usage.tokens + 1100, 97):
        try:
            found = await bench(spec, script(), verifier=TABLE, budget=Budget(tokens=tokens))
        except NothingFound:
            assert not answered, f"{tokens} tokens found nothing where fewer found something"
            continue
        answered = True
        assert found.result.usage.tokens <= tokens
        check_best_so_far(found)
        check_offers_grow(found)
    assert answered


@pytest.mark.parametrize("spec", SPECS)
def test_a_deadline_at_any_point_returns_the_best_so_far(spec: str) -> None:
    """On a virtual clock, with a model that takes a second for each token."""
    whole = run_virtual(bench(spec, script(), verifier=TABLE, token_seconds=1.0))
    first = None
    for second in range(1, int(whole.result.usage.seconds) + 2, 5):
        budget = Budget(seconds=float(second))
        try:
            found = run_virtual(bench(spec, script(), verifier=TABLE, token_seconds=1.0, budget=budget))
        except NothingFound:
            assert first is None
            continue
        first = first or second
        assert found.result.usage.seconds <= second + 0.5
        check_offers_grow(found)
        assert found.result.text
    assert first is not None


options = st.integers(1, 4)
strategies = st.one_of(
    st.sampled_from(SPECS),
    options.map(lambda n: f"self-consistency(n={n}, until=margin(m=2))"),
    options.map(lambda n: f"multiple-attempts:n={n + 3}"),
    options.map(lambda n: f"self-refine:rounds={n}"),
    st.integers(0, 3).map(lambda n: f"deep-reasoning:rounds={n}"),
    st.tuples(options, options).map(lambda p: f"hybrid:chains={p[0]},rounds={p[1]}"),
    st.tuples(options, options).map(
        lambda p: (
            f"adaptive(probes={p[0] + 1}, medium=self-refine(rounds={p[1]}), high=hybrid(chains={p[1]}))"
        )
    ),
)
answers = st.lists(st.sampled_from([18, 20, 16, None, 3]), min_size=1, max_size=9).map(lambda a: boxed(*a))
critiques = st.lists(st.sampled_from([RIGHT, WRONG]), min_size=1, max_size=5).map(tuple)


@settings(max_examples=150, deadline=None)
@given(strategies, answers, critiques, st.booleans())
def test_the_plan_bounds_what_is_asked(
    spec: str, texts: tuple[str, ...], said: tuple[str, ...], scored: bool
) -> None:
    verifier = TABLE if scored or build("strategy", spec).needs else None
    found = run_virtual(bench(spec, script(texts, said), verifier=verifier))
    plan = build("strategy", spec).plan()
    usage = found.result.usage
    assert usage.calls <= sum(step.samples for step in plan)
    assert usage.requests <= sum(step.requests for step in plan)
    shown = [sum(m.role == "assistant" for m in request.messages) for request in found.asked]
    assert max(shown) <= max(step.carries for step in plan)
    assert sum(shown) <= sum(step.requests * step.carries for step in plan)
    judged = sum(bool(c.scores) for c in found.result.candidates)
    assert judged <= sum(step.samples for step in plan if step.scored)
    check_offers_grow(found)
    check_best_so_far(found)


faults = st.builds(
    Faults,
    kinds=st.just(("rate_limited", "server_error", "cut", "malformed", "late_error")),
    rate=st.sampled_from([0.2, 0.5, 0.9]),
    seed=st.integers(0, 10_000),
)


@settings(max_examples=150, deadline=None)
@given(strategies, answers, critiques, faults, st.one_of(st.none(), st.integers(1, 12)))
def test_failures_end_in_an_answer_or_in_an_error_that_says_so(
    spec: str, texts: tuple[str, ...], said: tuple[str, ...], broken: Any, calls: int | None
) -> None:
    budget = None if calls is None else Budget(calls=calls)
    try:
        found = run_virtual(bench(spec, script(texts, said), verifier=TABLE, faults=broken, budget=budget))
    except ThinkharderError:
        return
    check_offers_grow(found)
    check_best_so_far(found)
    assert found.model.open_requests == 0
