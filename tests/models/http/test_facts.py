"""What is known of an endpoint, without a server."""

import time
from pathlib import Path
from typing import Any

import pytest

from tests.models.contract import request_of
from thinkharder.core.errors import RequestRefused
from thinkharder.models.openai_endpoint import (
    KINDS,
    Facts,
    capabilities,
    described,
    first_facts,
    load_facts,
    save_facts,
)
from thinkharder.models.openai_request import body_of, learned

OPENAI = "https://api.openai.com/v1"
ROUTER = "https://openrouter.ai/api/v1"


def test_hosts_that_are_known() -> None:
    plain, thinker = first_facts(OPENAI, "gpt-4o-mini"), first_facts(OPENAI, "o4-mini")
    assert capabilities(plain).n == 128
    assert not capabilities(plain).cancels
    assert not capabilities(plain).prefill
    assert capabilities(plain).logprobs
    assert not capabilities(thinker).logprobs
    assert capabilities(thinker).efforts == ("low", "medium", "high")
    body = body_of(request_of("q", max_tokens=9, temperature=0.5, logprobs=1, effort="low"), thinker)
    assert body["max_completion_tokens"] == 9
    assert body["reasoning_effort"] == "low"
    assert not {"temperature", "logprobs", "top_logprobs", "max_tokens", "top_k"} & set(body)
    assert capabilities(first_facts(ROUTER, "x/y")).n == 1


def test_open_router_has_its_own_knob() -> None:
    facts = first_facts(ROUTER, "openai/o3")
    assert body_of(request_of("q", effort="high"), facts)["reasoning"] == {"effort": "high"}
    assert body_of(request_of("q", thinking_tokens=50), facts)["reasoning"] == {"max_tokens": 50}


@pytest.mark.parametrize(
    ("listing", "kind", "context"),
    [
        ({"data": [{"id": "m", "owned_by": "vllm", "max_model_len": 8192}]}, "vllm", 8192),
        ({"data": [{"id": "m", "owned_by": "sglang", "max_model_len": 100}]}, "sglang", 100),
        ({"data": [{"id": "other", "owned_by": "llamacpp"}]}, "llamacpp", None),
        ({"data": [{"id": "m", "owned_by": "library"}, {"id": "n", "owned_by": "library"}]}, "ollama", None),
        ({"data": [{"id": "m", "owned_by": "me"}]}, "unknown", None),
        ({"data": []}, "unknown", None),
        ({"data": "x"}, "unknown", None),
        (["x"], "unknown", None),
        ("x", "unknown", None),
        ({"data": [{"id": "m", "owned_by": "vllm", "max_model_len": True}]}, "vllm", None),
    ],
)
def test_servers_are_known_by_their_listing(listing: Any, kind: str, context: int | None) -> None:
    facts = described(Facts(), "m", listing)
    assert (facts.kind, facts.context) == (kind, context)


def test_every_kind_has_consistent_capabilities() -> None:
    for kind in KINDS:
        can = capabilities(Facts(kind))
        assert can.n >= 1
        assert can.cancels or can.lag == 0


def test_facts_are_kept_for_a_week(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THINKHARDER_CACHE", str(tmp_path))
    facts = Facts("vllm", 4096, 3, 5, frozenset({"seed"}), True, True, True)
    save_facts("http://x/v1", "m", facts)
    assert load_facts("http://x/v1", "m") == facts
    assert load_facts("http://x/v1", "n") is None
    assert load_facts("http://x/v1", "m", now=time.time() + 8 * 86400) is None
    (path,) = (tmp_path / "endpoints").iterdir()
    for broken in ("", "[]", "{}", '{"format": 1, "time": 0}', '{"format": 99}', "\x00"):
        path.write_text(broken)
        assert load_facts("http://x/v1", "m") is None
    monkeypatch.setenv("THINKHARDER_CACHE", str(path))  # a file: nothing can be kept there
    save_facts("http://x/v1", "m", facts)
    assert load_facts("http://x/v1", "m") is None


@pytest.mark.parametrize(
    ("words", "body", "refused"),
    [
        ("'logprobs' is not supported", {"logprobs": True, "top_logprobs": 2}, "logprobs"),
        ("top_logprobs: not allowed", {"logprobs": True, "top_logprobs": 2}, "top_logprobs"),
        ("extra inputs are not permitted: min_p", {"min_p": 0.1}, "min_p"),
        (
            "unknown field: chat_template_kwargs.enable_thinking",
            {"chat_template_kwargs": {}},
            "reasoning_effort",
        ),
        ("'stop' is not supported with this model", {"stop": ["x"]}, "stop"),
        ("Cannot set continue_final_message", {"continue_final_message": True}, "prefill"),
        ("something else is wrong", {"logprobs": True, "n": 3}, None),
        ("'seed' is odd", {"logprobs": True}, None),
    ],
)
def test_lessons(words: str, body: dict[str, Any], refused: str | None) -> None:
    facts = learned(
        RequestRefused(f"openai:n@http://n/v1: 400 {words}"), body, Facts(), "openai:n@http://n/v1"
    )
    assert (facts.refused if facts else None) == (None if refused is None else frozenset({refused}))


def test_top_logprobs_are_lowered_to_what_is_allowed() -> None:
    error = RequestRefused("m: 400 top_logprobs must be less than or equal to 5")
    facts = learned(error, {"logprobs": True, "top_logprobs": 20}, Facts(), "m")
    assert facts is not None
    assert facts.most_top == 5
    assert body_of(request_of("q", logprobs=20), facts)["top_logprobs"] == 5
