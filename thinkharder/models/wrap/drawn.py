"""A finished draw, kept: how it is cut at a smaller cap, how it is written down, and how it is served in place of a new one.

What the request cache and the store of records share.
"""

from collections.abc import AsyncGenerator, Callable, Iterable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any, final

from thinkharder.core.protocols import Model
from thinkharder.core.types import Chunk, Request, TokenLogprob
from thinkharder.models.wrap.base import merged, split

FINAL = ("stop", "length", "tool_calls", "content_filter")
"""The ends of a draw that was not cut off from outside."""


@final
@dataclass(frozen=True, slots=True)
class Drawn:
    """One draw: its chunks, of which the last says how it ended."""

    chunks: tuple[Chunk, ...]

    @classmethod
    def of(cls, chunks: Iterable[Chunk]) -> "Drawn":
        """The draw that these chunks of one completion make, without what is the request's alone."""
        return cls(tuple(replace(chunk, index=0, usage=None, restart=False) for chunk in chunks))

    @property
    def tokens(self) -> int:
        """Output tokens of the draw."""
        return sum(chunk.tokens for chunk in self.chunks)

    @property
    def whole(self) -> bool:
        """Whether it ended by itself, neither at a cap nor cut off."""
        return bool(self.chunks) and self.chunks[-1].finish in FINAL and self.chunks[-1].finish != "length"

    def at(self, cap: int) -> tuple[Chunk, ...] | None:
        """The draw as it would have been under `cap` output tokens; None where that is not known exactly."""
        if self.tokens <= cap and (self.whole or (self.tokens == cap and self._ended)):
            return self.chunks
        if self.tokens < cap or not all(chunk.exact for chunk in self.chunks):
            return None
        kept: list[Chunk] = []
        room = cap
        for chunk in self.chunks:
            if chunk.tokens >= room:
                last = _cut(chunk, room)
                return None if last is None else (*kept, replace(last, finish="length", tool_calls=()))
            kept.append(chunk)
            room -= chunk.tokens
        return None

    @property
    def _ended(self) -> bool:
        return self.chunks[-1].finish in FINAL


def _cut(chunk: Chunk, tokens: int) -> Chunk | None:
    """The first `tokens` of a chunk, by its tokens' log-probabilities where it has several; None where unknown."""
    if chunk.tokens == tokens:
        return chunk
    texts = token_texts(chunk)
    if texts is None:
        return None
    return replace(chunk, text="".join(texts[:tokens]), tokens=tokens, logprobs=chunk.logprobs[:tokens])


def token_texts(chunk: Chunk) -> list[str] | None:
    """What each token of a chunk adds to its text, by their log-probabilities; None where that is unknown."""
    texts = [item.token for item in chunk.logprobs]
    if len(texts) != chunk.tokens or chunk.reasoning or not "".join(texts).startswith(chunk.text):
        return None
    room = len(chunk.text)
    for place, text in enumerate(texts):
        texts[place] = text[:room]
        room -= len(texts[place])
    return texts


def to_row(chunk: Chunk) -> dict[str, Any]:
    """A chunk as plain values, what is empty left out."""
    row = {
        "text": chunk.text,
        "reasoning": chunk.reasoning,
        "tokens": chunk.tokens,
        "reasoning_tokens": chunk.reasoning_tokens,
        "logprobs": [[item.token, item.logprob, item.top] for item in chunk.logprobs],
        "tool_calls": chunk.tool_calls,
        "finish": chunk.finish,
    }
    return {name: value for name, value in row.items() if value} | ({} if chunk.exact else {"exact": False})


def of_row(row: Mapping[str, Any]) -> Chunk:
    """The chunk of such a row. Raises ValueError, KeyError or TypeError for what is none."""
    logprobs = tuple(
        TokenLogprob(str(token), float(value), tuple((str(t), float(p)) for t, p in top))
        for token, value, top in row.get("logprobs", ())
    )
    return Chunk(
        text=row.get("text", ""),
        reasoning=row.get("reasoning", ""),
        tokens=int(row.get("tokens", 0)),
        reasoning_tokens=int(row.get("reasoning_tokens", 0)),
        logprobs=logprobs,
        tool_calls=tuple(row.get("tool_calls", ())),
        finish=row.get("finish"),
        exact=row.get("exact", True),
    )


@final
class Arriving:
    """The completions of one request while they arrive; a finished one goes to `keep` before its last chunk goes on."""

    def __init__(self, keep: Callable[[int, Drawn], None]) -> None:
        self._keep = keep
        self.open: dict[int, list[Chunk]] = {}

    def take(self, chunk: Chunk) -> None:
        """Take a chunk of the request."""
        if chunk.usage is not None and not (chunk.finish or chunk.tokens or chunk.text):
            return
        if chunk.restart:
            self.open.pop(chunk.index, None)
        chunks = self.open.setdefault(chunk.index, [])
        chunks.append(chunk)
        if chunk.finish in FINAL:
            self._keep(chunk.index, Drawn.of(self.open.pop(chunk.index)))


async def asked(
    model: Model, request: Request, wanted: Sequence[int], arriving: Arriving
) -> AsyncGenerator[Chunk, None]:
    """Ask `model` for the completions `wanted` of `request`, and give what comes to `arriving` first.

    Chunks that are about a request as a whole are passed on as they come; if not all of `request` is wanted, they are
    about a part of it. Raises the first part's error after all parts have ended.
    """
    errors: list[Exception] = []
    async with aclosing(merged(model, split(request, wanted, request.n))) as events:
        async for event in events:
            if event.chunk is None:
                errors += [event.error] if event.error is not None else []
                continue
            arriving.take(event.chunk)
            yield event.chunk
    if errors:
        raise errors[0]
