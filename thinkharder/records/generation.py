"""A generation: one finished draw with all that is known of it, and the keys under which it is found again."""

import hashlib
import json
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any, Self, final

from thinkharder.core.identity import canonical_json, content_hash
from thinkharder.core.types import Request
from thinkharder.models.fetch import sha256_of
from thinkharder.models.wrap.drawn import Drawn
from thinkharder.records.codec import NO_LOGPROBS

WHOLE = -1
"""The `cut` of a draw that ended by itself; else the tokens at which it was cut."""
_ENCODER = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"))
_PROMPT = ("messages", "prefill", "tools", "response_format")


@final
@dataclass(frozen=True, slots=True)
class Origin:
    """Which model: the name under which it is served, and the SHA-256 of its file ("" where there is none)."""

    name: str
    digest: str = ""

    @classmethod
    def of_file(cls, name: str, path: Path) -> Self:
        """A model that is a file here; reads it once to hash it."""
        return cls(name, sha256_of(path) if path.is_file() else "")


def digest(value: Any) -> str:
    """32 hex digits of SHA-256 over the canonical JSON of plain values."""
    return hashlib.sha256(plain_json(value)).hexdigest()[:32]


def plain_json(value: Any) -> bytes:
    """What core.identity.canonical_json gives for texts, numbers, lists of them and None, but three times as fast."""
    return _ENCODER.encode(value).encode("utf-8", "surrogatepass")


def draw_key(origin: Origin, content: str, branch: str, seed: int | None, draw: int) -> str:
    """What a draw is: model, content of the request, branch, run seed and draw number (as core.identity says)."""
    return digest([origin.name, origin.digest, content, branch, seed, draw])


def record_key(draw: str, cut: int, level: int) -> str:
    """One record of a draw: there is another one where a tighter cap or fewer log-probabilities were asked for."""
    return digest([draw, cut, level])


@final
@dataclass(frozen=True)
class Asked:
    """What one request asks, hashed once for all its draws."""

    origin: Origin
    request: Request

    @cached_property
    def content(self) -> str:
        """core.identity's hash of the content."""
        return content_hash(self.request)

    @cached_property
    def prompt(self) -> str:
        """Messages, prefill, tools and response format as canonical JSON."""
        return canonical_json({name: getattr(self.request, name) for name in _PROMPT})

    @cached_property
    def params(self) -> str:
        """Kind and sampling as canonical JSON, without what does not change what is drawn (cap, log-probabilities)."""
        sampling = {f.name: getattr(self.request.sampling, f.name) for f in fields(self.request.sampling)}
        return canonical_json(
            {"kind": self.request.kind, "sampling": {**sampling, "max_tokens": None, "logprobs": None}}
        )

    def draw(self, index: int) -> str:
        """The key of the request's completion `index`."""
        request = self.request
        return draw_key(self.origin, self.content, request.branch, request.seed, request.first_draw + index)


@final
@dataclass(frozen=True)
class Generation:
    """One draw, finished or cut off, to be stored.

    It is completion `index` of what was `asked`, for `problem` of `task` ("" where none is named). `prompt_tokens` of
    its request and whether they are exact, `cached_tokens` of them; `seconds` from the request to its end; `at` in
    seconds since 1970; `version` the software's. `keep` is the most alternatives a token that are stored one by one: 0
    the chosen tokens' log-probabilities only, None nothing but their summary.
    """

    asked: Asked
    index: int
    drawn: Drawn
    prompt_tokens: int | None = None
    prompt_exact: bool = True
    cached_tokens: int | None = None
    seconds: float | None = None
    at: float = 0.0
    version: str = ""
    task: str = ""
    problem: str = ""
    keep: int | None = None

    @cached_property
    def draw_key(self) -> str:
        """What it is a draw of."""
        return self.asked.draw(self.index)

    @property
    def cut(self) -> int:
        """WHOLE, or the tokens at which it was cut."""
        return WHOLE if self.drawn.whole else self.drawn.tokens

    @property
    def level(self) -> int:
        """What of the log-probabilities was asked for and is kept, as in codec.NO_LOGPROBS."""
        return NO_LOGPROBS if self.keep is None else self.keep

    @property
    def key(self) -> str:
        """The key of this record."""
        return record_key(self.draw_key, self.cut, self.level)
