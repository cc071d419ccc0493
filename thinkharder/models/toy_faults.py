"""How a toy endpoint fails: one fault an arrival, from a schedule and then at a rate, deterministic by seed."""

import asyncio
import random
from dataclasses import dataclass, replace
from typing import final

from thinkharder.core.errors import (
    BadOption,
    BadReply,
    ModelError,
    ModelTimeout,
    ModelUnavailable,
    RateLimited,
    ServerError,
    StreamCut,
)
from thinkharder.core.usage import Usage

BEFORE = ("rate_limited", "server_error", "connect", "timeout")
"""Faults that come before the first token; nothing is generated or billed."""
MIDWAY = ("hang", "cut", "late_error", "malformed")
"""Faults that come when a share of the tokens is out: silence, a closed connection, a 500, broken JSON."""
USAGE = ("usage_low", "usage_high", "no_usage")
"""Faults of the usage report alone: one choice's count only (a known bug under n > 1), too much, or none."""
KINDS = (*BEFORE, *MIDWAY, *USAGE)
HANG_SECONDS = 3600.0


@dataclass(frozen=True, slots=True)
class Fault:
    """What happens to one request. `share` in [0, 1] of the output tokens is out when a midway fault strikes."""

    kind: str
    share: float = 0.0
    seconds: float = 0.0

    @property
    def midway(self) -> bool:
        """Whether it strikes while the reply streams."""
        return self.kind in MIDWAY

    async def before(self) -> None:
        """Fail before the first token, where this fault does."""
        if self.kind == "rate_limited":
            error: ModelError = RateLimited(f"toy: 429, asks to wait {self.seconds} s")
            error.retry_after = self.seconds
            raise error
        if self.kind == "server_error":
            raise ServerError("toy: 500 before the first token")
        if self.kind == "connect":
            raise ModelUnavailable("toy: connection refused")
        if self.kind == "timeout":
            await asyncio.sleep(self.seconds)
            raise ModelTimeout(f"toy: no reply in {self.seconds} s")

    async def strike(self) -> None:
        """Fail in the middle of the reply."""
        if self.kind == "hang":
            await asyncio.sleep(HANG_SECONDS)
            raise StreamCut("toy: silent for an hour, then cut")
        if self.kind == "cut":
            raise StreamCut("toy: the stream was cut")
        if self.kind == "malformed":
            raise BadReply("toy: malformed JSON in the stream")
        raise ServerError("toy: 500 in the middle of the reply")

    def usage(self, true: Usage, last: int) -> Usage | None:
        """The usage that the endpoint reports; `last` is the output of its last completion."""
        if self.kind == "no_usage":
            return None
        if self.kind == "usage_low":
            few = last if true.calls > 1 else true.output_tokens // 2
            return replace(true, output_tokens=few, reasoning_tokens=min(few, true.reasoning_tokens))
        if self.kind == "usage_high":
            return replace(true, output_tokens=10 * true.output_tokens + 1)
        return true


NO_FAULT = Fault("ok")


@final
@dataclass(frozen=True, slots=True)
class Faults:
    """Which fault each arrival gets: `schedule` first ("ok" is no fault), then one of `kinds` with probability `rate`.

    `seconds` is the Retry-After of a 429 and the length of a time-out. A kind that stands twice is twice as likely.
    """

    kinds: tuple[str, ...] = KINDS
    rate: float = 0.0
    schedule: tuple[str, ...] = ()
    seed: int = 0
    seconds: float = 0.5

    def __post_init__(self) -> None:
        for kind in (*self.kinds, *self.schedule):
            if kind not in (*KINDS, NO_FAULT.kind):
                raise BadOption(f"toy fault {kind!r} is unknown; known: ok, {', '.join(KINDS)}")
        if not 0 <= self.rate <= 1:
            raise BadOption(f"toy fault rate={self.rate!r} must be in [0, 1]")
        if self.rate and not self.kinds:
            raise BadOption("toy fault kinds are empty; name some, or set rate=0")

    def of(self, arrival: int) -> Fault:
        """The fault of the request that arrives as number `arrival` (from 0)."""
        chance = random.Random(f"{self.seed}|{arrival}")
        struck, share, pick = chance.random() < self.rate, chance.random(), chance.random()
        if arrival < len(self.schedule):
            kind = self.schedule[arrival]
        elif struck:
            kind = self.kinds[int(pick * len(self.kinds))]
        else:
            return NO_FAULT
        return Fault(kind, share, self.seconds)
