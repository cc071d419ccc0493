"""What the tests of strategies share: a model that answers by the kind of the request, a verifier by table, a bench."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from thinkharder.api import Options, solve
from thinkharder.core.protocols import Effort, Sampler, Strategy
from thinkharder.core.types import Candidate, Kind, Problem, Request, Result, Score
from thinkharder.core.usage import FREE, Budget
from thinkharder.events import Event
from thinkharder.models.loaded import Loaded
from thinkharder.models.toy import Draft, ToyModel, ToyOptions

RIGHT = "Nothing to add.\nNo mistakes found."
WRONG = "The second step is wrong."


def boxed(*answers: object) -> tuple[str, ...]:
    """Texts that reason and mark an answer; None is a text without one."""
    return tuple("I cannot tell." if a is None else rf"So it is \boxed{{{a}}}." for a in answers)


@dataclass
class ByKind:
    """Texts by the request's kind, each in the order in which they are asked for, over and over."""

    texts: Mapping[Kind, Sequence[str]]
    asked: list[Request] = field(default_factory=list)
    given: dict[str, int] = field(default_factory=dict)

    def drafts(self, request: Request) -> list[Draft]:
        """One draft for each completion."""
        self.asked.append(request)
        texts = self.texts.get(request.kind, ("a thought",))
        start = self.given.get(request.kind, 0)
        self.given[request.kind] = start + request.n
        return [Draft(texts[(start + i) % len(texts)]) for i in range(request.n)]


@dataclass(frozen=True)
class Table:
    """A verifier that looks scores up by answer; what is not in the table abstains."""

    scores: Mapping[str, float]
    note: str = "the table says so"
    name: str = "table"
    logprobs: int | None = None
    joint: bool = False

    def effort(self, problem_tokens: int, candidate_tokens: int) -> Effort:
        """It calls no model."""
        return Effort()

    async def score(self, problem: Problem, candidates: Sequence[Candidate], sampler: Sampler) -> list[Score]:
        """Scores by answer."""
        return [Score(self.scores.get(c.answer or ""), self.note) for c in candidates]


@dataclass
class Outcome:
    """A result, the events on the way, and what the model was asked."""

    result: Result
    events: list[Event]
    model: ToyModel
    asked: list[Request]

    def told(self, kind: str) -> list[Mapping[str, Any]]:
        """The data of all events of a kind."""
        return [event.data for event in self.events if event.kind == kind]


async def bench(
    strategy: str | Strategy,
    source: Any,
    *,
    budget: Budget | None = None,
    verifier: Any = None,
    faults: Any = None,
    problem: str | Problem = "What is 9 * 2?",
    answer_type: str = "number",
    token_seconds: float = 0.0,
) -> Outcome:
    """Solve a problem with a strategy on a toy."""
    events: list[Event] = []
    model = ToyModel(source, ToyOptions(token_seconds=token_seconds), faults=faults)
    options = Options(answer_type=answer_type, seed=7, listener=events.append)
    result = await solve(
        problem,
        model=Loaded(model, (), FREE),
        strategy=strategy,
        budget=budget,
        verifier=verifier,
        options=options,
    )
    return Outcome(result, events, model, getattr(source, "asked", []))
