"""Streams: cut, closed, hanging, odd; and the headers that come with them."""

import asyncio
import time
from contextlib import aclosing

import pytest

from tests.models.contract import chunks_of, request_of, samples_of
from tests.models.fake_server import Act, FakeServer
from tests.models.http.helpers import WORDS, model_on
from thinkharder.core.errors import (
    StreamCut,
)
from thinkharder.core.types import Chunk


async def test_a_finished_completion_survives_a_cut_of_the_others(server: FakeServer) -> None:
    model = await model_on(server)
    server.say = lambda body, index: "short" if index == 0 else WORDS
    server.script.append(Act(then="cut", after=20))
    seen: list[Chunk] = []

    async def read() -> None:
        async with aclosing(model.stream(request_of("q", 2, max_tokens=60))) as stream:
            async for chunk in stream:
                seen.append(chunk)

    with pytest.raises(StreamCut):
        await read()
    assert samples_of(seen)[0].finish == "stop"
    await model.aclose()


async def test_a_server_that_does_not_stream(server: FakeServer) -> None:
    server.streams = False
    model = await model_on(server)
    chunks = await chunks_of(model, request_of("q", 2, max_tokens=30))
    assert [s.finish for s in samples_of(chunks).values()] == ["length", "length"]
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.output_tokens == 60
    await model.aclose()


async def test_line_separators_and_split_characters_survive(server: FakeServer) -> None:
    text = "a\u2028b\u2029c\x85d\x0be 数学 😀 \u0000 done"
    model = await model_on(server)
    server.say = lambda body, index: text
    (sample,) = samples_of(await chunks_of(model, request_of("q", max_tokens=90))).values()
    assert sample.text == text
    await model.aclose()


async def test_closing_frees_the_server_at_once(server: FakeServer) -> None:
    server.pace = 0.01
    model = await model_on(server)
    await model.prepare()
    stream = model.stream(request_of("q", 4, max_tokens=60))
    await anext(stream)
    assert server.open_streams == 1
    began = time.monotonic()
    await stream.aclose()
    while server.open_streams:
        await asyncio.sleep(0.005)
    assert time.monotonic() - began < 0.5
    generated = server.generated
    await asyncio.sleep(0.1)
    assert server.generated == generated
    await model.aclose()


async def test_a_hanging_stream_is_left_when_its_task_is_cancelled(server: FakeServer) -> None:
    model = await model_on(server)
    server.script.append(Act(then="hang", after=2))
    task = asyncio.create_task(chunks_of(model, request_of("q", max_tokens=60)))
    while server.open_streams == 0:
        await asyncio.sleep(0.005)
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.sleep(0.05)
    assert server.open_streams == 0
    await model.aclose()


async def test_rate_limit_headers_are_reported(server: FakeServer) -> None:
    model = await model_on(server)
    server.reply_headers = {"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "1m30s"}
    await chunks_of(model, request_of("q", max_tokens=4))
    now = asyncio.get_running_loop().time()
    assert model.rates.wait(0, now) == pytest.approx(90, abs=2)
    await model.aclose()
