"""The default: stop when what going on is worth is less than its price."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import ClassVar, final

import numpy as np

from thinkharder.core.errors import BadOption
from thinkharder.core.registry import register
from thinkharder.core.types import Candidate
from thinkharder.stats.priors import Prior, default_prior, read_prior
from thinkharder.stopping.seen import Count, Seen, ask
from thinkharder.stopping.worth_table import Objective, Table, table

MOST = 64
"""The most draws that it looks ahead; it stops there whatever the cap."""


@final
@register("rule", "default")
@dataclass(frozen=True)
class Worth:
    """Stop when what going on is worth is less than its price, under a prior over how a problem's answers are shared.

    Reference: thinkharder's own; docs/worth.md derives it. Backward induction over the votes of the two leading answers,
    all votes and abstentions; value of information as in sequential decision theory (DeGroot 1970, Optimal Statistical
    Decisions, chapter 12).
    Names: `price` is the gain in the objective that a sample's tokens must bring (0.001: one problem in a thousand more
    right); `objective` what it gains: `accuracy`, the chance that the answer is right, or `agreement`, the chance that
    the vote at the cap would not differ from the leader; `prior` a file that `learn_prior` made, else the built-in one;
    `prompt` the tokens of the prompt, paid again for each request, for each token of a sample (null: the prior's).
    Departures: none from a paper. It looks at most 64 draws ahead and stops there whatever the cap.
    """

    price: float = 0.001
    objective: Objective = "accuracy"
    prior: str | None = None
    prompt: float | None = None

    reads_cap: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if not (math.isfinite(self.price) and self.price > 0):
            raise BadOption(
                f"default: price={self.price} must be above 0: the gain that one more sample must bring"
            )
        if self.objective not in ("accuracy", "agreement"):
            raise BadOption(f"default: objective={self.objective} must be accuracy or agreement")
        if self.prompt is not None and not (math.isfinite(self.prompt) and self.prompt >= 0):
            raise BadOption(
                f"default: prompt={self.prompt} must be 0 or more tokens for each token of a sample"
            )
        known = default_prior() if self.prior is None else _file(self.prior)
        object.__setattr__(self, "_prior", known)
        object.__setattr__(self, "_prompt", known.prompt if self.prompt is None else self.prompt)

    def table(self, cap: int) -> Table:
        """The decisions under a cap, computed once: about half a second for 40 draws, 3 for 64."""
        found: Prior = self._prior  # type: ignore[attr-defined]
        return table(found, min(cap, MOST), self.price, self._prompt, self.objective)  # type: ignore[attr-defined]

    def prepare(self, cap: int) -> None:
        """Compute the table of a cap, so that no decision waits for it."""
        self.table(cap)

    def wants(self, seen: Seen) -> Count:
        """How many more draws it would like; integers or arrays."""
        if isinstance(seen.cap, int) and isinstance(seen.first, int) and isinstance(seen.drawn, int):
            n = seen.drawn
            if n >= seen.cap or n >= MOST:
                return 0
            known = self.table(seen.cap)
            at = ((n - seen.voted) * (n + 1) + seen.first) * (n // 2 + 1) + seen.second
            return int(known.wants[known.starts[n] + at])
        return self._many(seen)

    def _many(self, seen: Seen) -> Count:
        caps = np.asarray(seen.cap)
        if caps.size == 0:
            return np.zeros(caps.shape, np.int16)
        low = int(caps.min())
        if low == caps.max():
            return self._under(low, seen)
        found = np.zeros(np.broadcast_shapes(caps.shape, np.shape(seen.first)), np.int16)
        for cap in np.unique(caps).tolist():
            found = np.where(caps == cap, self._under(cap, seen), found)
        return found

    def _under(self, cap: int, seen: Seen) -> Count:
        first = np.asarray(seen.first)
        n, end = np.asarray(seen.drawn, np.int64), min(cap, MOST)
        if end == 0 or (n >= end).all():
            return np.zeros(np.broadcast_shapes(n.shape, first.shape), np.int16)
        known = self.table(cap)
        inside = np.minimum(n, end - 1)
        start = np.take(np.array(known.starts), inside)
        at = (n - seen.voted) * (n + 1)
        at = (at + first) * (n // 2 + 1) + (start + seen.second)
        found = known.wants.take(at, mode="clip")
        return found if n.ndim == 0 else np.where(n < end, found, 0)

    def more(self, draws: Sequence[Candidate], cap: int) -> int:
        """How many further draws it wants now."""
        return ask(self, draws, cap)


def _file(path: str) -> Prior:
    try:
        stat = Path(path).stat()
    except OSError:
        return read_prior(path)
    return _read(path, (stat.st_mtime_ns, stat.st_size))


@lru_cache(maxsize=32)
def _read(path: str, _stamp: tuple[int, int]) -> Prior:
    return read_prior(path)
