"""The driver: the best so far, whatever ends the search; an error only where there is nothing to give."""

import asyncio
import json
import stat
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import pytest

from tests.helpers import EGGS, backend, context_on
from tests.virtual_clock import run_virtual
from thinkharder import select
from thinkharder.api import Options, solve, solve_sync
from thinkharder.core.errors import ModelUnavailable, NothingFound, UnknownPrice
from thinkharder.core.types import Candidate, Problem, Result
from thinkharder.core.usage import Budget
from thinkharder.driver import GRACE, drive
from thinkharder.events import Event, Trace
from thinkharder.models.loaded import Loaded
from thinkharder.models.toy import toy_model

SLOW = "categorical(answers=[7, 8, 9], weights=[0.5, 0.3, 0.2], tokens=[5, 60], token_seconds=0.01)"


@dataclass(frozen=True)
class Vote:
    """Self-consistency, or what `how` makes of it."""

    n: int = 16
    how: Any = None
    needs: ClassVar[tuple[str, ...]] = ()
    select: Any = field(default=staticmethod(select.majority))

    async def search(self, problem: Problem, run: Any) -> list[Candidate]:
        if self.how is not None:
            return await self.how(problem, run)
        return await run.sample(problem, self.n)


def driven(strategy: Any, model: Any = SLOW, interrupt_at: float | None = None, **more: Any) -> Result:
    """The result on a virtual clock."""

    async def go() -> Result:
        interrupt = asyncio.Event()
        if interrupt_at is not None:
            asyncio.get_running_loop().call_later(interrupt_at, interrupt.set)
        return await drive(strategy, context_on(model, **more), interrupt)

    return run_virtual(go())


def test_a_search_that_ends_by_itself() -> None:
    result = driven(Vote())
    assert result.answer == result.votes[0].answer
    assert result.agreement == result.votes[0].share
    assert result.confidence is not None
    assert 0 < result.confidence < 1
    assert (result.exhausted, result.stopped_by) == (None, "strategy")
    assert result.usage.calls == len(result.candidates) == 16
    assert result.usage.seconds > 0


@pytest.mark.parametrize(
    ("budget", "limit"),
    [
        (Budget(tokens=700), "tokens"),
        (Budget(output_tokens=300), "output_tokens"),
        (Budget(calls=5), "calls"),
        (Budget(seconds=0.3), "seconds"),
    ],
)
def test_a_limit_gives_the_best_so_far(budget: Budget, limit: str) -> None:
    result = driven(Vote(40), budget=budget)
    assert result.exhausted == limit
    assert result.stopped_by == "budget"
    assert result.answer in {"7", "8", "9"}
    assert any(limit in words for words in result.decisions)
    if budget.seconds:
        assert result.usage.seconds <= budget.seconds + GRACE


def test_an_interrupt_gives_the_best_so_far() -> None:
    result = driven(Vote(), interrupt_at=0.3)
    assert (result.exhausted, result.stopped_by) == (None, "interrupt")
    assert result.answer is not None


def test_with_nothing_ended_the_unfinished_text_is_the_last_resort() -> None:
    result = driven(
        Vote(),
        "scripted(texts=['one two three four five six seven eight'], token_seconds=1)",
        budget=Budget(seconds=3.5),
    )
    assert result.answer is None
    assert "one" in result.text
    assert any("unfinished" in words for words in result.decisions)


def test_with_nothing_seen_the_error_says_which_limit() -> None:
    with pytest.raises(NothingFound, match="tokens"):
        driven(Vote(), budget=Budget(tokens=3))
    with pytest.raises(NothingFound, match="seconds"):
        driven(Vote(), f"failing(inner={SLOW}, schedule=[hang, hang])", budget=Budget(seconds=0.001))
    with pytest.raises(ModelUnavailable):
        driven(Vote(), f"failing(inner={SLOW}, schedule=[connect])")


def test_a_failure_after_the_first_answers_does_not_lose_them() -> None:
    async def how(problem: Problem, run: Any) -> list[Candidate]:
        first = await run.sample(problem, 4)
        run.offer(first)
        return [*first, *await run.sample("again", 4)]

    result = driven(Vote(how=how), f"failing(inner={SLOW}, schedule=[ok, connect])")
    assert result.stopped_by == "error"
    assert sum(v.votes for v in result.votes) == 4
    assert any("refused" in words for words in result.decisions)


def offering(kind: str) -> Any:
    async def how(problem: Problem, run: Any) -> list[Candidate]:
        found = await run.sample(problem, 8)
        run.offer([c for c in found if c.answer == "8"])
        await run.sample("more", 100, kind=kind)
        return found

    return driven(Vote(how=how), budget=Budget(calls=40))


def test_the_offered_pool_decides_not_everything_seen() -> None:
    result = offering("critique")
    assert result.answer == "8"
    assert len(result.votes) == 1


def test_answers_seen_since_the_last_offer_count_too() -> None:
    result = offering("answer")
    eights = sum(c.answer == "8" for c in result.candidates[:8])
    assert sum(v.votes for v in result.votes) == eights + 32


def test_exhaustion_inside_task_groups_is_understood() -> None:
    async def how(problem: Problem, run: Any) -> list[Candidate]:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(run.sample(f"{problem.text} {i}", 9)) for i in range(3)]
        return [c for task in tasks for c in task.result()]

    result = driven(Vote(how=how), budget=Budget(calls=12))
    assert result.exhausted == "calls"
    assert len(result.candidates) == 12


def test_a_strategys_own_bug_is_not_hidden() -> None:
    async def how(problem: Problem, run: Any) -> list[Candidate]:
        await run.sample(problem, 2)
        raise ZeroDivisionError("a bug")

    with pytest.raises(ZeroDivisionError):
        driven(Vote(how=how))


def test_a_search_that_clings_to_life_is_left_after_the_grace() -> None:
    async def how(problem: Problem, run: Any) -> list[Candidate]:
        await run.sample(problem, 1)
        try:
            await asyncio.sleep(100)
        except asyncio.CancelledError:
            await asyncio.sleep(0.2)
            raise
        return []

    result = driven(Vote(how=how), budget=Budget(seconds=1.0))
    assert result.usage.seconds <= 1.0 + GRACE


def test_ties_are_broken_by_the_runs_generator() -> None:
    async def how(problem: Problem, run: Any) -> list[Candidate]:
        return [Candidate(str(i), "t", answer=a, answer_class=i) for i, a in enumerate("xyz")]

    winners = {driven(Vote(how=how), seed=seed).answer for seed in range(20)}
    assert winners == {"x", "y", "z"}
    assert len({driven(Vote(how=how), seed=3).answer for _ in range(3)}) == 1


def test_same_seed_same_result() -> None:
    assert driven(Vote(), seed=5).candidates == driven(Vote(), seed=5).candidates
    assert driven(Vote(), seed=5).candidates != driven(Vote(), seed=6).candidates


async def test_solve_by_specs_with_trace_and_listener(tmp_path: Path) -> None:
    events: list[Event] = []
    trace = tmp_path / "trace.jsonl"
    options = Options(seed=1, trace=trace, listener=events.append)
    spec = "toy:categorical(answers=[7, 8], weights=[0.7, 0.3])"
    result = await solve(EGGS, model=spec, strategy="self-consistency:n=5", options=options)
    assert result.strategy == "self-consistency(n=5)"
    assert result.answer_type == "number"
    assert stat.S_IMODE(trace.stat().st_mode) == 0o600
    lines = [json.loads(line) for line in trace.read_text().splitlines()]
    kinds = [line["event"] for line in lines]
    assert kinds[0] == "start"
    assert kinds[-1] == "end"
    assert kinds.count("candidate") == 5
    assert "progress" not in kinds
    assert {e.kind for e in events} >= {"start", "request", "progress", "candidate", "end"}
    assert lines[-1]["answer"] == result.answer


def test_a_full_disk_ends_the_trace_not_the_run(tmp_path: Path) -> None:
    trace = Trace("/dev/full")
    trace(Event("decision", 0.0, {"text": "x"}))
    assert trace.error is not None
    assert "No space" in trace.error
    trace(Event("decision", 0.0, {"text": "y"}))
    trace.close()


async def test_solve_sync_works_inside_a_running_loop() -> None:
    result = solve_sync(EGGS, model="toy:categorical(answers=[7])", strategy="direct")
    assert result.answer == "7"


def test_solve_sync_without_a_loop() -> None:
    assert solve_sync(EGGS, model="toy:categorical(answers=[7])", strategy="direct").answer == "7"


def test_a_dollar_limit_needs_a_known_price() -> None:
    model = Loaded(toy_model(SLOW), price=None)
    with pytest.raises(UnknownPrice, match="price"):
        driven(Vote(), model, budget=Budget(usd=1.0))
    assert driven(Vote(2), model).usage.usd is None


async def test_cancelling_solve_leaves_nothing_behind() -> None:
    toy = toy_model("categorical(answers=[7], tokens=[200, 250], token_seconds=0.01)")
    task = asyncio.create_task(solve(EGGS, model=Loaded(toy), strategy="self-consistency:n=4"))
    await asyncio.sleep(0.1)
    assert toy.open_requests > 0
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert toy.open_requests == 0
    assert len(asyncio.all_tasks()) == 1


def usable(candidates: Sequence[Candidate]) -> list[Candidate]:
    return [c for c in candidates if c.error is None]


def test_the_result_shows_failures_too() -> None:
    result = driven(Vote(6), f"failing(inner={SLOW}, schedule=[cut], seed=1)")
    assert len(result.candidates) == 6
    assert 0 < len(usable(result.candidates)) < 6
    assert backend(toy_model(SLOW)).open_requests == 0
