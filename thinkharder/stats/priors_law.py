"""The law of what a stopping rule sees, for a mixture of answer profiles: how likely each state is, what happens next,
and whether the leader is right.

A state is (votes cast v, votes a of the leader, votes b <= a of the runner-up; b = a: they tie). For one profile the
chance of a state is a coefficient of a product of truncated exponential series, one factor for each answer: with leader i,

    P(v, a, b; i) = v! p_i^a / a! [x^(v-a)] (prod_{j != i} E_b(p_j x) - prod_{j != i} E_{b-1}(p_j x)),  E_b(z) = sum_{k<=b} z^k/k!

What follows is exact but for one thing: where several answers tie, a random one of them leads, and the chance that it is
right takes their number to be its mean for the profile and the state. For up to three answers that is exact too.
"""

from dataclasses import dataclass
from functools import cached_property
from math import lgamma
from typing import final

import numpy as np

from thinkharder.stats.checks import Floats, Ints
from thinkharder.stats.priors import Prior


@final
@dataclass(frozen=True, eq=False)
class Law:
    """Joint chances with each of Z rates of abstaining, [Z, v, a, b] for v, a = 0 … V and b = 0 … V // 2 + 1.

    `mass` of the state after v votes; `lead`, `second` of it and that the next vote goes to the leader (tied: one of
    them), to one that is at b (not tied); `right` of it and that the answer picked is right; `alone` of it times the
    chance that a given one of the leaders is picked (1 where it leads alone); `runner_up` of it and that one of those at b,
    not tied with the leader, is right (b > 0). `rates` [Z].
    """

    rates: Floats
    mass: Floats
    lead: Floats
    second: Floats
    right: Floats
    alone: Floats
    runner_up: Floats


def law(prior: Prior, votes: int) -> Law:
    """The law of a prior for up to so many `votes`; profiles that differ in weight or abstaining alone share the work."""
    rates, rate = np.unique(prior.abstains, return_inverse=True)
    key = np.concatenate([prior.shares, prior.sizes, prior.right], axis=1)
    _, first, same = np.unique(key, axis=0, return_index=True, return_inverse=True)
    weights = np.zeros((len(rates), len(first)))
    np.add.at(weights, (rate, same.reshape(-1)), prior.weights)
    work = Work(prior.shares[first], prior.sizes[first], prior.right[first], votes)
    out = np.zeros((6, len(rates), votes + 1, votes + 1, votes // 2 + 2))
    for a in range(1, votes + 1):
        parts = work.leader(a)
        out[:, :, a:, a, : parts.shape[-1]] = np.einsum("zg,kgvb->kzvb", weights, parts)
    nobody = weights.sum(axis=1)
    out[0, :, 0, 0, 0] = nobody
    out[1, :, 0, 0, 0] = nobody
    return Law(rates, *out)


@final
class Work:
    """Truncated series of G profiles of T kinds: `without[t]` [G, b, d] are the coefficients, up to x^V, of the product
    over all answers but one of kind t of E_b(p x); `pairs[t, u]` over all but one of t and one of u."""

    def __init__(self, shares: Floats, sizes: Ints, right: Floats, votes: int) -> None:
        self.shares, self.sizes, self.right, self.votes = shares, sizes, right, votes
        self.kinds = [t for t in range(shares.shape[1]) if (sizes[:, t] > 0).any()]
        self.half = votes // 2 + 1
        """The largest b that a runner-up can have, and one more."""
        powers = {(t, less): self._power(t, less) for t in self.kinds for less in (0, 1, 2)}
        self.without = {t: self._product(powers, (t,)) for t in self.kinds}
        self._powers = powers
        self.log = np.array([lgamma(k + 1) for k in range(votes + 2)])
        self.exact: dict[int, Floats] = {t: self._exact(t) for t in self.kinds}

    def _power(self, kind: int, less: int) -> Floats:
        """E_b(p x) to the power (size - less), [G, b, d]; nothing where there are too few answers."""
        coefficients = self._series(kind)
        size = np.maximum(self.sizes[:, kind] - less, 0)
        found = np.zeros_like(coefficients)
        found[..., 0] = 1
        bit = 0
        while (size >> bit).any():
            if bit:
                coefficients = _times(coefficients, coefficients)
            on = ((size >> bit) & 1).astype(bool)
            found[on] = _times(found[on], coefficients[on])
            bit += 1
        found[self.sizes[:, kind] < less] = 0
        return found

    def _series(self, kind: int) -> Floats:
        cut = np.arange(self.votes + 1) <= np.arange(self.half + 1)[:, None]
        return np.where(cut, self._series_of(kind)[:, None, :], 0.0)

    def _product(self, powers: dict[tuple[int, int], Floats], left_out: tuple[int, ...]) -> Floats:
        found: Floats | None = None
        for t in self.kinds:
            factor = powers[t, left_out.count(t)]
            found = factor if found is None else _times(found, factor)
        assert found is not None
        return found

    @cached_property
    def pairs(self) -> dict[tuple[int, int], Floats]:
        """Made when first asked for: only what happens next needs it."""
        return {(t, u): self._product(self._powers, (t, u)) for t in self.kinds for u in self.kinds if t <= u}

    def _exact(self, kind: int) -> Floats:
        """Of all but one of the kind: the most votes of the others are exactly b, [G, b, d]."""
        found = self.without[kind].copy()
        found[:, 1:] -= self.without[kind][:, :-1]
        return np.maximum(found, 0.0)

    def leader(self, a: int, follows: bool = True) -> Floats:
        """With `a` votes of the leader, [6, G, v - a, b]: the fields of a Law, for v = a … V; `second` and `runner_up` not
        unless `follows`."""
        top, rest = min(a, self.half), self.votes - a
        d = np.arange(rest + 1)
        out = np.zeros((6, len(self.shares), rest + 1, top + 1))
        number = np.zeros(out.shape[1:])
        paths = np.exp(self.log[a + d] - self.log[a])
        for t in self.kinds:
            share, size = self.shares[:, t], self.sizes[:, t]
            scale = (size * share**a)[:, None, None] * paths[:, None]
            each = scale * self.exact[t][:, : top + 1, : rest + 1].transpose(0, 2, 1)
            out[0] += each
            out[1] += each * share[:, None, None]
            out[3] += each * self.right[:, t, None, None]
            for u in self.kinds if follows else ():
                each = self._second(t, u, a, top, paths)
                number += each
                out[2] += each * self.shares[:, u, None, None]
                out[5] += each * self.right[:, u, None, None]
        # Several may be at b; `number` counts the state once for each of them.
        out[5] *= out[0] / np.maximum(np.maximum(number, out[0]), 1e-300)
        out[4] = out[0]
        out[2, :, :, 0] = out[0, :, :, 0] - out[1, :, :, 0]
        if top == a:
            self._tied(a, out)
        return out

    def _second(self, t: int, u: int, a: int, top: int, paths: Floats) -> Floats:
        """The leader is of kind t, one of kind u has b >= 1 votes, and none of the others more."""
        rest = len(paths) - 1
        found = np.zeros((len(self.shares), rest + 1, top + 1))
        pair = self.pairs[min(t, u), max(t, u)]
        ways = self.sizes[:, t] * (self.sizes[:, u] - (t == u))
        for b in range(1, min(top, rest) + 1):
            scale = ways * self.shares[:, t] ** a * self.shares[:, u] ** b * np.exp(-self.log[b])
            found[:, b:, b] = scale[:, None] * paths[b:] * pair[:, b, : rest + 1 - b]
        return found

    def _tied(self, a: int, out: Floats) -> None:
        """At b = a sums over leaders counted each of the tied: turn them into chances of the state."""
        tied = out[:, :, :, a].copy()
        alone = out[0, :, :, :a].sum(axis=2)
        answers = self.sizes.sum(axis=1)[:, None]
        least = tied[0] / np.maximum(answers, 2)
        state = np.clip(self._most(a) - alone, least, tied[0] / 2)
        number = np.where(tied[0] > 0, tied[0] / np.where(state > 0, state, 1), 2.0)
        out[0, :, :, a] = state
        out[1, :, :, a] = np.minimum(tied[1], state)
        out[2, :, :, a] = 0.0
        out[5, :, :, a] = 0.0
        out[3, :, :, a] = tied[3] / number
        out[4, :, :, a] = state / number

    def _most(self, a: int) -> Floats:
        """The chance that the most votes of any answer are exactly a, [G, v - a]."""
        total = np.exp(self.log[a : self.votes + 1])
        kind = self.kinds[0]
        upto, below = (
            np.where(np.arange(self.votes + 1) <= b, self._series_of(kind), 0.0) for b in (a, a - 1)
        )
        found = _times(self.without[kind][:, a], upto) - _times(self.without[kind][:, a - 1], below)
        chance: Floats = np.maximum(found[:, a:] * total, 0.0)
        return chance

    def _series_of(self, kind: int) -> Floats:
        d = np.arange(self.votes + 1)
        factors = np.where(d > 0, self.shares[:, kind, None] / np.maximum(d, 1), 1.0)
        found: Floats = np.multiply.accumulate(factors, axis=1)
        return found


def _times(one: Floats, two: Floats) -> Floats:
    """Products of series cut at the same power, along the last axis. Sums of positive terms only, so nothing cancels."""
    size = one.shape[-1]
    found = np.zeros(np.broadcast_shapes(one.shape, two.shape))
    for d in range(size):
        found[..., d:] += one[..., d : d + 1] * two[..., : size - d]
    return found
