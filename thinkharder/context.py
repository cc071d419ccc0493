"""What all branches and roles of one run share."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from thinkharder.answers import AnswerType, Classes
from thinkharder.core.errors import BudgetExhausted, ModelError, UnknownOption
from thinkharder.core.ledger import Ledger
from thinkharder.core.protocols import Comparator, Model, Verifier
from thinkharder.core.types import Candidate, Capabilities, Kind, Message, Problem, Request, Sampling
from thinkharder.events import Event, EventKind, Listener

GENERATOR = "generator"
_SAMPLING = {f.name for f in fields(Sampling)}


@dataclass(slots=True)
class Context:
    """The run's inner state: what was seen, what was offered, who listens. Strategies never touch it.

    `models` maps roles to models (`generator` always; others fall back to it); `verifiers` in order, the first decides.
    """

    problem: Problem
    models: Mapping[str, Model]
    ledger: Ledger
    answer_type: AnswerType
    classes: Classes
    verifiers: Mapping[str, Verifier] = field(default_factory=dict)
    comparator: Comparator | None = None
    listeners: tuple[Listener, ...] = ()
    defaults: Sampling = field(default_factory=Sampling)
    seed: int = 0
    deadline: float | None = None
    started: float = 0.0
    seen: dict[str, Candidate] = field(default_factory=dict)
    told: set[str] = field(default_factory=set)
    partial: dict[str, Candidate] = field(default_factory=dict)
    offered: dict[str, None] = field(default_factory=dict)
    offered_at: int = 0
    """How many samples had been seen at the last offer."""
    decisions: list[str] = field(default_factory=list)
    stopped_by: str | None = None
    limit: str | None = None
    """The limit that cut a branch whose siblings went on."""
    failure: Exception | None = None

    def model(self, role: str) -> Model:
        """The model of a role; the generator's where the role has none of its own."""
        return self.models.get(role, self.models[GENERATOR])

    @property
    def deciding(self) -> Verifier | None:
        """The verifier whose score decides."""
        return next(iter(self.verifiers.values()), None)

    def give_up(self, what: str, error: Exception) -> None:
        """Note, once, that something which was asked for could not be done, and which limit or failure is why."""
        if isinstance(error, BudgetExhausted):
            self.limit = error.limit
        if isinstance(error, ModelError):
            self.failure = error
        text = f"{what}: {error}"
        self.emit("failure", lambda: {"error": text, "type": type(error).__name__})
        if text not in self.decisions:
            self.decisions.append(text)

    def now(self) -> float:
        """Seconds since the run began."""
        return asyncio.get_running_loop().time() - self.started

    def emit(self, kind: EventKind, make: Callable[[], Mapping[str, Any]]) -> None:
        """Tell the listeners; `make` is called only if there are some."""
        if not self.listeners:
            return
        event = Event(kind, self.now(), make())
        for listener in self.listeners:
            try:
                listener(event)
            except Exception as error:
                self.listeners = tuple(other for other in self.listeners if other is not listener)
                self.decisions.append(f"a listener failed and hears no more: {type(error).__name__}: {error}")

    def request(
        self,
        messages: tuple[Message, ...],
        kind: Kind,
        options: Mapping[str, Any],
        can: Capabilities,
        branch: str,
    ) -> Request:
        """What a sample of this kind asks: the strategy's options over the run's defaults; answers alone inherit the
        problem's tools, format and stop, and the log-probabilities that the deciding verifier reads.

        Raises UnknownOption for an option that is no field of Sampling.
        """
        unknown = next((name for name in options if name not in _SAMPLING), None)
        if unknown is not None:
            raise UnknownOption("sample", unknown, sorted(_SAMPLING))
        given = {name: value for name, value in options.items() if value is not None}
        answers, problem = kind == "answer", self.problem
        sampling = replace(self.defaults if answers else Sampling(), **given)
        needed = self.deciding.logprobs if self.deciding is not None and answers else None
        if needed is not None and can.logprobs and sampling.logprobs is None:
            sampling = replace(sampling, logprobs=min(needed, can.top_logprobs))
        if answers and problem.stop and not sampling.stop:
            sampling = replace(sampling, stop=problem.stop)
        return Request(
            messages,
            sampling,
            tools=problem.tools if answers else (),
            response_format=problem.response_format if answers else None,
            kind=kind,
            seed=self.seed,
            branch=branch,
            deadline=self.deadline,
        )

    def classified_now(self, candidate: Candidate) -> tuple[Candidate, bool]:
        """The candidate with its answer extracted, and classed where that takes no waiting; whether it is done."""
        if candidate.kind != "answer" or candidate.error is not None or candidate.tool_calls:
            return candidate, True
        answer = self.answer_type.extract(candidate.whole, complete=candidate.finish == "stop")
        if answer is None:
            return candidate, True
        known = self.classes.classify_key(answer)
        return replace(candidate, answer=answer.shown, answer_class=known), known is not None

    async def classified(self, candidate: Candidate) -> Candidate:
        """The candidate with its answer extracted and classed, however long that takes."""
        candidate, done = self.classified_now(candidate)
        if done:
            return candidate
        answer = self.answer_type.extract(candidate.whole, complete=candidate.finish == "stop")
        return replace(candidate, answer_class=await self.classes.classify(answer))

    def keep(self, candidate: Candidate) -> None:
        """Keep a sample that ended while it still waits for its class or score, so that no deadline loses it."""
        self.seen[candidate.id] = candidate
        self.partial.pop(candidate.id, None)

    def record(self, candidate: Candidate) -> None:
        """Keep a finished sample (or a newer version of it) and tell about it once."""
        self.keep(candidate)
        if candidate.id not in self.told:
            self.told.add(candidate.id)
            self.emit("candidate", lambda: describe(candidate))

    def latest(self, candidates: "list[Candidate] | tuple[Candidate, ...]") -> list[Candidate]:
        """Each candidate once, in order, in its newest version."""
        unique = {c.id: self.seen.get(c.id, c) if c.score is None else c for c in candidates}
        return list(unique.values())


def describe(candidate: Candidate) -> dict[str, Any]:
    """A candidate as the trace keeps it: its text, answer, cost and parents; log-probabilities as their mean."""
    logprobs = candidate.logprobs
    return {
        "id": candidate.id,
        "kind": candidate.kind,
        "draw": candidate.draw,
        "answer": candidate.answer,
        "answer_class": candidate.answer_class,
        "score": candidate.score,
        "text": candidate.text,
        "reasoning": candidate.reasoning,
        "finish": candidate.finish,
        "tokens": candidate.tokens,
        "reasoning_tokens": candidate.reasoning_tokens,
        "mean_logprob": sum(t.logprob for t in logprobs) / len(logprobs) if logprobs else None,
        "seconds": round(candidate.seconds, 4),
        "error": candidate.error,
        "parents": list(candidate.parents),
    }
