"""From what a sample is worth to who gets the next ones: floors first, then the best."""

from dataclasses import dataclass
from typing import Final, final

import numpy as np

from thinkharder.allocate.board import Bools, Floats, Ints, State, started
from thinkharder.core.errors import BadOption
from thinkharder.core.protocols import Allocator

FLOOR: Final = 1e30
"""Worth of a draw that a problem has a right to; the fewer it has, the more."""


@final
@dataclass(frozen=True, slots=True)
class Dealt:
    """A decision: `counts` [P] further draws of each problem; `leaves` [P] marks open problems that are done with
    drawing: nothing is under way, their floor is met, and one more is worth nothing."""

    counts: Ints
    leaves: Bools


def deal(allocator: Allocator, state: State, n: int) -> Dealt:
    """Give away `n` (1 or more) draws, fewer where nobody wants more.

    Problems below their floor come first, those with the fewest draws before others; then those whose next sample is
    worth most. In one round a problem gets at most one draw; rounds go on while draws are left (but not behind a round of
    floors), each with what was given before as under way. Equal worth goes to the fewest draws, then to the first problem. Deterministic.
    """
    if n < 1:
        raise BadOption(f"deal: n={n} must be at least 1")
    counts: Ints = np.zeros(len(state), np.int64)
    leaves: Bools = np.zeros(len(state), np.bool_)
    now, left = state, n
    while left > 0:
        worth = _worth(allocator, now)
        if now is state:
            leaves = state.open & (worth <= 0) & (state.pending == 0)
        chosen = _best(worth, now, left)
        if not len(chosen):
            break
        counts[chosen] += 1
        left -= len(chosen)
        if (now.begun[chosen] < now.floor[chosen]).any():
            break  # what is a right is not mixed with what is not: whoever is admitted first must not take it
        if left > 0:
            now = started(state, counts)
    return Dealt(counts, leaves)


def _worth(allocator: Allocator, state: State) -> Floats:
    """At most 0 for those that are to get nothing."""
    worth: Floats = np.asarray(allocator.worth(state), np.float64)
    if worth.shape != state.drawn.shape:
        raise BadOption(f"{type(allocator).__name__}.worth gave {worth.shape}, not one number a problem")
    begun = state.begun
    worth = np.where(begun < state.floor, FLOOR / (1.0 + begun), worth)
    return np.where(state.open & (worth > 0), worth, 0.0)  # NaN is no worth either


def _best(worth: Floats, state: State, n: int) -> Ints:
    """The problems with the n largest worths above 0."""
    wanted: Ints = np.flatnonzero(worth > 0)
    if len(wanted) <= n:
        return wanted
    values = worth[wanted]
    least = np.partition(values, len(values) - n)[len(values) - n]
    above, equal = wanted[values > least], wanted[values == least]
    room = n - len(above)
    if len(equal) > room:
        equal = equal[np.argsort(state.begun[equal], kind="stable")][:room]
    return np.concatenate([above, equal])
