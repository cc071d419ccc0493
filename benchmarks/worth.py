"""The default stopping rule against the exact optimum of known populations, and against other rules.

    python -m benchmarks.worth [--cap 40] [--only accuracy agreement tokens learned]

No model runs, nothing is simulated but the draws that a prior is learned from; some ten minutes on one core. Tables, as
Markdown:
- accuracy: samples that a rule needs at 0.1, 0.3 and 1 point below the accuracy of the vote of all draws;
- agreement: the same, for the chance that the answer is not that of the vote of all draws;
- tokens: the same with prompts that are sent again for each request, in tokens of a sample;
- learned: the default with a prior learned from runs of 50 and of 400 problems of the population.
A rule is swept over its parameter; between two settings a run may take either at random, so its frontier is the upper hull.
"""

import argparse
import tempfile
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from thinkharder.stats.optimal import Exact, Outcome
from thinkharder.stats.priors import Prior
from thinkharder.stats.priors_fit import learn_prior
from thinkharder.stopping import AdaptiveConsistency, Margin, Ppr, Seen, Unanimous
from thinkharder.stopping.worth import Worth

Ints = NDArray[np.int64]
PRICES = tuple(np.geomspace(0.1, 3e-6, 45).tolist())
FEWER = PRICES[::3]
LOSSES = (0.001, 0.003, 0.01)
PROMPTS = (0.3, 2.0)
Curve = list[tuple[float, float]]
"""(loss, cost) of every setting."""


def _four(gap: float) -> Prior:
    return Prior.of([1], [0], [[0.35 + gap / 2, 0.35 - gap / 2, 0.15]], [[1, 1, 2]], [[1, 0, 0]])


def _betas(first: float, second: float, sharp: float) -> Prior:
    """Problems whose right answer has a Beta share, against three wrong ones; on a grid of quantiles by simulation."""
    rates = np.quantile(np.random.default_rng(7).beta(first, second, 20_000), np.arange(0.5, 12) / 12)
    rows, right = [], []
    for rate in rates.tolist():
        wrong = [(1 - rate) * part for part in (sharp, (1 - sharp) * 0.7, (1 - sharp) * 0.3)]
        order = np.argsort([rate, *wrong])[::-1]
        rows.append(np.array([rate, *wrong])[order])
        right.append((order == 0).astype(float))
    return Prior.of([1] * 12, [0] * 12, rows, np.ones((12, 4)), right)


POPULATIONS: dict[str, Prior] = {
    "gap .02": _four(0.02),
    "gap .1": _four(0.1),
    "gap .2": _four(0.2),
    "gap .4": _four(0.4),
    "two answers": Prior.of(
        [0.6, 0.4], [0, 0], [[0.9, 0.1], [0.6, 0.4]], [[1, 1]] * 2, [[0.95, 0.05], [0.7, 0.3]]
    ),
    "mixed": Prior.of(
        [0.4, 0.3, 0.2, 0.1],
        [0] * 4,
        [[0.95, 0.03, 0.01], [0.7, 0.2, 0.05], [0.45, 0.35, 0.1], [0.3, 0.28, 0.14]],
        [[1, 1, 2]] * 3 + [[1, 1, 3]],
        [[0.97, 0.02, 0], [0.85, 0.1, 0.01], [0.6, 0.3, 0.05], [0.3, 0.28, 0.1]],
    ),
    "beta(2, 1)": _betas(2, 1, 0.6),
    "beta(1, 1)": _betas(1, 1, 0.8),
}
"""gap: shares (.35 + gap / 2, .35 - gap / 2, .15, .15), the first is right. beta: the right answer's share."""


def rules() -> dict[str, Sequence[Any]]:
    """The rules beside the default, each swept over its parameter: those that are a function of the counts."""
    return {
        "adaptive-consistency": [
            AdaptiveConsistency(t) for t in (0.7, 0.8, 0.9, 0.95, 0.975, 0.99, 0.997, 0.999)
        ],
        "margin": [Margin(m) for m in range(1, 13)],
        "unanimous": [Unanimous(k) for k in range(2, 11)],
        "ppr": [Ppr(delta) for delta in (0.4, 0.2, 0.1, 0.05, 0.02, 0.01)],
    }


def follow(exact: Exact, rule: Any) -> Outcome:
    """A rule on a population, exactly."""

    def wants(n: int, counts: Ints) -> Ints:
        padded = np.pad(counts, ((0, 0), (0, 1)))
        distinct = (counts > 0).sum(axis=1)
        alone = np.where(distinct <= 1, n, 0)
        caps = np.full(len(counts), exact.cap)
        seen = Seen(n, caps, padded[:, 0], padded[:, 1], counts.sum(axis=1), distinct, alone, alone)
        found: Ints = np.asarray(rule.wants(seen)) + np.zeros(len(counts), np.int64)
        return found

    return exact.run(wants)


def curve(exact: Exact, outcomes: Iterable[Outcome], objective: str, prompt: float) -> Curve:
    """Loss against the vote of all draws, and cost in samples."""
    whole = getattr(exact.whole(), objective)
    return [(whole - getattr(one, objective), one.samples + prompt * one.requests) for one in outcomes]


def cost_at(points: Curve, loss: float) -> float:
    """The least cost at that loss of a mixture of settings; NaN where none of them loses so little."""
    best = np.inf
    for here, cost in points:
        if here <= loss:
            best = min(best, cost)
            for there, less in points:
                if there > loss and less < cost:
                    part = (there - loss) / (there - here)
                    best = min(best, part * cost + (1 - part) * less)
    return float(best) if np.isfinite(best) else float("nan")


@cache
def exact_of(name: str, cap: int) -> Exact:
    """Once for all tables."""
    return Exact(POPULATIONS[name], cap)


def defaults(exact: Exact, prior: Prior | None, objective: Any, prompt: float) -> list[Outcome]:
    """The default at a third of the prices, under a prior or the built-in one."""
    if prior is None:
        return [follow(exact, Worth(price, objective, None, prompt)) for price in FEWER]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "prior.json"
        path.write_text(prior.to_json())
        return [follow(exact, Worth(price, objective, str(path), prompt)) for price in FEWER]


def compare(cap: int, objective: Any, prompt: float, losses: Sequence[float]) -> None:
    """One table: the optimum's cost, and that of each rule as a multiple of it."""
    others = rules()
    names = ["default, prior known", "default, built-in prior", *others]
    print(f"| population | points lost | optimum | {' | '.join(names)} |")
    print("|" + "---|" * (3 + len(names)))
    for name, population in POPULATIONS.items():
        exact = exact_of(name, cap)
        best = curve(exact, exact.frontier(FEWER if prompt else PRICES, objective, prompt), objective, prompt)
        curves = [
            curve(exact, defaults(exact, population, objective, prompt), objective, prompt),
            curve(exact, defaults(exact, None, objective, prompt), objective, prompt),
            *(
                curve(exact, [follow(exact, r) for r in swept], objective, prompt)
                for swept in others.values()
            ),
        ]
        for loss in losses:
            least = cost_at(best, loss)
            cells = [cost_at(points, loss) / least for points in curves]
            print(f"| {name} | {100 * loss:g} | {least:.2f} | {' | '.join(map(_times, cells))} |", flush=True)


def _times(value: float) -> str:
    return "-" if np.isnan(value) else f"**{value:.2f}**" if value > 1.1 else f"{value:.2f}"


def drawn(population: Prior, problems: int, draws: int, seed: int) -> tuple[Ints, NDArray[np.float64]]:
    """Recorded runs of a population: classes and whether they are right, [problems, draws]."""
    rng = np.random.default_rng(seed)
    classes, right = np.zeros((problems, draws), np.int64), np.zeros((problems, draws))
    for problem in range(problems):
        g = int(rng.choice(len(population.weights), p=population.weights))
        shares = np.repeat(population.shares[g], population.sizes[g])
        good = np.repeat(population.right[g], population.sizes[g])
        classes[problem] = rng.choice(len(shares), draws, p=shares / shares.sum())
        truth = rng.choice(len(shares) + 1, p=[*good, max(0.0, 1 - good.sum())])
        right[problem] = classes[problem] == truth
    return classes, right


def learned(cap: int, sizes: Sequence[int] = (50, 400)) -> None:
    """The default with a learned prior: its cost as a multiple of the optimum's."""
    print(f"| population | points lost | optimum | {' | '.join(f'{size} problems' for size in sizes)} |")
    print("|" + "---|" * (3 + len(sizes)))
    for name, population in POPULATIONS.items():
        exact = exact_of(name, cap)
        best = curve(exact, exact.frontier(PRICES), "accuracy", 0.0)
        curves = [
            curve(
                exact,
                defaults(exact, learn_prior(*drawn(population, size, cap, 1)), "accuracy", 0.0),
                "accuracy",
                0.0,
            )
            for size in sizes
        ]
        for loss in LOSSES:
            least = cost_at(best, loss)
            cells = [cost_at(points, loss) / least for points in curves]
            print(f"| {name} | {100 * loss:g} | {least:.2f} | {' | '.join(map(_times, cells))} |", flush=True)


def with_prompts(cap: int) -> None:
    """Accuracy against tokens, a table for each length of the prompt."""
    for prompt in PROMPTS:
        print(f"A prompt is {prompt:g} samples long:\n")
        compare(cap, "accuracy", prompt, LOSSES[1:])
        print()


def main() -> None:
    """Print the tables asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    tables: dict[str, Callable[[int], None]] = {
        "accuracy": lambda cap: compare(cap, "accuracy", 0.0, LOSSES),
        "agreement": lambda cap: compare(cap, "agreement", 0.0, (0.003, 0.01, 0.03)),
        "tokens": with_prompts,
        "learned": learned,
    }
    parser.add_argument("--cap", type=int, default=40)
    parser.add_argument("--only", nargs="+", choices=list(tables), default=list(tables))
    given = parser.parse_args()
    for name in given.only:
        print(f"\n## {name}\n", flush=True)
        tables[name](given.cap)


if __name__ == "__main__":
    main()
