"""All states of the counts of a known population with few answers, draw by draw, and what the next draw brings."""

from dataclasses import dataclass
from functools import lru_cache
from itertools import permutations
from typing import final

import numpy as np
from numpy.typing import NDArray

from thinkharder.core.errors import BadOption
from thinkharder.stats.checks import Floats, Ints
from thinkharder.stats.priors import Prior

MOST_ANSWERS = 6
_NEVER = -1e6


@final
@dataclass(frozen=True, eq=False)
class Layer:
    """The S states after n draws: `counts` [S, K], most votes first. Where position i gets the next vote, the state is
    `after` [S, K] of the next layer, and the answer at i changes places with that at `place` [S, K]. `next` [S, K] are
    the chances of that, `right` [S] the chance that the leader (a random one of tied) is right. `top` [S, K]: positions
    that lead, of sum 1."""

    counts: Ints
    after: Ints
    place: Ints
    next: Floats
    right: Floats
    top: Floats


@lru_cache(maxsize=16)
def shapes(answers: int, cap: int) -> tuple[tuple[Ints, Ints, Ints], ...]:
    """(counts, after, place) of every layer, 0 … cap; the last has no after."""
    found, now = [], [(0,) * answers]
    for _ in range(cap + 1):
        index: dict[tuple[int, ...], int] = {}
        after = np.zeros((len(now), answers), np.int64)
        place = np.zeros((len(now), answers), np.int64)
        for number, state in enumerate(now):
            for i, count in enumerate(state):
                first = state.index(count)
                grown = (*state[:first], count + 1, *state[first + 1 :])
                after[number, i] = index.setdefault(grown, len(index))
                place[number, i] = first
        found.append((np.array(now, np.int64), after, place))
        now = list(index)
    return tuple(found)


def layers(population: Prior, cap: int) -> list[Layer]:
    """Every layer, 0 … cap. Which answer is which is not known: every assignment is alike at first.

    Raises BadOption for more than 6 answers or samples that abstain.
    """
    if (population.abstains > 0).any():
        raise BadOption("the exact optimum is for populations that never abstain: abstains must be 0")
    most = int(population.sizes.sum(axis=1).max())
    if most > MOST_ANSWERS:
        raise BadOption(f"the exact optimum is for at most {MOST_ANSWERS} answers; a profile has {most}")
    shares, right, weights = _assignments(population, most)
    found = []
    # No votes for an answer that is never given: 0 * log 0 is meant as 0, one vote for it as impossible.
    logs = np.where(shares > 0, np.log(np.where(shares > 0, shares, 1.0)), _NEVER)
    for counts, after, place in shapes(most, cap):
        score = counts @ logs.T
        chance = weights * np.exp(score - np.max(score, axis=1, keepdims=True))
        chance /= chance.sum(axis=1, keepdims=True)
        top = (counts == counts[:, :1]).astype(np.float64)
        top /= top.sum(axis=1, keepdims=True)
        good = (chance @ right * top).sum(axis=1)
        if not counts.any():
            good = np.zeros(1)
        found.append(Layer(counts, after, place, chance @ shares, good, top))
    return found


def _assignments(population: Prior, most: int) -> tuple[Floats, Floats, Floats]:
    """Shares [A, K], right [A, K] and weights [A] of all different assignments of each profile's answers to labels."""
    rows: list[tuple[float, ...]] = []
    masses: list[float] = []
    for g, weight in enumerate(population.weights):
        answers = [
            (float(population.shares[g, t]), float(population.right[g, t]))
            for t in range(population.shares.shape[1])
            for _ in range(int(population.sizes[g, t]))
        ]
        answers += [(0.0, 0.0)] * (most - len(answers))
        different = sorted(set(permutations(answers)))
        rows += [tuple(value for answer in order for value in answer) for order in different]
        masses += [float(weight) / len(different)] * len(different)
    table: NDArray[np.float64] = np.array(rows).reshape(len(rows), most, 2)
    return table[..., 0], table[..., 1], np.array(masses)
