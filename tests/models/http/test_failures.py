"""Every failure of an endpoint has its error, and none shows the key."""

import asyncio
import logging
import time
import traceback

import pytest

from tests.models.contract import chunks_of, request_of, samples_of
from tests.models.fake_server import Act, FakeServer
from tests.models.http.helpers import KEY, model_on
from thinkharder.core.errors import (
    BadReply,
    ContextOverflow,
    ModelError,
    ModelTimeout,
    ModelUnavailable,
    RateLimited,
    RequestRefused,
    ServerError,
    StreamCut,
    Unauthorized,
)
from thinkharder.models.openai_http import OpenAIModel

FAILURES: list[tuple[Act, type[ModelError], str]] = [
    (Act(429, {"error": {"message": "slow down"}}, {"Retry-After": "7"}), RateLimited, "429 slow down"),
    (Act(500, {"error": {"message": "boom"}}), ServerError, "500 boom"),
    (
        Act(502, "<html><title>Bad Gateway</title><p>nginx</p></html>", {}, "text/html"),
        ServerError,
        "Bad Gateway",
    ),
    (Act(503, "overloaded", {"Retry-After": "1"}, "text/plain"), ServerError, "overloaded"),
    (Act(401, {"error": {"message": f"Incorrect API key provided: {KEY}"}}), Unauthorized, "401"),
    (Act(403, {"detail": "Forbidden"}), Unauthorized, "403"),
    (Act(400, {"error": {"message": "maximum context length is 8192 tokens"}}), ContextOverflow, "8192"),
    (
        Act(400, {"error": {"message": "too big", "code": "context_length_exceeded"}}),
        ContextOverflow,
        "too big",
    ),
    (Act(400, {"error": {"message": "messages: wrong"}}), RequestRefused, "messages: wrong"),
    (
        Act(404, {"error": {"message": "The model `m` does not exist"}}),
        RequestRefused,
        "check the model's name",
    ),
    (Act(402, {"error": {"message": "pay"}}), RequestRefused, "402 pay"),
    (Act(429, {"error": {"message": "quota", "code": "insufficient_quota"}}), RequestRefused, "no quota"),
    (Act(408, {"error": "late"}), ModelTimeout, "408"),
    (Act(200, "<html><title>Login</title></html>", {}, "text/html"), BadReply, "web page"),
    (Act(200, "not json at all", {}, "application/json"), BadReply, "not JSON"),
    (Act(200, {"object": "something else"}), BadReply, "no completion"),
    (Act(200, {"choices": []}), BadReply, "no completion"),
    (Act(200, {"choices": [{"index": 5, "message": {"content": "x"}}]}), BadReply, "never asked for"),
    (Act(200, {"choices": "x"}), BadReply, "not a list"),
    (Act(200, {"error": {"message": "no such thing", "code": 400}}), RequestRefused, "no such thing"),
    (Act(then="cut", after=3), StreamCut, "connection ended"),
    (Act(then="cut", after=0), StreamCut, "connection ended"),
    (Act(then="early end", after=3), StreamCut, "in the middle of"),
    (Act(then="malformed", after=3), BadReply, "not JSON"),
    (Act(then="error", after=3), ServerError, "CUDA out of memory"),
    (Act(then="drop"), StreamCut, "connection ended"),
]


@pytest.mark.parametrize(("act", "error", "words"), FAILURES)
async def test_every_failure_has_its_error(
    server: FakeServer, act: Act, error: type[ModelError], words: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    model = await model_on(server, api_key=KEY)
    await model.prepare()
    server.script.append(act)
    with pytest.raises(error) as caught:
        await chunks_of(model, request_of("q", max_tokens=30))
    assert type(caught.value) is error
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 500
    shown = "".join(traceback.format_exception(caught.value)) + repr(caught.value) + repr(model) + caplog.text
    assert KEY not in shown
    assert server.chats[0].headers["authorization"] == f"Bearer {KEY}"
    await asyncio.sleep(0.01)
    assert server.open_streams == 0
    assert samples_of(await chunks_of(model, request_of("q", max_tokens=4))), "and it works again"
    await model.aclose()


async def test_retry_after_in_both_forms(server: FakeServer) -> None:
    model = await model_on(server)
    date = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() + 60))
    for value, least, most in (("7", 7, 7), ("0.5", 0.5, 0.5), (date, 50, 61), ("soon", None, None)):
        server.script.append(Act(429, {"error": "slow"}, {"Retry-After": value}))
        with pytest.raises(RateLimited) as caught:
            await chunks_of(model, request_of("q", max_tokens=4))
        wait = caught.value.retry_after
        assert wait is least is None or least <= wait <= most
    await model.aclose()


async def test_the_context_is_learned_from_an_overflow() -> None:
    async with FakeServer("somebody") as server:
        model = await model_on(server)
        server.script.append(
            Act(400, {"error": {"message": "This model's maximum context length is 4096 tokens"}})
        )
        with pytest.raises(ContextOverflow):
            await chunks_of(model, request_of("q", max_tokens=4))
        assert model.capabilities.context == 4096
        await model.aclose()


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://127.0.0.1:9/v1", "connection refused; is the server running"),
        ("http://no-such-host.invalid/v1", "no such host"),
    ],
)
async def test_an_endpoint_that_is_not_there(url: str, words: str) -> None:
    model = OpenAIModel("m", url)
    with pytest.raises(ModelUnavailable, match=words) as caught:
        await chunks_of(model, request_of("q", max_tokens=4))
    assert not caught.value.billed
    assert (await model.count(request_of("q"))).tokens > 0, "counting needs no server"
    await model.aclose()


async def test_https_to_a_plain_server_is_no_secure_connection(server: FakeServer) -> None:
    model = OpenAIModel("m", server.url.replace("http:", "https:"))
    with pytest.raises(ModelError, match=r"no secure connection|connection"):
        await chunks_of(model, request_of("q", max_tokens=4))
    await model.aclose()
