"""Draw a fixed number."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

from thinkharder.core.errors import BadOption
from thinkharder.core.registry import register
from thinkharder.core.types import Candidate
from thinkharder.stopping.seen import Count, Seen, ask


@final
@register("rule", "fixed")
@dataclass(frozen=True)
class Fixed:
    """Draw `n` (1 or more) samples, all at once, and stop; fewer where the cap is smaller."""

    n: int

    def __post_init__(self) -> None:
        if self.n < 1:
            raise BadOption(f"fixed: n={self.n} must be at least 1")

    def wants(self, seen: Seen) -> Count:
        """How many more draws it would like; integers or arrays."""
        return self.n - seen.drawn

    def more(self, draws: Sequence[Candidate], cap: int) -> int:
        """How many further draws it wants now."""
        return ask(self, draws, cap)
