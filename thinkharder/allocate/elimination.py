"""A bandit over problems: explore the active ones, eliminate those that are done."""

from dataclasses import dataclass
from typing import Literal, final

import numpy as np

from thinkharder.allocate.beta import leads
from thinkharder.allocate.board import Floats, State
from thinkharder.core.errors import BadOption


@final
@dataclass(frozen=True)
class Elimination:
    """Each problem is an arm of a pure-exploration bandit; pulling it is one sample. An arm is eliminated when its problem
    is solved; the others are explored by a rule.

    Reference: Zuo and Zhu 2025, arXiv:2506.12721: elimination once a reward reaches the threshold, with uniform, UCB or
    entropy exploration.
    Names: `explore`: `uniform` the fewest samples; `ucb` the largest mean score + sqrt(`width` ln t / samples), t all
    samples so far; `entropy` the most different answers for its number of votes. `confidence`: without a checker an arm is
    eliminated when its leading answer is the likelier of the two with this posterior chance. `give_up`: samples after
    which an arm is eliminated too, 0 never.
    Departures: their threshold is applied by the checker; without one, eliminating by the confidence of the vote is ours;
    entropy is bounded by that of the leader, the runner-up and the others as one; give_up is ours.
    """

    explore: Literal["uniform", "ucb", "entropy"] = "ucb"
    width: float = 2.0
    confidence: float = 0.95
    give_up: int = 0

    def __post_init__(self) -> None:
        if not (0.5 < self.confidence <= 1 and self.width >= 0 and self.give_up >= 0):
            raise BadOption(
                f"elimination: confidence={self.confidence} must be above 0.5 and at most 1, width={self.width} and"
                f" give-up={self.give_up} at least 0"
            )

    def worth(self, state: State) -> Floats:
        """The exploration rule's value of the active arms, 0 of the eliminated."""
        active = np.ones(len(state), np.bool_)
        if not state.checked:
            active = (state.voted == 0) | (leads(state.first, state.second) < self.confidence)
        if self.give_up:
            active &= state.begun < self.give_up
        return np.where(active, self._value(state), 0.0)

    def _value(self, state: State) -> Floats:
        begun = np.maximum(state.begun, 1)
        if self.explore == "uniform":
            return np.asarray(1.0 / (1.0 + state.begun))
        if self.explore == "ucb":
            total = max(2.0, float(state.begun.sum()))
            mean = np.where(np.isnan(state.mean), 0.0, state.mean)
            bound = mean + np.sqrt(self.width * np.log(total) / begun)
            return np.where(state.begun == 0, 1e6, bound)
        voted = np.maximum(state.voted, 1)
        shares = [state.first / voted, state.second / voted]
        shares.append(np.maximum(0.0, 1.0 - shares[0] - shares[1]))
        entropy = sum(-share * np.log(np.where(share > 0, share, 1.0)) for share in shares)
        # One vote has no entropy, and tells nothing: smoothed by what three unknown answers have.
        return np.asarray((entropy * voted + np.log(3.0)) / (voted + 1.0) / (1.0 + state.pending))
