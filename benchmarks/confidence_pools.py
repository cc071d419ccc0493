"""How well confidence tells right samples from wrong ones, on the recorded pools.

    python benchmarks/confidence_pools.py [--window 16 32 64 128 256] [--n 16] [--markdown]

Reads `pools/*.jsonl` in the directory that THINKHARDER_SHARED names, else in ../shared beside the checkout. No model runs.
For each pool and measure: AUROC over all samples (between problems, so easy problems help), mean AUROC within problems
that have both right and wrong samples (what selection can use), and best-of-n, the expected share of problems whose
surest of n samples is right: n drawn without replacement from those recorded, in closed form. For comparison pass@1, and
on GSM8K the majority vote and the vote weighted by each measure over the same draws (Monte Carlo, seeded).
95% intervals are over problems (bootstrap, seeded).
"""

import argparse
import json
import math
import os
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from thinkharder.answers import Answer, answer_type
from thinkharder.core.types import TokenLogprob
from thinkharder.verifiers import Confidence

Array = NDArray[np.float64]
DRAWS, SEED = 200, 0


def shared() -> Path:
    """The directory that holds the pools."""
    named = os.environ.get("THINKHARDER_SHARED")
    root = Path(named) if named else Path(__file__).resolve().parents[2] / "shared"
    if not (root / "pools").is_dir():
        raise SystemExit(f"no pools under {root}; set THINKHARDER_SHARED to the directory that holds pools/")
    return root


def read(path: Path) -> list[list[dict[str, Any]]]:
    """The pool's samples by problem, each with `right`, and on GSM8K with its answer's key."""
    problems: dict[Any, list[dict[str, Any]]] = defaultdict(list)
    number = answer_type("number")
    for line in path.read_text(encoding="utf-8").splitlines():
        sample = json.loads(line)
        if "gold" in sample:
            answer = number.extract(sample["text"], complete=sample["finish"] != "length")
            gold = number.extract(f"\\boxed{{{sample['gold']}}}")
            assert isinstance(gold, Answer)
            sample["key"] = answer.key if answer else None
            sample["right"] = answer is not None and answer.key == gold.key
        else:
            sample["key"], sample["right"] = None, sample["correct"]
        problems[sample["problem"]].append(sample)
    return list(problems.values())


def auroc(scores: Array, right: NDArray[np.bool_]) -> float:
    """Probability that a right sample scores above a wrong one, ties ½; NaN without both kinds."""
    good, bad = scores[right], scores[~right]
    if not len(good) or not len(bad):
        return math.nan
    order = np.sort(bad)
    below, upto = np.searchsorted(order, good, "left"), np.searchsorted(order, good, "right")
    return float((below + upto).mean() / 2 / len(bad))


def best_of(n: int, scores: Array, right: NDArray[np.bool_]) -> float:
    """Probability that the highest score of n samples, drawn without replacement, is a right one's; ties share."""
    total = len(scores)
    n = min(n, total)
    chance, below = 0.0, 0
    for value in np.unique(scores):
        same = scores == value
        upto = below + int(same.sum())
        top = math.comb(upto, n) - math.comb(below, n)  # subsets whose maximum is this value
        chance += top / math.comb(total, n) * float(right[same].mean())
        below = upto
    return chance


def vote(
    n: int, weights: Array, keys: Sequence[str | None], right: NDArray[np.bool_], rng: np.random.Generator
) -> float:
    """Expected accuracy of the (weighted) vote over n of the samples, ties shared; Monte Carlo where n is not all."""
    total, hits = len(keys), 0.0
    rounds = 1 if n >= total else DRAWS
    for _ in range(rounds):
        drawn = np.arange(total) if n >= total else rng.choice(total, n, replace=False)
        sums: dict[str, float] = defaultdict(float)
        truth: dict[str, bool] = {}
        for i in drawn:
            key = keys[i]
            if key is not None:
                sums[key] += float(weights[i])
                truth[key] = bool(right[i])
        if sums:
            best = max(sums.values())
            winners = [key for key, value in sums.items() if value >= best - 1e-12]
            hits += sum(truth[key] for key in winners) / len(winners)
    return hits / rounds


def interval(values: Sequence[float]) -> str:
    """Mean and 95% bootstrap interval over problems; NaNs left out."""
    found = np.asarray([v for v in values if not math.isnan(v)])
    rng = np.random.default_rng(SEED)
    means = found[rng.integers(0, len(found), (4000, len(found)))].mean(axis=1)
    low, high = np.quantile(means, [0.025, 0.975])
    return f"{found.mean():.3f} [{low:.3f}, {high:.3f}]"


def measures(windows: Sequence[int]) -> dict[str, Callable[[Sequence[float]], float]]:
    """Name -> score of one sample's log-probabilities. Length, as a control, needs none."""

    def by(confidence: Confidence) -> Callable[[Sequence[float]], float]:
        def score(logprobs: Sequence[float]) -> float:
            value = confidence.of([TokenLogprob("", p) for p in logprobs]).value
            return math.nan if value is None else value

        return score

    found = {"mean-logprob": by(Confidence())}
    for window in windows:
        found[f"lowest-group {window}"] = by(Confidence("lowest-group", window))
    for window in windows:
        found[f"tail {window}"] = by(Confidence("tail", window))
    return {**found, "shortest (control)": lambda logprobs: -float(len(logprobs))}


def table(problems: list[list[dict[str, Any]]], n: int, windows: Sequence[int]) -> list[list[str]]:
    """Header and rows."""
    right = [np.asarray([s["right"] for s in p], dtype=bool) for p in problems]
    keys = [[s["key"] for s in p] for p in problems]
    votes = any(key is not None for ks in keys for key in ks)
    head = ["measure", "AUROC, all", "AUROC, within", f"best of {n}"] + (
        [f"weighted vote of {n}"] if votes else []
    )
    first = ["pass@1", "", "", interval([float(r.mean()) for r in right])]
    rows = [head, first + ([""] if votes else [])]
    if votes:
        rng = np.random.default_rng(SEED)
        plain = [vote(n, np.ones(len(k)), k, r, rng) for k, r in zip(keys, right, strict=True)]
        rows.append([f"majority of {n}", "", "", "", interval(plain)])
    for name, measure in measures(windows).items():
        scores = [np.asarray([measure(s["logprobs"]) for s in p]) for p in problems]
        pairs = list(zip(scores, right, strict=True))
        row = [name, f"{auroc(np.concatenate(scores), np.concatenate(right)):.3f}"]
        row.append(interval([auroc(s, r) for s, r in pairs]))
        row.append(interval([best_of(n, s, r) for s, r in pairs]))
        if votes:
            rng = np.random.default_rng(SEED)
            weighted = [vote(n, s, k, r, rng) for (s, r), k in zip(pairs, keys, strict=True)]
            row.append("" if "control" in name else interval(weighted))
        rows.append(row)
    return rows


def show(rows: list[list[str]], markdown: bool) -> None:
    """Print a table, aligned."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for number, row in enumerate(rows):
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        print("| " + " | ".join(cells) + " |" if markdown else "  ".join(cells).rstrip())
        if markdown and number == 0:
            print("|" + "|".join("-" * (width + 2) for width in widths) + "|")


def main() -> None:
    """Print one table a pool."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--window", type=int, nargs="+", default=[16, 32, 64, 128, 256])
    parser.add_argument("--n", type=int, default=16)
    parser.add_argument("--markdown", action="store_true")
    options = parser.parse_args()
    for path in sorted((shared() / "pools").glob("*.jsonl")):
        problems = read(path)
        mixed = sum(0 < sum(s["right"] for s in p) < len(p) for p in problems)
        print(
            f"\n{path.name}: {len(problems)} problems, {sum(map(len, problems))} samples, {mixed} problems with both\n"
        )
        show(table(problems, options.n, options.window), options.markdown)


if __name__ == "__main__":
    main()
