"""The Borda vote of many runs at once. Ranks change with every draw, so it is computed where it is asked for."""

from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from thinkharder.replay.block import Block
from thinkharder.replay.exact import Weights, weights
from thinkharder.replay.picks import Picked, agreement
from thinkharder.replay.votes import Representatives

Ints = NDArray[np.int64]


@final
@dataclass(frozen=True, slots=True)
class Ranking:
    """The draws of each run from the lowest score up, [R, K], those without a score last: `place` in the trial's order,
    `answer` its class, `ordered` scores (NaN: none). `ties`: some draws of a run have one score. `kept`: what was worked
    out for all runs after so many draws."""

    block: Block
    scores: NDArray[np.float64]
    place: NDArray[np.int16]
    answer: Ints
    ordered: NDArray[np.float64]
    ties: bool
    kept: dict[int, "_Among"] = field(default_factory=dict)


@final
@dataclass(frozen=True, slots=True)
class _Among:
    """The first `count` draws of some runs, from the lowest score up, [runs, count]: answers, twice their ranks (0: no
    score), and how many are scored, [runs]."""

    answer: Ints
    twice: Ints
    known: Ints


def ranking(block: Block, scores: NDArray[np.float64]) -> Ranking:
    """Sort once, for all prefixes. `scores` [K, R]; a draw that abstains has none here."""
    rows = np.ascontiguousarray(np.where(block.voter, scores, np.nan).T)
    place = rows.argsort(axis=1)
    ordered = np.take_along_axis(rows, place, axis=1)
    answer = np.take_along_axis(np.ascontiguousarray(block.classes.T), place, axis=1)
    ties = bool((ordered[:, 1:] == ordered[:, :-1]).any())
    return Ranking(block, scores, place.astype(np.int16), answer, ordered, ties)


def borda(ranked: Ranking, exponent: float, prefix: Ints, other: Picked) -> Picked:
    """What wins after `prefix` draws, [R]; `other` where no voter is scored, or no weight is above 0."""
    right, agreed = other.right.copy(), other.agreement.copy()
    for count in np.unique(prefix[prefix > 0]).tolist():
        runs = np.flatnonzero(prefix == count)
        if len(runs) == len(prefix):
            if count not in ranked.kept:
                ranked.kept[count] = _among(ranked, slice(None), count)
            among = ranked.kept[count]
        else:
            among = _among(ranked, runs, count)
        found, decided = _after(ranked, among, exponent, runs, count)
        right[runs[decided]] = found.right[decided]
        agreed[runs[decided]] = found.agreement[decided]
    return Picked(right, agreed)


def _among(ranked: Ranking, runs: Ints | slice, count: int) -> _Among:
    at = np.flatnonzero(ranked.place[runs] < count)
    answer = ranked.answer[runs].ravel().take(at).reshape(-1, count)
    ordered = ranked.ordered[runs].ravel().take(at).reshape(-1, count)
    known = np.count_nonzero(ordered == ordered, axis=1)
    return _Among(answer, _twice_ranks(ordered, known, ranked.ties), known)


def _after(
    ranked: Ranking, among: _Among, exponent: float, runs: Ints, count: int
) -> tuple[Picked, NDArray[np.bool_]]:
    """After `count` draws of some runs; and which of them the scores decide. Sums lie as [answers, runs]."""
    block, size = ranked.block, len(runs)
    table = ladder(count, exponent)
    at = among.twice + (among.known * table.values.shape[1])[:, None]
    values = table.values.ravel().take(at)
    cell = among.answer * size + np.arange(size)[:, None]
    sums = np.bincount(cell.ravel(), values.ravel(), size * block.slots).reshape(block.slots, size)
    best = sums.max(axis=0)
    won = sums >= best * (1 - table.tolerance)
    ways = won.sum(axis=0, dtype=np.int16)
    close = np.flatnonzero((ways > 1) & (among.known > 0))
    for run in close.tolist():
        units = table.units.ravel().take(at[run]) if table.safe[among.known[run]] else None
        won[:, run] = _exactly(values[run], units, among.answer[run], won[:, run])
    ways[close] = won[:, close].sum(axis=0)
    whole, of = block.whole_vote
    shared = (won & whole.reshape(-1, block.slots)[runs].T).sum(axis=0, dtype=np.int16)
    right = np.where(won, _standing(ranked, runs, count), 0).sum(axis=0, dtype=np.float64)
    return Picked(right / np.maximum(ways, 1), agreement(of[runs], ways, shared)), best > 0


def _twice_ranks(ordered: NDArray[np.float64], known: Ints, ties: bool) -> Ints:
    """Twice the mean rank from below, from 2, of each score among the `known` ones of its run; 0 for the others."""
    count = ordered.shape[1]
    at = np.arange(count)
    twice = np.where(at < known[:, None], 2 * (at + 1), 0)
    if ties:
        same = ordered[:, 1:] == ordered[:, :-1]
        rows = np.flatnonzero(same.any(axis=1))
        new = np.ones((len(rows), count + 1), np.bool_)
        new[:, 1:-1] = ~same[rows]
        start = np.maximum.accumulate(np.where(new[:, :-1], at, 0), axis=1)
        end = np.minimum.accumulate(np.where(new[:, 1:], at, count)[:, ::-1], axis=1)[:, ::-1]
        twice[rows] = np.where(twice[rows] > 0, start + end + 2, 0)
    return twice


@lru_cache(maxsize=256)
def ladder(most: int, exponent: float) -> Weights:
    """The weights of select.Borda, [known, twice the rank]: (rank / known) ** exponent, 0 at rank 0."""
    values = np.zeros((most + 1, 2 * most + 1))
    for known in range(1, most + 1):
        for twice in range(2, 2 * known + 1):
            values[known, twice] = (twice / 2 / known) ** exponent
    return weights(values)


def _exactly(
    drawn: NDArray[np.float64], units: Ints | None, answers: Ints, near: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Which of the `near` leaders of one run have the largest sum; `units` where their 64 bits decide."""
    won = np.zeros_like(near)
    leaders = np.flatnonzero(near)
    if units is not None:
        parts = np.array([units[answers == answer].sum() for answer in leaders])
        ahead = parts - parts[0]
        won[leaders[ahead == ahead.max()]] = True
        return won
    totals = [sum(map(Fraction, drawn[answers == answer].tolist()), Fraction(0)) for answer in leaders]
    won[leaders[[total == max(totals) for total in totals]]] = True
    return won


def _standing(ranked: Ranking, runs: Ints, count: int) -> NDArray[Any]:
    """How right each answer's representative is, [answers, runs]: its highest-scored draw."""
    block = ranked.block
    tables = block.tables
    if tables.consistent:
        rows = tables.by_class[block.problems].T[: block.slots]
        out = np.zeros((block.slots, len(block.problems)), tables.exact)
        out[: len(rows)] = rows
        return out[:, runs // len(block.trials)]
    stands = Representatives(block, ranked.scores)
    seen = np.zeros(block.runs * block.slots, np.bool_)
    for t in range(count):
        slot = block.base + block.classes[t]
        stands.right(t, slot, ~seen.take(slot))
        seen[slot] = True
    return stands.known.reshape(block.runs, block.slots)[runs].T
