"""Keep the pace that the endpoint's rate-limit headers ask for, instead of running into 429s."""

import asyncio
import math
import re
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import final

from thinkharder.core.errors import RateLimited
from thinkharder.core.protocols import Model
from thinkharder.core.types import Chunk, Request
from thinkharder.models.wrap.base import Around

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
MOST_WAIT = 3600.0
"""Seconds; no header makes a request wait longer."""
LEAST_WAIT = 1e-6
"""Seconds; timers may fire early by the event loop's clock resolution (1e-9 s), and what is then left of the wait would
fire at once, again and again."""


def seconds_until_reset(value: str, wall: float) -> float | None:
    """Seconds that a reset header means: `1s`, `6m0s`, `20ms`, plain seconds, or a Unix time in s or ms; `wall` is the
    Unix time now. None for what is none of these."""
    value = value.strip()
    found = _DURATION.findall(value)
    if found and "".join(number + unit for number, unit in found) == value:
        return sum(float(number) * _UNITS[unit] for number, unit in found)
    try:
        number = float(value)
    except ValueError:
        return None
    if not math.isfinite(number) or number < 0:
        return None
    if number > 1e12:
        return max(0.0, number / 1000 - wall)
    return max(0.0, number - wall) if number > 1e9 else number


@dataclass(slots=True)
class Allowance:
    """What may still be used until `reset` (event-loop time); `remaining` None: not known."""

    limit: float | None = None
    remaining: float | None = None
    reset: float = 0.0

    def wait(self, need: float, now: float) -> float:
        """Seconds to wait before `need` may be used."""
        if now >= self.reset:
            self.remaining = self.limit if self.remaining is not None else None
        if self.remaining is None or self.remaining >= need or now >= self.reset:
            return 0.0
        if self.limit is not None and need > self.limit:
            return 0.0  # it never fits: the endpoint must say so itself
        return self.reset - now

    def use(self, need: float) -> None:
        """Count `need` as used; the next header corrects it."""
        if self.remaining is not None:
            self.remaining -= need


@final
class Rates:
    """What an endpoint said about its limits, shared by all requests on it: the backend reports the headers of each
    reply, `Paced` waits. Headers: x-ratelimit-{limit,remaining,reset}-{requests,tokens} as OpenAI and vLLM-like gateways
    send them, and x-ratelimit-{limit,remaining,reset} for requests (OpenRouter)."""

    def __init__(self) -> None:
        self.requests, self.tokens = Allowance(), Allowance()
        self.paused_until = 0.0

    def observe(self, headers: Mapping[str, str], now: float, wall: float | None = None) -> None:
        """Take in a reply's headers; `now` in event-loop time, `wall` the Unix time (default: the clock's)."""
        wall = time.time() if wall is None else wall
        for allowance, endings in ((self.requests, ("-requests", "")), (self.tokens, ("-tokens",))):
            for ending in endings:
                remaining = _number(headers.get(f"x-ratelimit-remaining{ending}"))
                reset = seconds_until_reset(headers.get(f"x-ratelimit-reset{ending}") or "", wall)
                if remaining is None or reset is None:
                    continue
                allowance.limit = _number(headers.get(f"x-ratelimit-limit{ending}")) or allowance.limit
                allowance.remaining, allowance.reset = remaining, now + min(reset, MOST_WAIT)
                break

    def pause(self, seconds: float, now: float) -> None:
        """Let no request start for so long: a 429 said so."""
        self.paused_until = max(self.paused_until, now + min(max(seconds, 0.0), MOST_WAIT))

    def wait(self, tokens: float, now: float) -> float:
        """Seconds until a request of so many tokens may start."""
        pause = self.paused_until - now
        return max(pause, self.requests.wait(1, now), self.tokens.wait(tokens, now), 0.0)

    def use(self, tokens: float) -> None:
        """A request of so many tokens starts."""
        self.requests.use(1)
        self.tokens.use(tokens)


@final
class Paced(Around):
    """Waits before a request while the endpoint's allowance is used up."""

    def __init__(self, inner: Model, rates: Rates) -> None:
        super().__init__(inner)
        self.rates = rates

    async def stream(self, request: Request) -> AsyncGenerator[Chunk, None]:
        """Stream when it is time. Raises RateLimited where that is after the request's deadline."""
        now = asyncio.get_running_loop().time
        need = await self._need(request)
        while (wait := self.rates.wait(need, now())) > 0:
            if request.deadline is not None and now() + wait >= request.deadline:
                error = RateLimited(
                    f"{self.name}: its rate limit is used up for another {wait:.0f} s, longer than the run may take"
                )
                error.retry_after = wait
                raise error
            await asyncio.sleep(max(wait, LEAST_WAIT))
        self.rates.use(need)
        try:
            async with aclosing(self.inner.stream(request)) as chunks:
                async for chunk in chunks:
                    yield chunk
        except RateLimited as error:
            if error.retry_after:
                self.rates.pause(error.retry_after, now())
            raise

    async def _need(self, request: Request) -> float:
        """Tokens that the endpoint will count against its limit: the prompt and the caps of all completions."""
        if self.rates.tokens.remaining is None:
            return 0.0
        cap = request.sampling.max_tokens or self.capabilities.max_tokens
        return (await self.inner.count(request)).tokens + request.n * cap


def _number(value: str | None) -> float | None:
    try:
        number = float(value) if value else None
    except ValueError:
        return None
    return number if number is not None and math.isfinite(number) and number >= 0 else None
