"""Tokens: input before the call, output while it streams, reasoning apart."""

import pytest

from tests.models.contract import chunks_of, request_of, samples_of
from tests.models.fake_server import FakeServer
from tests.models.http.helpers import WORDS, model_on


@pytest.mark.parametrize("kind", ["vllm", "llamacpp"])
async def test_input_is_counted_exactly_by_the_servers_tokenizer(kind: str) -> None:
    async with FakeServer(kind) as server:
        model = await model_on(server)
        for request in (request_of("How many eggs?"), request_of("数学 😀" * 9, prefill="Thus")):
            counted = await model.count(request)
            usage = (await chunks_of(model, request))[-1].usage
            assert usage is not None
            assert (counted.tokens, counted.exact) == (usage.input_tokens, True)
        assert model.capabilities.exact_input
        await model.aclose()


async def test_without_a_tokenizer_the_count_is_a_bound_and_exact_the_second_time() -> None:
    async with FakeServer("somebody") as server:
        model = await model_on(server)
        request = request_of("How many eggs are there? " * 50)
        first = await model.count(request)
        usage = (await chunks_of(model, request))[-1].usage
        second = await model.count(request)
        other = await model.count(request_of("How many hens are there? " * 50))
        assert usage is not None
        assert not first.exact
        assert second.exact
        assert second.tokens == usage.input_tokens <= other.tokens < first.tokens
        await model.aclose()


async def test_a_tokenizer_that_counts_too_little_is_not_asked_again(server: FakeServer) -> None:
    model = await model_on(server)
    server.usage = lambda usage: usage | {"prompt_tokens": usage["prompt_tokens"] + 50}
    await model.count(request_of("hi"))
    await chunks_of(model, request_of("hi"))
    assert not (await model.count(request_of("other"))).exact
    await model.aclose()


async def test_usage_of_one_choice_only_is_seen_through() -> None:
    """As llama.cpp once did, and some gateways do: completion_tokens counts one completion under n > 1."""
    async with FakeServer("somebody", text=WORDS) as server:
        model = await model_on(server)
        server.usage = lambda usage: usage | {"completion_tokens": usage["completion_tokens"] // 4}
        usage = (await chunks_of(model, request_of("q", 4, max_tokens=40)))[-1].usage
        assert usage is not None
        assert usage.output_tokens == 160
        assert not usage.exact
        await model.aclose()


@pytest.mark.parametrize(("kind", "exact"), [("somebody", False), ("vllm", True)])
async def test_no_usage_at_all(kind: str, exact: bool) -> None:
    async with FakeServer(kind, text=WORDS) as server:
        model = await model_on(server)
        server.usage = lambda usage: None
        chunks = await chunks_of(model, request_of("q", 2, max_tokens=40))
        usage = chunks[-1].usage
        assert usage is not None
        assert usage.output_tokens == 80
        assert all(chunk.exact for chunk in chunks if chunk.tokens) is exact
        assert not usage.exact, "its input was not reported"
        await model.aclose()


async def test_tokens_that_no_event_shows_are_counted_by_the_tokenizer(server: FakeServer) -> None:
    model = await model_on(server)
    server.refuses = {"stream_options": "stream_options is not supported"}
    chunks = await chunks_of(model, request_of("q", 2, max_tokens=40))
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.output_tokens == 80
    assert any(one.path == "/tokenize" and "prompt" in one.body for one in server.requests)
    assert "stream_options" not in server.chats[-1].body
    await model.aclose()


async def test_hidden_reasoning_is_counted_from_the_usage() -> None:
    async with FakeServer("somebody") as server:
        model = await model_on(server)
        server.hidden_reasoning = 30
        chunks = await chunks_of(model, request_of("q", max_tokens=100))
        (sample,) = samples_of(chunks).values()
        assert (sample.tokens, sample.reasoning_tokens) == (34, 30)
        assert chunks[-1].usage is not None
        assert (chunks[-1].usage.output_tokens, chunks[-1].usage.reasoning_tokens) == (34, 30)
        await model.aclose()


@pytest.mark.parametrize("field", ["reasoning_content", "reasoning"])
async def test_reasoning_fields_are_kept_apart(server: FakeServer, field: str) -> None:
    model = await model_on(server)
    server.thoughts, server.thought_field, server.say = "let me see", field, lambda b, i: "It is 7."
    chunks = await chunks_of(model, request_of("q", 2, max_tokens=50))
    for sample in samples_of(chunks).values():
        assert (sample.text, "".join(sample.thoughts)) == ("It is 7.", "let me see")
        assert (sample.tokens, sample.reasoning_tokens) == (6, 3)
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.reasoning_tokens == 6
    assert model.capabilities.reasoning
    assert "low" in model.capabilities.efforts
    await model.aclose()


async def test_inline_thinking_is_split(server: FakeServer) -> None:
    model = await model_on(server)
    server.say = lambda body, index: "<think>\nhm, 3 and 4\n</think>\n\nIt is 7."
    (sample,) = samples_of(await chunks_of(model, request_of("q", max_tokens=50))).values()
    assert sample.text == "It is 7."
    assert "".join(sample.thoughts) == "hm, 3 and 4"
    assert 0 < sample.reasoning_tokens < sample.tokens
    await model.aclose()


async def test_a_template_that_opens_the_thinking_is_known_the_second_time(server: FakeServer) -> None:
    model = await model_on(server)
    server.say = lambda body, index: "hm, 3 and 4\n</think>\n\nIt is 7."
    await chunks_of(model, request_of("q", max_tokens=50))
    (sample,) = samples_of(await chunks_of(model, request_of("q", max_tokens=50))).values()
    assert sample.text == "It is 7."
    await model.aclose()
