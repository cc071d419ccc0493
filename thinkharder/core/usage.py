"""What was spent (Usage) and what may be (Budget). The token conventions of the whole project stand here, once.

- `input_tokens` counts a prompt once per request, whatever its n; a retry is a request again. Cached tokens are part of
  the input tokens and shown apart; reasoning tokens are part of the output tokens and shown apart.
- A `tokens` limit bounds input plus output of everything: generator, judge, reward model, retries, cancelled calls.
- `calls` counts completions asked for: one request with n = 16 is 16 calls.
- `usd` is None where no price is known; it is never a guess.
"""

import math
from dataclasses import dataclass, fields, replace
from typing import Self

from thinkharder.core.errors import BadOption

LIMITS = ("tokens", "output_tokens", "calls", "seconds", "usd")


@dataclass(frozen=True, slots=True)
class Usage:
    """What was spent: tokens, completions asked for (`calls`), requests sent, wall seconds, US dollars."""

    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    reasoning_tokens: int = 0
    calls: int = 0
    requests: int = 0
    seconds: float = 0.0
    usd: float | None = 0.0
    exact: bool = True
    """False where a count was estimated, or made with the model's own tokenizer because the backend's was missing."""

    @property
    def tokens(self) -> int:
        """Input plus output tokens."""
        return self.input_tokens + self.output_tokens

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            self.input_tokens + other.input_tokens,
            self.cached_tokens + other.cached_tokens,
            self.output_tokens + other.output_tokens,
            self.reasoning_tokens + other.reasoning_tokens,
            self.calls + other.calls,
            self.requests + other.requests,
            self.seconds + other.seconds,
            None if self.usd is None or other.usd is None else self.usd + other.usd,
            self.exact and other.exact,
        )


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars per million tokens. A local model costs nothing: Price(0, 0)."""

    input: float
    output: float
    cached: float | None = None

    def usd(self, input_tokens: int, output_tokens: int, cached_tokens: int = 0) -> float:
        """What so many tokens cost; cached tokens are part of the input tokens."""
        cached = self.input if self.cached is None else self.cached
        dear = max(0, input_tokens - cached_tokens)
        return (dear * self.input + cached_tokens * cached + output_tokens * self.output) / 1e6


FREE = Price(0.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Budget:
    """Hard limits, any subset; None is no limit. `seconds` is wall time from the start of the solve."""

    tokens: int | None = None
    output_tokens: int | None = None
    calls: int | None = None
    seconds: float | None = None
    usd: float | None = None

    def __post_init__(self) -> None:
        for name in LIMITS:
            value = getattr(self, name)
            if value is None:
                continue
            whole = name in ("tokens", "output_tokens", "calls")
            if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)):
                raise BadOption(f"budget {name}={value!r} must be a {'whole ' if whole else ''}number")
            if not math.isfinite(value) or value <= 0:
                raise BadOption(f"budget {name}={value!r} must be greater than 0")

    def __bool__(self) -> bool:
        return any(getattr(self, f.name) is not None for f in fields(self))

    def tighten(self, other: "Budget") -> Self:
        """The smaller of both in every limit."""
        pairs = {
            name: [v for v in (getattr(self, name), getattr(other, name)) if v is not None] for name in LIMITS
        }
        return replace(self, **{name: min(values) if values else None for name, values in pairs.items()})
