"""The run: what its members do, in which order things are seen, what is kept and what is cancelled."""

import inspect
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.helpers import EGGS, backend, context_on
from tests.virtual_clock import run_virtual
from thinkharder.core import protocols
from thinkharder.core.errors import (
    BadOption,
    CapabilityError,
    ModelUnavailable,
    UnknownOption,
)
from thinkharder.core.protocols import StreamView
from thinkharder.core.types import Candidate, Message, Problem
from thinkharder.models.loaded import Loaded
from thinkharder.models.toy import ToyModel, toy_model
from thinkharder.models.wrap import RetryPolicy, standard_layers
from thinkharder.run import Run
from thinkharder.stopping import Fixed, Margin, Unanimous

EVEN = "categorical(answers=[7, 8, 9], weights=[0.5, 0.3, 0.2], tokens=[5, 60], token_seconds=0.01)"
MEMBERS = {"rng", "capabilities", "sample", "extend", "score", "compare", "offer", "parallel", "role", "note"}


def answers(candidates: Sequence[Candidate]) -> list[str | None]:
    return [c.answer for c in candidates]


def test_the_list_of_members_is_closed() -> None:
    async def go() -> set[str]:
        return {name for name in dir(Run(context_on(EVEN))) if not name.startswith("_")}

    assert run_virtual(go()) == MEMBERS
    assert {name for name in dir(protocols.Run) if not name.startswith("_")} == MEMBERS
    for name in MEMBERS - {"rng", "capabilities"}:
        ours, stated = inspect.signature(getattr(Run, name)), inspect.signature(getattr(protocols.Run, name))
        assert list(ours.parameters) == list(stated.parameters)


def test_samples_come_in_draw_order_with_answers_and_classes() -> None:
    async def go() -> list[Candidate]:
        return await Run(context_on(EVEN)).sample(Problem.of(EGGS), 12)

    found = run_virtual(go())
    assert [c.draw for c in found] == list(range(12))
    assert len({c.id for c in found}) == 12
    assert set(answers(found)) <= {"7", "8", "9"}
    by_answer = {c.answer: c.answer_class for c in found}
    assert all(by_answer[c.answer] == c.answer_class for c in found)
    assert all(c.tokens > 0 and c.seconds > 0 and c.finish == "stop" for c in found)


def test_more_draws_of_a_prompt_continue_where_the_first_ended() -> None:
    async def go(sizes: Sequence[int]) -> list[Candidate]:
        run = Run(context_on(EVEN))
        return [c for n in sizes for c in await run.sample(EGGS, n)]

    whole, parts = run_virtual(go([10])), run_virtual(go([3, 1, 6]))
    assert answers(whole) == answers(parts)
    assert [c.draw for c in parts] == list(range(10))


@given(st.integers(1, 20), st.integers(1, 5), st.integers(0, 50))
def test_a_rule_sees_draws_in_draw_order_and_decides_alike_whatever_arrives_first(
    n: int, m: int, seed: int
) -> None:
    """The short samples arrive first; what the rule saw is a prefix of the draws all the same."""
    seen: list[list[str | None]] = []

    @dataclass(frozen=True)
    class Watching:
        def more(self, draws: Sequence[Candidate], cap: int) -> int:
            seen.append(answers(draws))
            return Margin(m).more(draws, cap)

    async def go(rule: Any) -> list[Candidate]:
        return await Run(context_on(EVEN, seed=seed)).sample(EGGS, n, until=rule)

    everything, stopped = run_virtual(go(None)), run_virtual(go(Watching()))
    prefix = answers(everything)
    assert all(draws == prefix[: len(draws)] for draws in seen)
    want = next((k for k in range(n + 1) if Margin(m).more(everything[:k], n) == 0), n)
    assert answers(stopped) == prefix[:want]


def test_a_satisfied_rule_cancels_what_is_in_flight() -> None:
    async def go() -> tuple[int, int, list[str], str | None]:
        model = toy_model("categorical(answers=[7], weights=[1], tokens=[5, 400], token_seconds=0.01)")
        context = context_on(model)

        @dataclass(frozen=True)
        class Eager:
            def more(self, draws: Sequence[Candidate], cap: int) -> int:
                return 0 if len(draws) >= 2 else cap - len(draws)

        found = await Run(context).sample(EGGS, 16, until=Eager())
        return len(found), model.open_requests, context.decisions, context.stopped_by

    count, open_requests, decisions, stopped_by = run_virtual(go())
    assert (count, open_requests, stopped_by) == (2, 0, "Eager")
    assert "after 2 of at most 16" in decisions[0]


@pytest.mark.parametrize(("rule", "count"), [(Fixed(3), 3), (Unanimous(4), 4), (Margin(2), 2)])
def test_rules_stop_on_agreement(rule: Any, count: int) -> None:
    async def go() -> int:
        return len(await Run(context_on("categorical(answers=[7])")).sample(EGGS, 16, until=rule))

    assert run_virtual(go()) == count


def test_a_stream_rule_aborts_single_samples() -> None:
    @dataclass(frozen=True)
    class Short:
        limit: int

        def watch(self, sample: StreamView) -> str | None:
            return "too long" if sample.tokens >= self.limit else None

    async def go() -> tuple[list[Candidate], int, ToyModel]:
        model = toy_model(EVEN)
        found = await Run(context_on(model)).sample(EGGS, 8, watch=Short(30))
        return found, model.open_requests, model

    found, open_requests, model = run_virtual(go())
    aborted = [c for c in found if c.finish == "aborted"]
    assert aborted
    assert len(aborted) < 8
    assert all(c.tokens == 30 for c in aborted)
    assert open_requests == 0
    assert model.true_usage.output_tokens == sum(c.tokens for c in found)


def test_failures_stay_in_the_record_and_never_vote() -> None:
    async def go() -> tuple[list[Candidate], dict[str, Candidate]]:
        model = toy_model(f"failing(inner={EVEN}, schedule=[cut], seed=1)")
        context = context_on(model)
        run = Run(context)
        first = await run.sample(EGGS, 6)
        return first, context.seen

    found, seen = run_virtual(go())
    failed = [c for c in seen.values() if c.error]
    assert len(found) + len(failed) == 6
    assert failed
    assert all("StreamCut" in (c.error or "") and c.answer is None for c in failed)


def test_when_all_fail_the_models_own_error_is_raised() -> None:
    async def go() -> None:
        await Run(context_on(f"failing(inner={EVEN}, schedule=[connect])")).sample(EGGS, 3)

    with pytest.raises(ModelUnavailable, match="refused"):
        run_virtual(go())


def test_only_answers_inherit_the_problems_stop_and_are_extracted() -> None:
    async def go() -> tuple[Candidate, Candidate, ToyModel]:
        model = toy_model('scripted(texts=["The answer is 7. END more"])')
        problem = Problem.of(EGGS, answer_type="number", stop=("END",))
        run = Run(context_on(model, problem=problem))
        (answer,) = await run.sample(problem)
        (critique,) = await run.sample(EGGS, kind="critique")
        return answer, critique, model

    answer, critique, _ = run_virtual(go())
    assert answer.text == "The answer is 7. "
    assert answer.answer == "7"
    assert critique.text.endswith("more")
    assert (critique.answer, critique.answer_class) == (None, None)


def test_extend_continues_each_partial_on_its_prefix() -> None:
    async def go() -> tuple[list[Candidate], list[Candidate]]:
        run = Run(context_on(EVEN))
        partials = await run.sample(EGGS, 2, max_tokens=5)
        children = await run.extend(partials, [2, 1], stop=["\n"], max_tokens=5)
        return partials, children

    partials, children = run_virtual(go())
    assert [c.parents for c in children] == [(partials[0].id,)] * 2 + [(partials[1].id,)]
    assert all(c.whole.startswith(c.prefix) and c.prefix for c in children)
    assert children[0].prefix == partials[0].whole


def test_append_makes_a_continuation() -> None:
    base = Candidate(id="x", text="2", prefix="1", answer="2", answer_class=0)
    more = base.append(" Wait,")
    assert (more.whole, more.answer, more.finish) == ("12 Wait,", None, None)


def test_roles_use_their_own_model_on_the_same_budget() -> None:
    async def go() -> tuple[int, int, int]:
        judge, context = toy_model("categorical(answers=[1])"), None
        context = context_on(EVEN, roles={"judge": judge})
        run = Run(context)
        await run.sample(EGGS, 2)
        await run.role("judge").sample("Rate it", 3, kind="judgement")
        await run.role("draft").sample("Draft it", 1, kind="draft")
        generator = backend(context.model("generator"))
        return judge.true_usage.calls, generator.true_usage.calls, context.ledger.spent.calls

    assert run_virtual(go()) == (3, 3, 6)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [({"n": 0}, BadOption), ({"temprature": 1.0}, UnknownOption)],
)
def test_wrong_arguments_are_refused(arguments: dict[str, Any], error: type[Exception]) -> None:
    async def go() -> None:
        await Run(context_on(EVEN)).sample(EGGS, **arguments)

    with pytest.raises(error):
        run_virtual(go())


def test_extend_is_refused_without_prefill() -> None:
    async def go() -> None:
        model = toy_model(EVEN)
        model.capabilities = type(model.capabilities)(prefill=False)
        await Run(context_on(model)).extend([Candidate("x", "a", prompt=(Message("user", "q"),))])

    with pytest.raises(CapabilityError, match="prefill"):
        run_virtual(go())


def test_retries_keep_draws_and_books() -> None:
    async def go() -> tuple[list[Candidate], Any, Any]:
        toy = toy_model(f"failing(inner={EVEN}, schedule=[rate_limited, cut, ok])")
        model = Loaded(toy, standard_layers(toy, retries=RetryPolicy(seed=0)))
        context = context_on(model)
        found = await Run(context).sample(EGGS, 5)
        plain = await Run(context_on(EVEN)).sample(EGGS, 5)
        assert answers(found) == answers(plain)
        return found, context.ledger.spent, toy.true_usage

    found, spent, true = run_virtual(go())
    assert len(found) == 5
    assert spent.tokens >= true.tokens
    assert spent.requests == 3
