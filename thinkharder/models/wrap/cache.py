"""A request cache: a draw that was paid for once is not paid for again.

Identity is core.identity's: the content of the request without its cap, plus the draw number (and branch and run seed:
another seed is asked for to get other samples). A recorded draw is cut at a smaller cap; one that was itself cut at a
tighter cap than wanted is a miss.
"""

import hashlib
import json
import os
import tempfile
from collections import OrderedDict
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, final

from thinkharder.core.errors import BadOption
from thinkharder.core.identity import canonical_json, content_hash
from thinkharder.core.protocols import Model
from thinkharder.core.types import Chunk, Request, TokenLogprob
from thinkharder.models.wrap.base import Around, merged, split

FORMAT = 1
_FINAL = ("stop", "length", "tool_calls", "content_filter")


@dataclass(frozen=True, slots=True)
class CachePolicy:
    """`entries` draws are kept in memory; with a `directory` all are kept there, readable by their owner alone.

    `by_seed` False lets runs with different seeds share draws.
    """

    entries: int = 10_000
    directory: Path | None = None
    by_seed: bool = True

    def __post_init__(self) -> None:
        if self.entries < 1:
            raise BadOption(f"cache entries={self.entries} must be 1 or more")


@dataclass(frozen=True, slots=True)
class Recorded:
    """One finished draw: its chunks, and the cap under which it was drawn."""

    chunks: tuple[Chunk, ...]

    @property
    def tokens(self) -> int:
        """Output tokens of the draw."""
        return sum(chunk.tokens for chunk in self.chunks)

    def at(self, cap: int) -> tuple[Chunk, ...] | None:
        """The draw as it would have been under `cap` output tokens; None where that is not known exactly."""
        whole = self.chunks[-1].finish != "length"
        if self.tokens <= cap:
            return self.chunks if whole or self.tokens == cap else None
        if not all(chunk.exact for chunk in self.chunks):
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


def _cut(chunk: Chunk, tokens: int) -> Chunk | None:
    """The first `tokens` of a chunk, by its tokens' log-probabilities where it has several; None where unknown."""
    if chunk.tokens == tokens:
        return chunk
    texts = [item.token for item in chunk.logprobs]
    if len(texts) != chunk.tokens or chunk.reasoning or not "".join(texts).startswith(chunk.text):
        return None
    text = "".join(texts[:tokens])[: len(chunk.text)]
    return replace(chunk, text=text, tokens=tokens, logprobs=chunk.logprobs[:tokens])


@final
class CacheStore:
    """Recorded draws by key; shared by all requests on an endpoint, and by processes through its directory."""

    def __init__(self, policy: CachePolicy | None = None) -> None:
        self.policy = policy or CachePolicy()
        self._memory: OrderedDict[str, Recorded] = OrderedDict()
        self.hits = self.misses = 0

    def get(self, key: str, cap: int) -> tuple[Chunk, ...] | None:
        """The draw under `key` as it would be under `cap`, or None."""
        recorded = self._memory.get(key) or self._read(key)
        if recorded is not None:
            self._remember(key, recorded)
        found = None if recorded is None else recorded.at(cap)
        self.hits, self.misses = self.hits + (found is not None), self.misses + (found is None)
        return found

    def put(self, key: str, chunks: Sequence[Chunk]) -> None:
        """Record a finished draw. Of two records the longer is kept. What cannot be written is kept in memory."""
        recorded = Recorded(tuple(replace(c, index=0, usage=None, restart=False) for c in chunks))
        old = self._memory.get(key)
        if old is not None and old.tokens >= recorded.tokens:
            return
        self._remember(key, recorded)
        if self.policy.directory is not None:
            with suppress(OSError):
                _write(self._path(self.policy.directory, key), _encode(recorded))

    def _remember(self, key: str, recorded: Recorded) -> None:
        self._memory[key] = recorded
        self._memory.move_to_end(key)
        if len(self._memory) > self.policy.entries:
            self._memory.popitem(last=False)

    @staticmethod
    def _path(directory: Path, key: str) -> Path:
        return directory / key[:2] / f"{key}.json"

    def _read(self, key: str) -> Recorded | None:
        if self.policy.directory is None:
            return None
        try:
            return _decode(self._path(self.policy.directory, key).read_text("utf-8"))
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None  # missing, torn or of another version: a miss, and written anew


@final
class Cached(Around):
    """Serves recorded draws, and asks the model inside for the others only."""

    def __init__(self, inner: Model, store: CacheStore) -> None:
        super().__init__(inner)
        self.store = store

    async def stream(self, request: Request) -> AsyncGenerator[Chunk, None]:
        """Stream recorded completions first, then the missing ones as they come."""
        cap = request.sampling.max_tokens or self.capabilities.max_tokens
        stem = self._stem(request)
        missing: list[int] = []
        for index in range(request.n):
            found = self.store.get(_key(stem, request.first_draw + index), cap)
            if found is None:
                missing.append(index)
            for known in found or ():
                yield replace(known, index=index)
        if not missing:
            return
        errors: list[Exception] = []
        arriving: dict[int, list[Chunk]] = {}
        async with aclosing(merged(self.inner, split(request, missing, request.n))) as events:
            async for event in events:
                chunk = event.chunk
                if chunk is None:
                    errors += [event.error] if event.error is not None else []
                    continue
                self._record(stem, request, arriving, chunk)
                if len(missing) == request.n or chunk.usage is None:
                    yield chunk
        if errors:
            raise errors[0]

    def _record(self, stem: str, request: Request, arriving: dict[int, list[Chunk]], chunk: Chunk) -> None:
        if chunk.usage is not None and not (chunk.finish or chunk.tokens or chunk.text):
            return
        if chunk.restart:
            arriving.pop(chunk.index, None)
        chunks = arriving.setdefault(chunk.index, [])
        chunks.append(chunk)
        if chunk.finish in _FINAL:
            self.store.put(_key(stem, request.first_draw + chunk.index), arriving.pop(chunk.index))

    def _stem(self, request: Request) -> str:
        seed = request.seed if self.store.policy.by_seed else None
        return canonical_json(
            [self.name, content_hash(request), request.sampling.logprobs, request.branch, seed]
        )


def _key(stem: str, draw: int) -> str:
    return hashlib.sha256(f"{stem}|{draw}".encode()).hexdigest()[:40]


def _encode(recorded: Recorded) -> str:
    return canonical_json({"format": FORMAT, "chunks": [_row(chunk) for chunk in recorded.chunks]})


def _row(chunk: Chunk) -> dict[str, Any]:
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


def _decode(text: str) -> Recorded | None:
    data = json.loads(text)
    if data["format"] != FORMAT or not data["chunks"] or data["chunks"][-1].get("finish") not in _FINAL:
        return None
    return Recorded(tuple(_chunk(row) for row in data["chunks"]))


def _chunk(row: Mapping[str, Any]) -> Chunk:
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


def _write(path: Path, text: str) -> None:
    """Atomically, so that two processes never see half a record; readable by the owner alone."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".new-")  # mkstemp makes it 0600
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(name, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(name)
        raise
