"""Time limits."""

import asyncio
from collections.abc import Coroutine
from contextlib import aclosing
from typing import Any

import pytest

from tests.models.contract import chunks_of, request_of, samples_of
from tests.virtual_clock import run_virtual
from thinkharder.core.errors import (
    BadOption,
    ModelError,
)
from thinkharder.core.ledger import Ledger
from thinkharder.core.usage import Budget
from thinkharder.models.loaded import Loaded
from thinkharder.models.toy import toy_model
from thinkharder.models.wrap import (
    Retry,
    Timed,
    TimeLimits,
    standard_layers,
    timed,
)


def attempt(coroutine: Coroutine[Any, Any, Any]) -> tuple[float, str]:
    """When it ended on the virtual clock, and with which error."""

    async def run() -> tuple[float, str]:
        try:
            await coroutine
        except ModelError as error:
            return asyncio.get_running_loop().time(), str(error)
        return asyncio.get_running_loop().time(), ""

    return run_virtual(run())


def test_each_time_limit() -> None:
    limits = TimeLimits(first=5, gap=2, call=30)
    slow_start = toy_model("scripted(texts=['a b c'], first_seconds=6.0)")
    assert attempt(chunks_of(Timed(slow_start, limits), request_of("q")))[0] == 5
    slow_gap = toy_model("scripted(texts=['a b c'], token_seconds=3.0)")
    when, said = attempt(chunks_of(Timed(slow_gap, limits), request_of("q")))
    assert when == 5
    assert "no further token in 2 s" in said
    endless = toy_model("scripted(texts=['" + "a " * 99 + "'], token_seconds=1.0)")
    when, said = attempt(chunks_of(Timed(endless, limits), request_of("q", max_tokens=99)))
    assert when == 30
    assert "not done in 30 s" in said
    assert endless.open_requests == 0
    quick = toy_model("scripted(texts=['a b c'], token_seconds=1.0)")
    assert attempt(chunks_of(Timed(quick, limits), request_of("q"))) == (3, "")


def test_a_hanging_endpoint_is_given_up_and_asked_again() -> None:
    toy = toy_model("failing(inner=scripted(texts=['a b c']), schedule=[hang])")
    model = Retry(Timed(toy, TimeLimits(first=10, gap=10)))
    assert 10 <= attempt(chunks_of(model, request_of("q")))[0] <= 11
    assert [record.ended for record in toy.records] == ["closed", "done"]


def test_a_slow_consumer_is_not_a_silent_endpoint() -> None:
    async def slowly() -> None:
        toy = toy_model("scripted(texts=['a b c'], token_seconds=1.0)")
        async with aclosing(Timed(toy, TimeLimits(gap=2)).stream(request_of("q"))) as stream:
            async for _ in stream:
                await asyncio.sleep(60)

    assert attempt(slowly())[1] == ""


def test_waiting_for_budget_is_not_a_silent_endpoint() -> None:
    """The meter stands outside the time limits: a request that waits for refunds is not timed out."""

    async def run() -> list[int]:
        toy = toy_model("scripted(texts=['a b c'], token_seconds=10.0)")
        loaded = Loaded(timed(toy, TimeLimits(first=12, gap=12)), standard_layers(toy))
        count = (await toy.count(request_of("q"))).tokens
        model = loaded.bind(Ledger(Budget(tokens=2 * (count + 3))))
        rows = await asyncio.gather(*(chunks_of(model, request_of("q", max_tokens=5)) for _ in range(2)))
        return [len(samples_of(row)) for row in rows]

    assert run_virtual(run()) == [1, 1]


@pytest.mark.parametrize("options", [{"first": 0}, {"gap": -1.0}, {"call": float("nan")}])
def test_bad_time_limits(options: dict[str, Any]) -> None:
    with pytest.raises(BadOption):
        TimeLimits(**options)
