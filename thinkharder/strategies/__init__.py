"""The strategies, one algorithm a file: each asks the run for samples and scores, and returns candidates.

Importing this package registers them all; third parties add theirs by the entry-point group `thinkharder.strategies`.
"""

from thinkharder.strategies.adaptive import Adaptive
from thinkharder.strategies.best_of_n import BestOfN
from thinkharder.strategies.cot import ChainOfThought
from thinkharder.strategies.deep_reasoning import DeepReasoning
from thinkharder.strategies.direct import Direct
from thinkharder.strategies.hybrid import Hybrid
from thinkharder.strategies.multiple_attempts import MultipleAttempts
from thinkharder.strategies.self_consistency import SelfConsistency
from thinkharder.strategies.self_refine import SelfRefine
from thinkharder.strategies.weighted_vote import WeightedVoting

__all__ = [
    "Adaptive",
    "BestOfN",
    "ChainOfThought",
    "DeepReasoning",
    "Direct",
    "Hybrid",
    "MultipleAttempts",
    "SelfConsistency",
    "SelfRefine",
    "WeightedVoting",
]
