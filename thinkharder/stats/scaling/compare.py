"""Which law fits: by what it says of data that it has not seen, never by R² on those it was fitted to.

- held-out likelihood (laws of the rates): folds of problems, each scored by the law fitted to the others;
- extrapolation (every law): fitted to a few random draws of each problem, held against pass@k of the other draws;
- goodness of fit: could the law have made these counts (parametric bootstrap of a distance between distributions).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from thinkharder.core.errors import BadOption
from thinkharder.stats.passk import pass_at_k
from thinkharder.stats.scaling.curves import fit_curve
from thinkharder.stats.scaling.fit import FITS, Tally
from thinkharder.stats.scaling.lib import Floats, Ints, counts, grid
from thinkharder.stats.scaling.rates import RateLaw

CURVES = ("coverage-power", "failure-power")
"""Curve laws that are compared on pass@k; what the literature fits."""
NUMBERS = {"exponential": 1, "beta-binomial": 2, "zero-inflated": 3, "mixture": 99}


@final
@dataclass(frozen=True, slots=True)
class Scored:
    """How one law did. Log-likelihoods are per problem, in nats; errors are of pass@k, absolute. NaN where not defined."""

    law: str
    held_out: float
    behind: float
    """By how much its held-out log-likelihood lies below the best law's."""
    behind_error: float
    """Standard error of that, paired over problems."""
    extrapolation: float
    """Mean absolute error of pass@k over the held-back draws, budgets beyond those fitted to, averaged over the splits."""
    bias: float
    """The same with its sign: above 0 the law promises too much."""


@final
@dataclass(frozen=True, slots=True)
class Comparison:
    """Every law's row, the law to forecast with, and why."""

    rows: tuple[Scored, ...]
    chosen: str
    why: str
    fitted_draws: int
    """Draws a problem that the extrapolations were fitted to; 0 where there were too few to hold any back."""
    reach: int
    """The largest budget that they were held against."""


def held_out(n: Any, c: Any, laws: Sequence[str], folds: int = 5, seed: int = 0) -> Floats:
    """Log-likelihood of each problem under the law fitted to the other folds, [laws, P]. Raises BadOption."""
    drawn, right = counts(n, c)
    size = len(drawn)
    if size < 2 * folds:
        raise BadOption(f"{size} problems are too few for {folds} folds; give at least {2 * folds}")
    fold = np.random.default_rng(seed).permutation(size) % folds
    found = np.empty((len(laws), size))
    for i in range(folds):
        out = fold == i
        others = Tally.of(drawn[~out], right[~out])
        for j, law in enumerate(laws):
            found[j, out] = FITS[law](others).log_likelihood(drawn[out], right[out])
    # a law that holds a seen outcome for impossible would make every difference infinite
    return np.maximum(found, -1e3)


def extrapolations(
    n: Any, c: Any, laws: Sequence[str], splits: int = 8, seed: int = 0
) -> tuple[Floats, int, int]:
    """Errors of pass@k beyond the draws that were fitted to, [laws, splits, K], with how many those are and the largest k.

    A quarter of the smallest number of draws (at least 2) is drawn from each problem, hypergeometric; the rest is what the
    law's forecast for these problems is held against, at budgets above the quarter. (empty, 0, 0) with under 8 draws.
    """
    drawn, right = counts(n, c)
    least = int(drawn.min())
    if least < 8:
        return np.empty((len(laws), 0, 0)), 0, 0
    few = max(2, least // 4)
    k = grid(least - few)
    k = k[k > few]
    rng = np.random.default_rng(seed)
    found = np.empty((len(laws), splits, len(k)))
    for s in range(splits):
        kept = rng.hypergeometric(right, drawn - right, few)
        truth = pass_at_k((drawn - few)[:, None], (right - kept)[:, None], k[None, :]).mean(axis=0)
        for j, law in enumerate(laws):
            found[j, s] = _forecast(law, np.full(len(drawn), few), kept, k) - truth
    return found, few, int(k[-1])


def _forecast(law: str, n: Ints, c: Ints, k: Ints) -> Floats:
    """pass@k of these problems by a law of the rates, or by a curve through pass@1 … pass@n."""
    if law in FITS:
        tally = Tally.of(n, c)
        made = FITS[law](tally)
        failed = made.failure_given(tally.n, tally.c, k)
        return np.asarray(1 - tally.weight @ failed / tally.weight.sum())
    near = grid(int(n.min()))
    seen = pass_at_k(n[:, None], c[:, None], near[None, :]).mean(axis=0)
    return fit_curve(law, near.astype(np.float64), seen)(k.astype(np.float64))


def compare(n: Any, c: Any, seed: int = 0) -> Comparison:
    """All laws of pass@k on draws n and right draws c, [P] each.

    Chosen is, of the laws of the rates whose held-out likelihood is within two standard errors of the best, the one that
    extrapolates best; where its lead is under 0.002 or nothing could be held back, the one with the fewest numbers.
    """
    drawn, right = counts(n, c)
    laws = [*FITS, *CURVES]
    out = held_out(drawn, right, list(FITS), seed=seed)
    far, few, reach = extrapolations(drawn, right, laws, seed=seed)
    best = int(np.argmax(out.mean(axis=1)))
    rows = []
    for j, law in enumerate(laws):
        rate = j < len(FITS)
        gap = out[best] - out[j] if rate else np.full(len(drawn), np.nan)
        error = float(np.std(gap, ddof=1) / np.sqrt(len(gap)))
        wrong = far[j] if far.size else np.full((1, 1), np.nan)
        rows.append(
            Scored(
                law,
                float(out[j].mean()) if rate else float("nan"),
                float(gap.mean()),
                error,
                float(np.abs(wrong).mean()),
                float(wrong.mean()),
            )
        )
    chosen, why = _choose(rows[: len(FITS)])
    return Comparison(tuple(rows), chosen, why, few, reach)


def _choose(rows: Sequence[Scored]) -> tuple[str, str]:
    level = [row for row in rows if row.behind <= 2 * row.behind_error + 1e-12]
    known = [row for row in level if np.isfinite(row.extrapolation)]
    if known:
        least = min(row.extrapolation for row in known)
        level = [row for row in known if row.extrapolation <= least + 0.002]
    winner = min(level, key=lambda row: NUMBERS[row.law])
    how = "extrapolates best of" if known else "is the simplest of"
    return (
        winner.law,
        f"{winner.law} {how} the laws whose held-out likelihood is within two standard errors of the best",
    )


def goodness(law: RateLaw, n: Any, c: Any, times: int = 100, seed: int = 0) -> tuple[float, float]:
    """Distance between the counts' distribution and the law's, and the chance p of one as large if the law were true.

    The distance is the largest gap between the share of problems with a right share of at most x, seen and expected
    (Kolmogorov-Smirnov on c / n); p by fitting the law anew to counts that it made itself, so that it is not flattered by the
    fit. A small p says that the law is wrong; a large one only that these data do not show it.
    """
    drawn, right = counts(n, c)
    tally = Tally.of(drawn, right)
    seen = _distance(law, tally)
    rng = np.random.default_rng(seed)
    beyond = 0
    for _ in range(times):
        made = Tally.of(drawn, rng.binomial(drawn, law.draw(len(drawn), rng)))
        beyond += _distance(FITS[law.name](made), made) >= seen
    return seen, (1 + beyond) / (1 + times)


def _distance(law: RateLaw, tally: Tally) -> float:
    """Largest gap of the two distribution functions of c / n."""
    sizes, heavy = np.unique(tally.n, return_inverse=True)
    share = np.bincount(heavy, weights=tally.weight) / tally.weight.sum()
    places, masses = [], []
    for size, part in zip(sizes, share, strict=True):
        every = np.arange(size + 1)
        places.append(every / size)
        masses.append(part * np.exp(law.log_likelihood(np.full(size + 1, size), every)))
    at = np.concatenate([*places, tally.c / tally.n])
    gap = np.concatenate([*masses, -tally.weight / tally.weight.sum()])
    order = np.argsort(at, kind="stable")
    summed = np.cumsum(gap[order])
    ends = np.append(np.diff(at[order]) > 1e-12, True)
    return float(np.abs(summed[ends]).max())
