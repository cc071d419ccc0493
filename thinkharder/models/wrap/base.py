"""What all wrappers share: a model around a model, and the splitting of one request into several."""

import asyncio
from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace

from thinkharder.core.errors import ModelUnavailable
from thinkharder.core.protocols import Model
from thinkharder.core.types import Capabilities, Chunk, Request, TokenCount


class Around:
    """Forwards everything but `stream` to the model inside."""

    def __init__(self, inner: Model) -> None:
        self.inner = inner

    @property
    def name(self) -> str:
        """The backend's name."""
        return self.inner.name

    @property
    def capabilities(self) -> Capabilities:
        """The backend's capabilities, as they are known now."""
        return self.inner.capabilities

    async def count(self, request: Request) -> TokenCount:
        """The backend's count of the prompt's tokens."""
        return await self.inner.count(request)

    async def aclose(self) -> None:
        """Close the backend."""
        await self.inner.aclose()


@dataclass(frozen=True, slots=True)
class Part:
    """A request for some consecutive completions of a larger one: its completion i is `first + i` there."""

    first: int
    request: Request


@dataclass(frozen=True, slots=True)
class Event:
    """What happened to a part: a chunk (its index already that of the whole), or its end with an error or None."""

    part: Part
    chunk: Chunk | None = None
    error: Exception | None = None


def split(request: Request, wanted: Iterable[int], most: int) -> list[Part]:
    """Requests for the completions `wanted` of `request`: runs of consecutive draws, at most `most` in each.

    A run keeps its draw numbers, so that a completion asked for again is the same draw, and none is drawn twice.
    """
    groups: list[list[int]] = []
    for index in sorted(set(wanted)):
        if groups and index == groups[-1][-1] + 1 and len(groups[-1]) < max(1, most):
            groups[-1].append(index)
        else:
            groups.append([index])
    return [
        Part(group[0], replace(request, n=len(group), first_draw=request.first_draw + group[0]))
        for group in groups
    ]


async def merged(model: Model, parts: Sequence[Part]) -> AsyncGenerator[Event, None]:
    """The events of all parts as they come, the parts running concurrently; one part's failure leaves the others alone.

    Each part ends with one event without a chunk. A part that was cancelled though nobody cancelled this task ends with
    ModelUnavailable. Closing this generator cancels every part and waits until each has closed its stream.
    """
    if len(parts) == 1:
        async with aclosing(_events(model, parts[0])) as events:
            async for event in events:
                yield event
        return
    queue: asyncio.Queue[Event] = asyncio.Queue()

    async def pump(part: Part) -> None:
        ended = False
        try:
            async with aclosing(_events(model, part)) as events:
                async for event in events:
                    ended = event.chunk is None
                    queue.put_nowait(event)
        finally:
            if not ended:  # else who merges would wait for this part for ever
                queue.put_nowait(Event(part, error=_left_alone(model)))

    tasks = [asyncio.create_task(pump(part)) for part in parts]
    try:
        running = len(tasks)
        while running:
            event = await queue.get()
            running -= event.chunk is None
            yield event
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _events(model: Model, part: Part) -> AsyncGenerator[Event, None]:
    failure: Exception | None = None
    try:
        async with aclosing(model.stream(part.request)) as chunks:
            async for chunk in chunks:
                moved = replace(chunk, index=part.first + chunk.index) if part.first else chunk
                yield Event(part, moved)
    except asyncio.CancelledError as error:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise
        failure = _left_alone(model)
        failure.__cause__ = error
    except Exception as error:
        failure = error
    yield Event(part, error=failure)


def _left_alone(model: Model) -> ModelUnavailable:
    return ModelUnavailable(
        f"{model.name}: the request was cancelled from inside the backend, not by who asked; does its engine still run?"
    )
