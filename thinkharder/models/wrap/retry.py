"""Ask again, where asking again can help."""

import asyncio
import random
import secrets
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import final

from thinkharder.core.errors import BadOption, ModelError, StreamCut
from thinkharder.core.protocols import Model
from thinkharder.core.types import Chunk, Request
from thinkharder.core.usage import Usage
from thinkharder.models.wrap.base import Around, Event, merged, split


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """At most `attempts` in all. Before attempt k + 1 it waits a random time, even in [0, `base` · 2^(k-1)] seconds and
    at most `most` ("full jitter": Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog 2015), but never
    less than the endpoint asks for. `seed` fixes the jitter, for tests; None draws it anew, so that clients that failed
    together do not come back together."""

    attempts: int = 5
    base: float = 0.5
    most: float = 30.0
    seed: int | None = None

    def __post_init__(self) -> None:
        if self.attempts < 1:
            raise BadOption(f"retry attempts={self.attempts} must be 1 or more")
        if not (self.base >= 0 and self.most >= 0):
            raise BadOption(f"retry base={self.base}, most={self.most} must be 0 or more seconds")

    def delay(self, attempt: int, retry_after: float | None, chance: float) -> float:
        """Seconds to wait after failed attempt number `attempt` (from 1); `chance` in [0, 1) is the jitter."""
        wait = chance * min(self.most, self.base * 2.0 ** min(attempt - 1, 60))
        return wait if retry_after is None else max(retry_after, 0.0) + (wait if retry_after > 0 else 0.0)


def jitter(policy: RetryPolicy | None = None) -> random.Random:
    """The source of the waits' randomness: one for an endpoint, since two of one seed would wait alike."""
    seed = policy.seed if policy is not None else None
    return random.Random(secrets.randbits(64) if seed is None else seed)


@final
class Retry(Around):
    """Asks again for the completions that a failed attempt did not finish, and for those only.

    A stream that ends without an error, but before its completions did, is taken as StreamCut. Completions of which
    nothing came while others finished are not missing: the budget did not admit them.

    Only errors with `retryable` are retried; BudgetExhausted never. It does not wait past the request's deadline: the
    error is raised at once then. The first chunk of a completion that had been begun before has `restart`.
    `chance` is the jitter, shared by all requests on an endpoint.
    """

    def __init__(
        self, inner: Model, policy: RetryPolicy | None = None, chance: random.Random | None = None
    ) -> None:
        super().__init__(inner)
        self.policy = policy or RetryPolicy()
        self._chance = chance or jitter(self.policy)

    async def stream(self, request: Request) -> AsyncGenerator[Chunk, None]:
        """Stream the request's completions. Raises the last error where the attempts, or the time, are used up."""
        progress = _Progress(request.n, self.name)
        attempt = 1
        while True:
            parts = split(request, progress.missing, request.n if attempt == 1 else self.capabilities.n)
            async with aclosing(merged(self.inner, parts)) as events:
                async for event in events:
                    if event.chunk is None:
                        progress.ended(event)
                    elif (chunk := progress.take(event.chunk)) is not None:
                        yield chunk
            if not progress.again:
                break
            await self._pause(progress.errors, attempt, request.deadline)
            progress.renew()
            attempt += 1
        for error in progress.errors:
            if not isinstance(error, ModelError):
                raise error
        if attempt == 1 and progress.usage is not None:
            yield Chunk(usage=progress.usage)

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


class _Progress:
    """What came of one request so far. `again` and `errors` are the running attempt's."""

    def __init__(self, n: int, name: str) -> None:
        self.name = name
        self.missing, self.again = set(range(n)), set[int]()
        self.errors: list[Exception] = []
        self.usage: Usage | None = None
        self._begun, self._stale = set[int](), set[int]()

    def take(self, chunk: Chunk) -> Chunk | None:
        """Note a chunk; returns what to pass on of it. Its usage is kept back: until the end it is not known whether
        this attempt was the whole request, and what a failed one cost is the meter's to know."""
        if chunk.usage is not None:
            self.usage, chunk = chunk.usage, replace(chunk, usage=None)
            if not (chunk.finish or chunk.tokens or chunk.text):
                return None
        if chunk.index in self._stale:
            self._stale.discard(chunk.index)
            chunk = replace(chunk, restart=True)
        if chunk.finish is not None:
            self.missing.discard(chunk.index)
        else:
            self._begun.add(chunk.index)
        return chunk

    def ended(self, event: Event) -> None:
        """Note the end of a part, and what of it must be asked for again."""
        first = event.part.first
        whole = set(range(first, first + event.part.request.n))
        lost, error = self.missing & whole, event.error
        if error is None:
            lost = lost if lost == whole else lost & self._begun
            if not lost:
                return
            error = StreamCut(
                f"{self.name}: the stream ended without an error, but {len(lost)} of its completions did not end;"
                " does something between here and the server cut replies?"
            )
        self.errors.append(error)
        self.again |= lost

    def renew(self) -> None:
        """Begin the next attempt."""
        self._stale |= self._begun & self.again
        self.missing, self.again = self.again, set()
        self.errors = []
        self._begun = set()
