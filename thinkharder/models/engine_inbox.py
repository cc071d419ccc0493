"""Where a worker's news wait on the event loop that asked for them."""

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import Any, final


@final
class Inbox:
    """What a worker sent for one request, waiting on the event loop that asked."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self._items: deque[Any] = deque()
        self._waiter: asyncio.Future[None] | None = None

    def put(self, items: Sequence[Any]) -> None:
        """Append items and wake the reader. Only on the inbox's own event loop."""
        self._items.extend(items)
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def take(self) -> list[Any]:
        """All that has come, at least one item; a ModelError among them is raised when it is reached."""
        while not self._items:
            self._waiter = self.loop.create_future()
            await self._waiter
        items = list(self._items)
        self._items.clear()
        return items


def settle(future: "asyncio.Future[Any]", value: Any) -> None:
    """Give a future its result or its exception, unless nobody waits for it any more. On its own event loop."""
    if future.done():
        return
    if isinstance(value, BaseException):
        future.set_exception(value)
    else:
        future.set_result(value)


def deliver(pairs: list[tuple[Inbox, list[Any]]]) -> None:
    """Put a step's news into the inboxes of one event loop, on that loop."""
    for inbox, items in pairs:
        inbox.put(items)
