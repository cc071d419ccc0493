"""Selections that read scores, for many runs at once, draw by draw: the weighted vote and the highest score."""

from typing import final

import numpy as np
from numpy.typing import NDArray

from thinkharder.replay.block import Block, Tables
from thinkharder.replay.exact import Weights, sign, weights
from thinkharder.replay.picks import Picks
from thinkharder.replay.votes import Representatives


def powers(tables: Tables, verifier: str, power: float) -> Weights:
    """Each draw's weight in a weighted vote: its score to the `power`; 0 where it is not scored."""
    scores = tables.classed.scores[verifier]
    different, which = np.unique(np.nan_to_num(scores, nan=-1.0), return_inverse=True)
    # Python's own power, draw for draw what select.WeightedVote adds up.
    found = [0.0 if score == -1.0 else max(0.0, score) ** power for score in different.tolist()]
    values = np.array(found)[which].reshape(scores.shape)
    return weights(np.where(tables.classed.classes >= 0, values, 0.0))


@final
class _Leaders:
    """The largest sum of each run, exactly."""

    def __init__(self, block: Block, of: Weights) -> None:
        self.block, self.of = block, of
        cells = block.runs * block.slots
        self.sums, self.parts = np.zeros(cells), np.zeros(cells, np.int64)
        self.most, self.part = np.zeros(block.runs), np.zeros(block.runs, np.int64)
        self.leader = np.zeros(block.runs, np.int64)
        self.safe = of.safe[block.of]
        self.values, self.units = of.values.ravel(), of.units.ravel()

    def add(self, t: int, slot: NDArray[np.int64]) -> NDArray[np.int8]:
        """Add draw t's weight to its answer: -1 behind the leaders (or no weight), 0 level with them, 1 alone ahead."""
        at = self.block.at[t]
        weight = self.values.take(at)
        total = self.sums.take(slot)
        total += weight
        self.sums[slot] = total
        part = self.parts.take(slot)
        part += self.units.take(at)
        self.parts[slot] = part
        ahead = total - self.most
        order = np.sign(ahead).astype(np.int8)
        near = np.flatnonzero(np.abs(ahead) <= self.of.tolerance * self.most)
        if near.size:
            order[near] = np.sign(part[near] - self.part[near])
            for run in near[~self.safe[near]]:
                order[run] = self._by_hand(t, int(run))
        order[weight == 0] = -1
        won = order > 0
        np.copyto(self.most, total, where=won)
        np.copyto(self.part, part, where=won)
        np.copyto(self.leader, self.block.classes[t], where=won)
        return order

    def _by_hand(self, t: int, run: int) -> int:
        drawn = self.values.take(self.block.at[: t + 1, run])
        answers = self.block.classes[: t + 1, run]
        mine, leader = answers[t], self.leader[run]
        if mine == leader:
            return int(drawn[t] > 0)
        return sign(drawn[answers == mine].tolist(), drawn[answers == leader].tolist())


def weighted(block: Block, of: Weights, scores: NDArray[np.float64], other: Picks) -> Picks:
    """The answers with the largest sum of weights after each draw; `other`, the majority, where no weight is above 0."""
    picks, leaders = Picks.empty(block), _Leaders(block, of)
    stands = Representatives(block, scores)
    whole, _ = block.whole_vote
    seen = np.zeros(block.runs * block.slots, np.bool_)
    for t in range(block.depth):
        slot = block.base + block.classes[t]
        right = stands.right(t, slot, ~seen.take(slot))
        seen[slot] = True
        order = leaders.add(t, slot)
        ahead, level, wins = order > 0, order == 0, whole.take(slot)
        picks.right[t + 1] = np.where(ahead, right, picks.right[t] + right * level)
        picks.ways[t + 1] = np.where(ahead, 1, picks.ways[t] + level)
        picks.shared[t + 1] = np.where(ahead, wins, picks.shared[t] + (wins & level))
    picks.answers[:] = picks.ways
    _fill(picks, picks.ways == 0, other)
    return picks


def highest(block: Block, scores: NDArray[np.float64], other: Picks) -> Picks:
    """The candidates with the highest score after each draw, each draw at the top a winner of its own; `other`, the
    majority, where none that has an answer is scored."""
    picks = Picks.empty(block)
    whole, _ = block.whole_vote
    best = np.full(block.runs, -np.inf)
    of_answer = np.full(block.runs * block.slots, -np.inf)
    for t in range(block.depth):
        slot = block.base + block.classes[t]
        score = np.where(block.voter[t], scores[t], np.nan)
        ahead, level = score > best, score == best
        before = of_answer.take(slot)
        new = level & (before < score)
        wins = whole.take(slot)
        right = block.right[t]
        picks.right[t + 1] = np.where(ahead, right, picks.right[t] + right * level)
        picks.ways[t + 1] = np.where(ahead, 1, picks.ways[t] + level)
        picks.answers[t + 1] = np.where(ahead, 1, picks.answers[t] + new)
        picks.shared[t + 1] = np.where(ahead, wins, picks.shared[t] + (wins & new))
        best = np.fmax(best, score)
        of_answer[slot] = np.fmax(before, score)
    _fill(picks, picks.ways == 0, other)
    return picks


def place(block: Block, last: bool) -> Picks:
    """The first, or the last, candidate that has an answer; else the first or last of all."""
    picks = Picks.empty(block)
    whole, _ = block.whole_vote
    voted = np.zeros((block.depth + 1, block.runs), np.int16)
    np.cumsum(block.voter, axis=0, out=voted[1:], dtype=np.int16)
    for t in range(block.depth):
        wins = whole.take(block.base + block.classes[t])
        taken = (voted[t + 1] == 0) if last else np.full(block.runs, t == 0)
        taken = taken | (block.voter[t] if last else block.voter[t] & (voted[t] == 0))
        picks.right[t + 1] = np.where(taken, block.right[t], picks.right[t])
        picks.shared[t + 1] = np.where(taken, wins, picks.shared[t])
    picks.ways[1:] = 1
    picks.answers[1:] = 1
    return picks


def oracle(block: Block) -> Picks:
    """The best of the draws: what a perfect selection would pick (coverage, pass@k). Its answers are not told apart."""
    picks = Picks.empty(block)
    np.maximum.accumulate(block.right, axis=0, out=picks.right[1:])
    picks.ways[1:] = 1
    return picks


def any_of(block: Block) -> Picks:
    """One of the draws at random: what no selection at all would pick. Its answers are not told apart."""
    picks = Picks.empty(block)
    np.cumsum(block.right, axis=0, out=picks.right[1:])
    picks.ways[1:] = np.arange(1, block.depth + 1, dtype=np.int16)[:, None]
    return picks


def _fill(picks: Picks, where: NDArray[np.bool_], other: Picks) -> None:
    for name in ("right", "ways", "answers", "shared"):
        np.copyto(getattr(picks, name), getattr(other, name), where=where)


__all__ = ["any_of", "highest", "oracle", "place", "powers", "weighted"]
