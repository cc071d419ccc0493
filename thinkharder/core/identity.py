"""What makes two requests the same: canonical JSON, content hashes, and the seed of each draw.

A request's identity is the hash of its content without what does not change what is sampled (`max_tokens`, `n`, `seed`,
deadline, and the log-probabilities that are only read), plus a draw number. So a recording of best-of-64 replays best-of-8 as an exact prefix.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any

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
