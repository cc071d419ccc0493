"""Replay: strategies on recorded samples, without a model.

`Replay(pool)` is a model; `classed(pool)` classes a pool's answers once; `replay(pool, strategies, budgets)` gives accuracy
against budget for many strategies at once. docs/replay.md says what is the same as live, and what is not.
"""

from thinkharder.replay.classed import Classed, classed
from thinkharder.replay.model import RecordedScores, Replay
from thinkharder.replay.table import Replaying, Row, replay

__all__ = ["Classed", "RecordedScores", "Replay", "Replaying", "Row", "classed", "replay"]
