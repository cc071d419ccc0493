"""A stopping rule on a known population: independent draws from fixed rates, for many runs at once."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from thinkharder.core.errors import BadOption
from thinkharder.stopping.seen import NOBODY, CountRule, Seen, folds


@final
@dataclass(frozen=True, slots=True)
class Ends:
    """How each of R runs ended, [R]: after `samples` draws; `stopped` by the rule, not by the cap; `right` is the
    expectation, over ties of the vote, that the most probable answer wins."""

    samples: NDArray[np.int64]
    stopped: NDArray[np.bool_]
    right: NDArray[np.float64]

    @property
    def wrong(self) -> float:
        """The share of runs that the rule stopped at another answer than the most probable."""
        return float((self.stopped * (1.0 - self.right)).mean())


@final
class _Runs:
    """The runs that go on: counts [R, answers], and what a rule sees of them."""

    def __init__(self, runs: int, answers: int, cap: int) -> None:
        self.number = np.arange(runs)
        self.counts = np.zeros((runs, answers), np.int64)
        zero, nobody = np.zeros(runs, np.int64), np.full(runs, NOBODY)
        full = np.full(runs, cap)
        self.seen = Seen(0, full, zero, zero, zero, zero, zero, zero, nobody, zero, nobody, nobody)

    def draw(self, answer: NDArray[np.int64]) -> Seen:
        """One draw more in each; the classes are those of the rates, the last one abstains where it is beyond the counts."""
        was, rows = self.seen, np.arange(len(answer))
        voter = answer < self.counts.shape[1]
        self.counts[rows[voter], answer[voter]] += 1
        votes = np.where(voter, self.counts[rows, np.where(voter, answer, 0)], 0)
        latest = np.where(voter, answer, NOBODY)
        drawn = was.drawn + 1
        passes = voter & (votes > was.first) & (latest != was.leader)
        nears = voter & (votes > was.second) & (latest != was.leader)
        run = np.where(voter, np.where(latest == was.latest, was.run + 1, 1), 0)
        return Seen(
            drawn,
            was.cap,
            np.maximum(was.first, votes),
            np.where(passes, was.first, np.where(nears, votes, was.second)),
            was.voted + voter,
            was.distinct + (votes == 1),
            run,
            np.where(run == drawn, drawn, was.opening),
            latest,
            votes,
            np.where(passes, latest, was.leader),
            np.where(passes, was.leader, np.where(nears, latest, was.rival)),
        )

    def keep(self, which: NDArray[np.bool_]) -> None:
        """Go on with these alone."""
        self.number, self.counts = self.number[which], self.counts[which]
        self.seen = replace(
            self.seen, **{name: _kept(getattr(self.seen, name), which) for name in Seen.__dataclass_fields__}
        )


def stops(rule: CountRule, rates: Sequence[float], runs: int, cap: int, seed: int = 0) -> Ends:
    """Let a rule decide after each draw, up to `cap` draws, in `runs` runs. `rates` sum to at most 1, the rest abstains.

    Raises BadOption for rates that are none.
    """
    shares = np.asarray(rates, float)
    if len(shares) == 0 or (shares < 0).any() or shares.sum() > 1 + 1e-9:
        raise BadOption(f"rates {list(rates)} must be shares that sum to at most 1")
    edges = np.cumsum(shares)
    if edges[-1] > 1 - 1e-9:
        edges[-1] = 1.0
    rng, mode = np.random.default_rng(seed), int(shares.argmax())
    folding, going = folds(rule), _Runs(runs, len(shares), cap)
    ends = Ends(np.full(runs, cap), np.zeros(runs, np.bool_), np.zeros(runs))
    going.seen = replace(going.seen, state=None if folding is None else folding.start())
    for drawn in range(cap + 1):
        done = np.broadcast_to(rule.wants(going.seen) <= 0, len(going.number))
        if drawn == cap or done.any():
            ended = done | (drawn == cap)
            _end(ends, going, ended, done, mode)
            going.keep(~ended)
        if len(going.number) == 0:
            break
        now = going.draw(np.searchsorted(edges, rng.random(len(going.number)), side="right"))
        if folding is not None:
            now = replace(now, state=folding.step(going.seen.state, going.seen, now))
        going.seen = now
    return ends


def _end(ends: Ends, going: _Runs, ended: NDArray[np.bool_], done: NDArray[np.bool_], mode: int) -> None:
    at, counts = going.number[ended], going.counts[ended]
    ends.samples[at], ends.stopped[at] = going.seen.drawn, done[ended]
    won = counts == counts.max(axis=1, keepdims=True)
    ends.right[at] = won[:, mode] / won.sum(axis=1)


def _kept(value: Any, which: NDArray[np.bool_]) -> Any:
    if isinstance(value, tuple):
        return tuple(_kept(item, which) for item in value)
    return value[which] if isinstance(value, np.ndarray) else value


__all__ = ["Ends", "stops"]
