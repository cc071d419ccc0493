"""What a cell needs to know of its draws besides the result: from which record each came, and what scoring it cost."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import final

from thinkharder.core.protocols import Effort, Model, Sampler, Verifier
from thinkharder.core.types import Candidate, Capabilities, Chunk, Problem, Request, Score
from thinkharder.models.loaded import Loaded
from thinkharder.models.wrap.base import Around
from thinkharder.records.cell import CellDraw
from thinkharder.records.generation import Origin
from thinkharder.records.job import Recording
from thinkharder.records.recorder import Recorded
from thinkharder.records.store import Store


@final
@dataclass(slots=True)
class Counts:
    """Draws that ended since they were last told: `fresh` ones, all of them (`ended`), and the tokens of the fresh ones."""

    fresh: int = 0
    ended: int = 0
    tokens: int = 0

    def take(self) -> tuple[int, int, int]:
        """Fresh tokens, fresh draws, draws from the store; they count from 0 again."""
        told = (self.tokens, self.fresh, max(0, self.ended - self.fresh))
        self.fresh = self.ended = self.tokens = 0
        return told


@final
@dataclass(slots=True)
class _Tokens:
    """Tokens that one verifier's call has used."""

    used: int = 0


_SCORING: ContextVar[_Tokens | None] = ContextVar("thinkharder_bench_scoring", default=None)
"""Whose tokens these are: requests that are made while a verifier scores are that verifier's."""


@final
class Recorders:
    """The models of one problem with the store between meter and backend, so that a draw from the store costs what it
    cost when it was made. `models` by role, the generator first; a model that has several roles is one object in all.
    `silent`: the models are asked for no log-probabilities."""

    def __init__(
        self,
        loaded: Mapping[str, Loaded],
        origins: Mapping[str, Origin],
        store: Store,
        recording: Recording,
        *,
        silent: bool,
        counts: Counts,
    ) -> None:
        self._recorded: dict[int, Recorded] = {}
        self.models: dict[str, Loaded] = {}
        whole: dict[int, Loaded] = {}
        for role, model in loaded.items():
            if id(model) not in whole:
                backend: Model = Silent(model.backend) if silent else model.backend
                own = replace(recording, origin=origins[role])
                kept = Recorded(_Inside(backend, counts), store, recording=own)
                self._recorded[id(model)] = kept
                whole[id(model)] = Loaded(_Outside(kept, counts), model.layers, model.price)
            self.models[role] = whole[id(model)]

    def draw_of(self, candidate: Candidate, correct: float, chosen: bool) -> CellDraw:
        """What a cell says of a candidate, with the key of its record ("" where it has none)."""
        draws = [kept.draw_of(candidate, correct, chosen) for kept in self._recorded.values()]
        return next((draw for draw in draws if draw.key), draws[0])


@final
class Silent(Around):
    """A model that gives no log-probabilities, so that nobody asks for them and nothing is spent on them."""

    @property
    def capabilities(self) -> Capabilities:
        """The backend's, without log-probabilities."""
        return replace(self.inner.capabilities, logprobs=False, top_logprobs=0)

    async def stream(self, request: Request) -> AsyncGenerator[Chunk, None]:
        """Stream as the model inside does."""
        async with aclosing(self.inner.stream(request)) as chunks:
            async for chunk in chunks:
                yield chunk


@final
class _Inside(Around):
    """Between store and backend: counts what is really drawn."""

    def __init__(self, inner: Model, counts: Counts) -> None:
        super().__init__(inner)
        self.counts = counts

    async def stream(self, request: Request) -> AsyncGenerator[Chunk, None]:
        """Stream as the model inside does."""
        async with aclosing(self.inner.stream(request)) as chunks:
            async for chunk in chunks:
                self.counts.tokens += chunk.tokens
                self.counts.fresh += chunk.finish is not None
                yield chunk


@final
class _Outside(Around):
    """Between meter and store: counts what ends, wherever it comes from, and the tokens of scoring."""

    def __init__(self, inner: Model, counts: Counts) -> None:
        super().__init__(inner)
        self.counts = counts

    async def stream(self, request: Request) -> AsyncGenerator[Chunk, None]:
        """Stream as the model inside does."""
        scoring = _SCORING.get()
        if scoring is not None:
            scoring.used += (await self.inner.count(request)).tokens
        async with aclosing(self.inner.stream(request)) as chunks:
            async for chunk in chunks:
                self.counts.ended += chunk.finish is not None
                if scoring is not None:
                    scoring.used += chunk.tokens
                yield chunk


Costs = dict[str, dict[str, float]]
"""By candidate id and verifier, the tokens that its scores cost."""


@final
class Costed:
    """A verifier whose calls are counted: the same scores, and in `costs` the tokens that they took.

    Candidates that are scored together share the tokens evenly. A verifier that asks no model costs none and has no
    entry.
    """

    def __init__(self, inner: Verifier, costs: Costs) -> None:
        self.inner, self.costs = inner, costs

    @property
    def name(self) -> str:
        """The verifier's own name."""
        return self.inner.name

    @property
    def logprobs(self) -> int | None:
        """What it needs of the samples."""
        return self.inner.logprobs

    @property
    def joint(self) -> bool:
        """Whether it scores all candidates together."""
        return self.inner.joint

    def effort(self, problem_tokens: int, candidate_tokens: int) -> Effort:
        """Its worst case."""
        return self.inner.effort(problem_tokens, candidate_tokens)

    async def score(
        self, problem: Problem, candidates: Sequence[Candidate], sampler: Sampler
    ) -> Sequence[Score]:
        """The verifier's scores."""
        tokens = _Tokens()
        before = _SCORING.set(tokens)
        try:
            return await self.inner.score(problem, candidates, sampler)
        finally:
            _SCORING.reset(before)
            for candidate in candidates if tokens.used else ():
                costs = self.costs.setdefault(candidate.id, {})
                costs[self.name] = costs.get(self.name, 0.0) + tokens.used / len(candidates)
