"""Capabilities: asked, learned from refusals, remembered."""

import asyncio
import time
from dataclasses import replace
from typing import Any

import pytest

from tests.models.contract import chunks_of, request_of, samples_of
from tests.models.fake_server import Act, FakeServer
from tests.models.http.helpers import model_on
from thinkharder.core.errors import (
    CapabilityError,
    RequestRefused,
)
from thinkharder.core.ledger import Ledger
from thinkharder.core.usage import Budget
from thinkharder.models.loaded import Loaded
from thinkharder.models.openai_errors import CapabilityLearned
from thinkharder.models.openai_http import OpenAIModel
from thinkharder.models.wrap import FanOut, Retry, RetryPolicy, standard_layers, timed


async def test_fields_that_are_refused_are_left_out_and_remembered() -> None:
    async with FakeServer("somebody") as server:
        server.refuses = {
            "logprobs": "Unsupported parameter: 'logprobs' is not supported with this model.",
            "seed": "Unrecognized request argument supplied: seed",
            "temperature": "Unsupported value: 'temperature' does not support 0.5 with this model.",
            "stream_options": "stream_options: extra fields not permitted",
        }
        model = await model_on(server)
        await chunks_of(model, request_of("q", logprobs=2, temperature=0.5, max_tokens=8))
        assert len(server.chats) == 5
        assert not model.capabilities.logprobs
        assert not model.capabilities.seed
        again = await model_on(server)  # another process, the same cache directory
        assert not again.capabilities.logprobs
        await chunks_of(again, request_of("q", logprobs=2, temperature=0.5, max_tokens=8))
        assert len(server.chats) == 6
        for one in (model, again):
            await one.aclose()


async def test_the_name_of_the_cap_is_learned() -> None:
    async with FakeServer("somebody") as server:
        words = "Unsupported parameter: 'max_tokens' is not supported. Use 'max_completion_tokens' instead."
        server.refuses = {"max_tokens": words}
        model = await model_on(server)
        (sample,) = samples_of(await chunks_of(model, request_of("q", max_tokens=2))).values()
        assert (sample.tokens, sample.finish) == (2, "length")
        assert server.chats[-1].body["max_completion_tokens"] == 2
        await model.aclose()


@pytest.mark.parametrize(
    ("words", "most"),
    [
        ("Field 'n': Value must be between 1 <= value <= 4, but got 9", 4),
        ("n is not supported by this model", 1),
        ("Invalid value for 'n': at most 3", 3),
    ],
)
async def test_a_refused_n_is_learned_and_the_request_is_split(words: str, most: int) -> None:
    async with FakeServer("somebody") as server:
        model = await model_on(server)
        server.script.append(Act(400, {"error": {"message": words}}))
        with pytest.raises(CapabilityLearned) as caught:
            await chunks_of(model, request_of("q", 9, max_tokens=8))
        assert caught.value.retryable
        assert not caught.value.billed
        assert model.capabilities.n == most
        server.script.append(Act(400, {"error": {"message": words}}))
        fresh = await model_on(server, remember=False)
        whole = FanOut(Retry(fresh, RetryPolicy(base=0)))
        samples = samples_of(await chunks_of(whole, request_of("q", 9, max_tokens=8)))
        assert sorted(samples) == list(range(9))
        assert all(sample.finish == "stop" for sample in samples.values())
        for one in (model, fresh):
            await one.aclose()


async def test_an_n_that_is_ignored_in_silence_is_learned() -> None:
    async with FakeServer("somebody") as server:
        server.ignores_n = True
        model = await model_on(server)
        samples = samples_of(await chunks_of(model, request_of("q", 4, max_tokens=8)))
        assert list(samples) == [0]
        assert model.capabilities.n == 1
        await model.aclose()


async def test_log_probabilities_that_never_come_are_learned() -> None:
    async with FakeServer("ollama") as server:
        model = await model_on(server)
        assert model.capabilities.logprobs
        await chunks_of(model, request_of("q", logprobs=0, max_tokens=8))
        assert not model.capabilities.logprobs
        await model.aclose()


async def test_what_cannot_be_left_out_is_refused_now_and_known_later(server: FakeServer) -> None:
    server.refuses = {"response_format": "response_format is not supported by this server"}
    model = await model_on(server)
    request = replace(request_of("q", max_tokens=8), response_format={"type": "json_object"})
    with pytest.raises((RequestRefused, CapabilityError), match=r"response.format"):
        await chunks_of(model, request)
    assert not model.capabilities.json_schema
    with pytest.raises(CapabilityError, match="response format"):
        await chunks_of(model, request)
    assert len(server.chats) == 1
    await model.aclose()


async def test_prefill_needs_a_server_that_takes_it() -> None:
    async with FakeServer("somebody") as server:
        model = await model_on(server)
        with pytest.raises(CapabilityError, match="prefill"):
            await chunks_of(model, request_of("q", prefill="Thus"))
        await model.aclose()


async def test_the_kind_of_server_is_asked_once_and_nothing_is_generated(server: FakeServer) -> None:
    model = await model_on(server)
    await model.prepare()
    await model.prepare()
    assert [one.path for one in server.requests] == ["/v1/models"]
    can = model.capabilities
    assert (can.cancels, can.prefill, can.exact_input, can.context, can.local) == (
        True,
        True,
        True,
        4096,
        True,
    )
    await model.aclose()


async def test_look_works_without_an_event_loop(server: FakeServer) -> None:
    model = await model_on(server)
    await asyncio.to_thread(model.look)
    assert model.facts.kind == "vllm"
    assert len(await chunks_of(model, request_of("q", max_tokens=4))) > 1
    await model.aclose()


def test_a_dead_endpoint_is_looked_at_without_harm() -> None:
    model = OpenAIModel("m", "http://127.0.0.1:9/v1")
    began = time.monotonic()
    model.look()
    assert time.monotonic() - began < 5
    assert model.facts.kind == "unknown"


async def test_a_tokenizer_that_is_not_there_is_not_asked_again(
    server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = server._small
    monkeypatch.setattr(
        server, "_small", lambda path, body: None if "tokenize" in path else answer(path, body)
    )
    model = await model_on(server)
    counts = [await model.count(request_of(f"q{i}")) for i in range(3)]
    assert not any(count.exact for count in counts)
    assert sum(one.path == "/tokenize" for one in server.requests) == 1
    assert not model.capabilities.exact_input
    await model.aclose()


async def test_a_tokenizer_that_fails_once_is_asked_again(
    server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, answer, broken = await model_on(server), server._small, [True]
    await model.prepare()

    def once(path: str, body: dict[str, Any]) -> Any:
        return ["odd"] if broken and broken.pop() else answer(path, body)

    monkeypatch.setattr(server, "_small", once)
    assert not (await model.count(request_of("q"))).exact
    assert (await model.count(request_of("q"))).exact
    await model.aclose()


@pytest.mark.parametrize(("found", "asked"), [(None, 1), ("a page", 2)])
async def test_a_server_without_a_listing_works_and_is_not_asked_for_ever(
    server: FakeServer, monkeypatch: pytest.MonkeyPatch, found: str | None, asked: int
) -> None:
    monkeypatch.setattr(server, "_small", lambda path, body: found)
    model = await model_on(server)
    for _ in range(3):
        assert samples_of(await chunks_of(model, request_of("q", max_tokens=4)))
    assert sum(one.path == "/v1/models" for one in server.requests) == asked
    assert model.facts.kind == "unknown"
    await model.aclose()


async def test_the_stack_asks_before_it_splits() -> None:
    async with FakeServer("llamacpp") as server:
        model = await model_on(server)
        whole = Loaded(timed(model), standard_layers(model))
        ledger = Ledger(Budget(calls=10))
        samples = samples_of(await chunks_of(whole.bind(ledger), request_of("q", 10, max_tokens=8)))
        assert sorted(samples) == list(range(10))
        assert [one.body.get("n", 1) for one in server.chats] == [4, 4, 2]
        assert ledger.spent.calls == 10
        await whole.aclose()
