"""How well each law forecasts the failure rate far beyond what was sampled, on populations of known rates.

    python -m benchmarks.forecasts [--populations 500] [--intervals 100] [--chosen 50] [--markdown]

A population is 300 problems with rates from Beta(0.3, 1.5), 64 samples each. Forecast is the failure rate at k = 10,000:
the mean of (1 - p)^k over the population's own rates (its expectation), and, for problems not sampled, over the Beta law.
Errors are relative. `known prior` is the posterior mean under the true Beta: what no fit can be expected to beat.
Intervals (predictive, 95%) are made for the first `--intervals` populations, the choice of a law for the first `--chosen`.
No model runs.
"""

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from thinkharder.stats.passk import pass_at_k
from thinkharder.stats.scaling import BetaRates, compare, fit, fit_bootstrap, fit_curve, forecast_pass
from thinkharder.stats.scaling.lib import grid

ALPHA, BETA = 0.3, 1.5
PROBLEMS, SAMPLES, K = 300, 64, 10_000
RATE_LAWS = ("beta-binomial", "zero-inflated", "mixture", "exponential")
CURVES = ("failure-power", "coverage-power")
LABELS = {"failure-power": "straight log-log line", "coverage-power": "log c = -a k^(-b)"}


@dataclass
class Errors:
    """What one estimator said of every population, beside the truth."""

    said: list[float] = field(default_factory=list)
    own: list[float] = field(default_factory=list)


def populations(
    count: int, problems: int = PROBLEMS, samples: int = SAMPLES
) -> Iterator[tuple[NDArray[np.float64], ...]]:
    """Rates, draws and right draws of each population, seeded by its number."""
    for number in range(count):
        rng = np.random.default_rng([20_240, number])
        rates = rng.beta(ALPHA, BETA, problems)
        yield rates, np.full(problems, samples), rng.binomial(samples, rates)


def failures(n: NDArray[np.float64], c: NDArray[np.float64], k: int) -> dict[str, float]:
    """The failure rate at k by every estimator."""
    far = np.array([k])
    said = {"known prior": float(BetaRates(ALPHA, BETA).failure_given(n, c, far).mean())}
    for law in RATE_LAWS:
        said[law] = float(fit(law, n, c).failure_given(n, c, far).mean())
    near = grid(int(n.min()), dense=4, ratio=1.5)
    seen = pass_at_k(n[:, None], c[:, None], near[None, :]).mean(axis=0)
    for curve in CURVES:
        fitted = fit_curve(curve, near.astype(np.float64), seen)
        said[LABELS[curve]] = 1 - float(fitted(far.astype(np.float64))[0])
    return said


def measure(count: int, k: int = K) -> dict[str, Errors]:
    """Every estimator on so many populations."""
    found: dict[str, Errors] = {}
    for rates, n, c in populations(count):
        truth = float(((1 - rates) ** k).mean())
        for name, value in failures(n, c, k).items():
            errors = found.setdefault(name, Errors())
            errors.said.append(value)
            errors.own.append(truth)
    return found


def intervals(count: int, k: int = K) -> tuple[float, float]:
    """Share of populations whose own failure rate lies in the beta-binomial's 95% interval, and the median width relative
    to the truth."""
    held, width = [], []
    for number, (rates, n, c) in enumerate(populations(count)):
        told = forecast_pass(fit_bootstrap("beta-binomial", n, c, times=200, seed=number), [k], seed=number)
        truth = 1 - float(((1 - rates) ** k).mean())
        held.append(told.low[0] <= truth <= told.high[0])
        width.append((told.high[0] - told.low[0]) / (1 - truth))
    return float(np.mean(held)), float(np.median(width))


def chosen(count: int) -> dict[str, int]:
    """How often each law is the one that `compare` chooses."""
    found: dict[str, int] = {}
    for _, n, c in populations(count):
        law = compare(n, c).chosen
        found[law] = found.get(law, 0) + 1
    return found


def table(found: dict[str, Errors], k: int = K) -> list[list[str]]:
    """Header and rows: median relative errors, and the median of said over true."""
    law = float(BetaRates(ALPHA, BETA).failure(np.array([k]))[0])
    rows = [
        [
            "estimator",
            "median relative error",
            "90th percentile",
            "against the law's expectation",
            "median of forecast / truth",
        ]
    ]
    for name, errors in found.items():
        said, own = np.asarray(errors.said), np.asarray(errors.own)
        off = np.abs(said / own - 1)
        rows.append(
            [
                name,
                f"{np.median(off):.3f}",
                f"{np.quantile(off, 0.9):.3f}",
                f"{np.median(np.abs(said / law - 1)):.3f}",
                f"{np.median(said / own):.3f}",
            ]
        )
    return rows


def main() -> None:
    """Print the table, the coverage of the intervals, and which laws were chosen."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--populations", type=int, default=500)
    parser.add_argument("--intervals", type=int, default=100)
    parser.add_argument("--chosen", type=int, default=50)
    parser.add_argument("--markdown", action="store_true")
    options = parser.parse_args()
    rows = table(measure(options.populations))
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for number, row in enumerate(rows):
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        print("| " + " | ".join(cells) + " |" if options.markdown else "  ".join(cells).rstrip())
        if options.markdown and not number:
            print("|" + "|".join("-" * (width + 2) for width in widths) + "|")
    if options.intervals:
        held, width = intervals(options.intervals)
        print(
            f"\n95% interval of the beta-binomial: holds {held:.0%} of {options.intervals}, median width {width:.2f} of the truth"
        )
    if options.chosen:
        told = ", ".join(f"{law} {count}" for law, count in sorted(chosen(options.chosen).items()))
        print(f"law chosen by compare, of {options.chosen} populations: {told}")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
