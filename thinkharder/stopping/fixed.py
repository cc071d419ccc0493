"""Draw a fixed number."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

from thinkharder.core.errors import BadOption
from thinkharder.core.registry import register
from thinkharder.core.types import Candidate


@final
@register("rule", "fixed")
@dataclass(frozen=True)
class Fixed:
    """Draw `n` (1 or more) samples, all at once, and stop; fewer where the cap is smaller."""

    n: int

    def __post_init__(self) -> None:
        if self.n < 1:
            raise BadOption(f"fixed: n={self.n} must be at least 1")

    def more(self, draws: Sequence[Candidate], cap: int) -> int:
        """How many further draws it wants now."""
        return max(0, min(self.n, cap) - len(draws))
