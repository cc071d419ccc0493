"""One request of a recording model at work: what is served from the store, what is asked for, what is stored."""

import asyncio
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Any, Final, final

from thinkharder.core.protocols import Model
from thinkharder.core.types import Chunk, Request, TokenCount
from thinkharder.core.usage import Usage
from thinkharder.models.wrap.drawn import Arriving, Drawn, asked
from thinkharder.records.codec import NO_LOGPROBS
from thinkharder.records.generation import Asked, Generation, Origin
from thinkharder.records.kept import Kept
from thinkharder.records.store import Store

PATIENCE: Final = 10.0
"""Seconds that a replay waits, having served all that is recorded of a draw which was cut off, to be cut off again."""


@final
@dataclass(frozen=True, slots=True)
class Recording:
    """What is recorded beside the draws themselves.

    `task` and `problem` say whose draws they are; `version` is the software's; `origin` the model's identity (its name
    where None). `logprobs`: None stores log-probabilities one by one only where they were asked for, 0 the chosen
    tokens' always, k up to k alternatives too. Their summary (mean, least) is stored wherever the model gives them.
    """

    task: str = ""
    problem: str = ""
    version: str = ""
    origin: Origin | None = None
    logprobs: int | None = None


@final
@dataclass(slots=True)
class Served:
    """A draw that went to the strategy: its record, whether it was `fresh` or from the store, its text and tokens."""

    key: str
    fresh: bool
    text: str
    tokens: int


Name = tuple[Any, ...]
"""What a candidate tells of its draw: prompt, prefill, kind, number."""


@final
@dataclass(slots=True)
class Scene:
    """What the requests of a recording model share; `served` grows with every draw."""

    inner: Model
    store: Store
    origin: Origin
    recording: Recording
    served: dict[Name, list[Served]] = field(default_factory=dict)


@final
@dataclass(slots=True)
class Job:
    """One request at work."""

    scene: Scene
    ask: Asked
    count: TokenCount
    missing: list[int] = field(default_factory=list)
    kept: dict[int, Kept] = field(default_factory=dict)
    fresh: dict[int, str] = field(default_factory=dict)
    reported: Usage | None = None
    received: int = 0
    received_fresh: int = 0
    received_thought: int = 0

    @property
    def cap(self) -> int:
        """Most output tokens of a draw."""
        return self.ask.request.sampling.max_tokens or self.scene.inner.capabilities.max_tokens

    @property
    def level(self) -> int:
        """The log-probabilities that were asked for, as in codec.NO_LOGPROBS."""
        wanted = self.ask.request.sampling.logprobs
        return NO_LOGPROBS if wanted is None else wanted

    async def known(self, wanted: Sequence[int]) -> AsyncGenerator[Chunk, None]:
        """The recorded ones among `wanted`; the others are `missing` from now."""
        self.missing = []
        for index in wanted:
            kept = self.scene.store.find(self.ask.draw(index), self.cap, self.ask.request.sampling.logprobs)
            chunks = None if kept is None else kept.drawn(self.level).at(self.cap)
            if kept is None or chunks is None:
                self.missing.append(index)
                continue
            self.kept[index] = kept
            self._serve(index, kept.key, False, (kept.text or "", kept.tokens or 0))
            for chunk in chunks:
                yield self._told(replace(chunk, index=index))
        if self.kept and self.scene.recording.problem:
            task, problem = self.scene.recording.task, self.scene.recording.problem
            self.scene.store.link([kept.key for kept in self.kept.values()], task, problem)

    async def cut_off(self) -> AsyncGenerator[Chunk, None]:
        """What is recorded of draws that were cut off when they were drawn; then time for whoever asks to do so again."""
        served = False
        for index in self.missing:
            kept = self.scene.store.partial(self.ask.draw(index))
            if kept is None:
                continue
            served = True
            self._serve(index, kept.key, False, (kept.text or "", kept.tokens or 0))
            for chunk in kept.drawn(self.level).chunks:
                yield self._told(replace(chunk, index=index, finish=None))
        if served:
            await asyncio.sleep(PATIENCE)

    async def fetched(self) -> AsyncGenerator[Chunk, None]:
        """Ask for what is missing and not on its way already, wait for what is, and serve that."""
        flights, loop = self.scene.store.flights, asyncio.get_running_loop()
        names = {index: (id(loop), self.ask.draw(index)) for index in self.missing}
        others = {index: flights[name] for index, name in names.items() if name in flights}
        mine = [index for index in self.missing if index not in others]
        landing = loop.create_future()
        for index in mine:
            flights[names[index]] = landing
        try:
            if mine:
                async with aclosing(self._asked(mine)) as chunks:
                    async for chunk in chunks:
                        yield chunk
        finally:
            for index in mine:
                flights.pop(names[index], None)
            if not landing.done():
                landing.set_result(None)
        for flight in others.values():
            await asyncio.shield(flight)
        async with aclosing(self.known(sorted(others))) as chunks:
            async for chunk in chunks:
                yield chunk

    async def _asked(self, mine: Sequence[int]) -> AsyncGenerator[Chunk, None]:
        request, began = self._richer(), time.perf_counter()
        arriving = Arriving(lambda index, drawn: self._keep(index, drawn, time.perf_counter() - began))
        cut_off = True
        try:
            async with aclosing(asked(self.scene.inner, request, mine, arriving)) as chunks:
                async for chunk in chunks:
                    if chunk.usage is not None:
                        self._reported(chunk.usage)
                        chunk = replace(chunk, usage=None)
                        if not (chunk.text or chunk.tokens or chunk.finish):
                            continue
                    self.received_fresh += chunk.tokens
                    yield self._told(_stripped(chunk, self.level))
            cut_off = False
        except Exception:
            cut_off = False  # what a failed request had begun is no draw
            raise
        finally:
            if cut_off:
                seconds = time.perf_counter() - began
                for index in mine:
                    if index not in self.fresh:
                        self._keep(index, Drawn.of(arriving.open.get(index, ())), seconds)
            if self.reported is not None and self.fresh:
                self.scene.store.put_usage([*self.fresh.values()], self.reported)

    def _kept_level(self) -> int:
        """The log-probabilities that are kept whoever asks: those wished for, as far as the model gives them."""
        wished, can = self.scene.recording.logprobs, self.scene.inner.capabilities
        return NO_LOGPROBS if wished is None or not can.logprobs else min(wished, can.top_logprobs)

    def _richer(self) -> Request:
        """The request with the log-probabilities that are recorded, at least the chosen tokens' where there are any."""
        if not self.scene.inner.capabilities.logprobs:
            return self.ask.request
        sampling = replace(self.ask.request.sampling, logprobs=max(self.level, self._kept_level(), 0))
        return replace(self.ask.request, sampling=sampling)

    def _keep(self, index: int, drawn: Drawn, seconds: float) -> None:
        note = self.scene.recording
        level = max(self.level, self._kept_level())
        key = self.scene.store.put(
            Generation(
                self.ask,
                index,
                drawn,
                prompt_tokens=self.count.tokens,
                prompt_exact=self.count.exact,
                seconds=seconds,
                at=time.time(),
                version=note.version,
                task=note.task,
                problem=note.problem,
                keep=None if level == NO_LOGPROBS else level,
            )
        )
        self.fresh[index] = key
        text, stored = "".join(chunk.text for chunk in drawn.chunks), self.scene.store.generation(key)
        if stored is None or not (stored.text or "").startswith(text):
            key = ""  # another process stored this draw first, with another text: that one stays
            self._serve(index, key, True, (text, drawn.tokens))
        else:
            self._serve(index, key, True, (stored.text or "", stored.tokens or 0))

    def _serve(self, index: int, key: str, fresh: bool, what: tuple[str, int]) -> None:
        request = self.ask.request
        name = name_of(request.messages, request.prefill, request.kind, request.first_draw + index)
        self.scene.served.setdefault(name, []).append(Served(key, fresh, *what))

    def _told(self, chunk: Chunk) -> Chunk:
        self.received += chunk.tokens
        self.received_thought += chunk.reasoning_tokens
        return chunk

    def _reported(self, usage: Usage) -> None:
        """Take what the endpoint says of one part of the request. The parts hold one prompt: it counts once, as it does
        for a request that is drawn whole."""
        old = self.reported
        if old is None:
            self.reported = usage
            return
        self.reported = replace(
            old + usage,
            input_tokens=max(old.input_tokens, usage.input_tokens),
            cached_tokens=max(old.cached_tokens, usage.cached_tokens),
        )

    def usage(self) -> Usage | None:
        """What the whole request cost: the endpoint's own word where it was asked for all, else put together from what
        it said now and when the draws were recorded; None where it never said."""
        told = self.reported
        if told is not None and len(self.fresh) == self.ask.request.n:
            return told
        said = next((kept for kept in self.kept.values() if kept.cached_tokens is not None), None)
        hidden = sum(k.billed - (k.tokens or 0) for k in self.kept.values() if k.billed is not None)
        if told is not None:
            hidden += max(0, told.output_tokens - self.received_fresh)
            prompt, cached, exact = told.input_tokens, told.cached_tokens, told.exact
        elif said is not None and said.prompt_tokens is not None:
            prompt, cached, exact = said.prompt_tokens, said.cached_tokens or 0, said.prompt_exact
        else:
            return None
        return Usage(
            input_tokens=prompt,
            cached_tokens=cached,
            output_tokens=self.received + hidden,
            reasoning_tokens=self.received_thought,
            exact=exact,
        )


def _stripped(chunk: Chunk, level: int) -> Chunk:
    """The chunk with the log-probabilities that were asked for, and no more."""
    if not chunk.logprobs:
        return chunk
    if level == NO_LOGPROBS:
        return replace(chunk, logprobs=())
    if all(len(item.top) <= level for item in chunk.logprobs):
        return chunk
    return replace(chunk, logprobs=tuple(replace(item, top=item.top[:level]) for item in chunk.logprobs))


def name_of(messages: Any, prefill: str, kind: str, draw: int) -> Name:
    """How a draw is found again from the candidate that it became."""
    return (repr(messages), prefill, kind, draw)
