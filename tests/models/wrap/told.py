"""What the tests of the wrappers share: a backend that does as told."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from typing import Any

from thinkharder.core.protocols import Model
from thinkharder.core.types import Capabilities, Chunk, Request, TokenCount
from thinkharder.models.loaded import Loaded
from thinkharder.models.wrap import RetryPolicy, standard_layers, timed


def stack(model: Model, **options: Any) -> Loaded:
    """The standard stack on a backend, its retries' jitter the same in every run of the tests."""
    options.setdefault("retries", RetryPolicy(seed=0))
    return Loaded(timed(model), standard_layers(model, **options))


class Told:
    """A backend that does as told: each request takes the next row of chunks, or raises; nothing without a row."""

    name = "told"
    capabilities = Capabilities(n=64)

    def __init__(self, *rows: Sequence[Chunk | BaseException]) -> None:
        self.rows, self.asked, self.closed = list(rows), list[Request](), 0

    async def count(self, request: Request) -> TokenCount:
        return TokenCount(7, True)

    async def aclose(self) -> None:
        self.closed += 1

    async def stream(self, request: Request) -> AsyncGenerator[Chunk, None]:
        self.asked.append(request)
        for item in self.rows.pop(0) if self.rows else ():
            await asyncio.sleep(0)
            if isinstance(item, BaseException):
                raise item
            yield item


def end(index: int, text: str = "x") -> Chunk:
    """The whole of one completion."""
    return Chunk(index, text, tokens=1, finish="stop")
