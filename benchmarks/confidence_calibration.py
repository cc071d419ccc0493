"""How well `confidence` (sample consistency) is calibrated, on the recorded GSM8K pool.

    python -m benchmarks.confidence_calibration [--n 4 8 16] [--draws 500] [--markdown]

Reads `pools/gsm8k-*.jsonl` in the folder that THINKHARDER_SHARED names, else in ../shared beside the checkout. No model runs.
For each problem and n: `draws` subsets of n of its recorded samples (without replacement, seeded), the majority's answer
(ties share), its confidence, and whether it is right. ECE: 10 bins of equal width, weighted by what falls in them. Brier:
mean squared difference. Both as a mean over problems with a 95% bootstrap interval over problems (not over draws, which
are not independent). `base rate` says the pool's mean accuracy every time: what knows nothing about the problem.
"""

import argparse
import json
import math
import os
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from thinkharder import select
from thinkharder.answers import answer_type
from thinkharder.core.types import Candidate

Array = NDArray[np.float64]
Estimate = Callable[[int, int], float]
BINS, RESAMPLES, SEED = 10, 2000, 0
ESTIMATES: dict[str, Estimate] = {
    "vote share, k/n": lambda k, n: k / n,
    "Jeffreys, (k+1/2)/(n+1)": lambda k, n: (k + 0.5) / (n + 1),
    "Laplace, (k+1)/(n+2)": lambda k, n: (k + 1) / (n + 2),
}
USED = "Jeffreys, (k+1/2)/(n+1)"


def pools() -> list[Path]:
    """The recorded GSM8K pools."""
    shared = Path(os.environ.get("THINKHARDER_SHARED") or Path(__file__).resolve().parents[2] / "shared")
    found = sorted((shared / "pools").glob("gsm8k-*.jsonl"))
    if not found:
        raise SystemExit(
            f"no pools/gsm8k-*.jsonl under {shared}; set THINKHARDER_SHARED to the folder that has them"
        )
    return found


def read(path: Path) -> list[tuple[list[Candidate], int | None]]:
    """For each problem its samples as candidates, and the class of the right answer (None: nobody gave it)."""
    kind = answer_type("number")
    rows = defaultdict(list)
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        rows[row["problem"]].append(row)
    problems = []
    for samples in rows.values():
        classes: dict[str, int] = {}
        found = []
        for number, row in enumerate(samples):
            answer = kind.extract(row["text"], complete=row["finish"] == "stop")
            group = None if answer is None else classes.setdefault(answer.key, len(classes))
            shown = None if answer is None else answer.shown
            found.append(Candidate(str(number), "", draw=number, answer=shown, answer_class=group))
        gold = kind.extract(f"\\boxed{{{samples[0]['gold']}}}")
        problems.append((found, None if gold is None else classes.get(gold.key)))
    return problems


def outcomes(
    problem: tuple[list[Candidate], int | None], n: int, draws: int, rng: np.random.Generator
) -> list[tuple[int, int, float, float]]:
    """Of each draw's tied winners: votes, votes cast, whether right, and weight (winners share one draw)."""
    samples, gold = problem
    found = []
    for _ in range(draws):
        chosen = [samples[i] for i in rng.choice(len(samples), n, replace=False)]
        winners = select.majority(chosen)
        for winner in winners:
            stated = select.confidence(chosen, winner)
            if stated is None:
                continue
            cast = sum(c.answer_class is not None for c in chosen)
            votes = sum(c.answer_class == winner.answer_class for c in chosen)
            if not math.isclose(stated, ESTIMATES[USED](votes, cast)):
                raise AssertionError("the library's confidence is not the estimate that is measured here")
            found.append((votes, cast, float(winner.answer_class == gold), 1 / len(winners) / draws))
    return found


def ece(stated: Array, right: Array, weight: Array) -> float:
    """Expected calibration error (Guo et al. 2017, arXiv:1706.04599): |accuracy - confidence| by bin."""
    bins = np.minimum((stated * BINS).astype(int), BINS - 1)
    gaps = [abs(float((weight * (stated - right))[bins == b].sum())) for b in range(BINS)]
    return sum(gaps) / float(weight.sum())


def brier(stated: Array, right: Array, weight: Array) -> float:
    """Mean squared difference (Brier 1950)."""
    return float((weight * (stated - right) ** 2).sum() / weight.sum())


Measure = Callable[[Array, Array, Array], float]


def interval(measure: Measure, parts: Sequence[tuple[Array, Array, Array]], rng: np.random.Generator) -> str:
    """The measure over all problems, with the 95% interval over resampled problems."""

    def over(chosen: Sequence[int]) -> float:
        stated, right, weight = (np.concatenate([parts[i][j] for i in chosen]) for j in range(3))
        return measure(stated, right, weight)

    every = range(len(parts))
    low, high = np.quantile(
        [over(rng.choice(len(parts), len(parts)).tolist()) for _ in range(RESAMPLES)], [0.025, 0.975]
    )
    return f"{over(every):.3f} [{low:.3f}, {high:.3f}]"


def table(path: Path, n: int, draws: int) -> list[list[str]]:
    """The rows of one pool and n."""
    rng = np.random.default_rng(SEED)
    found = [outcomes(problem, n, draws, rng) for problem in read(path)]
    kept = [np.asarray(rows) for rows in found if rows]
    weight = np.concatenate([rows[:, 3] for rows in kept])
    base = float((weight * np.concatenate([rows[:, 2] for rows in kept])).sum() / weight.sum())
    rows = []
    flat: Estimate = lambda k, n: base  # noqa: E731
    for name, estimate in {**ESTIMATES, "base rate": flat}.items():
        parts = []
        for votes in kept:
            stated = np.asarray([estimate(int(k), int(cast)) for k, cast in votes[:, :2]])
            parts.append((stated, votes[:, 2], votes[:, 3]))
        cells = [interval(measure, parts, np.random.default_rng(SEED)) for measure in (ece, brier)]
        mean = sum(float((s * w).sum()) for s, _, w in parts) / float(weight.sum())
        rows.append([str(n), name, f"{mean:.3f}", f"{base:.3f}", *cells])
    silent = 1 - float(weight.sum()) / len(found)
    print(f"{path.stem}: n={n}, {len(found)} problems, {silent:.1%} of draws without a confidence")
    return rows


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--n", type=int, nargs="+", default=[4, 8, 16])
    parser.add_argument("--draws", type=int, default=500)
    parser.add_argument("--markdown", action="store_true")
    given = parser.parse_args()
    head = ["n", "estimate", "mean stated", "accuracy", "ECE [95%]", "Brier [95%]"]
    for path in pools():
        rows = [head, *[row for n in given.n for row in table(path, n, given.draws)]]
        if given.markdown:
            rows.insert(1, ["---"] * len(head))
        for row in rows:
            print("| " + " | ".join(row) + " |" if given.markdown else "  ".join(f"{c:<24}" for c in row))


if __name__ == "__main__":
    main()
