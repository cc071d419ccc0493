"""What is sent, and where the key comes from."""

import json

import pytest

from tests.models.contract import chunks_of, request_of, samples_of
from tests.models.fake_server import FakeServer
from tests.models.http.helpers import KEY, model_on
from thinkharder.core.errors import (
    BadOption,
)
from thinkharder.core.types import Message, Request, Sampling
from thinkharder.models.openai_http import OpenAIModel


async def test_the_body_says_what_the_request_says(server: FakeServer) -> None:
    model = await model_on(server)
    sampling = Sampling(0.7, 0.9, 30, 0.05, 64, ("END",), 4, "none", 128)
    tool = {"type": "function", "function": {"name": "f", "parameters": {}}}
    form = {"type": "json_schema", "json_schema": {"name": "a", "schema": {}}}
    request = Request(
        (Message("system", "Be brief."), Message("user", ({"type": "text", "text": "hi"},))),
        sampling,
        n=3,
        prefill="So",
        tools=(tool,),
        response_format=form,
        seed=5,
    )
    await chunks_of(model, request)
    body = server.chats[0].body
    assert body["messages"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": [{"type": "text", "text": "hi"}]},
        {"role": "assistant", "content": "So"},
    ]
    expected = {
        "model": "m",
        "n": 3,
        "temperature": 0.7,
        "top_p": 0.9,
        "top_k": 30,
        "min_p": 0.05,
        "max_tokens": 64,
        "stop": ["END"],
        "logprobs": True,
        "top_logprobs": 4,
        "tools": [tool],
        "response_format": form,
        "stream": True,
        "continue_final_message": True,
        "add_generation_prompt": False,
        "thinking_token_budget": 128,
        "chat_template_kwargs": {"enable_thinking": False},
    }
    assert {key: body[key] for key in expected} == expected
    assert 0 <= body["seed"] < 2**31
    assert body["stream_options"]["include_usage"] is True
    await model.aclose()


async def test_what_is_not_said_is_not_sent() -> None:
    async with FakeServer("somebody") as server:
        model = await model_on(server)
        await chunks_of(model, Request((Message("user", "hi"),), Sampling(max_tokens=5)))
        assert set(server.chats[0].body) == {"model", "messages", "stream", "stream_options", "max_tokens"}
        await model.aclose()


async def test_llama_cpp_is_always_told_its_samplers() -> None:
    async with FakeServer("llamacpp") as server:
        model = await model_on(server)
        await chunks_of(model, request_of("hi", max_tokens=5))
        assert {"top_p", "top_k", "min_p"} <= set(server.chats[0].body)
        await model.aclose()


async def test_tool_turns_are_sent_and_tool_calls_come_back_whole(server: FakeServer) -> None:
    model = await model_on(server)
    call = {"id": "c1", "type": "function", "function": {"name": "add", "arguments": '{"a": 1}'}}
    turns = (
        Message("user", "add"),
        Message("assistant", "", tool_calls=(call,)),
        Message("tool", "2", tool_call_id="c1"),
    )
    server.say = lambda body, index: ""
    server.tool_calls = [
        {"index": 0, "id": "c2", "function": {"name": "add", "arguments": '{"a":'}},
        {"index": 0, "function": {"arguments": " 2}"}},
    ]
    (sample,) = samples_of(await chunks_of(model, Request(turns, Sampling(max_tokens=9)))).values()
    assert server.chats[0].body["messages"][1:] == [
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "content": "2", "tool_call_id": "c1"},
    ]
    assert sample.finish == "tool_calls"
    assert sample.tool_calls == [
        {"type": "function", "function": {"name": "add", "arguments": '{"a": 2}'}, "id": "c2"}
    ]
    await model.aclose()


async def test_the_key_comes_from_the_environment_and_without_one_no_header_is_sent(
    server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    first = await model_on(server)
    await chunks_of(first, request_of("q", max_tokens=2))
    monkeypatch.delenv("OPENAI_API_KEY")
    second = await model_on(server)
    await chunks_of(second, request_of("q", max_tokens=2))
    sent = [one.headers.get("authorization") for one in server.chats]
    assert sent == [f"Bearer {KEY}", None]
    for one in (first, second):
        assert KEY not in repr(one) + one.name + json.dumps(sorted(map(str, vars(one).values())))
        await one.aclose()


@pytest.mark.parametrize("name", ["", "  "])
def test_a_model_needs_a_name(name: str) -> None:
    with pytest.raises(BadOption, match="needs a model's name"):
        OpenAIModel(name)
