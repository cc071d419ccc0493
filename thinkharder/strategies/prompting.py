"""What the strategies write to a model. One place, so that strategies that sample the same problem send the same request.

The problem's own messages stay as they are; what is added is one line at the end of the last user message. The texts are
data: `thinkharder/prompts/default.toml`.
"""

import re
from collections.abc import Sequence
from dataclasses import replace

from thinkharder import prompts
from thinkharder.core.types import Candidate, Message, Problem

Messages = tuple[Message, ...]

_SAID = {
    "math": ("\\boxed",),
    "number": ("\\boxed",),
    "choice": ("\\boxed",),
    "json": ("json",),
    "code": ("code block",),
}
"""Words by which a problem already says how its answer is to be marked."""


def answer_prompt(problem: Problem, lead: str | None = None) -> Messages:
    """The problem, then how to reason and how to mark the answer of its type.

    `lead` replaces how to reason (an approach, a trigger sentence). Nothing is said of marks where the problem says it
    itself or has a response format of its own.
    """
    told = any(word in problem.text.casefold() for word in _SAID.get(answer_kind(problem), ()))
    line = "" if told else instruction(problem, "answer" if lead is None else "marker")
    return said(problem.messages, " ".join(filter(None, (lead, line))))


def instruction(problem: Problem, table: str) -> str:
    """The prompt `answer.TYPE` (how to reason and to mark) or `marker.TYPE` (how to mark) of the problem's answer type;
    '' where the response format says it. Later turns of a conversation repeat it, whatever the problem said."""
    return "" if problem.response_format is not None else prompts.text(f"{table}.{answer_kind(problem)}")


def answer_kind(problem: Problem) -> str:
    """The answer type's name without its options; `text` for those without a mark of their own."""
    name = re.match(r"\s*([\w-]*)", problem.answer_type)
    kind = name[1] if name else ""
    return kind if f"marker.{kind}" in prompts.names() else "text"


def said(messages: Sequence[Message], line: str) -> Messages:
    """The messages with a line added: at the end of the last one where it is the user's, else as the user's next."""
    if not line:
        return tuple(messages)
    last = messages[-1] if messages else None
    if last is None or last.role != "user":
        return (*messages, Message("user", line))
    if isinstance(last.content, str):
        return (*messages[:-1], replace(last, content=f"{last.content}\n{line}"))
    return (*messages[:-1], replace(last, content=(*last.content, {"type": "text", "text": line})))


def then(messages: Sequence[Message], reply: Candidate | str, line: str) -> Messages:
    """The conversation goes on: the model's reply (without its thinking), then the user's next line."""
    text = reply if isinstance(reply, str) else reply.whole
    return (*messages, Message("assistant", text), Message("user", line))
