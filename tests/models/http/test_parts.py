"""Keys, errors and the wire of the HTTP backend, without a server."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thinkharder.core.errors import BadOption, BadReply, ContextOverflow
from thinkharder.models.openai_errors import context_limit, excerpt, of_status, retry_after
from thinkharder.models.openai_keys import checked_url, clean, host_variable, key_for
from thinkharder.models.openai_wire import events

OPENAI = "https://api.openai.com/v1"
ROUTER = "https://openrouter.ai/api/v1"


@pytest.mark.parametrize(
    ("url", "env", "key"),
    [
        (OPENAI, {"OPENAI_API_KEY": "a", "THINKHARDER_API_KEY": "b"}, "a"),
        (OPENAI, {"THINKHARDER_API_KEY": "b"}, "b"),
        (OPENAI, {"OPENAI_API_KEY": "a", "THINKHARDER_API_KEY_API_OPENAI_COM": "c"}, "c"),
        (ROUTER, {"OPENAI_API_KEY": "a"}, None),
        (ROUTER, {"OPENROUTER_API_KEY": "r", "THINKHARDER_API_KEY": "b"}, "r"),
        ("https://evil.example/v1", {"OPENAI_API_KEY": "a"}, None),
        ("https://llm.example/v1", {"OPENAI_API_KEY": "a", "OPENAI_BASE_URL": "https://llm.example/v1"}, "a"),
        ("http://localhost:8000/v1", {"OPENAI_API_KEY": "a"}, "a"),
        ("http://127.0.0.1:8000/v1", {"OPENAI_API_KEY": " a "}, "a"),
        ("http://[::1]:8000/v1", {"OPENAI_API_KEY": "a"}, "a"),
        ("http://127.0.0.1.evil.example/v1", {"OPENAI_API_KEY": "a"}, None),
        ("http://localhost:8000/v1", {"OPENAI_API_KEY": "  "}, None),
    ],
)
def test_a_key_goes_to_its_own_host_alone(url: str, env: dict[str, str], key: str | None) -> None:
    assert key_for(url, env)[0] == key


def test_a_key_with_a_line_break_is_refused_without_showing_it() -> None:
    with pytest.raises(BadOption) as caught:
        key_for(OPENAI, {"OPENAI_API_KEY": "secret\nvalue"})
    assert "secret" not in str(caught.value)
    assert host_variable("llm.example-1.com") == "THINKHARDER_API_KEY_LLM_EXAMPLE_1_COM"


@pytest.mark.parametrize(
    "url",
    [
        "ftp://x/v1",
        "localhost:8000",
        "http://",
        "http://x:99999999/v1",
        "https://u:secret@x/v1",
        "https://x/v1?k=secret",
    ],
)
def test_bad_urls_are_refused_without_showing_a_secret(url: str) -> None:
    with pytest.raises(BadOption) as caught:
        checked_url(url)
    assert "secret" not in str(caught.value)


def test_the_default_url(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    assert checked_url(None) == OPENAI
    monkeypatch.setenv("OPENAI_BASE_URL", "http://localhost:1/v1/")
    assert checked_url(None) == "http://localhost:1/v1"


@given(st.text(alphabet=st.characters(min_codepoint=33, max_codepoint=126), min_size=12, max_size=60))
def test_the_key_never_survives_an_excerpt(key: str) -> None:
    assert key not in excerpt(f"bad key {key}, Bearer {key}!", key)


def test_what_looks_like_a_key_is_hidden() -> None:
    said = clean("Incorrect API key: sk-proj-abcdef****wxyz and Authorization: Bearer abc.def-123456")
    assert "abc" not in said
    assert "wxyz" not in said


def test_excerpts_are_one_clean_line() -> None:
    page = "<!DOCTYPE html><html><head><title>502 Bad &amp; Gateway</title></head><body>x</body></html>"
    assert excerpt(page) == "502 Bad & Gateway"
    assert excerpt("a\n\tb\x1b[31m  c") == "a b [31m c"
    assert len(excerpt("x" * 10_000)) == 240
    assert excerpt("<html><script>alert(1)</script><p>Down</p></html>") == "Down"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "12"}, 12.0),
        ({"retry-after-ms": "250", "retry-after": "9"}, 0.25),
        ({"retry-after": "Thu, 01 Jan 1970 00:01:40 GMT"}, 60.0),
        ({"retry-after": "Thu, 01 Jan 1970 00:00:01 GMT"}, 0.0),
        ({"retry-after": "-3"}, None),
        ({"retry-after": "soon"}, None),
        ({}, None),
    ],
)
def test_retry_after(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(headers, now=40.0) == seconds


@pytest.mark.parametrize(
    ("message", "limit"),
    [
        ("This model's maximum context length is 4097 tokens. However, you requested 5000 tokens", 4097),
        ("request (4030 tokens) exceeds the available context size (1024 tokens), try increasing it", 1024),
        ("Input is too long for the model: prompt too long", None),
        ("Please reduce the length of the messages", None),
        ("The input (9000 tokens) is longer than the model's context length (8192 tokens).", 8192),
    ],
)
def test_overflows_are_known_by_their_words(message: str, limit: int | None) -> None:
    assert isinstance(of_status(400, {"error": {"message": message}}, "m"), ContextOverflow)
    assert context_limit(message) == limit


@given(
    st.integers(400, 599),
    st.recursive(st.none() | st.text() | st.integers(), lambda x: st.dictionaries(st.text(), x)),
)
def test_no_error_body_is_too_odd(status: int, body: Any) -> None:
    assert "\n" not in str(of_status(status, body, "where"))


@given(st.lists(st.text(max_size=20), max_size=6), st.integers(1, 7), st.sampled_from(["\n", "\r\n"]))
async def test_events_are_whole_however_the_bytes_are_cut(texts: list[str], size: int, end: str) -> None:
    sent = [json.dumps({"t": text}, ensure_ascii=False) for text in texts]
    wire = f": keep-alive{end}{end}" + "".join(f"event: x{end}data: {text}{end}{end}" for text in sent)
    raw = (wire + f"data: [DONE]{end}{end}").encode("utf-8", "replace")

    async def blocks() -> AsyncIterator[bytes]:
        for start in range(0, len(raw), size):
            yield raw[start : start + size]

    got = [event async for event in events(blocks(), "where")]
    assert [json.loads(event) for event in got] == [
        json.loads(text.encode("utf-8", "replace").decode()) for text in sent
    ]


async def test_the_last_event_needs_no_blank_line_and_an_endless_one_is_refused() -> None:
    async def short() -> AsyncIterator[bytes]:
        yield b'data: {"a": 1}'

    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b"x" * 1_000_000

    assert [event async for event in events(short(), "w")] == ['{"a": 1}']
    with pytest.raises(BadReply, match="bytes"):
        _ = [event async for event in events(endless(), "w")]
