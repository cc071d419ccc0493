"""The meter: the innermost wrapper of a model, so that every attempt reserves its worst case and books its real cost."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from typing import final

from thinkharder.core.amount import Ask
from thinkharder.core.errors import ContextOverflow, ModelError
from thinkharder.core.ledger import Lease, Ledger
from thinkharder.core.protocols import Model
from thinkharder.core.types import Capabilities, Chunk, Request, TokenCount
from thinkharder.core.usage import FREE, Price, Usage
from thinkharder.models.wrap.base import Around


@final
class Metered(Around):
    """`inner` on a ledger. `stream` may yield fewer completions than asked for: those that the budget admitted.

    What a request costs: its prompt once, and the output tokens received; where the backend reports its own total, that.
    A call that is closed early costs what was received, and the lag of each open sequence, if closing stops the
    generation (`capabilities.cancels`), else its whole reservation. A refused request (`ModelError.billed` False) costs nothing but its calls.
    """

    def __init__(self, inner: Model, ledger: Ledger, price: Price | None = FREE) -> None:
        super().__init__(inner)
        self.ledger, self.price = ledger, price

    async def stream(self, request: Request) -> AsyncGenerator[Chunk, None]:
        """Stream as many of the request's completions as the ledger admits. Raises BudgetExhausted with none."""
        count = await self.inner.count(request)
        cap = room(self.inner.capabilities, request, count)
        lease = await self.ledger.admit(Ask(count.tokens, request.n, cap, self.price or FREE))
        account = _Account(lease, count, self.inner.capabilities)
        granted = replace(request, n=lease.n, sampling=replace(request.sampling, max_tokens=lease.max_tokens))
        try:
            async with aclosing(self.inner.stream(granted)) as chunks:
                async for chunk in chunks:
                    account.take(chunk)
                    yield chunk
                    if account.overrun:
                        for index in sorted(account.received.keys() - account.finished):
                            yield Chunk(index, finish="length")
                        return
            account.ended = True
        except ModelError as error:
            account.refused = not error.billed
            raise
        finally:
            lease.settle(account.usage(self.price))


def room(capabilities: Capabilities, request: Request, count: TokenCount) -> int:
    """The cap of each sample in tokens: the request's, else the model's default, cut to the room in the context.

    Raises ContextOverflow where the prompt's exact count leaves no room.
    """
    cap = request.sampling.max_tokens or capabilities.max_tokens
    if capabilities.context is None or not count.exact:
        return cap
    if count.tokens >= capabilities.context:
        raise ContextOverflow(
            f"the prompt has {count.tokens:,} tokens, the model's context {capabilities.context:,}; shorten the problem"
            " or load the model with a larger context (--context)"
        )
    return min(cap, capabilities.context - count.tokens)


class _Account:
    """What one admitted request received so far."""

    def __init__(self, lease: Lease, count: TokenCount, capabilities: Capabilities) -> None:
        self.lease, self.count = lease, count
        self.cancels, self.lag = capabilities.cancels, capabilities.lag
        self.received: dict[int, int] = {}
        self.finished: set[int] = set()
        self.reasoning = 0
        self.exact = True
        self.reported: Usage | None = None
        self.ended = self.refused = False

    def take(self, chunk: Chunk) -> None:
        if chunk.usage is not None:
            self.reported = chunk.usage
            self.exact = self.exact and chunk.usage.exact
        self.exact = self.exact and chunk.exact
        if chunk.tokens:
            self.received[chunk.index] = self.received.get(chunk.index, 0) + chunk.tokens
            self.reasoning += chunk.reasoning_tokens
        if chunk.finish is not None:
            self.finished.add(chunk.index)
        if chunk.finish is not None and chunk.exact and self.lease.n > 1:
            unused = self.lease.max_tokens - self.received.get(chunk.index, 0)
            if unused > 0:
                self.lease.refund_output(unused)

    @property
    def overrun(self) -> bool:
        """A sample ignores its cap: the stream is left, so that what it costs stays bounded."""
        return any(tokens > self.lease.max_tokens for tokens in self.received.values())

    def usage(self, price: Price | None) -> Usage:
        """What the request cost. A report below what was counted or received is wrong, and the larger number holds."""
        lease, received, count = self.lease, sum(self.received.values()), self.count
        if self.refused and not self.received:
            total = Usage(calls=lease.n, requests=1)
        elif self.reported is not None and self.ended:
            told = self.reported
            output = max(told.output_tokens, received)
            inputs = max(told.input_tokens, count.tokens) if count.exact else told.input_tokens
            honest = (inputs, output) == (told.input_tokens, told.output_tokens)
            total = replace(
                told,
                input_tokens=inputs,
                output_tokens=output,
                calls=lease.n,
                requests=1,
                exact=self.exact and honest,
            )
        else:
            output = received if self.ended else self._abandoned()
            total = Usage(
                input_tokens=count.tokens,
                output_tokens=output,
                reasoning_tokens=self.reasoning,
                calls=lease.n,
                requests=1,
                exact=self.exact and count.exact and output == received,
            )
        if price is None:
            return replace(total, usd=None)
        return replace(total, usd=price.usd(total.input_tokens, total.output_tokens, total.cached_tokens))

    def _abandoned(self) -> int:
        """Output tokens of a call that was left before its end: an unfinished sample may go on for the lag, or to its cap
        where closing does not stop it."""
        cap, more = self.lease.max_tokens, self.lag if self.cancels else self.lease.max_tokens
        return sum(
            got if index in self.finished else max(got, min(cap, got + more))
            for index, got in ((i, self.received.get(i, 0)) for i in range(self.lease.n))
        )
