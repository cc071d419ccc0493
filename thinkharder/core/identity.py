"""What makes two requests the same: canonical JSON, content hashes, and the seed of each draw.

A request's identity is the hash of its content without what does not change what is sampled (`max_tokens`, `n`, `seed`,
deadline, and the log-probabilities that are only read), plus a draw number. So a recording of best-of-64 replays best-of-8 as an exact prefix.
"""

import hashlib
import json
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any, final

from thinkharder.core.types import Request

NOT_CONTENT = {"n", "seed", "first_draw", "deadline", "branch"}


def canonical_json(value: Any) -> str:
    """Compact JSON with sorted keys: equal values give equal text. Raises TypeError for what JSON cannot hold."""
    return json.dumps(_plain(value), ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def content_hash(request: Request) -> str:
    """Hex SHA-256 (32 digits kept) of what the request asks, whoever asks it and however often."""
    content = {f.name: getattr(request, f.name) for f in fields(request) if f.name not in NOT_CONTENT}
    content["sampling"] = {**_plain(request.sampling), "max_tokens": None, "logprobs": None}
    return hashlib.sha256(canonical_json(content).encode()).hexdigest()[:32]


def draw_seed(request: Request, index: int) -> int:
    """A 31-bit seed for completion `index`: the same for the same run seed, content, branch and draw number."""
    label = f"{request.seed}|{content_hash(request)}|{request.branch}|{request.first_draw + index}"
    return int.from_bytes(hashlib.blake2b(label.encode(), digest_size=4).digest(), "big") >> 1


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: _plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, (str, bytes)):
        return [_plain(item) for item in value]
    return value


@final
class DrawNumbers:
    """The numbers that a branch gives its draws, and its forks. Samples of one prompt may run at once, so numbers are
    reserved before they are used."""

    def __init__(self) -> None:
        self._next: dict[Hashable, int] = {}
        self._forks = 0

    def reserve(self, key: Hashable, n: int) -> int:
        """The first of n numbers that no other draw of `key` (a model and a content) has."""
        first = self._next.get(key, 0)
        self._next[key] = first + n
        return first

    def give_back(self, key: Hashable, first: int, n: int, used: int) -> None:
        """Keep only the first `used` of n reserved numbers, where nobody has taken the next ones yet."""
        if self._next[key] == first + n:
            self._next[key] = first + min(n, used)

    def fork(self) -> int:
        """The number of the next fork, from 1."""
        self._forks += 1
        return self._forks
