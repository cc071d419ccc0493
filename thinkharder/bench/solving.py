"""Solve one cell: a strategy on a problem under a budget, every draw through the store, the answer checked by the task."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, final

from thinkharder import assemble
from thinkharder.bench.folder import Settings, version
from thinkharder.bench.grid import Row
from thinkharder.bench.watching import Costed, Costs, Counts, Recorders, Silent
from thinkharder.context import Context
from thinkharder.core.errors import ModelError, NothingFound, SandboxError, ThinkharderError, VerifierError
from thinkharder.core.ledger import Ledger
from thinkharder.core.types import Candidate, Result
from thinkharder.core.usage import LIMITS, Budget
from thinkharder.driver import drive
from thinkharder.models.loaded import Loaded
from thinkharder.records.cell import Cell
from thinkharder.records.generation import Origin
from thinkharder.records.job import Recording
from thinkharder.records.store import Store
from thinkharder.tasks.base import Item, Task

FAILURES = (ModelError, VerifierError, SandboxError, NothingFound)
"""What makes a cell a failed one; anything else is wrong with the run as a whole and ends it."""


@final
@dataclass(slots=True)
class Bench:
    """What all cells of one model have in common while they are solved.

    `models` by role, the generator first, and their `origins`; `store` is where draws are looked up and kept, `counts`
    hears of every draw. `logprobs` is what is recorded token by token (as in Recording), at least what `needs` found.
    """

    settings: Settings
    models: Mapping[str, Loaded]
    origins: Mapping[str, Origin]
    store: Store
    counts: Counts = field(default_factory=Counts)
    logprobs: int | None = None

    def recorders(self, task: str, problem: str) -> Recorders:
        """The models, recording draws of a problem."""
        recording = Recording(task=task, problem=problem, version=version(), logprobs=self.logprobs)
        silent = self.settings.record == "none"
        return Recorders(self.models, self.origins, self.store, recording, silent=silent, counts=self.counts)


async def solve_group(
    bench: Bench, task: Task, item: Item, rows: Sequence[Row], done: Callable[[Cell], None]
) -> None:
    """Solve the rows of one problem, one after another, and hand over each cell as it ends."""
    judge = Judge(task, item, {})
    for row in rows:
        done(await solve_cell(bench, judge, row))


def needs(bench: Bench, task: Task, row: Row) -> int | None:
    """The log-probabilities that the row's verifier reads, as in Sampling.

    Raises CapabilityError or another UsageError where strategy, verifier, model and task do not fit each other.
    """
    models = bench.models
    if bench.settings.record == "none":
        models = {role: Loaded(Silent(model), price=model.price) for role, model in models.items()}
    context = _setup(bench, task.items[0], row, models).context(Ledger(Budget(**row.budget)))
    return None if context.deciding is None else context.deciding.logprobs


async def solve_cell(bench: Bench, judge: "Judge", row: Row) -> Cell:
    """The finished cell of a row and a problem. A failure of model, verifier or sandbox is in `error`.

    Raises what is wrong with the run as a whole (a full disk, a bug).
    """
    item = judge.item
    recorders = bench.recorders(row.task, item.id)
    setup = _setup(bench, item, row, recorders.models)
    ledger, costs = Ledger(Budget(**row.budget)), Costs()
    context = _context(bench, setup, ledger, row, costs)
    blank = Cell(problem=item.id, version=version(), **row.identity())
    try:
        result = await drive(setup.strategy, context)
        spent = replace(blank, **_spent(ledger, context))
        return await _ended_with(spent, result, recorders, costs, judge)
    except FAILURES as error:
        return _ended_without(replace(blank, **_spent(ledger, context)), error)


def _setup(bench: Bench, item: Item, row: Row, models: Mapping[str, Loaded]) -> assemble.Setup:
    problem = assemble.build_problem(item.problem, system=bench.settings.system)
    return assemble.Setup(row.entry.build(), problem, models, row.verifier, sandbox=bench.settings.sandbox)


def _context(bench: Bench, setup: assemble.Setup, ledger: Ledger, row: Row, costs: Costs) -> Context:
    context = setup.context(ledger)
    context.verifiers = {name: Costed(verifier, costs) for name, verifier in context.verifiers.items()}
    context.defaults, context.seed = bench.settings.sampling, row.seed
    context.started = asyncio.get_running_loop().time()
    seconds = row.budget.get("seconds")
    context.deadline = None if seconds is None else context.started + seconds
    return context


def _spent(ledger: Ledger, context: Context) -> dict[str, Any]:
    used = ledger.spent
    return {
        "input_tokens": used.input_tokens,
        "cached_tokens": used.cached_tokens,
        "output_tokens": used.output_tokens,
        "reasoning_tokens": used.reasoning_tokens,
        "calls": used.calls,
        "seconds": round(context.now(), 4),
        "usd": used.usd,
        "decisions": tuple(context.decisions),
    }


def _ended_without(cell: Cell, error: ThinkharderError) -> Cell:
    """A cell without an answer: a limit that was too tight is a result (and wrong), anything else a failure."""
    if isinstance(error, NothingFound) and error.limit in LIMITS:
        return replace(cell, correct=0.0, exhausted=error.limit, stopped_by="budget")
    return replace(cell, error=f"{type(error).__name__}: {error}", stopped_by="error")


async def _ended_with(cell: Cell, result: Result, recorders: Recorders, costs: Costs, judge: "Judge") -> Cell:
    candidates = _in_draw_order([c for c in result.candidates if c.error is None])
    chosen = next((c for c in candidates if c.id == result.chosen), None)
    correct = await judge.right(result.text, chosen is None or chosen.finish == "stop")
    draws, same = [], _first_of_class(candidates)
    for candidate in candidates:
        right = await judge.right(candidate.whole, candidate.finish == "stop")
        draw = recorders.draw_of(candidate, right, candidate.id == result.chosen)
        answer = same.get(candidate.answer_class, draw.answer)
        draws.append(replace(draw, answer=answer, score_cost=dict(costs.get(candidate.id, {}))))
    return replace(
        cell,
        answer=result.answer,
        correct=correct,
        agreement=result.agreement,
        confidence=result.confidence,
        exhausted=result.exhausted,
        stopped_by=result.stopped_by,
        draws=tuple(draws),
        decisions=result.decisions,
        error=_failure(result),
    )


def _first_of_class(candidates: Sequence[Candidate]) -> dict[int | None, str | None]:
    """The answer of the first candidate of each class. It is recorded for the others too: programs that behave alike are
    one answer here, and a replay, which runs no program, could not tell."""
    first: dict[int | None, str | None] = {}
    for candidate in candidates:
        if candidate.answer_class is not None:
            first.setdefault(candidate.answer_class, candidate.answer)
    return first


def _failure(result: Result) -> str | None:
    """What failed on the way, where the answer is not what the strategy would have given otherwise."""
    failed = [c.error for c in result.candidates if c.error is not None]
    if failed:
        return f"{len(failed)} of {len(result.candidates)} samples failed: {failed[0]}"
    return result.decisions[-1] if result.stopped_by == "error" and result.decisions else None


def _in_draw_order(candidates: Sequence[Candidate]) -> list[Candidate]:
    """By prompt in the order in which prompts were first seen, then by draw: the order does not depend on arrival."""
    prompts = {prompt: place for place, prompt in enumerate(dict.fromkeys(map(_prompt, candidates)))}
    return sorted(candidates, key=lambda c: (prompts[_prompt(c)], c.draw))


def _prompt(candidate: Candidate) -> str:
    return candidate.id.rpartition(".")[0]


@final
@dataclass(slots=True)
class Judge:
    """The task's word on texts of one problem; each text is checked once."""

    task: Task
    item: Item
    known: dict[tuple[str, bool], float]

    async def right(self, text: str, complete: bool) -> float:
        """In [0, 1]. Raises SandboxError."""
        key = (text, complete)
        if key not in self.known:
            self.known[key] = await self.task.right(self.item, text, complete=complete)
        return self.known[key]
