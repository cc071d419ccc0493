"""At most so many requests at once on one endpoint, first come, first served."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager, suppress
from typing import final

from thinkharder.core.errors import BadOption
from thinkharder.core.protocols import Model
from thinkharder.core.types import Chunk, Request
from thinkharder.models.wrap.base import Around


@final
class Slots:
    """`size` places, shared by all requests on an endpoint; who waits longest is next.

    Not an asyncio.Semaphore: that binds itself to the first event loop that waits on it, and a model may serve several
    loops, one after the other.
    """

    def __init__(self, size: int) -> None:
        if size < 1:
            raise BadOption(f"the limit of concurrent requests is {size}; it must be 1 or more")
        self.size, self.taken = size, 0
        self._waiting: deque[asyncio.Future[None]] = deque()

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """Wait for a place and hold it inside the block."""
        await self._take()
        try:
            yield
        finally:
            self._leave()

    async def _take(self) -> None:
        if self.taken < self.size and not self._waiting:
            self.taken += 1
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            await turn
        except BaseException:
            if turn.done() and not turn.cancelled():
                self._leave()  # the place was handed over in the same moment
            else:
                with suppress(
                    ValueError
                ):  # `_leave` has passed over it where a holder left in the same moment
                    self._waiting.remove(turn)
            raise

    def _leave(self) -> None:
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done() and not turn.get_loop().is_closed():
                turn.set_result(None)  # the place goes over to who waited; `taken` stays
                return
        self.taken -= 1


@final
class Limited(Around):
    """Each request holds one of the endpoint's places while it streams."""

    def __init__(self, inner: Model, slots: Slots) -> None:
        super().__init__(inner)
        self.slots = slots

    async def stream(self, request: Request) -> AsyncGenerator[Chunk, None]:
        """Wait for a place, then stream."""
        async with self.slots.place(), aclosing(self.inner.stream(request)) as chunks:
            async for chunk in chunks:
                yield chunk
