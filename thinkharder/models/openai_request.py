"""From a request to the body that an endpoint understands, and from a refusal to the body without what it refused."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from thinkharder.core.errors import CapabilityError, ContextOverflow, ModelError
from thinkharder.core.identity import draw_seed
from thinkharder.core.types import Message, Request
from thinkharder.models.engine_sampling import MIN_P, TOP_K, TOP_P
from thinkharder.models.openai_endpoint import KINDS, Facts, capabilities
from thinkharder.models.openai_errors import context_limit

DROPPABLE: Mapping[str, str] = {
    "stream_options": r"stream_options|include_usage|continuous_usage",
    "top_logprobs": r"top_logprobs",
    "logprobs": r"logprobs",
    "seed": r"\bseed\b",
    "top_k": r"\btop_k\b",
    "min_p": r"\bmin_p\b",
    "temperature": r"\btemperature\b",
    "top_p": r"\btop_p\b",
    "reasoning_effort": r"reasoning[_ ]effort|reasoning\.effort|enable_thinking",
    "thinking": r"thinking_token_budget|thinking_budget|reasoning[ ._]max_tokens|reasoning_config",
    "timings_per_token": r"timings_per_token",
}
"""Fields that a request can go without, and how a refusal names them. The answer is still a fair sample of the model."""
NEEDED: Mapping[str, str] = {
    "stop": r"\bstop\b",
    "response_format": r"response_format|json_schema",
    "tools": r"\btools?\b|tool_choice",
    "prefill": r"continue_final_message|add_generation_prompt|assistant message|prefill|last message",
}
"""Fields whose loss would change what was asked for: a refusal of these is passed on, and the capability turned off."""


def messages_of(request: Request) -> list[dict[str, Any]]:
    """The messages as the protocol writes them, with the prefill as a last assistant message."""
    rows = [_message(message) for message in request.messages]
    if request.prefill:
        rows.append({"role": "assistant", "content": request.prefill})
    return rows


def _message(message: Message) -> dict[str, Any]:
    content = (
        message.content if isinstance(message.content, str) else [dict(part) for part in message.content]
    )
    row: dict[str, Any] = {"role": message.role, "content": content}
    if message.name is not None:
        row["name"] = message.name
    if message.tool_calls:
        row["tool_calls"] = [dict(call) for call in message.tool_calls]
        row["content"] = content or None
    if message.tool_call_id is not None:
        row["tool_call_id"] = message.tool_call_id
    return row


def check(request: Request, facts: Facts, name: str) -> None:
    """Raise CapabilityError for what the endpoint is known not to do and the request cannot go without."""
    can = capabilities(facts)
    asked = {
        "prefill": bool(request.prefill) and not can.prefill,
        "stop strings": bool(request.sampling.stop) and not can.stop,
        "tools": bool(request.tools) and not can.tools,
        "a response format": request.response_format is not None and not can.json_schema,
    }
    for what, missing in asked.items():
        if missing:
            raise CapabilityError(f"{name} does not take {what}; use another model or leave it out")


def body_of(request: Request, facts: Facts) -> dict[str, Any]:
    """The request's fields beside model and messages, without those that the endpoint refused before."""
    kind, said = KINDS[facts.kind], request.sampling
    body: dict[str, Any] = {"stream": True, "stream_options": {"include_usage": True}}
    if kind.stepwise and facts.kind != "llamacpp":
        body["stream_options"]["continuous_usage_stats"] = True
    if facts.kind == "llamacpp":
        # It applies top_k 40, top_p 0.95, min_p 0.05 where a request does not say, so it is always told.
        body |= {"timings_per_token": True, "top_p": TOP_P, "top_k": TOP_K, "min_p": MIN_P}
    if said.max_tokens is not None:
        body["max_completion_tokens" if facts.completion_tokens_name else "max_tokens"] = said.max_tokens
    body |= {key: value for key in ("temperature", "top_p") if (value := getattr(said, key)) is not None}
    if kind.samplers:
        body |= {key: value for key in ("top_k", "min_p") if (value := getattr(said, key)) is not None}
    if request.n > 1:
        body["n"] = request.n
    if said.stop:
        body["stop"] = list(said.stop)
    if said.logprobs is not None:
        body["logprobs"] = True
        top = min(said.logprobs, 20 if facts.most_top is None else facts.most_top)
        body |= {"top_logprobs": top} if top else {}
    if request.seed is not None:
        body["seed"] = draw_seed(request, 0)
    if request.tools:
        body["tools"] = [dict(tool) for tool in request.tools]
    if request.response_format is not None:
        body["response_format"] = dict(request.response_format)
    if request.prefill and facts.kind in ("vllm", "sglang"):
        body |= {"continue_final_message": True}
        body |= {"add_generation_prompt": False} if facts.kind == "vllm" else {}
    body |= _thinking(request, facts)
    if "logprobs" in facts.refused:
        body.pop("top_logprobs", None)
    return {key: value for key, value in body.items() if key not in facts.refused}


def _thinking(request: Request, facts: Facts) -> dict[str, Any]:
    """The reasoning model's own knobs, as this kind of endpoint spells them."""
    said, style = request.sampling, KINDS[facts.kind].thinking
    effort = None if "reasoning_effort" in facts.refused else said.effort
    budget = None if "thinking" in facts.refused or not style else said.thinking_tokens
    if style == "openrouter":
        knob: dict[str, Any] = {"max_tokens": budget} if budget is not None else {"effort": effort}
        return {"reasoning": knob} if budget is not None or effort is not None else {}
    found: dict[str, Any] = {}
    if effort == "none" and style == "vllm":
        found["chat_template_kwargs"] = {"enable_thinking": False}
    elif effort is not None:
        found["reasoning_effort"] = effort
    if budget is not None:
        found["thinking_token_budget"] = budget
    return found


def learned(error: ModelError, body: Mapping[str, Any], facts: Facts, where: str = "") -> Facts | None:
    """The facts with what a refusal teaches, or None where it teaches nothing. `where` begins its message."""
    text = str(error).removeprefix(where)
    if isinstance(error, ContextOverflow):
        limit = context_limit(text)
        return replace(facts, context=limit) if limit and limit != facts.context else None
    if re.search(r"max_completion_tokens", text) and "max_tokens" in body:
        return replace(facts, completion_tokens_name=True)
    if re.search(r"max_completion_tokens", text) and "max_completion_tokens" in body:
        return replace(facts, completion_tokens_name=False)
    if body.get("n", 1) > 1 and re.search(
        r"(?<![A-Za-z_])n(?![A-Za-z_])|\bbest_of\b|number of (?:completions|choices)", text
    ):
        most = _stated_most(text, body["n"])
        return facts.without("n") if most <= 1 else replace(facts, most_n=most)
    for field, pattern in DROPPABLE.items():
        if re.search(pattern, text) and _holds(body, field):
            if field == "top_logprobs" and (most := _stated_most(text, body["top_logprobs"])) > 0:
                return replace(facts, most_top=most)
            return facts.without(field)
    for field, pattern in NEEDED.items():
        present = field in body or (field == "prefill" and "continue_final_message" in body)
        if present and re.search(pattern, text):
            return facts.without(field)
    return None


def _holds(body: Mapping[str, Any], field: str) -> bool:
    names = {
        "reasoning_effort": ("reasoning_effort", "chat_template_kwargs", "reasoning"),
        "thinking": ("thinking_token_budget", "reasoning"),
    }
    return any(name in body for name in names.get(field, (field,)))


def _stated_most(text: str, asked: int) -> int:
    """The largest allowed value that a refusal states, or 0 where it states none below what was asked."""
    found = re.findall(
        r"(?:<=?|at most|maximum(?: \w+)? (?:of|is)?|less than or equal to|up to|between \d+ and)\s*(\d+)",
        text,
    )
    return max((int(number) for number in found if int(number) < asked), default=0)
