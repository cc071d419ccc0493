"""The model that records: what was drawn once is served from the store, the rest is asked for and stored as it ends.

It lies inside the meter, `Loaded(Recorded(backend, store), layers, price)`, so that a draw from the store is charged
like a new one and a strategy's cost does not depend on what ran before it.
"""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import final

from thinkharder.core.errors import ReplayMiss
from thinkharder.core.protocols import Model
from thinkharder.core.types import Candidate, Capabilities, Chunk, Request, TokenCount
from thinkharder.models.wrap.base import Around
from thinkharder.records.cell import CellDraw
from thinkharder.records.generation import Asked, Origin
from thinkharder.records.job import Job, Recording, Scene, name_of
from thinkharder.records.store import Store


@final
class Recorded(Around):
    """`inner`, recorded in `store`; with `live` False nothing is asked of it, and what is not recorded is a ReplayMiss.

    A draw is known by core.identity's hash of its content, the branch, the run's seed and its number. One recorded under
    a tighter cap, or with fewer log-probabilities, than now wanted is asked for again. A draw that is on its way for
    another request in this process is waited for, not asked for twice. Failures (StoreError) end the request. Make one
    for each cell: it remembers what it served, so that `draw_of` can say which record a candidate came from.
    """

    def __init__(
        self, inner: Model, store: Store, live: bool = True, recording: Recording | None = None
    ) -> None:
        super().__init__(inner)
        recording = recording or Recording()
        self.store, self.live = store, live
        self.origin = recording.origin or Origin(inner.name)
        self._scene = Scene(inner, store, self.origin, recording)
        self._counts: dict[str, TokenCount] = {}
        if live:
            store.put_model(self.origin, inner.capabilities)

    async def count(self, request: Request) -> TokenCount:
        """The prompt's tokens: the backend's count; as recorded where nothing is asked of it."""
        ask = Asked(self.origin, request)
        known = self._counts.get(ask.content)
        if known is None:
            if self.live:
                known = await self.inner.count(request)
            else:
                found = self.store.prompt_tokens(ask.content)
                if found is None:
                    raise self._miss(ask, "its prompt")
                known = TokenCount(*found)
            self._counts[ask.content] = known
        return known

    async def stream(self, request: Request) -> AsyncGenerator[Chunk, None]:
        """Stream recorded completions first, then the others as they come. Raises ReplayMiss where not `live`."""
        job = Job(self._scene, Asked(self.origin, request), await self.count(request))
        async with aclosing(job.known(range(request.n))) as chunks:
            async for chunk in chunks:
                yield chunk
        while job.missing:
            if not self.live:
                async with aclosing(job.cut_off()) as chunks:
                    async for chunk in chunks:
                        yield chunk
                raise self._miss(job.ask, f"draw {request.first_draw + job.missing[0]}")
            async with aclosing(job.fetched()) as chunks:
                async for chunk in chunks:
                    yield chunk
        usage = job.usage()
        if usage is not None:
            yield Chunk(usage=usage, exact=usage.exact)

    async def aclose(self) -> None:
        """Close the backend; the store stays open."""
        await self.inner.aclose()

    def draw_of(self, candidate: Candidate, correct: float | None = None, chosen: bool = False) -> CellDraw:
        """What a cell says of a candidate that this model gave: the record it came from, answer, scores."""
        name = name_of(candidate.prompt, candidate.prefix, candidate.kind, candidate.draw)
        given = [one for one in self._scene.served.get(name, ()) if one.text.startswith(candidate.text)]
        exact = [one for one in given if (one.text, one.tokens) == (candidate.text, candidate.tokens)]
        served = next(iter(exact or given), None)
        return CellDraw(
            key="" if served is None else served.key,
            answer=candidate.answer,
            correct=correct,
            score=candidate.score,
            scores=dict(candidate.scores),
            chosen=chosen,
            tokens=None if exact or served is None else candidate.tokens,
        )

    def _miss(self, ask: Asked, what: str) -> ReplayMiss:
        request, said = ask.request, ask.request.messages[-1].text if ask.request.messages else ""
        asked_for = " ".join(said.split())
        short = asked_for if len(asked_for) <= 60 else asked_for[:57] + "..."
        return ReplayMiss(
            f"{what} of {short!r} (seed {request.seed}, branch {request.branch!r}, cap"
            f" {request.sampling.max_tokens}) by {self.origin.name} is not recorded in {self.store.path};"
            " run it live to record it, or replay the strategy, budget and seed that were recorded"
        )


@final
class StandIn:
    """A model that is not there: its name and abilities as recorded. Inside a Recorded with `live` False it is enough."""

    def __init__(self, name: str, capabilities: Capabilities) -> None:
        self.name, self.capabilities = name, capabilities

    async def stream(self, request: Request) -> AsyncGenerator[Chunk, None]:
        """Raise ReplayMiss."""
        raise ReplayMiss(f"{self.name} is not loaded: only what is recorded of it can be replayed")
        yield Chunk()  # makes this a generator

    async def count(self, request: Request) -> TokenCount:
        """Raise ReplayMiss."""
        raise ReplayMiss(f"{self.name} is not loaded: only what is recorded of it can be replayed")

    async def aclose(self) -> None:
        """Nothing to close."""


def replayed(store: Store, name: str) -> Recorded:
    """The recorded model of this name, without the model: it serves what is recorded and raises ReplayMiss else.

    Raises ReplayMiss where the store has no such model.
    """
    for origin, capabilities in store.models().items():
        if origin.name == name and capabilities is not None:
            return Recorded(
                StandIn(name, capabilities), store, live=False, recording=Recording(origin=origin)
            )
    known = ", ".join(repr(origin.name) for origin, can in store.models().items() if can is not None)
    raise ReplayMiss(f"no model {name!r} was recorded in {store.path}; recorded: {known or 'none'}")
