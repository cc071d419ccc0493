"""Time limits on one request. Its place is inside the meter: waiting for budget is not the endpoint's silence."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, fields
from typing import final

from thinkharder.core.errors import BadOption, ModelTimeout
from thinkharder.core.protocols import Model
from thinkharder.core.types import Chunk, Request
from thinkharder.models.wrap.base import Around


@dataclass(frozen=True, slots=True)
class TimeLimits:
    """Seconds, None for no limit: `first` until the first chunk (hidden reasoning and queues take minutes), `gap`
    between chunks, `call` for the whole request."""

    first: float | None = 600.0
    gap: float | None = 120.0
    call: float | None = 3600.0

    def __post_init__(self) -> None:
        for limit in fields(self):
            value = getattr(self, limit.name)
            if value is not None and not value > 0:
                raise BadOption(f"time limit {limit.name}={value!r} must be more than 0 seconds")


@final
class Timed(Around):
    """Gives up on a request that is silent for too long, or takes too long: ModelTimeout, and its stream is closed."""

    def __init__(self, inner: Model, limits: TimeLimits | None = None) -> None:
        super().__init__(inner)
        self.limits = limits or TimeLimits()

    async def stream(self, request: Request) -> AsyncGenerator[Chunk, None]:
        """Stream within the limits. Raises ModelTimeout; the time that the consumer takes between chunks is not
        counted as silence."""
        now = asyncio.get_running_loop().time
        end = None if self.limits.call is None else now() + self.limits.call
        silence, seen = self.limits.first, "first token"
        async with aclosing(self.inner.stream(request)) as chunks:
            while True:
                by = None if silence is None else now() + silence
                by = end if by is None else by if end is None else min(by, end)
                try:
                    async with asyncio.timeout_at(by):
                        chunk = await anext(chunks)
                except StopAsyncIteration:
                    return
                except TimeoutError:
                    waited = (
                        f"no {seen} in {silence:g} s" if by != end else f"not done in {self.limits.call:g} s"
                    )
                    raise ModelTimeout(
                        f"{self.name}: {waited}; is it overloaded, or a limit too small?"
                    ) from None
                silence, seen = self.limits.gap, "further token"
                yield chunk
