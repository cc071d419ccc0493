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
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import final

from thinkharder.core.errors import BadOption
from thinkharder.core.identity import canonical_json, content_hash
from thinkharder.core.protocols import Model
from thinkharder.core.types import Chunk, Request
from thinkharder.models.wrap.base import Around
from thinkharder.models.wrap.drawn import FINAL, Arriving, Drawn, asked, of_row, to_row

FORMAT = 1


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


@final
class CacheStore:
    """Recorded draws by key; shared by all requests on an endpoint, and by processes through its directory."""

    def __init__(self, policy: CachePolicy | None = None) -> None:
        self.policy = policy or CachePolicy()
        self._memory: OrderedDict[str, Drawn] = OrderedDict()
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
        recorded = Drawn.of(chunks)
        old = self._memory.get(key)
        if old is not None and old.tokens >= recorded.tokens:
            return
        self._remember(key, recorded)
        if self.policy.directory is not None:
            with suppress(OSError):
                _write(self._path(self.policy.directory, key), _encode(recorded))

    def _remember(self, key: str, recorded: Drawn) -> None:
        self._memory[key] = recorded
        self._memory.move_to_end(key)
        if len(self._memory) > self.policy.entries:
            self._memory.popitem(last=False)

    @staticmethod
    def _path(directory: Path, key: str) -> Path:
        return directory / key[:2] / f"{key}.json"

    def _read(self, key: str) -> Drawn | None:
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
        arriving = Arriving(
            lambda index, drawn: self.store.put(_key(stem, request.first_draw + index), drawn.chunks)
        )
        async with aclosing(asked(self.inner, request, missing, arriving)) as chunks:
            async for chunk in chunks:
                if len(missing) == request.n or chunk.usage is None:
                    yield chunk

    def _stem(self, request: Request) -> str:
        seed = request.seed if self.store.policy.by_seed else None
        return canonical_json(
            [self.name, content_hash(request), request.sampling.logprobs, request.branch, seed]
        )


def _key(stem: str, draw: int) -> str:
    return hashlib.sha256(f"{stem}|{draw}".encode()).hexdigest()[:40]


def _encode(recorded: Drawn) -> str:
    return canonical_json({"format": FORMAT, "chunks": [to_row(chunk) for chunk in recorded.chunks]})


def _decode(text: str) -> Drawn | None:
    data = json.loads(text)
    if data["format"] != FORMAT or not data["chunks"] or data["chunks"][-1].get("finish") not in FINAL:
        return None
    return Drawn(tuple(of_row(row) for row in data["chunks"]))


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
