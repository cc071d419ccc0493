"""What a toy says, and how it ends: a draft, cut by stop strings and caps into a completion of counted tokens."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import accumulate
from typing import Any

from thinkharder.core.types import Chunk, Finish, Request, TokenLogprob

_PIECE = re.compile(r"\s*\S{1,8}|\s+")


@lru_cache(maxsize=4096)
def toy_tokens(text: str) -> tuple[str, ...]:
    """The toy tokenizer: up to eight characters of a word with the white space before it; joined they are `text`."""
    return tuple(_PIECE.findall(text))


@dataclass(frozen=True, slots=True)
class Draft:
    """What a completion will be if nothing cuts it: thinking, text, tool calls; `logprobs` one a token of both."""

    text: str
    reasoning: str = ""
    logprobs: tuple[TokenLogprob, ...] = ()
    tool_calls: tuple[Mapping[str, Any], ...] = ()


class Completion:
    """A draft after cap and stop strings: `pieces` are its tokens, the first `thinking` of them reasoning; `text` is
    what is shown of the others (a stop string is generated, not shown)."""

    __slots__ = ("_offsets", "finish", "logprobs", "pieces", "text", "thinking", "tool_calls")

    def __init__(self, pieces: tuple[str, ...], thinking: int, text: str, finish: Finish) -> None:
        self.pieces, self.thinking, self.text, self.finish = pieces, thinking, text, finish
        self.logprobs: tuple[TokenLogprob, ...] = ()
        self.tool_calls: tuple[Mapping[str, Any], ...] = ()
        self._offsets: list[int] | None = None

    def chunk(self, index: int, start: int, end: int) -> Chunk:
        """The chunk of tokens [start, end)."""
        middle = min(max(start, self.thinking), end)
        last = end == len(self.pieces)
        return Chunk(
            index=index,
            text=self.text if last and middle <= self.thinking else self._shown(middle, end),
            reasoning="".join(self.pieces[start:middle]),
            tokens=end - start,
            reasoning_tokens=middle - start,
            logprobs=self.logprobs[start:end],
            tool_calls=self.tool_calls if last else (),
            finish=self.finish if last else None,
        )

    def _shown(self, start: int, end: int) -> str:
        if self._offsets is None:
            sizes = (len(piece) if i >= self.thinking else 0 for i, piece in enumerate(self.pieces))
            self._offsets = list(accumulate(sizes, initial=0))
        return self.text[self._offsets[start] : self._offsets[end]]


def complete(draft: Draft, request: Request, cap: int) -> Completion:
    """Apply stop strings, the cap on thinking and the cap on all tokens, as a server does."""
    thinking = toy_tokens(draft.reasoning)
    if request.sampling.thinking_tokens is not None:
        thinking = thinking[: request.sampling.thinking_tokens]
    text = draft.text
    answer = toy_tokens(text)
    finish: Finish = "tool_calls" if draft.tool_calls else "stop"
    found = [(at, at + len(s)) for s in request.sampling.stop if (at := text.find(s)) >= 0]
    if found:
        at, end = min(found)
        answer, text = _through(answer, end), text[:at]
    pieces = thinking + answer
    if len(pieces) > cap:
        pieces, finish = pieces[:cap], "length"
        shown = "".join(pieces[len(thinking) :])
        text = shown if len(shown) < len(text) else text
    pieces = pieces or ("",)
    wanted = request.sampling.logprobs
    logprobs = () if wanted is None else _logprobs(draft, pieces, wanted)
    calls = draft.tool_calls if finish == "tool_calls" else ()
    completion = Completion(pieces, min(len(thinking), len(pieces)), text, finish)
    completion.logprobs, completion.tool_calls = logprobs, calls
    return completion


def _through(pieces: tuple[str, ...], characters: int) -> tuple[str, ...]:
    """The first pieces that hold so many characters: those of a stop string are generated, so paid."""
    seen = 0
    for count, piece in enumerate(pieces, 1):
        seen += len(piece)
        if seen >= characters:
            return pieces[:count]
    return pieces


def _logprobs(draft: Draft, pieces: tuple[str, ...], top: int) -> tuple[TokenLogprob, ...]:
    given = draft.logprobs or tuple(TokenLogprob(piece, -0.1) for piece in pieces)
    filled = given[: len(pieces)] + tuple(TokenLogprob(piece, -0.1) for piece in pieces[len(given) :])
    return tuple(replace(item, top=item.top[:top]) for item in filled)
