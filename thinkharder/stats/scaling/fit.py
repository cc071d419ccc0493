"""Fits of the laws of rates.py by maximum likelihood; problems may carry weights, which is what the bootstrap needs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from thinkharder.core.errors import UnknownName
from thinkharder.stats.scaling.lib import Floats, Ints, counts, optimize, special
from thinkharder.stats.scaling.rates import BetaRates, OneRate, RateLaw, RateMixture, ZeroInflated, log_joint

LOG_MEAN, LOG_SIZE = (-9.0, 9.0), (-4.0, 7.0)
"""Bounds of logit(mean) and log(alpha + beta): where the likelihood has no maximum the fit ends here."""
LEAST_ZERO = 1e-6


@final
@dataclass(frozen=True, slots=True)
class Tally:
    """Problems with the same counts put together: n, c, and how much they weigh, all [U]."""

    n: Ints
    c: Ints
    weight: Floats

    @classmethod
    def of(cls, n: Any, c: Any, weight: Floats | None = None) -> "Tally":
        """From draws and right draws, both [P], and the problems' weights (1 each). Raises BadOption."""
        drawn, right = counts(n, c)
        pairs, where = np.unique(np.stack([drawn, right]), axis=1, return_inverse=True)
        whole = np.ones(len(drawn)) if weight is None else np.asarray(weight, dtype=np.float64)
        summed = np.bincount(where.ravel(), weights=whole, minlength=pairs.shape[1])
        kept = summed > 0
        return cls(pairs[0][kept], pairs[1][kept], summed[kept].astype(np.float64))


def fit_one_rate(tally: Tally) -> OneRate:
    """The pooled rate."""
    return OneRate(float((tally.weight @ tally.c) / (tally.weight @ tally.n)))


def fit_beta(tally: Tally) -> BetaRates:
    """Beta-binomial maximum likelihood over logit(mean) and log(alpha + beta), with its gradient.

    Where all rates look equal, or all are 0 or 1, there is no maximum: the fit ends at the bounds (`LOG_MEAN`, `LOG_SIZE`),
    where the law is nearly that one.
    """
    best = minimise(lambda x: _beta_loss(x, tally), _start(tally), [LOG_MEAN, LOG_SIZE])
    return BetaRates(*_shape(best))


def fit_zero_inflated(tally: Tally) -> ZeroInflated:
    """Maximum likelihood over the share of rate 0 and the beta of the others, from two starts."""
    mean, size = _start(tally)
    none = float(tally.weight[tally.c == 0].sum() / tally.weight.sum())
    bounds = [LOG_MEAN, LOG_SIZE, (-12.0, 9.0)]
    found = []
    for zero in (max(0.02, 0.8 * none), max(0.01, 0.2 * none)):
        zero = min(zero, 0.95)
        x = np.array([mean, size, np.log(zero / (1 - zero))])
        x = minimise(lambda x: _zero_loss(x, tally), x, bounds)
        found.append((_zero_loss(x, tally)[0], x))
    x = min(found, key=lambda pair: pair[0])[1]
    zero = float(1 / (1 + np.exp(-x[2])))
    return ZeroInflated(zero if zero > 20 * LEAST_ZERO else 0.0, *_shape(x[:2]))


def fit_mixture(tally: Tally, steps: int = 400) -> RateMixture:
    """Non-parametric maximum likelihood (Kiefer and Wolfowitz 1956) over a fixed grid of rates, 0 and 1 among them, by EM.

    Rates of a weight under 1e-4 are left out at the end.
    """
    odds = np.exp(np.linspace(np.log(0.1 / float(tally.n.max())), 6.0, 60))
    rates = np.concatenate([[0.0], odds / (1 + odds), [1.0]])
    weights = np.full(len(rates), 1 / len(rates))
    chance = np.exp(log_joint(tally.n, tally.c, rates, np.ones(len(rates))))
    share = tally.weight / tally.weight.sum()
    for _ in range(steps):
        weights = weights * (share @ (chance / (chance @ weights)[:, None]))
    kept = weights >= 1e-4
    weights = weights[kept] / weights[kept].sum()
    return RateMixture(tuple(map(float, rates[kept])), tuple(map(float, weights)))


FITS: Mapping[str, Callable[[Tally], RateLaw]] = {
    "exponential": fit_one_rate,
    "beta-binomial": fit_beta,
    "zero-inflated": fit_zero_inflated,
    "mixture": fit_mixture,
}
"""Laws of the rates by name, the simplest first."""


def fit(law: str, n: Any, c: Any, weight: Floats | None = None) -> RateLaw:
    """Fit the law of that name to draws n and right draws c, both [P]. Raises UnknownName, BadOption."""
    if law not in FITS:
        raise UnknownName("law", law, list(FITS))
    return FITS[law](Tally.of(n, c, weight))


def _start(tally: Tally) -> Floats:
    """Moments: logit of the mean, log of alpha + beta."""
    total = tally.weight.sum()
    rate = tally.c / tally.n
    mean = float(np.clip((tally.weight @ rate) / total, 0.005, 0.995))
    spread = float((tally.weight @ (rate - mean) ** 2) / total)
    noise = mean * (1 - mean) * float((tally.weight @ (1 / tally.n)) / total)
    between = max(spread - noise, 0.02 * mean * (1 - mean))
    size = np.clip(mean * (1 - mean) / between - 1, 0.1, 100.0)
    return np.array([np.log(mean / (1 - mean)), np.log(size)])


def _shape(x: Floats) -> tuple[float, float]:
    """alpha and beta from logit(mean) and log(alpha + beta)."""
    mean, size = 1 / (1 + np.exp(-x[0])), np.exp(x[1])
    return float(mean * size), float((1 - mean) * size)


def _beta_terms(x: Floats, n: Ints, c: Ints) -> tuple[Floats, Floats]:
    """Log-likelihood without the binomial coefficient [U], and its gradient by x [2, U]."""
    sp = special()
    a, b = _shape(x)
    value = sp.betaln(c + a, n - c + b) - sp.betaln(a, b)
    both = sp.digamma(n + a + b) - sp.digamma(a + b)
    by_a = sp.digamma(c + a) - sp.digamma(a) - both
    by_b = sp.digamma(n - c + b) - sp.digamma(b) - both
    slope = a * b / (a + b)  # of alpha by logit(mean); beta's is its negative
    return value, np.stack([(by_a - by_b) * slope, by_a * a + by_b * b])


def _beta_loss(x: Floats, tally: Tally) -> tuple[float, Floats]:
    value, gradient = _beta_terms(x, tally.n, tally.c)
    total = tally.weight.sum()
    return -float(tally.weight @ value) / total, -(gradient @ tally.weight) / total


def _zero_loss(x: Floats, tally: Tally) -> tuple[float, Floats]:
    zero = LEAST_ZERO + (1 - 2 * LEAST_ZERO) / (1 + np.exp(-x[2]))
    value, gradient = _beta_terms(x[:2], tally.n, tally.c)
    rest = (1 - zero) * np.exp(value)
    with np.errstate(divide="ignore"):
        mixed = np.where(tally.c == 0, np.log(zero + rest), np.log1p(-zero) + value)
        share = np.where(tally.c == 0, rest / (zero + rest), 1.0)
    by_zero = np.where(tally.c == 0, (1 - np.exp(value)) / (zero + rest), -1 / (1 - zero))
    whole = np.concatenate([gradient * share, (by_zero * (zero - LEAST_ZERO) * (1 - zero))[None, :]])
    total = tally.weight.sum()
    return -float(tally.weight @ mixed) / total, -(whole @ tally.weight) / total


def minimise(
    loss: Callable[[Floats], tuple[float, Floats]], start: Floats, bounds: list[tuple[float, float]]
) -> Floats:
    """The least of a loss that gives its gradient too, inside bounds."""
    low, high = np.asarray(bounds).T
    # L-BFGS-B takes ten times as long where cores are shared: its tiny steps go through a threaded BLAS, whose threads spin
    options = {"maxiter": 200, "ftol": 1e-10}
    found = optimize().minimize(
        loss, np.clip(start, low, high), jac=True, method="SLSQP", bounds=bounds, options=options
    )
    return np.clip(np.asarray(found.x, dtype=np.float64), low, high)
