"""The arithmetic of a hard budget: what is spent, what is held for work in flight, what may still be started.

Nothing here knows a model or a clock. Ledgers nest: a child spends from its parent too, so that a run may draw from a
batch, a request or a key. A *lease* holds the worst case of one request until its real cost is known; a *hold* is a
child that owns a share set aside in advance (a verifier's share, which sampling must not eat).
"""

import asyncio
import math
from dataclasses import dataclass
from typing import Self, final

from thinkharder.core.errors import BudgetExhausted, UnknownPrice
from thinkharder.core.usage import FREE, Budget, Price, Usage

EPSILON_USD = 1e-12
"""Sums of dollars are floats; limits are met to within this."""


@dataclass(frozen=True, slots=True)
class Amount:
    """A vector over the limits that add up (seconds do not: the driver's deadline keeps them)."""

    tokens: float = 0
    output_tokens: float = 0
    calls: float = 0
    usd: float = 0.0

    def __add__(self, other: "Amount") -> "Amount":
        return Amount(
            self.tokens + other.tokens,
            self.output_tokens + other.output_tokens,
            self.calls + other.calls,
            self.usd + other.usd,
        )

    def __sub__(self, other: "Amount") -> "Amount":
        return self + other.times(-1)

    def times(self, factor: float) -> "Amount":
        """Every component `factor` times."""
        return Amount(
            self.tokens * factor, self.output_tokens * factor, self.calls * factor, self.usd * factor
        )

    def floor(self) -> "Amount":
        """Negative components become 0."""
        return Amount(max(0, self.tokens), max(0, self.output_tokens), max(0, self.calls), max(0.0, self.usd))

    @classmethod
    def of(cls, price: Price, *, input_tokens: int = 0, output_tokens: int = 0, calls: int = 0) -> Self:
        """The amount of so many tokens and calls at a price."""
        usd = price.usd(input_tokens, output_tokens)
        return cls(input_tokens + output_tokens, output_tokens, calls, usd)


ZERO = Amount()


@dataclass(frozen=True, slots=True)
class Ask:
    """The worst case of one request: `n` samples of at most `max_tokens` on a prompt of `input_tokens`.

    `extra` is what each sample needs besides (its verification).
    """

    input_tokens: int
    n: int
    max_tokens: int
    price: Price = FREE
    extra: Amount = ZERO

    @property
    def fixed(self) -> Amount:
        """What the prompt costs, once."""
        return Amount.of(self.price, input_tokens=self.input_tokens)

    @property
    def each(self) -> Amount:
        """The worst case of one sample."""
        return Amount.of(self.price, output_tokens=self.max_tokens, calls=1) + self.extra


@final
class Ledger:
    """What is spent and held under one budget. Not thread-safe: it belongs to one event loop."""

    def __init__(
        self, budget: Budget, parent: "Ledger | None" = None, *, carved: Amount | None = None
    ) -> None:
        self.budget = budget
        self.parent = parent
        self.spent = Usage()
        self._booked = ZERO
        self._held = ZERO
        self._carved = carved
        self._streams = 0
        self._waiters: list[asyncio.Future[None]] = []

    # ---- what is left -------------------------------------------------------------------------------------------

    def left(self) -> Amount:
        """What may still be started: limits less spent less held, over this ledger and its parents; inf: no limit."""
        own = self._limits() - self._booked - self._held
        if self.parent is None or self._carved is not None:
            return own
        above = self.parent.left()
        return Amount(
            min(own.tokens, above.tokens),
            min(own.output_tokens, above.output_tokens),
            min(own.calls, above.calls),
            min(own.usd, above.usd),
        )

    def fit(self, ask: Ask) -> tuple[int, str]:
        """How many of the ask's samples fit at their full cap now, and the limit that binds first."""
        left, fixed, each = self.left(), ask.fixed, ask.each
        fits, limit = math.inf, "tokens"
        for name in ("tokens", "output_tokens", "calls", "usd"):
            room = getattr(left, name) - getattr(fixed, name) + (EPSILON_USD if name == "usd" else 0)
            per = getattr(each, name)
            here = room // per if per > 0 else (math.inf if room >= 0 else -1)
            if here < fits:
                fits, limit = here, name
        return int(max(0, min(fits, ask.n))), limit

    def cap_for_one(self, ask: Ask) -> int:
        """The largest cap at which one sample fits, in tokens; 0 where none does."""
        left, fixed, extra = self.left(), ask.fixed, ask.extra
        room = left - fixed - extra
        cap = min(room.tokens, room.output_tokens, ask.max_tokens)
        dollars_per_token = ask.price.output / 1e6
        if dollars_per_token > 0 and not math.isinf(room.usd):
            cap = min(cap, math.floor((room.usd + EPSILON_USD) / dollars_per_token))
        enough = room.calls >= 1 and room.usd >= -EPSILON_USD
        return int(max(0, cap)) if enough else 0

    @property
    def streams(self) -> int:
        """Requests in flight anywhere under the root: while there are some, a refund can still come."""
        return self.root._streams

    @property
    def root(self) -> "Ledger":
        """The outermost ledger."""
        ledger = self
        while ledger.parent is not None:
            ledger = ledger.parent
        return ledger

    async def refund(self) -> None:
        """Wait until something held under the root is given back."""
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.root._waiters.append(waiter)
        await waiter

    # ---- leases and holds ---------------------------------------------------------------------------------------

    async def admit(self, ask: Ask) -> "Lease":
        """Hold the worst case of as many samples as fit; with none, wait for refunds; with nothing in flight either,
        clamp the cap of one sample to what is left. Raises BudgetExhausted where not even one token fits."""
        while True:
            n, limit = self.fit(ask)
            if n >= 1:
                return Lease(self, ask, n, ask.max_tokens)
            if self.streams == 0:
                cap = self.cap_for_one(ask)
                if cap < 1:
                    raise BudgetExhausted(limit)
                return Lease(self, ask, 1, cap)
            await self.refund()

    def hold(self, amount: Amount) -> "Ledger":
        """A child that owns `amount`, set aside here until `close()`."""
        self._hold(amount)
        return Ledger(Budget(), self, carved=amount)

    def close(self) -> None:
        """Give back what a hold did not spend."""
        if self._carved is not None and self.parent is not None:
            rest = (self._carved - self._booked).floor()
            self._carved = self._booked
            self.parent._release(rest)

    # ---- bookkeeping, used by leases ----------------------------------------------------------------------------

    def book(self, usage: Usage, price: Price | None) -> None:
        """Add what was really spent, here and in every parent."""
        amount = Amount.of(price or FREE, calls=usage.calls) + Amount(
            usage.tokens, usage.output_tokens, 0, usage.usd or 0.0
        )
        if self._carved is not None and self.parent is not None:
            covered = (self._carved - self._booked).floor()
            used = Amount(*(min(a, b) for a, b in zip(_row(amount), _row(covered), strict=True))).floor()
            self.parent._release(used)
        self._booked += amount
        self.spent += usage
        if self.parent is not None:
            self.parent.book(usage, price)

    def _limits(self) -> Amount:
        if self._carved is not None:
            return self._carved
        b = self.budget
        values = (b.tokens, b.output_tokens, b.calls, b.usd)
        return Amount(*(math.inf if v is None else v for v in values))

    def _hold(self, amount: Amount) -> None:
        self._held += amount
        if self.parent is not None and self._carved is None:
            self.parent._hold(amount)

    def _release(self, amount: Amount) -> None:
        self._held = (self._held - amount).floor()
        if self.parent is not None and self._carved is None:
            self.parent._release(amount)
        root = self.root
        waiters, root._waiters = root._waiters, []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)

    def _count_stream(self, change: int) -> None:
        self.root._streams += change


def _row(amount: Amount) -> tuple[float, float, float, float]:
    return amount.tokens, amount.output_tokens, amount.calls, amount.usd


@final
class Lease:
    """The worst case of one admitted request, held until its real cost is booked.

    `n` and `max_tokens` are what was granted, at most what was asked.
    """

    def __init__(self, ledger: Ledger, ask: Ask, n: int, max_tokens: int) -> None:
        self.n, self.max_tokens = n, max_tokens
        self.ask, self._ledger = ask, ledger
        if ask.price is None and ledger.budget.usd is not None:
            raise UnknownPrice("the model's price is not known")
        self._held = ask.fixed + Amount.of(ask.price, output_tokens=max_tokens, calls=1).times(n)
        ledger._hold(self._held)
        ledger._count_stream(+1)
        self._open = True

    def refund_output(self, tokens: int) -> None:
        """Give back output tokens that a finished sample did not need, while the others still run."""
        part = Amount.of(self.ask.price, output_tokens=tokens)
        self._held = (self._held - part).floor()
        self._ledger._release(part)

    def settle(self, usage: Usage, price: Price | None) -> None:
        """Book the real cost and give back the rest. Only the first call counts."""
        if not self._open:
            return
        self._open = False
        self._ledger._count_stream(-1)
        self._ledger.book(usage, price)
        self._ledger._release(self._held)
