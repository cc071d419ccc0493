"""How much: vectors over the limits that add up, and the worst case of a request as one."""

from dataclasses import dataclass
from typing import Self

from thinkharder.core.usage import FREE, Price

EPSILON_USD = 1e-12
"""Sums of dollars are floats; limits are met to within this."""


@dataclass(frozen=True, slots=True)
class Amount:
    """A vector over the limits that add up (seconds do not: the driver's deadline keeps them)."""

    tokens: float = 0
    output_tokens: float = 0
    calls: float = 0
    usd: float = 0.0

    def __add__(self, other: "Amount") -> "Amount":
        return Amount(
            self.tokens + other.tokens,
            self.output_tokens + other.output_tokens,
            self.calls + other.calls,
            self.usd + other.usd,
        )

    def __sub__(self, other: "Amount") -> "Amount":
        return self + other.times(-1)

    def times(self, factor: float) -> "Amount":
        """Every component `factor` times."""
        return Amount(
            self.tokens * factor, self.output_tokens * factor, self.calls * factor, self.usd * factor
        )

    def floor(self) -> "Amount":
        """Negative components become 0."""
        return self.largest(ZERO)

    def largest(self, other: "Amount") -> "Amount":
        """The larger of both in every component."""
        return Amount(
            max(self.tokens, other.tokens),
            max(self.output_tokens, other.output_tokens),
            max(self.calls, other.calls),
            max(self.usd, other.usd),
        )

    def smallest(self, other: "Amount") -> "Amount":
        """The smaller of both in every component."""
        return self.times(-1).largest(other.times(-1)).times(-1)

    def covers(self, other: "Amount") -> bool:
        """Whether `other` is at most this in every component."""
        rest = self - other
        return min(rest.tokens, rest.output_tokens, rest.calls) >= 0 and rest.usd >= -EPSILON_USD

    @classmethod
    def of(cls, price: Price, *, input_tokens: int = 0, output_tokens: int = 0, calls: int = 0) -> Self:
        """The amount of so many tokens and calls at a price."""
        usd = price.usd(input_tokens, output_tokens)
        return cls(input_tokens + output_tokens, output_tokens, calls, usd)


ZERO = Amount()


@dataclass(frozen=True, slots=True)
class Ask:
    """The worst case of one request: `n` samples of at most `max_tokens` on a prompt of `input_tokens`.

    `extra` is what each sample needs besides (its verification); `prompts` how often the prompt is paid (an endpoint
    that gives one completion a request is sent it n times).
    """

    input_tokens: int
    n: int
    max_tokens: int
    price: Price = FREE
    extra: Amount = ZERO
    prompts: int = 1

    @property
    def fixed(self) -> Amount:
        """What the prompt costs."""
        return Amount.of(self.price, input_tokens=self.input_tokens * self.prompts)

    @property
    def each(self) -> Amount:
        """The worst case of one sample."""
        return Amount.of(self.price, output_tokens=self.max_tokens, calls=1) + self.extra
