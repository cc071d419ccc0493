"""Fits with their uncertainty, and forecasts of pass@k at budgets that were not sampled.

Three things are uncertain, and a predictive interval holds all three: the law's numbers (problems resampled with
replacement, the law fitted again), the rate of each problem given its draws (a draw from its posterior), and, where a
forecast is held against a pool, that pool's own draws.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, final

import numpy as np

from thinkharder.core.errors import BadOption
from thinkharder.stats.passk import pass_at_k
from thinkharder.stats.scaling.fit import FITS, Tally, fit
from thinkharder.stats.scaling.lib import Floats, Ints, counts, whole_budgets
from thinkharder.stats.scaling.rates import RateLaw

TIMES = 200
"""Bootstrap fits of a law."""


@final
@dataclass(frozen=True, slots=True)
class Fitted:
    """A law of the rates fitted to n and c [P], and the same law fitted to `again` bootstrap samples of the problems."""

    law: RateLaw
    again: tuple[RateLaw, ...]
    n: Ints
    c: Ints

    def intervals(self, level: float = 0.95) -> Mapping[str, tuple[float, float]]:
        """An interval of each parameter over the bootstrap fits; none for a mixture, whose parts have no names."""
        if not self.again or self.law.name == "mixture":
            return {}
        ends = [(1 - level) / 2, (1 + level) / 2]
        names = self.law.parameters
        drawn = {name: np.array([one.parameters[name] for one in self.again]) for name in names}
        # "lower" and "higher" do no arithmetic, so that an infinite decay stays one
        return {
            name: (
                float(np.quantile(found, ends[0], method="lower")),
                float(np.quantile(found, ends[1], method="higher")),
            )
            for name, found in drawn.items()
        }


@final
@dataclass(frozen=True, slots=True)
class Forecast:
    """Values at budgets k with a predictive interval, all [K]; `of` is what is forecast (pass, vote, best), `law` by what."""

    of: str
    law: str
    k: Ints
    value: Floats
    low: Floats
    high: Floats
    draws: Floats
    """The curves that the interval is from, [draws, K]."""

    @classmethod
    def of_draws(cls, of: str, law: str, k: Ints, value: Floats, draws: Floats, level: float) -> "Forecast":
        """With the interval that holds the middle `level` of the draws; it always holds the value too."""
        low, high = np.quantile(draws, [(1 - level) / 2, (1 + level) / 2], axis=0)
        return cls(of, law, k, value, np.minimum(low, value), np.maximum(high, value), draws)

    def at_the_edge(self, n: Ints, c: Ints, level: float) -> "Forecast":
        """With an exact bound on the side that the data n, c [P] cannot show: where no draw was right, or every one was,
        all bootstrap fits are the same, and their interval would be a point.

        No right draw among all: what any rates allow under which that has a chance of (1 - level) / 2; most is right at
        k where all problems are alike. Every draw right: as if each problem were always or never solved.
        """
        tail = (1 - level) / 2
        if not c.any():
            return replace(self, high=np.maximum(self.high, 1 - tail ** (self.k / n.sum())))
        if (c == n).all():
            return replace(self, low=np.minimum(self.low, tail ** (1 / len(n))))
        return self

    def at(self, k: int) -> tuple[float, float, float]:
        """Value, low, high at one budget. Raises BadOption where k is none of the forecast's budgets."""
        where = np.flatnonzero(self.k == k)
        if not len(where):
            raise BadOption(f"this forecast holds no k = {k}; it holds {', '.join(map(str, self.k[:8]))} …")
        i = int(where[0])
        return float(self.value[i]), float(self.low[i]), float(self.high[i])


def resamplings(problems: int, times: int, rng: np.random.Generator) -> Floats:
    """How often each problem is drawn in each bootstrap sample of problems, [times, problems]."""
    return rng.multinomial(problems, np.full(problems, 1 / problems), size=times).astype(np.float64)


def fit_bootstrap(law: str, n: Any, c: Any, times: int = TIMES, seed: int = 0) -> Fitted:
    """Fit a law by name, and again to `times` bootstrap samples of the problems. Raises UnknownName, BadOption."""
    drawn, right = counts(n, c)
    found = fit(law, drawn, right)
    rng = np.random.default_rng(seed)
    again = [FITS[law](Tally.of(drawn, right, weight)) for weight in resamplings(len(drawn), times, rng)]
    return Fitted(found, tuple(again), drawn, right)


def forecast_pass(
    fitted: Fitted, k: Any, *, pool: int | None = None, new: bool = False, level: float = 0.95, seed: int = 0
) -> Forecast:
    """pass@k at budgets k [K].

    By default the expectation on the problems that were sampled, given what they showed; with `new` on as many new problems
    of the same kind; with `pool` the unbiased estimate that these problems' pools will give when each has grown to `pool`
    draws, those already seen among them. Raises BadOption for a pool smaller than what was seen or than k.
    """
    budgets = whole_budgets(k)
    rng = np.random.default_rng(seed)
    n, c = fitted.n, fitted.c
    laws = fitted.again or (fitted.law,) * TIMES
    if pool is not None:
        _check_pool(pool, n, budgets)
        if new:
            raise BadOption(
                "pool= continues the sampled problems' pools and new=True asks for other problems; take one"
            )
        table = pass_at_k(pool, np.arange(pool + 1)[:, None], budgets[None, :])
        drawn = np.array([table[_grown(law, fitted, pool, rng)].mean(axis=0) for law in laws])
        value = np.mean(
            [table[_grown(fitted.law, fitted, pool, rng)].mean(axis=0) for _ in range(TIMES)], axis=0
        )
    elif new:
        drawn = np.array([_passed(law.draw(len(n), rng), budgets) for law in laws])
        value = 1 - fitted.law.failure(budgets)
    else:
        drawn = np.array([_passed(law.draw_given(n, c, rng), budgets) for law in laws])
        value = 1 - fitted.law.failure_given(n, c, budgets).mean(axis=0)
    told = Forecast.of_draws("pass", fitted.law.name, budgets, value, drawn, level)
    return told if pool is not None else told.at_the_edge(n, c, level)


def _passed(rates: Floats, k: Ints) -> Floats:
    return np.asarray(1 - ((1 - rates)[:, None] ** k[None, :]).mean(axis=0))


def _grown(law: RateLaw, fitted: Fitted, pool: int, rng: np.random.Generator) -> Ints:
    """Right draws of each problem in one imagined pool of `pool` draws that begins with those seen, [P]."""
    rates = law.draw_given(fitted.n, fitted.c, rng)
    return np.asarray(fitted.c + rng.binomial(pool - fitted.n, rates), dtype=np.int64)


def _check_pool(pool: int, n: Ints, k: Ints) -> None:
    if pool < n.max() or pool < k.max():
        raise BadOption(
            f"a pool of {pool} draws a problem cannot hold the {n.max()} already seen and samples of {k.max()}; "
            f"give pool={max(n.max(), k.max())} or more"
        )
