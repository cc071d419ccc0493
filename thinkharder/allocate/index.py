"""What going on with a vote is worth: the highest price a sample at which one more still pays, for every count of votes.

A problem on its own, at a price of `c` a sample, is a stopping problem: stop and have V, the posterior chance that the
leading answer is right, or pay c and see one more. Many problems under one budget are many such problems at one price that
is common to all (the budget's multiplier), so that the next sample belongs to the problem with the highest price at which it
would still go on. Looking one sample ahead is not enough: unless the leaders tie, one more sample changes nothing.

The state is (n votes, a of the leader, b of the runner-up). With answers i, j as leader and runner-up of a profile, the
likelihood of what was seen is p_i^a p_j^b (1 - p_i - p_j)^(n - a - b); summed over i, j and the profiles it gives V and the
chances of the next vote exactly, for the leader and the runner-up as they are. What is not followed is a third answer that
overtakes: live, the true counts decide at each step.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal, final

import numpy as np
from numpy.typing import NDArray

from thinkharder.allocate.board import Floats, Ints
from thinkharder.allocate.profiles import Profiles

Objective = Literal["accuracy", "agreement"]
PRICES: Final[Floats] = np.geomspace(1e-6, 1.0, 56)
"""The prices that are told apart, in chances of being right a sample."""


@final
@dataclass(frozen=True, eq=False)
class VoteIndex:
    """Tables [n, a, b] up to `size` votes: `value` is V in [0, 1], `price` the index in chances a vote (0: stop).

    The price is used up to `size - ahead` votes, so that it has looked `ahead` at least.
    """

    size: int
    ahead: int
    value: Floats
    price: Floats

    def at(self, voted: Ints, first: Ints, second: Ints) -> Floats:
        """The price at these counts, arrays of one shape. Beyond the table time is scaled: with fewer votes by a factor s,
        the lead is as many standard deviations by the square root of s of it, and each vote moves it 1 / s as much."""
        most, n = self.size - self.ahead, voted
        beyond = int(n.max(initial=0)) > most
        if beyond:
            scale = np.minimum(1.0, most / np.maximum(n, 1))
            both = (first + second) * scale
            apart = np.minimum((first - second) * np.sqrt(scale), both)
            voted = np.minimum(n, most)
            second = ((both - apart) / 2).astype(np.int64)
            first = np.where(scale < 1, np.minimum(np.ceil(both), voted).astype(np.int64) - second, first)
        found: Floats = self.price[voted, first, second]
        return found * scale if beyond else found


@final
@dataclass(frozen=True, slots=True)
class _Layer:
    """The states with n votes: indices a, b; V, and the chances that the next vote is for leader, runner-up, another."""

    a: NDArray[np.int64]
    b: NDArray[np.int64]
    value: Floats
    leader: Floats
    second: Floats
    other: Floats


@lru_cache(maxsize=8)
def vote_index(profiles: Profiles, objective: Objective, votes: int, ahead: int = 32) -> VoteIndex:
    """The tables of a prior, to be used up to `votes`. `agreement` counts the likeliest answer as the right one."""
    size = votes + ahead
    shape = (size + 1, size + 1, size // 2 + 1)
    value, price = np.zeros(shape), np.zeros(shape)
    layers = [_layer(profiles, objective, n) for n in range(size + 1)]
    last = layers[-1]
    value[size, last.a, last.b] = last.value
    after = np.zeros((len(PRICES), size + 1, size // 2 + 1))
    after[:, last.a, last.b] = last.value
    for n in range(size - 1, -1, -1):
        layer = layers[n]
        a, b = layer.a, layer.b
        tied = a == b  # then the runner-up's next vote makes it the leader
        over, up = np.where(tied, a + 1, a), np.where(tied, b, b + 1)
        fresh = np.where(b == 0, 1, b)
        go = (
            layer.leader * after[:, a + 1, b]
            + layer.second * after[:, over, np.minimum(up, size // 2)]
            + layer.other * after[:, np.maximum(a, 1), np.where(a == 0, 0, fresh)]
            - PRICES[:, None]
        )
        pays = go > layer.value + 1e-12
        value[n, a, b] = layer.value
        price[n, a, b] = np.where(pays.any(axis=0), PRICES[len(PRICES) - 1 - pays[::-1].argmax(axis=0)], 0.0)
        after = np.zeros_like(after)
        after[:, a, b] = np.where(pays, go, layer.value)
    return VoteIndex(size, ahead, value, price)


def _layer(profiles: Profiles, objective: Objective, n: int) -> _Layer:
    a, b = _states(n)
    if n == 0:
        zero, one = np.zeros(1), np.ones(1)
        return _Layer(a, b, zero, one, zero, zero)
    kinds = _pairs(profiles, objective)
    seen = np.stack([a, b, n - a - b]).astype(np.float64)
    power = kinds.logs @ seen + np.where(b == 0, kinds.alone[:, None], kinds.ways[:, None])
    likely = np.exp(power - power.max(axis=0))
    lead, second, value = (kinds.means @ likely) / likely.sum(axis=0)
    second = np.where(b == 0, 0.0, second)
    return _Layer(a, b, value, lead, second, np.clip(1.0 - lead - second, 0.0, 1.0))


@final
@dataclass(frozen=True, slots=True)
class _Pairs:
    """Who may be leader and runner-up in whom: 9 J rows, answers i and j of a profile.

    `logs` [9 J, 3] of p_i, p_j and 1 - p_i - p_j; `ways` [9 J] the log of the profile's weight times how many such pairs
    it has, `alone` the same where j has no vote yet (the sum over j only counts who it could be); `means` [3, 9 J] rows
    p_i, p_j, and how probably i is right.
    """

    logs: Floats
    ways: Floats
    alone: Floats
    means: Floats


@lru_cache(maxsize=8)
def _pairs(profiles: Profiles, objective: Objective) -> _Pairs:
    chances, many, good = _answers(profiles, objective)
    i, j = np.divmod(np.arange(9), 3)
    left = np.clip(1.0 - chances[:, i] - chances[:, j], 0.0, 1.0)
    logs = _log(np.stack([chances[:, i], chances[:, j], left], axis=2)).reshape(-1, 3)
    pairs = many[:, i] * (many[:, j] - (i == j))
    others = np.maximum(many.sum(axis=1) - 1.0, 1e-9)
    weight = profiles.weight[:, None]
    means = np.stack([chances[:, i], chances[:, j], good[:, i]]).reshape(3, -1)
    return _Pairs(logs, _log(weight * pairs).ravel(), _log(weight * pairs / others[:, None]).ravel(), means)


def _log(values: Floats) -> Floats:
    found: Floats = np.log(np.maximum(values, 1e-300))
    return found


def _states(n: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The counts that n votes can show: b <= a, and others only beside a runner-up."""
    if n == 0:
        return np.zeros(1, np.int64), np.zeros(1, np.int64)
    a, b = np.meshgrid(np.arange(1, n + 1), np.arange(n // 2 + 1), indexing="ij")
    there = (b <= a) & (a + b <= n) & ((b > 0) | (a == n))
    return a[there], b[there]


def _answers(profiles: Profiles, objective: Objective) -> tuple[Floats, Floats, Floats]:
    """Of the first, the second and the further answers, [J, 3]: the chance of each, how many, how probably right."""
    one = np.ones_like(profiles.first)
    tail = np.clip(1.0 - profiles.first - profiles.second, 0.0, 1.0) / profiles.tail
    chances = np.stack([profiles.first, profiles.second, tail], axis=1)
    many = np.stack([one, one, profiles.tail], axis=1)
    if objective == "agreement":
        return chances, many, np.stack([one, 0 * one, 0 * one], axis=1)
    right = [profiles.right_first, profiles.right_second, profiles.right_tail]
    return chances, many, np.stack(right, axis=1)
