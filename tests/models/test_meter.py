"""The meter: what a request costs, however it ends, and whatever the backend reports."""

from typing import Any

import pytest

from tests.helpers import EGGS, context_on
from tests.virtual_clock import run_virtual
from thinkharder.core.ledger import Ledger
from thinkharder.core.types import Capabilities, Chunk, Message, Request, Sampling, TokenCount
from thinkharder.core.usage import Budget, Price, Usage
from thinkharder.models.loaded import bind
from thinkharder.models.meter import Metered
from thinkharder.models.toy import toy_model
from thinkharder.run import Run


class Fixed:
    """A backend that streams what it is told."""

    name = "fixed"

    def __init__(self, *chunks: Chunk, **capabilities: Any) -> None:
        self.chunks = chunks
        self.capabilities = Capabilities(n=8, local=True, max_tokens=20, **capabilities)

    async def count(self, request: Request) -> TokenCount:
        return TokenCount(10, True)

    async def aclose(self) -> None:
        return

    async def stream(self, request: Request) -> Any:
        for chunk in self.chunks:
            yield chunk


def spent(backend: Any, *, n: int = 2, read: int = 99) -> Usage:
    """What is booked where the first `read` chunks are read and the stream is then left."""

    async def go() -> Usage:
        ledger = Ledger(Budget())
        stream = Metered(backend, ledger, Price(1.0, 1.0)).stream(
            Request((Message("user", "x"),), Sampling(), n)
        )
        for _ in range(read):
            try:
                await anext(stream)
            except StopAsyncIteration:
                break
        await stream.aclose()
        assert ledger.streams == 0
        return ledger.spent

    return run_virtual(go())


TWO = (
    Chunk(0, "a", tokens=3, finish="stop"),
    Chunk(1, "b", tokens=4),
    Chunk(1, "c", tokens=1, finish="stop"),
)


@pytest.mark.parametrize(
    ("capabilities", "read", "output"),
    [
        ({"cancels": True}, 99, 8),
        ({"cancels": True}, 2, 7),
        ({"cancels": True, "lag": 5}, 2, 3 + 4 + 5),
        ({"cancels": True, "lag": 500}, 2, 3 + 20),
        ({"cancels": False}, 2, 3 + 20),
    ],
)
def test_what_a_request_costs_by_how_it_is_left(capabilities: dict[str, Any], read: int, output: int) -> None:
    usage = spent(Fixed(*TWO, **capabilities), read=read)
    assert (usage.input_tokens, usage.output_tokens, usage.calls, usage.requests) == (10, output, 2, 1)
    assert usage.usd == pytest.approx((10 + output) / 1e6)


@pytest.mark.parametrize(
    ("told", "booked"), [(Usage(0, 0, 3), (10, 8)), (Usage(10, 0, 8), (10, 8)), (Usage(12, 0, 9), (12, 9))]
)
def test_a_report_below_what_was_counted_is_wrong(told: Usage, booked: tuple[int, int]) -> None:
    usage = spent(Fixed(*TWO, Chunk(usage=told)))
    assert (usage.input_tokens, usage.output_tokens) == booked
    assert usage.exact == ((told.input_tokens, told.output_tokens) == booked)


def test_a_backend_that_ignores_its_cap_is_left() -> None:
    endless = [Chunk(0, "x", tokens=15) for _ in range(100)]
    assert spent(Fixed(*endless, cancels=True), n=1).output_tokens <= 45


def test_a_model_object_that_gives_one_completion_a_request_is_asked_several_times() -> None:
    async def go() -> int:
        toy = toy_model("categorical(answers=[7, 8], max_n=1)")
        found = await Run(context_on(toy)).sample(EGGS, 4)
        assert bind(toy, Ledger(Budget())).capabilities.n >= 1
        return len(found)

    assert run_virtual(go()) == 4
