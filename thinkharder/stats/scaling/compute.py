"""What samples cost: tokens, FLOPs, seconds, US dollars.

Tokens are counted as everywhere in this project (core/usage.py): a prompt once per request, whatever its n. FLOPs are 2 x
parameters a token that is computed (Kaplan et al. 2020, arXiv:2001.08361, section 2.1; Snell et al. 2024, arXiv:2408.03314):
a prompt once per request, except the part of it that a cache holds, and every completion token. Attention over the context is
left out, which understates long contexts; of a mixture of experts the parameters are those that a token uses.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, final

import numpy as np

from thinkharder.core.errors import BadOption
from thinkharder.core.usage import Price
from thinkharder.stats.scaling.lib import Floats

UNITS = ("tokens", "flops", "seconds", "usd")


@final
@dataclass(frozen=True, slots=True)
class Spend:
    """Tokens of one model, each [...] and per problem: input, of that cached, and output; requests do not matter any more."""

    input_tokens: Floats
    output_tokens: Floats
    cached_tokens: Floats

    @property
    def tokens(self) -> Floats:
        """Input plus output, cached ones among them."""
        return self.input_tokens + self.output_tokens

    @property
    def computed(self) -> Floats:
        """Tokens that went through the model: all but the cached."""
        return self.input_tokens - self.cached_tokens + self.output_tokens


@final
@dataclass(frozen=True, slots=True)
class Machine:
    """What a token costs on one model. None is not known, and what needs it is refused.

    `seconds` [s] a completion token at the throughput that was used; `prefill` a computed prompt token, 0 where it was not
    measured apart.
    """

    parameters: float | None = None
    price: Price | None = None
    seconds: float | None = None
    prefill: float = 0.0

    def __post_init__(self) -> None:
        for name in ("parameters", "seconds"):
            value = getattr(self, name)
            if value is not None and not (np.isfinite(value) and value > 0):
                raise BadOption(
                    f"{name}={value!r} must be greater than 0; leave it out where it is not known"
                )

    def measure(self, spent: Spend, unit: str) -> Floats:
        """What was spent in tokens, flops, seconds or usd. Raises BadOption where the machine does not say."""
        if unit not in UNITS:
            raise BadOption(f"unit {unit!r} is none of {', '.join(UNITS)}")
        if unit == "tokens":
            return np.asarray(spent.tokens, dtype=np.float64)
        if unit == "flops":
            return np.asarray(2 * self._known("parameters") * spent.computed, dtype=np.float64)
        if unit == "seconds":
            prompt = (spent.input_tokens - spent.cached_tokens) * self.prefill
            return np.asarray(prompt + spent.output_tokens * self._known("seconds"), dtype=np.float64)
        price = self.price
        if price is None:
            raise BadOption("dollars need a price; give input and output in US dollars per million tokens")
        cached = price.input if price.cached is None else price.cached
        dear = (spent.input_tokens - spent.cached_tokens) * price.input
        return np.asarray((dear + spent.cached_tokens * cached + spent.output_tokens * price.output) / 1e6)

    def _known(self, name: str) -> float:
        value = getattr(self, name)
        if value is None:
            raise BadOption(
                f"{'FLOPs' if name == 'parameters' else 'seconds'} need the model's {name}; give them"
            )
        return float(value)


@final
@dataclass(frozen=True, slots=True)
class PerSample:
    """What one sample of a task takes on average: tokens of its prompt and of its completion.

    `batch` samples are one request, so that a prompt is charged once for them; None is all of them. `cached` in [0, 1] is the
    share of a prompt that a cache holds from the second request on.
    """

    prompt: float
    completion: float
    batch: int | None = None
    cached: float = 0.0

    def __post_init__(self) -> None:
        if not (self.prompt >= 0 and self.completion > 0):
            raise BadOption(
                f"a sample has {self.prompt:g} prompt and {self.completion:g} completion tokens; it takes 0 or more, and more than 0"
            )
        if (self.batch is not None and self.batch < 1) or not 0 <= self.cached <= 1:
            raise BadOption(
                f"batch={self.batch} must be at least 1 and cached={self.cached:g} a share in [0, 1]"
            )

    def spend(self, samples: Any) -> Spend:
        """What so many samples of one problem spend, elementwise."""
        drawn = np.asarray(samples, dtype=np.float64)
        requests = np.where(drawn > 0, 1.0, 0.0) if self.batch is None else np.ceil(drawn / self.batch)
        cached = self.prompt * self.cached * np.maximum(requests - 1, 0)
        return Spend(self.prompt * requests, drawn * self.completion, cached)

    def one_by_one(self) -> "PerSample":
        """The same with a request for each sample."""
        return replace(self, batch=1)

    def samples(self, tokens: float) -> int:
        """The most samples whose expected tokens are at most so many; 0 where not even one is."""
        low, high = 0, max(1, int(tokens // self.completion))
        while low < high:
            middle = (low + high + 1) // 2
            low, high = (middle, high) if float(self.spend(middle).tokens) <= tokens else (low, middle - 1)
        return low


def total(parts: Sequence[tuple[Machine, Spend]], unit: str) -> Floats:
    """What several models (generator, judge, reward model) cost together in one unit. Raises BadOption."""
    if not parts:
        raise BadOption("nothing was spent on; give at least one model and what it spent")
    return np.asarray(np.sum([machine.measure(spent, unit) for machine, spent in parts], axis=0))
