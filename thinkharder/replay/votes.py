"""The unweighted vote of many runs at once, draw by draw: winners, and what stopping rules see on the way."""

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import final

import numpy as np
from numpy.typing import NDArray

from thinkharder.replay.block import Block
from thinkharder.replay.history import History
from thinkharder.replay.picks import Picks
from thinkharder.stopping.seen import Seen


@final
@dataclass(eq=False)
class Standings:
    """What rules see after k = 0 … K draws, int16 [K + 1, R] each; see stopping.seen."""

    block: Block
    first: NDArray[np.int16] = field(init=False)
    second: NDArray[np.int16] = field(init=False)
    voted: NDArray[np.int16] = field(init=False)
    distinct: NDArray[np.int16] = field(init=False)
    run: NDArray[np.int16] = field(init=False)
    opening: NDArray[np.int16] = field(init=False)

    def __post_init__(self) -> None:
        shape = (self.block.depth + 1, self.block.runs)
        for name in ("first", "second", "voted", "distinct", "run", "opening"):
            setattr(self, name, np.zeros(shape, np.int16))

    @cached_property
    def history(self) -> History:
        """What only rules with a state see."""
        return History(self.block)

    def whole(self, k: int, cap: NDArray[np.int16]) -> Seen:
        """As `seen`, with what only rules with a state see."""
        past = self.history
        return replace(
            self.seen(k, cap),
            latest=past.latest[k],
            votes=past.votes[k],
            leader=past.leader[k],
            rival=past.rival[k],
        )

    def seen(self, k: int, cap: NDArray[np.int16]) -> Seen:
        """The first k draws of all runs, under a cap, [R]."""
        return Seen(
            k,
            cap,
            self.first[k],
            self.second[k],
            self.voted[k],
            self.distinct[k],
            self.run[k],
            self.opening[k],
        )


class Representatives:
    """How right the candidate is that stands for each answer: its first draw, or the first with its highest score."""

    def __init__(self, block: Block, scores: NDArray[np.float64] | None) -> None:
        self.block, tables = block, block.tables
        self.fixed = tables.consistent
        self.scores = None if scores is None else np.where(np.isnan(scores), -np.inf, scores)
        cells = block.runs * block.slots
        if self.fixed:
            self.known = tables.by_class.ravel()
            self.offset = block.of * tables.by_class.shape[1]
        else:
            self.known = np.zeros(cells, tables.exact)
            self.best = np.full(cells, -np.inf)

    def right(self, t: int, slot: NDArray[np.int64], new: NDArray[np.bool_]) -> NDArray[np.floating]:
        """After draw t: how right its answer's representative is now, [R]. `slot` [R] is the cell of each run's answer."""
        if self.fixed:
            fixed: NDArray[np.floating] = self.known.take(self.offset + self.block.raw[t])
            return fixed
        better = new
        if self.scores is not None:
            better = new | (self.scores[t] > self.best.take(slot))
            self.best[slot] = np.where(better, self.scores[t], self.best.take(slot))
        now = np.where(better, self.block.right[t], self.known.take(slot))
        self.known[slot] = now
        return now


def majority(block: Block, scores: NDArray[np.float64] | None = None) -> tuple[Picks, Standings]:
    """The answers with the most votes after each draw. `scores` [K, R] decide only which draw stands for an answer, and
    which abstaining ones win where nobody votes."""
    picks, standings = Picks.empty(block), Standings(block)
    cells = np.zeros(block.runs * block.slots, np.int16)
    stands = Representatives(block, scores)
    whole, _ = block.whole_vote
    most = np.zeros(block.runs, np.int16)
    first = block.classes[0] if block.depth else None
    for t in range(block.depth):
        answer, voter = block.classes[t], block.voter[t]
        slot = block.base + answer
        count = cells.take(slot)
        count += 1
        cells[slot] = count
        new = count == 1
        right = stands.right(t, slot, new)
        ahead = (count > most) & voter
        level = (count == most) & voter
        _advance(picks, t, ahead, level, right, whole.take(slot))
        most = most + ahead
        standings.first[t + 1] = most
        rest = np.where(voter & ~ahead, count, 0)
        np.maximum(standings.second[t], rest, out=standings.second[t + 1])
        np.add(standings.voted[t], voter, out=standings.voted[t + 1])
        np.add(standings.distinct[t], new & voter, out=standings.distinct[t + 1])
        again = (answer == block.classes[t - 1]) & voter if t else np.zeros(block.runs, np.bool_)
        standings.run[t + 1] = np.where(again, standings.run[t] + 1, voter)
        opened = (standings.opening[t] == t) & (answer == first) & voter
        standings.opening[t + 1] = np.where(opened, t + 1, standings.opening[t])
    silent(picks, block, standings.voted, scores)
    return picks, standings


def _advance(
    picks: Picks,
    t: int,
    ahead: NDArray[np.bool_],
    level: NDArray[np.bool_],
    right: NDArray[np.floating],
    whole: NDArray[np.bool_],
) -> None:
    """One more draw: its answer takes the lead alone, or joins the leaders, or changes nothing."""
    picks.right[t + 1] = np.where(ahead, right, picks.right[t] + right * level)
    picks.ways[t + 1] = np.where(ahead, 1, picks.ways[t] + level)
    picks.shared[t + 1] = np.where(ahead, whole, picks.shared[t] + (whole & level))
    picks.answers[t + 1] = picks.ways[t + 1]


def silent(
    picks: Picks, block: Block, voted: NDArray[np.int16], scores: NDArray[np.float64] | None = None
) -> None:
    """Where nobody has voted yet, all that abstain win, or the highest-scored of them; together they are one "answer"."""
    whole, _ = block.whole_vote
    none = whole[block.base + block.slots - 1].astype(np.int16)
    best = np.full(block.runs, -np.inf)
    right = np.zeros(block.runs, block.tables.exact)
    ways = np.zeros(block.runs, np.int16)
    for t in range(block.depth):
        still = voted[t + 1] == 0
        if not still.any():
            return
        score = np.full(block.runs, -np.inf) if scores is None else np.nan_to_num(scores[t], nan=-np.inf)
        ahead, level = score > best, score == best
        right = np.where(ahead, block.right[t], right + block.right[t] * level)
        ways = np.where(ahead, 1, ways + level).astype(np.int16)
        best = np.maximum(best, score)
        for array, value in (
            (picks.right, right),
            (picks.ways, ways),
            (picks.answers, 1),
            (picks.shared, none),
        ):
            array[t + 1] = np.where(still, value, array[t + 1])
