"""The driver: runs a strategy to its end, or to the budget's, the clock's or the user's, and makes the answer of it.

It alone handles exhaustion, deadline, interrupt and failures, also inside exception groups. The answer is selected from
what the strategy returned, else from what it offered and the answers seen since its last offer.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import final

from thinkharder import select
from thinkharder.context import Context
from thinkharder.core.errors import (
    BudgetExhausted,
    ModelError,
    ModelUnavailable,
    NothingFound,
    SandboxError,
    VerifierError,
)
from thinkharder.core.protocols import Strategy
from thinkharder.core.registry import spec_of
from thinkharder.core.types import Candidate, Result
from thinkharder.run import Run
from thinkharder.together import first_leaf

GRACE = 0.4
"""Seconds that cancelled work has to clean up before the driver goes on without it."""


@final
@dataclass(frozen=True, slots=True)
class Ending:
    """How a search ended: what it returned (None where it did not get that far), and what ended it."""

    returned: list[Candidate] | None
    exhausted: str | None = None
    interrupted: bool = False
    error: Exception | None = None


async def drive(strategy: Strategy, context: Context, interrupt: asyncio.Event | None = None) -> Result:
    """Search, then select. Raises NothingFound where nothing at all was seen, or the model's own error; errors that
    are not about models or budgets (a bug, a bad option) pass through."""
    run = Run(context)
    ending = await _search(strategy, context, run, interrupt)
    context.ledger.ended = True
    if ending.exhausted is None and not ending.interrupted and context.limit is not None:
        ending = replace(ending, exhausted=context.limit)
    return _result(strategy, context, run, ending)


async def _search(strategy: Strategy, context: Context, run: Run, interrupt: asyncio.Event | None) -> Ending:
    loop = asyncio.get_running_loop()
    task = loop.create_task(strategy.search(context.problem, run))
    stop = loop.create_task(interrupt.wait()) if interrupt is not None else None
    waiting: set[asyncio.Task[object]] = {t for t in (task, stop) if t is not None}
    left = None if context.deadline is None else max(0.0, context.deadline - loop.time())
    try:
        await asyncio.wait(waiting, timeout=left, return_when=asyncio.FIRST_COMPLETED)
        finished = task.done()
        interrupted = stop is not None and stop.done() and not finished
    finally:
        await _end([t for t in waiting if not t.done()])
    if finished:
        return _ended(task)
    return Ending(None, exhausted=None if interrupted else "seconds", interrupted=interrupted)


async def _end(tasks: Sequence["asyncio.Task[object]"]) -> None:
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks, timeout=GRACE)
    for task in tasks:
        if task.done() and not task.cancelled():
            task.exception()


def _ended(task: "asyncio.Task[list[Candidate]]") -> Ending:
    if task.cancelled():
        return Ending(
            None, error=ModelUnavailable("the model's stream was cancelled from outside; ask again")
        )
    error = task.exception()
    if error is None:
        return Ending(list(task.result()))
    leaf = first_leaf(error)
    if isinstance(leaf, BudgetExhausted):
        return Ending(None, exhausted=leaf.limit)
    if isinstance(leaf, (ModelError, VerifierError, SandboxError)):
        return Ending(None, error=leaf)
    raise leaf


def _result(strategy: Strategy, context: Context, run: Run, ending: Ending) -> Result:
    pool = _pool(context, ending)
    if not pool:
        _nothing(context, ending)
    winners = list(strategy.select(pool)) or pool
    winner = winners[0] if len(winners) == 1 else winners[int(run.rng.integers(len(winners)))]
    decisions = [*context.decisions, *_last_words(context, ending, winners, winner)]
    usage = replace(context.ledger.spent, seconds=context.now())
    result = Result(
        answer=winner.answer,
        text=winner.whole,
        confidence=select.confidence(pool, winner),
        agreement=select.agreement(pool, winner),
        strategy=str(spec_of(strategy)),
        model=context.model("generator").name,
        answer_type=context.answer_type.name,
        exhausted=ending.exhausted,
        stopped_by=_stopped_by(context, ending),
        usage=usage,
        candidates=tuple(_everything(context, pool)),
        votes=select.votes(pool),
        decisions=tuple(decisions),
        chosen=winner.id,
    )
    context.emit("end", lambda: _summary(result))
    return result


def _pool(context: Context, ending: Ending) -> list[Candidate]:
    """What may be selected: usable answers, one per id, in their newest version."""
    seen = context.seen
    if ending.returned is not None:
        found = context.latest(ending.returned)
    else:
        since = list(seen)[context.offered_at :]
        found = [seen[i] for i in {**context.offered, **dict.fromkeys(since)}]
    usable = [c for c in found if c.error is None and c.kind == "answer"]
    if not usable:
        usable = [c for c in seen.values() if c.error is None and c.kind == "answer"]
    return _classed(usable) or [c for c in context.partial.values() if c.text.strip()]


def _classed(pool: list[Candidate]) -> list[Candidate]:
    """Answers whose equality was still being checked when the run ended vote by their text."""
    known = {c.answer: c.answer_class for c in pool if c.answer_class is not None}
    for candidate in pool:
        if candidate.answer is not None and candidate.answer not in known:
            known[candidate.answer] = -1 - len(known)
    return [
        replace(c, answer_class=known[c.answer]) if c.answer is not None and c.answer_class is None else c
        for c in pool
    ]


def _everything(context: Context, pool: Sequence[Candidate]) -> list[Candidate]:
    """All answers of the run, failures too, in the order in which they were seen."""
    every = {**context.seen, **{c.id: c for c in pool}}
    return [c for c in every.values() if c.kind == "answer"]


def _nothing(context: Context, ending: Ending) -> None:
    failure = ending.error or context.failure
    if failure is not None and not (ending.exhausted or ending.interrupted):
        raise failure
    if ending.interrupted:
        raise NothingFound("interrupted", "it was stopped before the first sample ended")
    detail = f"; the model also failed: {failure}" if failure else ""
    if ending.exhausted:
        raise NothingFound(
            ending.exhausted,
            f"the limit on {ending.exhausted} does not suffice for one sample; raise it (--dry-run shows what the"
            f" strategy can need){detail}",
        )
    raise NothingFound("no samples", f"the strategy returned no candidate{detail}")


def _stopped_by(context: Context, ending: Ending) -> str:
    if ending.interrupted:
        return "interrupt"
    if ending.exhausted is not None:
        return "budget"
    if ending.error is not None:
        return "error"
    return context.stopped_by or "strategy"


def _last_words(
    context: Context, ending: Ending, winners: Sequence[Candidate], winner: Candidate
) -> list[str]:
    words = []
    if ending.exhausted is not None:
        words.append(f"the limit on {ending.exhausted} ended the search; this is the best that it had bought")
    if ending.error is not None:
        words.append(f"the search ended early on an error, this is the best until then: {ending.error}")
    if winner.finish == "cancelled":
        words.append("no sample had ended: this is the unfinished text of one")
    classes = {c.answer_class for c in winners}
    if len(classes) > 1:
        words.append(f"{len(classes)} answers tied; one was picked at random")
    return words


def _summary(result: Result) -> dict[str, object]:
    return {
        "answer": result.answer,
        "chosen": result.chosen,
        "agreement": result.agreement,
        "confidence": result.confidence,
        "exhausted": result.exhausted,
        "stopped_by": result.stopped_by,
        "votes": [{"answer": v.answer, "votes": v.votes, "share": v.share} for v in result.votes],
        "usage": {name: getattr(result.usage, name) for name in result.usage.__dataclass_fields__},
    }
