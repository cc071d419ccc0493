"""A generation as it lies in the store, and which record of a draw serves a request."""

import hashlib
import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, final

from thinkharder.core.types import Chunk, TokenLogprob
from thinkharder.models.wrap.drawn import Drawn
from thinkharder.records.codec import NO_LOGPROBS, unpack, unpack_logprobs
from thinkharder.records.generation import WHOLE, plain_json

HASHED: Final = ("draw_key", "cut", "level", "finish", "text", "reasoning", "tool_calls", "tokens")
BLOBS: Final = ("pieces", "logprobs")


def content_of(row: Mapping[str, Any] | sqlite3.Row) -> str:
    """The hash of what a generation's row holds: 32 hex digits of SHA-256."""
    found = hashlib.sha256(plain_json([row[name] for name in HASHED]))
    for name in BLOBS:
        found.update(b"|" + (row[name] or b""))
    return found.hexdigest()[:32]


@final
@dataclass(frozen=True, slots=True)
class Kept:
    """One stored generation. `cut`, `level`, tokens and times as in generation.Generation; `finish` "cancelled" where it
    was cut off from outside; `billed` the output tokens that the endpoint charged for, where that is more than `tokens`
    (hidden thinking). None for what was not recorded."""

    key: str
    draw_key: str
    cut: int
    level: int
    finish: str | None
    text: str | None
    reasoning: str | None
    tool_calls: tuple[Mapping[str, Any], ...]
    prompt_tokens: int | None
    prompt_exact: bool
    cached_tokens: int | None
    tokens: int | None
    billed: int | None
    reasoning_tokens: int | None
    mean_logprob: float | None
    seconds: float | None
    at: float
    version: str
    pieces: bytes | None
    packed: bytes | None

    @property
    def logprobs(self) -> tuple[TokenLogprob, ...]:
        """Log-probabilities token by token, with the alternatives that are kept; empty where none are."""
        return unpack_logprobs(self.packed)

    def fits(self, cap: int) -> bool:
        """Whether it is under `cap` tokens what it is now, so that nothing has to be cut."""
        return self.cut == WHOLE and self.tokens is not None and self.tokens <= cap

    def drawn(self, level: int = NO_LOGPROBS) -> Drawn:
        """The draw as it was streamed, with log-probabilities up to `level` alternatives."""
        items = () if level == NO_LOGPROBS else unpack_logprobs(self.packed, level)
        finish: Any = self.finish
        end = Chunk(tool_calls=self.tool_calls, finish=finish)
        if self.pieces is None:
            whole = replace(end, text=self.text or "", reasoning=self.reasoning or "", logprobs=items)
            count, thought = self.tokens or 0, self.reasoning_tokens or 0
            return Drawn((replace(whole, tokens=count, reasoning_tokens=thought, exact=False),))
        return Drawn(unpack(self.text or "", self.reasoning or "", self.pieces, items, end))


def of_database(row: sqlite3.Row) -> Kept:
    """The generation of a row of the table."""
    return Kept(
        key=row["key"],
        draw_key=row["draw_key"],
        cut=row["cut"],
        level=row["level"],
        finish=row["finish"],
        text=row["text"],
        reasoning=row["reasoning"],
        tool_calls=tuple(json.loads(row["tool_calls"])) if row["tool_calls"] else (),
        prompt_tokens=row["prompt_tokens"],
        prompt_exact=bool(row["prompt_exact"]),
        cached_tokens=row["cached_tokens"],
        tokens=row["tokens"],
        billed=row["billed"],
        reasoning_tokens=row["reasoning_tokens"],
        mean_logprob=row["logprob_mean"],
        seconds=row["seconds"],
        at=row["at"],
        version=row["version"],
        pieces=row["pieces"],
        packed=row["logprobs"],
    )


def serving(db: sqlite3.Connection, draw_key: str, cap: int, level: int) -> Kept | None:
    """The first stored record of a draw that is known exactly under `cap` tokens and holds `level` log-probabilities."""
    rows = db.execute(
        "SELECT * FROM generations WHERE draw_key = ? AND level >= ? AND (cut = -1 OR cut >= ?) ORDER BY id",
        (draw_key, level, cap),
    )
    for row in rows:
        kept = of_database(row)
        if kept.fits(cap) or kept.drawn(level).at(cap) is not None:
            return kept
    return None
