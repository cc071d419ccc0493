"""The arithmetic of a hard budget: what is spent, what is held for work in flight, what may still be started.

Nothing here knows a model or a clock. Ledgers nest: a child spends from its parent too, so that a run may draw from a
batch, a request or a key. A *lease* holds the worst case of one request until its real cost is known; a *hold* is a
child that owns a share set aside in advance (a verifier's share, which sampling must not eat).
"""

import asyncio
import math
from typing import final

from thinkharder.core.amount import EPSILON_USD, ZERO, Amount, Ask
from thinkharder.core.errors import BudgetExhausted
from thinkharder.core.usage import Budget, Usage


@final
class Ledger:
    """What is spent and held under one budget. Not thread-safe: it belongs to one event loop.

    `guaranteed` makes it a share of its parent: so much is held there until `close()`, and more is taken as any child
    takes it.
    """

    def __init__(self, budget: Budget, parent: "Ledger | None" = None, *, guaranteed: Amount = ZERO) -> None:
        self.budget, self.parent = budget, parent
        self.spent = Usage()
        self.ended = False
        """True once nothing may be started any more (the run is over)."""
        self._guaranteed, self._booked, self._held, self._above = guaranteed, ZERO, ZERO, ZERO
        self._active = 0
        self._waiting = 0
        self._begun = False
        self._waiters: list[asyncio.Future[None]] = []
        self._push(ZERO)

    # ---- what is left -------------------------------------------------------------------------------------------

    def left(self) -> Amount:
        """What may still be started: limits less spent less held, over this ledger and its parents; inf: no limit."""
        own = self._limits() - self._booked - self._held
        if self.parent is None:
            return own
        return own.smallest(self.parent.left() + self._above - self._held)

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
        room = self.left() - ask.fixed - ask.extra
        cap = min(room.tokens, room.output_tokens, ask.max_tokens)
        dollars_per_token = ask.price.output / 1e6
        if dollars_per_token > 0 and not math.isinf(room.usd):
            cap = min(cap, math.floor((room.usd + EPSILON_USD) / dollars_per_token))
        enough = room.calls >= 1 and room.usd >= -EPSILON_USD
        return int(max(0, cap)) if enough else 0

    @property
    def guaranteed(self) -> Amount:
        """What is set aside for this share in its parent."""
        return self._guaranteed

    @property
    def limits_usd(self) -> bool:
        """Whether this ledger or one above it has a limit in dollars, so that prices must be known."""
        return self.budget.usd is not None or (self.parent is not None and self.parent.limits_usd)

    @property
    def streams(self) -> int:
        """What is at work under this ledger and may give something back: requests, and shares being used."""
        return self._active

    def worth_waiting(self, ask: Ask) -> bool:
        """Whether a refund can still make room for one sample: other work is in flight under every ledger that lacks it."""
        short = self._lacking(ask.fixed + ask.each, 0)
        return bool(short) and all(others > 0 for others in short)

    def _lacking(self, need: Amount, mine: int) -> list[int]:
        """For each ledger from here up that has no room for `need`: how much is at work under it besides the share that
        asks. What a share has in reserve is not asked of the ledgers above it."""
        enough = (self._limits() - self._booked - self._held).covers(need)
        short = [] if enough else [self._active - mine]
        if self.parent is None:
            return short
        above = (need - (self._above - self._held)).floor()
        return short + self.parent._lacking(above, mine + (self._begun and self._waiting == 0))

    async def refund(self) -> None:
        """Wait until something is given back anywhere, or something stops being at work."""
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._wait(+1)
        self._root._waiters.append(waiter)
        try:
            await waiter
        finally:
            self._wait(-1)

    # ---- leases and shares --------------------------------------------------------------------------------------

    async def admit(self, ask: Ask) -> "Lease":
        """Hold the worst case of as many samples as fit; with none, wait for refunds; where none can come, clamp the cap
        of one sample to what is left. Raises BudgetExhausted where not even one token fits, or the run is over."""
        while True:
            if self._over():
                raise BudgetExhausted("seconds")
            n, limit = self.fit(ask)
            if n >= 1:
                return Lease(self, ask, n, ask.max_tokens)
            if not self.worth_waiting(ask):
                cap = self.cap_for_one(ask)
                if cap < 1:
                    raise BudgetExhausted(limit)
                return Lease(self, ask, 1, cap)
            await self.refund()

    def share(self, amount: Amount) -> "Ledger":
        """A child with `amount` set aside for it until `close()`."""
        return Ledger(Budget(), self, guaranteed=amount)

    def begin(self) -> "Ledger":
        """The share is being used: until `close()` others may wait for what it will give back."""
        if not self._begun and self.parent is not None:
            self._begun = True
            self.parent.count(+1)
        return self

    def close(self) -> None:
        """Give back what the share did not spend. May be called twice."""
        self._guaranteed = self._booked
        self._push(ZERO)
        if self._begun and self.parent is not None:
            self._begun = False
            self.parent.count(-1)
        self._wake()

    # ---- bookkeeping, used by leases ----------------------------------------------------------------------------

    def book(self, usage: Usage) -> None:
        """Add what was really spent, here and in every parent."""
        self.spent += usage
        ledger = self.parent
        while ledger is not None:
            ledger.spent += usage
            ledger = ledger.parent
        self._push(ZERO, Amount(usage.tokens, usage.output_tokens, usage.calls, usage.usd or 0.0))

    def hold(self, amount: Amount) -> None:
        """Set aside for work in flight (a negative amount gives back)."""
        self._push(amount)
        if min(amount.tokens, amount.output_tokens, amount.calls, amount.usd) < 0:
            self._wake()

    def count(self, change: int) -> None:
        """So many more requests are at work, here and in every parent. Who waits is told when nothing is any more."""
        self._active += change
        if self._active == 0:
            self._wake()
        if self.parent is not None:
            self.parent.count(change)

    @property
    def _root(self) -> "Ledger":
        return self if self.parent is None else self.parent._root

    def _limits(self) -> Amount:
        b = self.budget
        return Amount(*(math.inf if v is None else v for v in (b.tokens, b.output_tokens, b.calls, b.usd)))

    def _push(self, held: Amount, booked: Amount = ZERO) -> None:
        """Change what is held and booked here, and with it what the parent holds for this child: what is in flight, or
        what is left of its guarantee where that is more."""
        self._held = (self._held + held).floor()
        self._booked += booked
        above = (self._guaranteed - self._booked).largest(self._held).floor()
        change, self._above = above - self._above, above
        if self.parent is not None and (change != ZERO or booked != ZERO):
            self.parent._push(change, booked)

    def _over(self) -> bool:
        return self.ended or (self.parent is not None and self.parent._over())

    def _wait(self, change: int) -> None:
        """A task inside waits: a share in use whose task waits is not at work, or two of them would wait for each other."""
        ledger: Ledger | None = self
        while ledger is not None and ledger.parent is not None:
            before, ledger._waiting = ledger._waiting > 0, ledger._waiting + change
            if ledger._begun and before != (ledger._waiting > 0):
                ledger.parent.count(-1 if ledger._waiting > 0 else +1)
            ledger = ledger.parent

    def _wake(self) -> None:
        root = self._root
        waiters, root._waiters = root._waiters, []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)


@final
class Lease:
    """The worst case of one admitted request, held until its real cost is booked.

    `n` and `max_tokens` are what was granted, at most what was asked.
    """

    def __init__(self, ledger: Ledger, ask: Ask, n: int, max_tokens: int) -> None:
        self.n, self.max_tokens = n, max_tokens
        self.ask, self._ledger = ask, ledger
        self._held = ask.fixed + Amount.of(ask.price, output_tokens=max_tokens, calls=1).times(n)
        ledger.hold(self._held)
        ledger.count(+1)
        self._open = True

    def refund_output(self, tokens: int) -> None:
        """Give back output tokens that a finished sample did not need, while the others still run."""
        before = self._held
        self._held = (before - Amount.of(self.ask.price, output_tokens=tokens)).floor()
        self._ledger.hold(self._held - before)

    def settle(self, usage: Usage) -> None:
        """Book the real cost and give back the rest. Only the first call counts."""
        if not self._open:
            return
        self._open = False
        self._ledger.hold(self._held.times(-1))
        self._ledger.book(usage)
        self._ledger.count(-1)
