"""The slow path: a strategy object as it runs live, on one trial of one recorded problem."""

import asyncio
import copy
from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np

from thinkharder.answers import Answer, Classes
from thinkharder.context import Context
from thinkharder.core.errors import CapabilityError, NothingFound
from thinkharder.core.ledger import Ledger
from thinkharder.core.protocols import Select, Strategy
from thinkharder.core.types import Candidate
from thinkharder.core.usage import Budget
from thinkharder.driver import drive
from thinkharder.replay.classed import Classed
from thinkharder.replay.model import Replay


@final
@dataclass(frozen=True, slots=True)
class RecordedAnswers:
    """The answer type of a replay whose answers are classed already: a draw's text is the label of its class."""

    shown: tuple[str, ...]
    name: str = "recorded"
    reason: str = ""
    semantic: bool = False

    def extract(self, text: str, *, complete: bool = True) -> Answer | None:
        """The answer of a label; None for an empty one: it abstains."""
        return Answer(text, self.shown[int(text)]) if text else None

    async def same(self, a: Answer, b: Answer) -> bool:
        """Equal labels."""
        return a.key == b.key


@final
@dataclass(frozen=True, slots=True)
class Ended:
    """How one run ended. `winners` are the tied candidates by their places in the trial's order, `classes` their answers'
    classes (-1 abstains); `right` is the expectation over them; `samples` were paid, in `requests` requests."""

    winners: tuple[int, ...]
    classes: frozenset[int]
    right: float
    samples: int
    requests: int
    input_tokens: int
    output_tokens: int


class _Spy:
    """A selection that remembers whom it last chose."""

    __spec_name__ = "replayed"

    def __init__(self, select: Select) -> None:
        self.select = select
        self.chosen: Sequence[Candidate] = ()

    def __call__(self, candidates: Sequence[Candidate]) -> Sequence[Candidate]:
        self.chosen = self.select(candidates) or tuple(candidates)
        return self.chosen


async def run_once(
    replay: Replay,
    problem: int,
    strategy: Strategy,
    *,
    budget: Budget | None = None,
    scores: str | None = None,
) -> Ended:
    """Run a strategy on the replay's trial of one problem (its place in the pool). `scores` names the recorded scores that
    are its verifier. Raises ReplayMiss where it asks for what is not recorded, CapabilityError for what a record cannot."""
    classed = replay.classed
    assert classed is not None, (
        "a run on a pool whose answers are not classed yet; make it with Replay(classed(pool))"
    )
    for need in strategy.needs:
        if need != "verifier" and not getattr(replay.capabilities, need):
            raise CapabilityError(
                f"{type(strategy).__name__} needs {need}, which a recorded pool does not have"
            )
    spy, replaying = _Spy(strategy.select), copy.copy(strategy)
    object.__setattr__(replaying, "select", spy)
    kind = RecordedAnswers(classed.answers[problem])
    ledger = Ledger(budget or Budget())
    context = Context(
        problem=replay.problem(classed.problems[problem]),
        models={"generator": replay},
        ledger=ledger,
        answer_type=kind,
        classes=Classes(kind),
        verifiers={} if scores is None else {scores: replay.verifier(scores)},
        seed=replay.trial,
        started=asyncio.get_running_loop().time(),
    )
    try:
        await drive(replaying, context)
    except NothingFound:
        spy.chosen = ()
    return _ended(replay, classed, problem, spy.chosen, context)


def _ended(
    replay: Replay, classed: Classed, problem: int, chosen: Sequence[Candidate], context: Context
) -> Ended:
    order = replay.order(problem)
    rights = []
    for candidate in chosen:
        draw = int(order[candidate.draw])
        cut = candidate.tokens < int(classed.output_tokens[problem, draw])
        rights.append(0.0 if cut else float(classed.right[problem, draw]))
    spent = context.ledger.spent
    return Ended(
        winners=tuple(sorted(candidate.draw for candidate in chosen)),
        classes=frozenset(
            -1 if c.answer is None else int(classed.classes[problem, order[c.draw]]) for c in chosen
        ),
        right=float(np.mean(rights)) if rights else 0.0,
        samples=spent.calls,
        requests=spent.requests,
        input_tokens=spent.input_tokens,
        output_tokens=spent.output_tokens,
    )
