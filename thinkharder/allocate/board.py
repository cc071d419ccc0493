"""What is known of many problems at once: arrays that an allocator reads, and the board that keeps them up to date."""

from dataclasses import dataclass, replace
from typing import final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from thinkharder.core.errors import BadOption

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
ABSTAINS = -1
"""In place of a class: the draw has no answer."""
_FIRST_WIDTH = 4
"""Answer classes that there is room for at first."""


@final
@dataclass(frozen=True, slots=True)
class State:
    """The posterior state of P problems; arrays [P].

    - `drawn` finished draws, abstaining ones too; `pending` draws that are under way;
    - `first` >= `second` the votes of the two leading answers, `voted` the votes cast, `distinct` different answers;
    - `solved`: a draw has passed the checker; `mean` the mean score of what was scored, NaN without;
    - `chance` the predicted chance that one sample is right, NaN where nothing is predicted;
    - `cost` the expected tokens of one more sample, above 0; `floor` draws that the problem has a right to, `cap` the
      most that it may have; `open`: it may be given more.

    `checked`: a checker says what is right; otherwise the answers vote. `gone` is the share of the budget that is spent.
    """

    drawn: Ints
    pending: Ints
    first: Ints
    second: Ints
    voted: Ints
    distinct: Ints
    solved: Bools
    mean: Floats
    chance: Floats
    cost: Floats
    floor: Ints
    cap: Ints
    open: Bools
    checked: bool = False
    gone: float = 0.0

    def __len__(self) -> int:
        return len(self.drawn)

    @property
    def begun(self) -> Ints:
        """Draws that are finished or under way."""
        return self.drawn + self.pending


@final
class Board:
    """Keeps the state: `order` says what was started, `tell` what came of it. Holds no clock and no randomness.

    `floor` and `cap` are whole numbers, or arrays [P]; `chance` [P] as in State; `cost` is the first guess of a sample's
    tokens, `prompt` [P] the tokens of each prompt, paid for with each order.
    """

    def __init__(
        self,
        size: int,
        *,
        checked: bool = False,
        floor: ArrayLike = 0,
        cap: ArrayLike = 64,
        chance: ArrayLike | None = None,
        prompt: ArrayLike = 0.0,
        cost: float = 256.0,
    ) -> None:
        self.size, self.checked = size, checked
        self._floor, self._cap = _whole("floor", floor, size, 0), _whole("cap", cap, size, 1)
        self._floor = np.minimum(self._floor, self._cap)
        self._chance = np.full(size, np.nan) if chance is None else _chances(chance, size)
        self._prompt = np.broadcast_to(np.asarray(prompt, np.float64), (size,))
        self._guess, self._tokens, self._ended = float(cost), np.zeros(size), np.zeros(size, np.int64)
        self.counts: Ints = np.zeros((size, _FIRST_WIDTH), np.int64)
        self._scores, self._scored = np.zeros(size), np.zeros(size, np.int64)
        self.drawn, self.pending, self.voted = (np.zeros(size, np.int64) for _ in range(3))
        self.first, self.second, self.distinct = (np.zeros(size, np.int64) for _ in range(3))
        self.solved, self.closed = np.zeros(size, np.bool_), np.zeros(size, np.bool_)

    def order(self, counts: Ints) -> None:
        """So many draws of each problem [P] are started."""
        self.pending += counts

    def cancel(self, problem: int, n: int) -> None:
        """So many draws of a problem that were started will not come."""
        self.pending[problem] -= n

    def tell(
        self,
        problems: ArrayLike,
        classes: ArrayLike,
        *,
        tokens: ArrayLike | None = None,
        scores: ArrayLike | None = None,
        right: ArrayLike | None = None,
    ) -> None:
        """M finished draws, arrays [M]: of which problem, the class of the answer (small numbers from 0, ABSTAINS), its
        output tokens, its score (NaN without), and whether it passed the checker."""
        rows, voted = np.asarray(problems, np.int64), np.asarray(classes, np.int64)
        np.add.at(self.drawn, rows, 1)
        np.subtract.at(self.pending, rows, 1)
        voting = voted >= 0
        self._vote(rows[voting], voted[voting])
        if tokens is not None:
            np.add.at(self._tokens, rows, np.asarray(tokens, np.float64))
            np.add.at(self._ended, rows, 1)
        if scores is not None:
            given = np.asarray(scores, np.float64)
            known = ~np.isnan(given)
            np.add.at(self._scores, rows[known], given[known])
            np.add.at(self._scored, rows[known], 1)
        if right is not None:
            self.solved[rows[np.asarray(right, np.bool_)]] = True

    def _vote(self, rows: Ints, classes: Ints) -> None:
        if not len(rows):
            return
        width = self.counts.shape[1]
        if (most := int(classes.max())) >= width:
            more = max(most + 1, 2 * width) - width
            self.counts = np.pad(self.counts, ((0, 0), (0, more)))
        np.add.at(self.counts, (rows, classes), 1)
        np.add.at(self.voted, rows, 1)
        changed = np.unique(rows)
        counts = self.counts[changed]
        top = np.partition(counts, counts.shape[1] - 2, axis=1)[:, -2:]
        self.second[changed], self.first[changed] = top[:, 0], top[:, 1]
        self.distinct[changed] = (counts > 0).sum(axis=1)

    def floor(self, problem: int) -> int:
        """Draws that a problem has a right to."""
        return int(self._floor[problem])

    def close(self, problems: ArrayLike) -> None:
        """These problems (indices, or a mask [P]) are given no more."""
        self.closed[np.asarray(problems)] = True

    def state(self, gone: float = 0.0) -> State:
        """What an allocator sees now; its arrays are the board's own and must not be kept."""
        open_ = ~self.closed & (self.drawn + self.pending < self._cap)
        if self.checked:
            open_ &= ~self.solved
        mean = np.divide(self._scores, self._scored, out=np.full(self.size, np.nan), where=self._scored > 0)
        return State(
            drawn=self.drawn,
            pending=self.pending,
            first=self.first,
            second=self.second,
            voted=self.voted,
            distinct=self.distinct,
            solved=self.solved,
            mean=mean,
            chance=self._chance,
            cost=self.cost(),
            floor=self._floor,
            cap=self._cap,
            open=open_,
            checked=self.checked,
            gone=gone,
        )

    def cost(self) -> Floats:
        """Expected tokens of one more sample [P]: its prompt, and the mean output of the problem's draws, shrunk towards
        that of all draws as if one of that length had been seen."""
        ended = int(self._ended.sum())
        mean = max(1.0, float(self._tokens.sum()) / ended) if ended else self._guess
        return self._prompt + (self._tokens + mean) / (self._ended + 1)


def started(state: State, more: Ints) -> State:
    """The state after so many more draws [P] are under way."""
    pending = state.pending + more
    return replace(state, pending=pending, open=state.open & (state.drawn + pending < state.cap))


def _whole(name: str, value: ArrayLike, size: int, least: int) -> Ints:
    found = np.asarray(value)
    if found.dtype.kind not in "iu" or (found < least).any():
        raise BadOption(f"{name}={value!r} must be whole numbers from {least}")
    spread: Ints = np.broadcast_to(found, (size,)).astype(np.int64)
    return spread


def _chances(value: ArrayLike, size: int) -> Floats:
    found = np.asarray(value, np.float64)
    if found.shape != (size,) or ((found < 0) | (found > 1)).any():
        raise BadOption(f"chances must be {size} numbers from 0 to 1, or NaN where nothing is predicted")
    return found
