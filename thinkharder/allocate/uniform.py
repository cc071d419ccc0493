"""The same number of samples for every problem."""

from dataclasses import dataclass
from typing import final

import numpy as np

from thinkharder.allocate.board import Floats, State


@final
@dataclass(frozen=True)
class Uniform:
    """Round-robin: the next sample goes to the problem that has the fewest.

    With a checker solved problems leave, which is Reset-and-Discard (Meir et al. 2026, arXiv:2601.21522). Without, it is
    what everybody does, and the baseline.
    """

    def worth(self, state: State) -> Floats:
        """1 / (1 + draws)."""
        return np.asarray(1.0 / (1.0 + state.begun))
