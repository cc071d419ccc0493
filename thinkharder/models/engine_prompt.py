"""From a request to the prompt that an embedded engine sees: one chat template, one way to prefill, for both engines."""

import re
from collections.abc import Mapping
from typing import Any

from thinkharder.core.errors import BadOption, CapabilityError
from thinkharder.core.types import Message, Request
from thinkharder.models.reasoning import OPEN, ThinkSplitter

SWITCH = "enable_thinking"
"""The template variable by which models that can think or not (Qwen3 and its kin) are told."""
EFFORTS = ("none", "medium")
"""Values of the effort knob where the template has that switch: off and on."""

END_TOKENS = frozenset(
    {
        *(
            "<|im_end|>",
            "<|endoftext|>",
            "<|eot_id|>",
            "<|eom_id|>",
            "<|end_of_text|>",
            "<|end|>",
            "<|return|>",
        ),
        *("</s>", "<eos>", "<end_of_turn>", "<turn|>", "<|end_of_turn|>", "<EOT>", "<｜end▁of▁sentence｜>"),
    }
)
"""Tokens that end a turn in any of the families that the engines run; either engine stops at each that it has."""


def plain_messages(messages: tuple[Message, ...], model: str) -> list[dict[str, Any]]:
    """The messages as chat templates take them. Raises CapabilityError for images, which embedded models do not see."""
    plain: list[dict[str, Any]] = []
    for message in messages:
        if not isinstance(message.content, str) and any(p.get("type") != "text" for p in message.content):
            raise CapabilityError(
                f"{model} reads text only, and the problem holds an image or audio; remove it"
            )
        role = "system" if message.role == "developer" else message.role
        plain.append({"role": role, "content": message.text})
    return plain


def check(request: Request, model: str, efforts: tuple[str, ...]) -> None:
    """Raise CapabilityError for what an embedded engine cannot do."""
    if request.tools:
        raise CapabilityError(
            f"{model} runs in an embedded engine, which takes no tools; use an HTTP endpoint"
        )
    sampling = request.sampling
    if sampling.effort is not None and sampling.effort not in efforts:
        takes = (
            f"one of {', '.join(efforts)}" if efforts else "none: it is not a model with a thinking switch"
        )
        raise CapabilityError(f"{model} has no effort {sampling.effort!r}; it takes {takes}")
    if sampling.thinking_tokens is not None:
        raise CapabilityError(f"{model} has no cap on thinking tokens; leave thinking_tokens out")


def template_extras(request: Request, efforts: tuple[str, ...]) -> dict[str, Any]:
    """The variables that the request's effort sets in the chat template."""
    if not efforts or request.sampling.effort is None:
        return {}
    return {SWITCH: request.sampling.effort != "none"}


def thinking_opened(rendered: str, prefill: str) -> bool:
    """Whether the completion of a rendered prompt and its prefill begins inside `<think>`."""
    splitter = ThinkSplitter(opened=rendered.rstrip().endswith(OPEN))
    splitter.feed(prefill)
    return splitter.thinking


def structure_of(request: Request) -> tuple[str, Any] | None:
    """("json", schema) or ("regex", pattern) from an OpenAI-shaped response format; None for free text.

    Takes `{"type": "text"}`, `{"type": "json_object"}`, `{"type": "json_schema", "json_schema": {"schema": …}}` and
    `{"type": "regex", "regex": …}`. Raises BadOption for anything else.
    """
    said = request.response_format
    if said is None:
        return None
    match said.get("type"):
        case "text":
            return None
        case "json_object":
            return "json", {"type": "object"}
        case "json_schema":
            wrapped = said.get("json_schema")
            schema = wrapped.get("schema") if isinstance(wrapped, Mapping) else None
            if isinstance(schema, Mapping):
                return "json", dict(schema)
            raise BadOption('response_format of type json_schema needs {"json_schema": {"schema": {...}}}')
        case "regex" if isinstance(said.get("regex"), str):
            try:
                re.compile(said["regex"])
            except re.error as error:  # llama.cpp would silently generate without it
                raise BadOption(f"response_format's regex {said['regex']!r} is not one: {error}") from error
            return "regex", said["regex"]
        case kind:
            raise BadOption(
                f"response_format type {kind!r} is not known; use text, json_object, json_schema or regex (with a pattern)"
            )
