"""What is known of an OpenAI-compatible endpoint: its kind, what that kind can do, and what it has refused.

Nothing is probed by calls that generate, so nothing is spent on finding out. Three sources, in this order:
1. declared: the table below, by host (api.openai.com, openrouter.ai) or by what `GET /models` says of the server;
2. learned from refusals: a 400 that names `n` or `logprobs` turns the capability off, and the request goes out without;
3. remembered: what was learned of a model on an endpoint is kept in the cache directory for a week.
"""

import hashlib
import json
import os
import re
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, final

from thinkharder.core.errors import ThinkharderError
from thinkharder.core.types import Capabilities
from thinkharder.models.cachedir import cache_path
from thinkharder.models.openai_keys import host_of

KEPT_SECONDS = 7 * 86400
FORMAT = 1
EFFORTS = ("low", "medium", "high")
REASONERS = re.compile(r"^(?:openai/)?(?:o\d|gpt-5|codex)", re.IGNORECASE)
"""OpenAI's reasoning models: no log-probabilities, no temperature, no stop strings."""


@final
@dataclass(frozen=True, slots=True)
class Kind:
    """What a kind of server does. `n`: most completions of a request. `cancels`: a disconnect ends the generation, as
    its documentation or source says. `samplers`: takes top_k and min_p. `stepwise`: reports exact counts with every
    chunk when asked. `tokenize`: the shape of its /tokenize, "" for none. `lag`: tokens a sequence may still generate
    after a disconnect (llama.cpp on two cores: 0.2 to 0.4 s, some 8 tokens; the others: an allowance)."""

    n: int = 16
    logprobs: bool = True
    prefill: bool = False
    cancels: bool = False
    lag: int = 0
    samplers: bool = False
    stepwise: bool = False
    tokenize: str = ""
    thinking: str = ""
    local: bool = False


KINDS: Mapping[str, Kind] = {
    "unknown": Kind(),
    "openai": Kind(n=128),
    "openrouter": Kind(n=1, samplers=True, thinking="openrouter"),
    "vllm": Kind(
        n=64,
        prefill=True,
        cancels=True,
        lag=32,
        samplers=True,
        stepwise=True,
        tokenize="vllm",
        thinking="vllm",
        local=True,
    ),
    "sglang": Kind(n=64, prefill=True, cancels=True, lag=32, samplers=True, stepwise=True, local=True),
    "llamacpp": Kind(
        n=4, prefill=True, cancels=True, lag=32, samplers=True, stepwise=True, tokenize="llamacpp", local=True
    ),
    "ollama": Kind(n=1, cancels=True, lag=32, local=True),
}
_HOSTS = {"api.openai.com": "openai", "openrouter.ai": "openrouter"}
_OWNERS = {"vllm": "vllm", "sglang": "sglang", "llamacpp": "llamacpp", "library": "ollama"}


@final
@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of one model on one endpoint.

    `refused`: request fields that it does not take. `most_n`: most completions of a request, where learned or told.
    `one_choice`: its usage counts one completion only. `opens_thinking`: replies begin inside the thinking.
    """

    kind: str = "unknown"
    context: int | None = None
    most_n: int | None = None
    most_top: int | None = None
    refused: frozenset[str] = frozenset()
    completion_tokens_name: bool = False
    reasons: bool = False
    opens_thinking: bool = False
    one_choice: bool = False

    def without(self, field: str) -> "Facts":
        """The same with one more refused field."""
        return replace(self, refused=self.refused | {field})


def first_facts(url: str, model: str) -> Facts:
    """What the host and the model's name alone say."""
    kind = _HOSTS.get(host_of(url), "unknown")
    reasons = kind in ("openai", "openrouter") and bool(REASONERS.match(model))
    refused = {"logprobs", "temperature", "top_p", "stop"} if kind == "openai" and reasons else set()
    return Facts(kind, completion_tokens_name=kind == "openai", reasons=reasons, refused=frozenset(refused))


def described(facts: Facts, model: str, listing: Any, props: Any = None) -> Facts:
    """The facts with what `GET /models` (and llama.cpp's `GET /props`) say. Unknown shapes say nothing."""
    rows = listing.get("data") if isinstance(listing, Mapping) else None
    rows = [row for row in rows if isinstance(row, Mapping)] if isinstance(rows, list) else []
    mine = next((row for row in rows if row.get("id") == model), rows[0] if len(rows) == 1 else None)
    owners = {_OWNERS.get(str(row.get("owned_by"))) for row in ([mine] if mine else rows)}
    kind = owners.pop() if facts.kind == "unknown" and len(owners) == 1 else None
    if kind is not None:
        facts = replace(facts, kind=kind)
    for name in ("max_model_len", "context_length"):
        if mine is not None and _whole(mine.get(name)):
            facts = replace(facts, context=int(mine[name]))
    if isinstance(props, Mapping):
        settings = props.get("default_generation_settings")
        size = settings.get("n_ctx") if isinstance(settings, Mapping) else None
        slots = props.get("total_slots")
        facts = replace(
            facts,
            context=int(size) if _whole(size) else facts.context,  # type: ignore[arg-type]
            most_n=int(slots) if _whole(slots) else facts.most_n,  # type: ignore[arg-type]
        )
    return facts


def capabilities(facts: Facts) -> Capabilities:
    """What the model on this endpoint can do, as far as known now."""
    kind = KINDS[facts.kind]
    n = 1 if "n" in facts.refused else facts.most_n if facts.most_n is not None else kind.n
    logprobs = kind.logprobs and "logprobs" not in facts.refused
    effort = facts.reasons and "reasoning_effort" not in facts.refused
    return Capabilities(
        n=n,
        logprobs=logprobs,
        top_logprobs=(20 if facts.most_top is None else facts.most_top) if logprobs else 0,
        prefill=kind.prefill and "prefill" not in facts.refused,
        seed="seed" not in facts.refused,
        stop="stop" not in facts.refused,
        json_schema="response_format" not in facts.refused,
        tools="tools" not in facts.refused,
        reasoning=facts.reasons,
        efforts=(("none", *EFFORTS) if kind.thinking == "vllm" else EFFORTS) if effort else (),
        thinking_tokens=bool(kind.thinking) and "thinking" not in facts.refused,
        cancels=kind.cancels,
        lag=kind.lag,
        exact_input=bool(kind.tokenize) and "tokenize" not in facts.refused,
        local=kind.local,
        context=facts.context,
        max_tokens=8192 if facts.reasons else 1024,
        batch=n if facts.kind == "llamacpp" else 32,
    )


def load_facts(url: str, model: str, now: float | None = None) -> Facts | None:
    """What was learned earlier, at most a week old; None where nothing readable is kept."""
    try:
        data = json.loads(_path(url, model).read_text("utf-8"))
        if data.pop("format") != FORMAT or not 0 <= (now or time.time()) - data.pop("time") < KEPT_SECONDS:
            return None
        data["refused"] = frozenset(map(str, data["refused"]))
        known = {field.name for field in fields(Facts)}
        facts = Facts(**{name: value for name, value in data.items() if name in known})
        return facts if facts.kind in KINDS else None
    except (OSError, ValueError, TypeError, KeyError, AttributeError, ThinkharderError):
        return None


def save_facts(url: str, model: str, facts: Facts) -> None:
    """Keep what was learned; atomically. A cache that cannot be written is no reason to fail."""
    row = {field.name: getattr(facts, field.name) for field in fields(Facts)}
    row |= {"refused": sorted(facts.refused), "format": FORMAT, "time": time.time()}
    with suppress(OSError, ThinkharderError):
        path = _path(url, model)
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".new-")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump(row, file)
            os.replace(name, path)
        except BaseException:
            with suppress(OSError):
                os.unlink(name)
            raise


def _path(url: str, model: str) -> Path:
    return cache_path("endpoints", hashlib.sha256(f"{url}|{model}".encode()).hexdigest()[:24] + ".json")


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0
