"""Leave an endpoint alone that keeps failing, so that a dead server is not hammered and a solve ends early."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from typing import final

from thinkharder.core.errors import (
    BadOption,
    BadReply,
    CircuitOpen,
    ModelError,
    ModelTimeout,
    ModelUnavailable,
    ServerError,
    StreamCut,
)
from thinkharder.core.protocols import Model
from thinkharder.core.types import Chunk, Request
from thinkharder.models.wrap.base import Around

COUNTED = (ModelUnavailable, ModelTimeout, ServerError, StreamCut, BadReply)
"""What says that the endpoint is ill. A 429 or a refusal comes from a healthy one."""


@dataclass(frozen=True, slots=True)
class BreakerPolicy:
    """Opens after `failures` in a row that lie at least `seconds` apart, first to last (so that one hiccup under many
    concurrent requests does not open it); after `cooldown` seconds one request may try."""

    failures: int = 8
    seconds: float = 10.0
    cooldown: float = 30.0

    def __post_init__(self) -> None:
        if self.failures < 1 or not self.seconds >= 0 or not self.cooldown >= 0:
            raise BadOption(f"breaker policy {self} must have failures ≥ 1, seconds ≥ 0 and cooldown ≥ 0")


@final
class Circuit:
    """The state of one endpoint, shared by all requests on it. Times are the event loop's, in seconds."""

    def __init__(self, policy: BreakerPolicy | None = None) -> None:
        self.policy = policy or BreakerPolicy()
        self.streak = 0
        self._since = 0.0
        self._opened: float | None = None
        self._trying = False

    def state(self, now: float) -> str:
        """closed, open, or half-open (one request may try)."""
        if self._opened is None:
            return "closed"
        return "half-open" if now >= self._opened + self.policy.cooldown else "open"

    def enter(self, now: float) -> bool:
        """Let a request through or raise CircuitOpen; True for the one that tries in the half-open state."""
        state = self.state(now)
        if state == "closed":
            return False
        if state == "open" or self._trying:
            left = max(0.0, (self._opened or 0.0) + self.policy.cooldown - now)
            error = CircuitOpen(
                f"the endpoint failed {self.streak} times in a row and is left alone for another {left:.0f} s;"
                " check that it runs"
            )
            error.retry_after = left
            raise error
        self._trying = True
        return True

    def worked(self) -> None:
        """A request got an answer."""
        self.streak, self._opened = 0, None

    def failed(self, now: float) -> None:
        """A request failed in a way that counts."""
        self._since = now if self.streak == 0 else self._since
        self.streak += 1
        long_enough = now - self._since >= self.policy.seconds
        if self._opened is not None or (self.streak >= self.policy.failures and long_enough):
            self._opened = now

    def tried(self) -> None:
        """The request of the half-open state is over, however it ended."""
        self._trying = False


@final
class Breaker(Around):
    """Circuit breaker: closed, open, half-open."""

    def __init__(self, inner: Model, circuit: Circuit) -> None:
        super().__init__(inner)
        self.circuit = circuit

    async def stream(self, request: Request) -> AsyncGenerator[Chunk, None]:
        """Stream, unless the circuit is open: CircuitOpen then."""
        now = asyncio.get_running_loop().time
        trial = self.circuit.enter(now())
        healthy = False
        try:
            async with aclosing(self.inner.stream(request)) as chunks:
                async for chunk in chunks:
                    if not healthy:
                        healthy = True
                        self.circuit.worked()
                    yield chunk
        except ModelError as error:
            if isinstance(error, COUNTED):
                self.circuit.failed(now())
            else:
                self.circuit.worked()
            raise
        finally:
            if trial:
                self.circuit.tried()
