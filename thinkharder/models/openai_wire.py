"""What goes over the wire: server-sent events, and the fields of their JSON under all the names in use."""

import json
from collections.abc import AsyncIterable, AsyncIterator, Mapping, Sequence
from typing import Any

from thinkharder.core.errors import BadReply
from thinkharder.core.types import TokenLogprob

MOST_EVENT = 16_000_000
"""Bytes of one event; what is longer is not the protocol."""


async def events(blocks: AsyncIterable[bytes], where: str) -> AsyncIterator[str]:
    """The data of each server-sent event, until `[DONE]` or the end.

    Lines end at LF or CR LF only: a line separator such as U+2028 may stand unescaped in JSON. Comments (keep-alives)
    and other fields are left out. Raises BadReply for an endless event.
    """
    rest, data = b"", list[str]()
    async for block in blocks:
        *lines, rest = (rest + block).split(b"\n")
        if len(rest) > MOST_EVENT:
            raise BadReply(f"{where}: an event of more than {MOST_EVENT:,} bytes")
        for raw in lines:
            line = raw.rstrip(b"\r").decode("utf-8", "replace")
            if line.startswith("data:"):
                data.append(line[5:].removeprefix(" "))
            elif not line and data:
                whole, data = "\n".join(data), []
                if whole.strip() == "[DONE]":
                    return
                yield whole
    line = rest.rstrip(b"\r").decode("utf-8", "replace")
    if line.startswith("data:"):
        data.append(line[5:].removeprefix(" "))
    if data and "\n".join(data).strip() != "[DONE]":
        yield "\n".join(data)


def parse(data: str, where: str) -> Mapping[str, Any]:
    """One event's JSON object. Raises BadReply."""
    try:
        value = json.loads(data)
    except ValueError:
        raise BadReply(f"{where}: an event that is not JSON: {data[:60]!r}") from None
    if not isinstance(value, Mapping):
        raise BadReply(f"{where}: an event that is not a JSON object: {data[:60]!r}")
    return value


def said(delta: Mapping[str, Any]) -> tuple[str, str]:
    """The answer's and the thinking's text in a delta, under all the names in use."""
    content = delta.get("content")
    thought = delta.get("reasoning_content") or delta.get("reasoning") or ""
    if isinstance(content, Sequence) and not isinstance(content, str):
        parts = [part for part in content if isinstance(part, Mapping)]
        content = "".join(str(part.get("text") or "") for part in parts if part.get("type") == "text")
    said = content if isinstance(content, str) else ""
    refusal = delta.get("refusal")
    return said + (refusal if isinstance(refusal, str) else ""), thought if isinstance(thought, str) else ""


def token_logprobs(value: Any) -> tuple[TokenLogprob, ...]:
    """The log-probabilities of a choice's new tokens; none where they cannot be read."""
    rows = value.get("content") if isinstance(value, Mapping) else None
    found = []
    for row in rows if isinstance(rows, list) else ():
        try:
            top = tuple((str(t["token"]), float(t["logprob"])) for t in row.get("top_logprobs") or ())
            found.append(TokenLogprob(str(row["token"]), float(row["logprob"]), top))
        except (KeyError, TypeError, ValueError, AttributeError):
            return ()
    return tuple(found)


def merge_calls(calls: dict[int, dict[str, Any]], pieces: Any) -> None:
    """Add the fragments of tool calls in a delta to what arrived of them before."""
    for place, piece in enumerate(pieces if isinstance(pieces, list) else ()):
        if not isinstance(piece, Mapping):
            continue
        key = piece.get("index")
        call = calls.setdefault(
            key if isinstance(key, int) else place,
            {"type": "function", "function": {"name": "", "arguments": ""}},
        )
        if piece.get("id"):
            call["id"] = piece["id"]
        function = piece.get("function")
        if isinstance(function, Mapping):
            call["function"]["name"] += str(function.get("name") or "")
            call["function"]["arguments"] += str(function.get("arguments") or "")


def hidden(usage: Mapping[str, Any]) -> int:
    """Reasoning tokens that a usage reports."""
    details = usage.get("completion_tokens_details")
    return (count(details, "reasoning_tokens") if isinstance(details, Mapping) else None) or 0


def count(row: Mapping[str, Any] | None, name: str) -> int | None:
    """A count in a row, or None where there is none."""
    value = row.get(name) if row is not None else None
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
