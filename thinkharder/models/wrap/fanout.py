"""More completions than the endpoint gives in one request: several requests, run concurrently."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import replace
from functools import reduce
from operator import add
from typing import final

from thinkharder.core.errors import BudgetExhausted
from thinkharder.core.protocols import Model
from thinkharder.core.types import Chunk, Request
from thinkharder.core.usage import Usage
from thinkharder.models.wrap.base import Around, merged, split


@final
class FanOut(Around):
    """Splits a request of more than `capabilities.n` completions; a prompt is paid once for each request sent.

    A part that fails does not lose the completions of the others: they are all delivered, then its error is raised
    (BudgetExhausted before any other). `prepare` is awaited first: a backend that asks its server what it is must have
    done so before anything is split.
    """

    def __init__(self, inner: Model, prepare: Callable[[], Awaitable[None]] | None = None) -> None:
        super().__init__(inner)
        self._prepare = prepare

    async def stream(self, request: Request) -> AsyncGenerator[Chunk, None]:
        """Stream the request's completions, by as few requests as the endpoint allows."""
        if self._prepare is not None and request.n > 1:
            await self._prepare()
        parts = split(request, range(request.n), self.capabilities.n)
        errors: list[Exception] = []
        usages: list[Usage] = []
        async with aclosing(merged(self.inner, parts)) as events:
            async for event in events:
                if event.chunk is None:
                    errors += [event.error] if event.error is not None else []
                elif event.chunk.usage is not None and len(parts) > 1:
                    usages.append(event.chunk.usage)
                    if event.chunk.finish or event.chunk.tokens or event.chunk.text:
                        yield replace(event.chunk, usage=None)
                else:
                    yield event.chunk
        if errors:
            raise next((e for e in errors if isinstance(e, BudgetExhausted)), errors[0])
        if usages and len(usages) == len(parts):
            yield Chunk(usage=reduce(add, usages))
