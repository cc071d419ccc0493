"""Backward induction over what a stopping rule sees: how many more draws each state is worth. docs/worth.md derives it."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, final

import numpy as np
from numpy.typing import NDArray

from thinkharder.stats.priors import Prior
from thinkharder.stats.priors_law import Law, law

Objective = Literal["accuracy", "agreement"]
Floats = NDArray[np.float64]
WAVE = 16
"""The most draws that are asked for at once."""
_BETTER = 1e-12


@final
@dataclass(frozen=True, eq=False)
class Table:
    """What to ask for in every state under a cap, packed: the state of n draws, m of them abstaining, a votes of the
    leader and b of the runner-up is at `starts[n] + (m * (n + 1) + a) * (n // 2 + 1) + b`. `value` is what the whole
    problem is worth before the first draw: the expected objective less what is paid for it."""

    cap: int
    starts: tuple[int, ...]
    wants: NDArray[np.int16]
    value: float


@lru_cache(maxsize=8)
def _law(prior: Prior, cap: int) -> Law:
    return law(prior, cap)


@lru_cache(maxsize=256)
def table(prior: Prior, cap: int, price: float, prompt: float, objective: Objective) -> Table:
    """The decisions for a cap of so many draws. A draw costs `price`, a request `price * prompt` more."""
    known, starts, size = _law(prior, cap), [], 0
    for n in range(cap):
        starts.append(size)
        size += (n + 1) ** 2 * (n // 2 + 1)
    wants = np.zeros(size, np.int16)
    values = np.zeros((1, *_shape(cap)))
    costs = np.asarray(price * (np.arange(1, WAVE + 1) + prompt), np.float64)
    layer = _Layer(known, cap)
    agree = _last_agreement(layer) if objective == "agreement" else None
    if agree is not None:
        values[0] = 1.0
    for n in range(cap - 1, -1, -1):
        later, layer = layer, _Layer(known, n)
        if agree is not None:
            agree = _agreement(layer, agree)
            stop, gain = agree[0][:, :, :-1], np.zeros(())
        else:
            stop, gain = np.zeros_like(layer.right), _gain(layer, later)
        asked, values = _step(layer, (stop, gain), values, costs)
        wants[starts[n] : starts[n] + asked.size] = asked.ravel()
    return Table(cap, tuple(starts), wants, float(values[0, 0, 0, 0]))


@final
class _Layer:
    """After n draws, [m, a, b] each: chances given the state that the next draw votes for the leader (`lead`), for the
    runner-up (`second`), for another (`other`) or abstains (`none`); that the answer picked is `right`, that a given
    one of tied leaders is picked (`alone`), that one of those at b is right (`runner_up`)."""

    def __init__(self, known: Law, n: int) -> None:
        m = np.arange(n + 1)
        rates = known.rates[:, None]
        chance = rates**m * (1 - rates) ** (n - m)
        votes = (1 - known.rates)[:, None] * chance

        def mixed(weights: Floats, values: Floats) -> Floats:
            found: Floats = np.einsum("zm,zmab->mab", weights, values[:, n::-1, : n + 1, : n // 2 + 1])
            return found

        mass = mixed(chance, known.mass)
        self.there = mass > 0
        scale = 1 / np.where(self.there, mass, 1.0)
        voted = mixed(votes, known.mass) * scale
        self.lead = mixed(votes, known.lead) * scale
        self.second = mixed(votes, known.second) * scale
        self.other = np.maximum(voted - self.lead - self.second, 0.0)
        self.none = np.where(self.there, 1 - voted, 0.0)
        self.right = mixed(chance, known.right) * scale
        self.alone = mixed(chance, known.alone) * scale
        self.runner_up = mixed(chance, known.runner_up) * scale

    def ahead(self, values: Floats) -> Floats:
        """The mean of `values` [..., m, a, b], of the states after one more draw, given the state now."""
        found: Floats = values[..., :-1, :-1, : self.lead.shape[2]] * self.other
        found += values[..., :-1, 1:, : self.lead.shape[2]] * self.lead
        found += values[..., :-1, :-1, 1 : self.lead.shape[2] + 1] * self.second
        found += values[..., 1:, :-1, : self.lead.shape[2]] * self.none
        return found


def _shape(n: int) -> tuple[int, int, int]:
    return n + 1, n + 1, n // 2 + 2


def _padded(values: Floats) -> Floats:
    """One place more for b, where no state is."""
    return np.pad(values, [(0, 0)] * (values.ndim - 1) + [(0, 1)])


def _gain(layer: _Layer, later: _Layer) -> Floats:
    """The mean rise of the chance that the leader is right by the next draw, [m, a, b]: there is one only where leaders
    tie and another than the one picked goes ahead, or the first vote is cast."""
    found = np.zeros_like(layer.lead)
    a = np.arange(layer.lead.shape[2])
    better = later.right[:-1, a + 1, a] - later.runner_up[:-1, a + 1, a]
    found[:, a, a] = layer.lead[:, a, a] * (1 - layer.alone[:, a, a]) * better
    return found


def _step(
    layer: _Layer, now: tuple[Floats, Floats], after: Floats, costs: Floats
) -> tuple[NDArray[np.int16], Floats]:
    """One draw earlier: what to ask for, [m, a, b], and the values [j, m, a, b] where j draws are paid already, from the
    value of stopping and the gain by the next draw `now`, and what 1, 2, … draws cost.

    A paid draw is seen for nothing, but where the rule says stop it stops, paid or not: it does not know of the others.
    """
    stop, gain = now
    coming = layer.ahead(after) + gain
    best, asked = stop, np.zeros(stop.shape, np.int16)
    for more, worth in enumerate(coming - costs[: len(coming), None, None, None], start=1):
        better = worth > best + _BETTER
        best = np.where(better, worth, best)
        asked[better] = more
    asked[~layer.there] = 1
    going = asked > 0
    value = np.where(going, best, stop)
    paid = np.where(going, coming[: WAVE - 1], stop)
    return asked, _padded(np.concatenate([value[None], paid]))


Agreement = tuple[Floats, Floats]
"""The chances that one of the leaders, picked at random where they tie, wins the vote at the cap, and that one of those
at b does (where leaders tie: again one of them), [m, a, b + 1] each."""


def _last_agreement(layer: _Layer) -> Agreement:
    leader, runner_up = layer.alone.copy(), np.zeros_like(layer.alone)
    _same_ties(runner_up, leader)
    leader[-1, 0, 0] = 1.0
    return _padded(leader), _padded(runner_up)


def _agreement(layer: _Layer, after: Agreement) -> Agreement:
    """One draw earlier. A runner-up that a third answer passes is given up, and those at b count as one: exact for two
    answers."""
    leader, runner_up = layer.ahead(after[0]), layer.ahead(after[1])
    a = np.arange(leader.shape[2])
    ties = leader[:, a, a]
    follow = after[0][:-1, a + 1, a], after[1][:-1, a + 1, a]
    share = layer.alone[:, a, a]
    ties += layer.lead[:, a, a] * (share * follow[0] + (1 - share) * follow[1] - follow[0])
    # The first vote cast is no answer that led before.
    ties[:, 0] = layer.none[:, 0, 0] * after[0][1:, 0, 0]
    leader[:, a, a] = ties
    _same_ties(runner_up, leader)
    return _padded(leader), _padded(runner_up)


def _same_ties(runner_up: Floats, leader: Floats) -> None:
    a = np.arange(leader.shape[2])
    runner_up[:, a, a] = leader[:, a, a]
    runner_up[:, :, 0] = 0.0
