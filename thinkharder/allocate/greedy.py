"""Where the next token raises the chance of being right most."""

from dataclasses import dataclass
from typing import Final, final

import numpy as np

from thinkharder.allocate.board import Floats, State
from thinkharder.allocate.index import Objective, vote_index
from thinkharder.allocate.profiles import Profiles, default_profiles
from thinkharder.core.errors import BadOption

VOTES: Final = 64
"""Votes that the tables reach to."""


@final
@dataclass(frozen=True)
class Greedy:
    """The next sample goes where it is expected to gain most for a token.

    With a checker the gain is the chance that the sample is the first right one: under a Beta(alpha, beta) prior on a
    problem's rate, alpha / (alpha + beta + draws) after so many wrong ones. It falls with every draw, so that greedy is
    optimal (a sample's gain never depends on other problems); without predictions and at equal cost it is round-robin over
    the unsolved, Reset-and-Discard (Meir et al. 2026, arXiv:2601.21522). Predicted chances give each problem its own
    prior of the same strength.

    Without a checker the gain is that of the vote: the price a sample up to which going on still pays (`index`), under a
    prior on answer profiles; ours.

    Names: `alpha` and `beta` of the prior (a predicted chance replaces alpha / (alpha + beta)); `hopeless` is the gain a
    sample below which a problem draws no more; `objective` what a vote should get right: `accuracy` (the right answer, so
    little is spent where no answer stands out) or `agreement` (the model's likeliest answer). `profiles` the prior of votes.
    """

    alpha: float = 0.5
    beta: float = 0.5
    hopeless: float = 0.0005
    objective: Objective = "accuracy"
    profiles: Profiles | None = None

    def __post_init__(self) -> None:
        if self.alpha <= 0 or self.beta <= 0 or not 0 <= self.hopeless < 1:
            raise BadOption(
                f"greedy: alpha={self.alpha} and beta={self.beta} must be above 0, hopeless={self.hopeless} in [0, 1)"
            )

    def worth(self, state: State) -> Floats:
        """Gain for a token; 0 for what is hopeless or done."""
        gain = self._first_right(state) if state.checked else self._vote(state)
        return np.where(gain >= max(self.hopeless, 1e-12), gain / state.cost, 0.0)

    def _first_right(self, state: State) -> Floats:
        strength = self.alpha + self.beta
        alpha = np.where(np.isnan(state.chance), self.alpha, state.chance * strength)
        gain: Floats = alpha / (strength + state.begun)
        return gain

    def _vote(self, state: State) -> Floats:
        index = vote_index(self.profiles or default_profiles(), self.objective, VOTES)
        price = index.at(state.voted, state.first, state.second)
        # A draw that abstains is paid too; what is under way may already bring what the next would.
        votes = (state.voted + 1.0) / (state.drawn + 1.0)
        gain: Floats = price * votes / (1.0 + state.pending)
        return gain
