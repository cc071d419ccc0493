"""Ask again, where asking again can help."""

import asyncio
import random
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import final

from thinkharder.core.errors import BadOption, ModelError
from thinkharder.core.protocols import Model
from thinkharder.core.types import Chunk, Request
from thinkharder.models.wrap.base import Around, merged, split


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """At most `attempts` in all. Before attempt k + 1 it waits a random time, even in [0, `base` · 2^(k-1)] seconds and
    at most `most` ("full jitter": Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog 2015), but never
    less than the endpoint asks for."""

    attempts: int = 5
    base: float = 0.5
    most: float = 30.0
    seed: int = 0

    def __post_init__(self) -> None:
        if self.attempts < 1:
            raise BadOption(f"retry attempts={self.attempts} must be 1 or more")
        if not (self.base >= 0 and self.most >= 0):
            raise BadOption(f"retry base={self.base}, most={self.most} must be 0 or more seconds")

    def delay(self, attempt: int, retry_after: float | None, chance: float) -> float:
        """Seconds to wait after failed attempt number `attempt` (from 1); `chance` in [0, 1) is the jitter."""
        wait = chance * min(self.most, self.base * 2.0 ** min(attempt - 1, 60))
        return wait if retry_after is None else max(retry_after, 0.0) + (wait if retry_after > 0 else 0.0)


@final
class Retry(Around):
    """Asks again for the completions that a failed attempt did not finish, and for those only.

    Only errors with `retryable` are retried; BudgetExhausted never. It does not wait past the request's deadline: the
    error is raised at once then. The first chunk of a completion that had been begun before has `restart`.
    """

    def __init__(self, inner: Model, policy: RetryPolicy | None = None) -> None:
        super().__init__(inner)
        self.policy = policy or RetryPolicy()
        self._chance = random.Random(self.policy.seed)

    async def stream(self, request: Request) -> AsyncGenerator[Chunk, None]:
        """Stream the request's completions. Raises the last error where the attempts, or the time, are used up."""
        missing, begun, stale = set(range(request.n)), set[int](), set[int]()
        attempt = 0
        while True:
            attempt += 1
            parts = split(request, missing, request.n if attempt == 1 else self.capabilities.n)
            errors: list[Exception] = []
            again: set[int] = set()
            async with aclosing(merged(self.inner, parts)) as events:
                async for event in events:
                    chunk = event.chunk
                    if chunk is None:
                        if event.error is not None:
                            errors.append(event.error)
                            first = event.part.first
                            again |= missing & set(range(first, first + event.part.request.n))
                        continue
                    if chunk.usage is not None and attempt > 1:
                        chunk = replace(
                            chunk, usage=None
                        )  # it is not the whole request's: a failed attempt's is lost
                        if not (chunk.finish or chunk.tokens or chunk.text):
                            continue
                    if chunk.index in stale:
                        stale.discard(chunk.index)
                        chunk = replace(chunk, restart=True)
                    if chunk.finish is not None:
                        missing.discard(chunk.index)
                    elif chunk.usage is None:
                        begun.add(chunk.index)
                    yield chunk
            if not again:
                if errors and not all(isinstance(e, ModelError) for e in errors):
                    raise next(e for e in errors if not isinstance(e, ModelError))
                return
            await self._pause(errors, attempt, request.deadline)
            missing, stale = again, stale | (begun & again)

    async def _pause(self, errors: list[Exception], attempt: int, deadline: float | None) -> None:
        """Wait before the next attempt, or raise where there must be none."""
        final_ones = [e for e in errors if not (isinstance(e, ModelError) and e.retryable)]
        if final_ones or attempt >= self.policy.attempts:
            raise (final_ones or errors)[-1]
        asked = [e.retry_after for e in errors if isinstance(e, ModelError) and e.retry_after is not None]
        delay = self.policy.delay(attempt, max(asked) if asked else None, self._chance.random())
        if deadline is not None and asyncio.get_running_loop().time() + delay >= deadline:
            raise errors[-1]
        await asyncio.sleep(delay)
