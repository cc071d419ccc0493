"""By a prediction that was made before the first sample."""

from dataclasses import dataclass
from typing import final

import numpy as np

from thinkharder.allocate.board import Floats, State
from thinkharder.core.errors import BadOption


@final
@dataclass(frozen=True)
class Predicted:
    """The b-th sample of a problem whose samples are right with the predicted chance p raises the chance that one of b is
    right by p (1 - p)^(b - 1); samples go where that is largest for a token.

    Reference: Damani et al. 2024, arXiv:2410.04707, adaptive best-of-k: marginal rewards are predicted for each input, and
    the greedy allocation of a total budget over them is optimal as they fall in b.
    Names: `least` is the marginal reward below which no further sample is drawn.
    Departures: p comes from whoever calls (`chances`), no model is trained here; a token is priced, not a sample; a problem
    that a checker calls solved leaves. Without a checker the vote is treated like a reranker that finds the right one.
    """

    least: float = 0.0

    def __post_init__(self) -> None:
        if not 0 <= self.least < 1:
            raise BadOption(f"predicted: least={self.least} must be at least 0 and below 1")

    def worth(self, state: State) -> Floats:
        """Marginal reward for a token. Raises BadOption where nothing is predicted of an open problem."""
        if np.isnan(state.chance[state.open]).any():
            raise BadOption(
                "predicted needs the chance that a sample is right for every problem; give chances, or take greedy"
            )
        rise = state.chance * (1.0 - state.chance) ** state.begun
        return np.where(rise > self.least, rise / state.cost, 0.0)
