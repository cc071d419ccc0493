"""Truth from part of the data: pass@16, maj@16 and best@16 of the recorded pools, forecast from 4 samples a problem.

    python -m benchmarks.partial [POOL…] [--draws 4] [--k 16] [--subsets 60] [--markdown]

Without a POOL it reads `pools/*.jsonl` in the directory that THINKHARDER_SHARED names, else in ../shared beside the checkout. No model runs.
Each subset is a seeded random choice of `--draws` of each problem's recorded samples. What is forecast is the unbiased
estimate that the whole pool gives (for 16 recorded samples and k = 16: whether any of all 16 is right); the samples that the
forecast has seen are among those. `held` is how often the 95% predictive interval holds the observed value; best@k has none
of the pool's own noise in its interval. Programs are voted over only where the pool holds which of them are one answer
(`answer`): their texts say nothing by being equal.
"""

import argparse
import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from thinkharder.bench.advice import evidence_of
from thinkharder.records.pool import read_pool
from thinkharder.replay.classed import classed
from thinkharder.stats.best import best_at_k
from thinkharder.stats.passk import pass_at_k
from thinkharder.stats.scaling import (
    Ballots,
    Evidence,
    fit,
    fit_answers_bootstrap,
    fit_bootstrap,
    fit_curve,
    forecast_best,
    forecast_pass,
    forecast_vote,
)
from thinkharder.stats.voting import maj_at_k, tally

Said = tuple[float, float, float]
LAWS = ("beta-binomial", "zero-inflated", "mixture")
NAN = float("nan")


def shared() -> Path:
    """The directory that holds the pools."""
    named = os.environ.get("THINKHARDER_SHARED")
    root = Path(named) if named else Path(__file__).resolve().parents[2] / "shared"
    if not (root / "pools").is_dir():
        raise SystemExit(f"no pools under {root}; set THINKHARDER_SHARED to the directory that holds pools/")
    return root


def votes(evidence: Evidence, k: int) -> NDArray[np.float64]:
    """maj@k of each problem."""
    assert evidence.classes is not None
    counted = tally(evidence.classes, evidence.right)
    return maj_at_k(counted.counts, counted.right, k, abstained=counted.abstained)


def observed(evidence: Evidence, k: int) -> dict[str, float]:
    """What the whole pool says at k."""
    found = {"pass": float(pass_at_k(evidence.n, evidence.c, k).mean())}
    if evidence.votes:
        found["vote"] = float(votes(evidence, k).mean())
    for name, scores in evidence.scores.items():
        best = best_at_k(evidence.answered(scores), evidence.right, k, classes=evidence.classes)
        found[f"best:{name}"] = float(best.mean())
    return found


def forecasts(part: Evidence, k: int, pool: int, seed: int, times: int) -> dict[tuple[str, str], Said]:
    """(what, by what) -> value, low, high, from part of the draws."""
    n, c = part.n, part.c
    few = int(n.min())
    said: dict[tuple[str, str], Said] = {}
    fitted = fit_bootstrap("beta-binomial", n, c, times, seed)
    said["pass", "beta-binomial"] = forecast_pass(fitted, [k], pool=pool, seed=seed).at(k)
    for law in LAWS[1:]:
        # the seen draws count in the pool: of a problem not solved yet only k - few further ones do
        missed = fit(law, n, c).failure_given(n, c, np.array([k - few]))[:, 0]
        said["pass", f"{law} (all {few} seen among the k)"] = (
            float(np.where(c > 0, 1, 1 - missed).mean()),
            NAN,
            NAN,
        )
    near = np.arange(1, few + 1)
    seen = pass_at_k(n[:, None], c[:, None], near[None, :]).mean(axis=0)
    for curve, label in (("failure-power", "straight log-log line"), ("coverage-power", "log c = -a k^(-b)")):
        fitted_curve = fit_curve(curve, near.astype(np.float64), seen)
        said["pass", label] = (float(fitted_curve(np.array([float(k)]))[0]), NAN, NAN)
    said["pass", f"pass@{few} as it is"] = (float(seen[-1]), NAN, NAN)
    if part.votes:
        answers = fit_answers_bootstrap(Ballots.of(part.classes, part.right), times=times, seed=seed)
        said["vote", answers.law.name] = forecast_vote(answers, [k], pool=pool, seed=seed).at(k)
        said["vote", f"maj@{few} as it is"] = (float(votes(part, few).mean()), NAN, NAN)
    for name, scores in part.scores.items():
        told = forecast_best(fitted, part.answered(scores), part.right, [k], seed=seed)
        said[f"best:{name}", told.law] = told.at(k)
    return said


def table(truth: Mapping[str, float], rounds: list[dict[tuple[str, str], Said]], k: int) -> list[list[str]]:
    """Header and rows, in percent."""
    rows = [
        [
            "forecast",
            "by",
            "observed",
            "forecast, mean",
            "mean error",
            "mean |error|",
            "held by its 95% interval",
            "mean interval",
        ]
    ]
    for what, by in rounds[0]:
        said = np.array([one[what, by] for one in rounds])
        real = truth[what]
        off = 100 * (said[:, 0] - real)
        known = np.isfinite(said[:, 1]).all()
        held = np.mean((said[:, 1] <= real) & (real <= said[:, 2]))
        name = {"pass": "pass", "vote": "maj"}.get(what) or f"best (by {what.partition(':')[2]})"
        name, _, tail = name.partition(" ")
        rows.append(
            [
                f"{name}@{k} {tail}".strip(),
                by,
                f"{100 * real:.1f}",
                f"{100 * said[:, 0].mean():.1f}",
                f"{off.mean():+.1f}",
                f"{np.abs(off).mean():.1f}",
                f"{held:.0%}" if known else "",
                f"{100 * said[:, 1].mean():.1f} to {100 * said[:, 2].mean():.1f}" if known else "",
            ]
        )
    return rows


def show(rows: list[list[str]], markdown: bool) -> None:
    """Print a table, aligned."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for number, row in enumerate(rows):
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        print("| " + " | ".join(cells) + " |" if markdown else "  ".join(cells).rstrip())
        if markdown and not number:
            print("|" + "|".join("-" * (width + 2) for width in widths) + "|")


def main() -> None:
    """One table a pool."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("pools", nargs="*", type=Path, metavar="POOL")
    parser.add_argument("--draws", type=int, default=4)
    parser.add_argument("--k", type=int, default=16)
    parser.add_argument("--subsets", type=int, default=60)
    parser.add_argument("--times", type=int, default=60)
    parser.add_argument("--markdown", action="store_true")
    options = parser.parse_args()
    for path in options.pools or sorted((shared() / "pools").glob("*.jsonl")):
        evidence = evidence_of(classed(read_pool(path)))
        pool = int(evidence.n.min())
        rounds = []
        for seed in range(options.subsets):
            part = evidence.thin(options.draws, np.random.default_rng([7, seed]))
            rounds.append(forecasts(part, options.k, pool, seed, options.times))
        print(
            f"\n{path.name}: {len(evidence.problems)} problems, {pool} samples each, {options.subsets} subsets of {options.draws}\n"
        )
        show(table(observed(evidence, options.k), rounds, options.k), options.markdown)


if __name__ == "__main__":
    main()
