"""Pacing by rate-limit headers."""

import asyncio
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.models.contract import chunks_of, request_of
from tests.virtual_clock import run_virtual
from thinkharder.core.errors import (
    RateLimited,
)
from thinkharder.models.toy import toy_model
from thinkharder.models.wrap import (
    Paced,
    Rates,
)
from thinkharder.models.wrap.pace import Allowance, seconds_until_reset


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("1s", 1.0),
        ("6m0s", 360.0),
        ("20ms", 0.02),
        ("1h2m3s", 3723.0),
        ("1.5s", 1.5),
        ("12", 12.0),
        ("1700000060", 60.0),
        ("1700000060000", 60.0),
        ("1600000000", 0.0),
        ("", None),
        ("soon", None),
        ("1x2s", None),
        ("-5", None),
        ("nan", None),
    ],
)
def test_reset_headers(value: str, seconds: float | None) -> None:
    assert seconds_until_reset(value, 1_700_000_000.0) == seconds


@given(st.floats(0, 100), st.floats(0, 100), st.floats(0, 200), st.floats(0, 50))
def test_an_allowance_never_waits_past_its_reset(
    remaining: float, reset: float, now: float, need: float
) -> None:
    allowance = Allowance(limit=100, remaining=remaining, reset=reset)
    wait = allowance.wait(need, now)
    assert 0 <= wait <= max(0.0, reset - now)
    assert (wait == 0) or need > remaining


def test_requests_wait_for_the_reset_and_then_go() -> None:
    async def run() -> list[float]:
        rates = Rates()
        headers = {
            "x-ratelimit-limit-requests": "2",
            "x-ratelimit-remaining-requests": "2",
            "x-ratelimit-reset-requests": "10s",
        }
        rates.observe(headers, 0.0)
        model, times = Paced(toy_model("scripted(texts=[a])"), rates), list[float]()

        async def one() -> None:
            await chunks_of(model, request_of("q"))
            times.append(asyncio.get_running_loop().time())

        await asyncio.gather(*(one() for _ in range(4)))
        return times

    assert run_virtual(run()) == [0, 0, 10, 10]


def test_tokens_are_paced_by_prompt_and_cap() -> None:
    async def run() -> float:
        rates = Rates()
        rates.observe(
            {
                "x-ratelimit-limit-tokens": "1000",
                "x-ratelimit-remaining-tokens": "150",
                "x-ratelimit-reset-tokens": "30s",
            },
            0.0,
        )
        await chunks_of(Paced(toy_model("scripted(texts=[a])"), rates), request_of("q", 2, max_tokens=100))
        return asyncio.get_running_loop().time()

    assert run_virtual(run()) == 30


def test_a_429_pauses_the_whole_endpoint_and_a_deadline_is_not_slept_through() -> None:
    async def run() -> None:
        toy = toy_model("failing(inner=scripted(texts=[a]), schedule=[rate_limited], seconds=40.0)")
        rates = Rates()
        model, loop = Paced(toy, rates), asyncio.get_running_loop()
        with pytest.raises(RateLimited):
            await chunks_of(model, request_of("q"))
        with pytest.raises(RateLimited, match="longer than the run may take") as caught:
            await chunks_of(model, replace(request_of("q"), deadline=30.0))
        assert caught.value.retry_after == pytest.approx(40)
        assert loop.time() == 0
        await chunks_of(model, request_of("q"))
        assert loop.time() == 40
        assert len(toy.records) == 2

    run_virtual(run())


@given(st.dictionaries(st.sampled_from(["limit", "remaining", "reset"]), st.text(max_size=6), max_size=3))
def test_no_header_breaks_the_pace(values: dict[str, str]) -> None:
    rates = Rates()
    rates.observe({f"x-ratelimit-{name}-requests": value for name, value in values.items()}, 5.0, 1e9)
    assert 0 <= rates.wait(10, 5.0) <= 3600


def test_a_rest_of_a_wait_below_the_clocks_resolution_is_slept_once() -> None:
    """Such a timer fires at once while other tasks are busy, on a clock that stands still between two waits."""

    class Counted(Allowance):
        asked = 0

        def wait(self, need: float, now: float) -> float:
            Counted.asked += 1
            return super().wait(need, now)

    async def run() -> None:
        rates = Rates()
        rates.requests = Counted(limit=1, remaining=0, reset=1e-10)
        job = asyncio.create_task(chunks_of(Paced(toy_model("scripted(texts=[a])"), rates), request_of("q")))
        for _ in range(200):
            await asyncio.sleep(0)
        await job
        assert rates.requests.remaining == 0, "the new window's allowance counts the request"

    run_virtual(run())
    assert Counted.asked == 2
