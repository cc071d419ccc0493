"""Laws of the right rate across problems: what a problem's chance p of one right sample is distributed like.

Given its rate a problem is failed by all of k samples with chance (1 - p)^k = e^(-ck), c = -log(1 - p): exponential for
every single problem. A power law in the mean comes from the mass of the rates near 0 (Schaeffer et al. 2025,
arXiv:2502.17578). All arrays: n, c [P] draws and right draws; k [K] budgets.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, final

import numpy as np

from thinkharder.stats.scaling.lib import Floats, Ints, special


class RateLaw(Protocol):
    """A distribution of rates over problems."""

    @property
    def name(self) -> str:
        """What the law is called."""

    @property
    def parameters(self) -> Mapping[str, float]:
        """The fitted numbers by name."""

    def log_likelihood(self, n: Ints, c: Ints) -> Floats:
        """log P(c right of n) of each problem, with the binomial coefficient, [P]."""

    def failure(self, k: Ints) -> Floats:
        """E (1 - p)^k over a new problem, [K]: the share that k samples all fail."""

    def failure_given(self, n: Ints, c: Ints, k: Ints) -> Floats:
        """E[(1 - p)^k | c of n] of each problem, [P, K]."""

    def draw_given(self, n: Ints, c: Ints, rng: np.random.Generator) -> Floats:
        """One rate a problem from its posterior, [P]."""

    def draw(self, size: int, rng: np.random.Generator) -> Floats:
        """Rates of so many new problems, [size]."""


def log_choose(n: Ints, c: Ints) -> Floats:
    """log of the binomial coefficient, [P]."""
    sp = special()
    return np.asarray(-np.log1p(n) - sp.betaln(n - c + 1, c + 1))


def xlogy(x: Floats | Ints, y: Floats) -> Floats:
    """x log y, 0 where x is 0."""
    return np.asarray(special().xlogy(x, y))


@final
@dataclass(frozen=True, slots=True)
class OneRate:
    """Every problem has the same rate p: error = e^(-cN) with c = -log(1 - p)."""

    p: float

    @property
    def name(self) -> str:
        """exponential."""
        return "exponential"

    @property
    def parameters(self) -> Mapping[str, float]:
        """p, and the decay c per sample (inf where p is 1)."""
        return {"p": self.p, "c": float(-np.log1p(-self.p)) if self.p < 1 else float("inf")}

    def log_likelihood(self, n: Ints, c: Ints) -> Floats:
        """See RateLaw."""
        p = np.asarray(self.p)
        return log_choose(n, c) + xlogy(c, p) + xlogy(n - c, 1 - p)

    def failure(self, k: Ints) -> Floats:
        """See RateLaw."""
        return np.asarray((1 - self.p) ** np.asarray(k, dtype=np.float64))

    def failure_given(self, n: Ints, c: Ints, k: Ints) -> Floats:
        """See RateLaw: what a problem showed says nothing more."""
        return np.broadcast_to(self.failure(k), (len(n), len(k)))

    def draw_given(self, n: Ints, c: Ints, rng: np.random.Generator) -> Floats:
        """See RateLaw."""
        return np.full(len(n), self.p)

    def draw(self, size: int, rng: np.random.Generator) -> Floats:
        """See RateLaw."""
        return np.full(size, self.p)


@final
@dataclass(frozen=True, slots=True)
class BetaRates:
    """Rates are Beta(alpha, beta): failures fall like k^(-alpha). Counts are beta-binomial.

    Reference: Schaeffer et al. 2025, arXiv:2502.17578; Kazdan et al. 2025, arXiv:2510.05197.
    """

    alpha: float
    beta: float

    @property
    def name(self) -> str:
        """beta-binomial."""
        return "beta-binomial"

    @property
    def parameters(self) -> Mapping[str, float]:
        """alpha (also the exponent of the power law at large k) and beta."""
        return {"alpha": self.alpha, "beta": self.beta}

    def log_likelihood(self, n: Ints, c: Ints) -> Floats:
        """See RateLaw."""
        sp = special()
        ends = sp.betaln(c + self.alpha, n - c + self.beta) - sp.betaln(self.alpha, self.beta)
        return np.asarray(log_choose(n, c) + ends)

    def failure(self, k: Ints) -> Floats:
        """See RateLaw."""
        sp = special()
        return np.asarray(np.exp(sp.betaln(self.alpha, self.beta + k) - sp.betaln(self.alpha, self.beta)))

    def failure_given(self, n: Ints, c: Ints, k: Ints) -> Floats:
        """See RateLaw: the posterior is Beta(alpha + c, beta + n - c)."""
        sp = special()
        a, b = (self.alpha + c)[:, None], (self.beta + n - c)[:, None]
        return np.asarray(np.exp(sp.betaln(a, b + np.asarray(k)) - sp.betaln(a, b)))

    def draw_given(self, n: Ints, c: Ints, rng: np.random.Generator) -> Floats:
        """See RateLaw."""
        return np.asarray(rng.beta(self.alpha + c, self.beta + n - c))

    def draw(self, size: int, rng: np.random.Generator) -> Floats:
        """See RateLaw."""
        return np.asarray(rng.beta(self.alpha, self.beta, size))


@final
@dataclass(frozen=True, slots=True)
class ZeroInflated:
    """A share `zero` of the problems has rate 0 and is never solved; the others' rates are Beta(alpha, beta).

    Reference: Kazdan et al. 2025, arXiv:2510.05197; Verine et al. 2026 (hierarchical priors for pass@k).
    """

    zero: float
    alpha: float
    beta: float

    @property
    def name(self) -> str:
        """zero-inflated beta-binomial."""
        return "zero-inflated"

    @property
    def parameters(self) -> Mapping[str, float]:
        """zero (a share in [0, 1]), alpha, beta."""
        return {"zero": self.zero, "alpha": self.alpha, "beta": self.beta}

    def log_likelihood(self, n: Ints, c: Ints) -> Floats:
        """See RateLaw."""
        rest = np.exp(BetaRates(self.alpha, self.beta).log_likelihood(n, c))
        with np.errstate(divide="ignore"):
            return np.asarray(np.log(self.zero * (c == 0) + (1 - self.zero) * rest))

    def failure(self, k: Ints) -> Floats:
        """See RateLaw."""
        return self.zero + (1 - self.zero) * BetaRates(self.alpha, self.beta).failure(k)

    def hopeless(self, n: Ints, c: Ints) -> Floats:
        """The posterior chance of each problem that its rate is 0, [P]."""
        none = np.exp(BetaRates(self.alpha, self.beta).log_likelihood(n, np.zeros_like(c)))
        return np.where(c == 0, self.zero / (self.zero + (1 - self.zero) * none), 0.0)

    def failure_given(self, n: Ints, c: Ints, k: Ints) -> Floats:
        """See RateLaw."""
        never = self.hopeless(n, c)[:, None]
        return never + (1 - never) * BetaRates(self.alpha, self.beta).failure_given(n, c, k)

    def draw_given(self, n: Ints, c: Ints, rng: np.random.Generator) -> Floats:
        """See RateLaw."""
        found = BetaRates(self.alpha, self.beta).draw_given(n, c, rng)
        return np.where(rng.random(len(n)) < self.hopeless(n, c), 0.0, found)

    def draw(self, size: int, rng: np.random.Generator) -> Floats:
        """See RateLaw."""
        found = BetaRates(self.alpha, self.beta).draw(size, rng)
        return np.where(rng.random(size) < self.zero, 0.0, found)


@final
@dataclass(frozen=True, slots=True)
class RateMixture:
    """Finitely many rates with weights: error = sum over j of w_j e^(-c_j N). What no formula for the rates fits.

    It says nothing about rates that the draws cannot tell from 0, so its forecasts far out are flat.
    """

    rates: tuple[float, ...]
    weights: tuple[float, ...]

    @property
    def name(self) -> str:
        """mixture of exponentials."""
        return "mixture"

    @property
    def parameters(self) -> Mapping[str, float]:
        """`p1`, `w1`, `p2`, `w2`, ...: rates in rising order with their weights."""
        pairs = zip(self.rates, self.weights, strict=True)
        return {name: v for j, (p, w) in enumerate(pairs, 1) for name, v in ((f"p{j}", p), (f"w{j}", w))}

    def _arrays(self) -> tuple[Floats, Floats]:
        return np.asarray(self.rates), np.asarray(self.weights)

    def _joint(self, n: Ints, c: Ints) -> Floats:
        """log of weight times likelihood, [P, J]."""
        return log_joint(n, c, *self._arrays())

    def log_likelihood(self, n: Ints, c: Ints) -> Floats:
        """See RateLaw."""
        return np.asarray(special().logsumexp(self._joint(n, c), axis=1))

    def failure(self, k: Ints) -> Floats:
        """See RateLaw."""
        rates, weights = self._arrays()
        return np.asarray(weights @ (1 - rates)[:, None] ** np.asarray(k, dtype=np.float64)[None, :])

    def posterior(self, n: Ints, c: Ints) -> Floats:
        """The chance of each rate for each problem, [P, J]."""
        return np.asarray(special().softmax(self._joint(n, c), axis=1))

    def failure_given(self, n: Ints, c: Ints, k: Ints) -> Floats:
        """See RateLaw."""
        rates, _ = self._arrays()
        return np.asarray(
            self.posterior(n, c) @ (1 - rates)[:, None] ** np.asarray(k, dtype=np.float64)[None, :]
        )

    def draw_given(self, n: Ints, c: Ints, rng: np.random.Generator) -> Floats:
        """See RateLaw."""
        upto = np.cumsum(self.posterior(n, c), axis=1)
        pick = (rng.random((len(n), 1)) > upto).sum(axis=1)
        return np.asarray(self._arrays()[0][np.minimum(pick, len(self.rates) - 1)])

    def draw(self, size: int, rng: np.random.Generator) -> Floats:
        """See RateLaw."""
        rates, weights = self._arrays()
        return np.asarray(rng.choice(rates, size, p=weights / weights.sum()))


def log_joint(n: Ints, c: Ints, rates: Floats, weights: Floats) -> Floats:
    """log of weight_j times the binomial chance of c of n at rate_j, [P, J]; -inf where it cannot be."""
    with np.errstate(divide="ignore"):
        shape = (n[:, None], c[:, None])
        each = xlogy(shape[1], rates[None, :]) + xlogy(shape[0] - shape[1], 1 - rates[None, :])
        return np.asarray(np.log(weights)[None, :] + log_choose(n, c)[:, None] + each)
