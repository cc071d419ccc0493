"""How often the 95% intervals hold the truth, and how often the paired tests find what is not there.

    python -m benchmarks.coverage [--experiments 2000] [--seed 2026] [--only one many harsh small paired free tests]

For 30, 100 and 500 problems. No model runs; about ten minutes on one core. Tables, as Markdown:
- one: one 0/1 outcome a problem. Simulated, and exactly (the binomial's own sum); other intervals exactly, beside it;
- many: the mean of m samples a problem, whose rates over problems are Beta with intraclass correlation rho;
- harsh: populations that no beta is like, chosen to break the interval;
- small: 5, 10 and 20 problems;
- paired: the difference of two strategies on the same problems;
- free: means without bounds (tokens): normal, exponential, log-normal;
- tests: the share of p < .05 where both strategies are equally good.
Cells outside 93-97% are in bold.
"""

import argparse
from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray

from thinkharder.stats import proportions
from thinkharder.stats.intervals import difference_interval, mean_interval
from thinkharder.stats.paired import mcnemar, permutation_test

Floats = NDArray[np.float64]
Draw = Callable[[np.random.Generator, int], Floats]

PROBLEMS, RATES = (30, 100, 500), (0.05, 0.5, 0.95)
CORRELATIONS, SAMPLES = (0.05, 0.2, 0.5, 0.8), (4, 16, 64)
SLACK = 1e-12


def beta_means(rate: float, rho: float, samples: int) -> Draw:
    """Means of `samples` outcomes a problem; rates are Beta with this mean and intraclass correlation."""
    size = 1 / rho - 1

    def draw(rng: np.random.Generator, n: int) -> Floats:
        found: Floats = rng.binomial(samples, rng.beta(rate * size, (1 - rate) * size, n)) / samples
        return found

    return draw


def mixture(parts: Iterable[tuple[float, float]], samples: int) -> Draw:
    """Means of `samples` outcomes a problem; a problem has one of the rates: (share, rate), ..."""
    share, rate = (np.array(side) for side in zip(*parts, strict=True))

    def draw(rng: np.random.Generator, n: int) -> Floats:
        found: Floats = rng.binomial(samples, rate[rng.choice(len(rate), n, p=share)]) / samples
        return found

    return draw


def covered(draw: Draw, truth: float, n: int, runs: int, rng: np.random.Generator) -> float:
    """The share of experiments whose interval from the front door holds the truth."""
    hits = 0
    for _ in range(runs):
        found = mean_interval(draw(rng, n))
        hits += found.low - SLACK <= truth <= found.high + SLACK
    return hits / runs


def percentile(draw: Draw, truth: float, n: int, runs: int, rng: np.random.Generator) -> float:
    """The same for a percentile bootstrap over problems (1,000 resamples), to show what it does."""
    hits = 0
    for _ in range(runs):
        values = draw(rng, n)
        low, high = np.quantile(values[rng.integers(n, size=(1000, n))].mean(axis=1), [0.025, 0.975])
        hits += low - SLACK <= truth <= high + SLACK
    return hits / runs


def exactly(method: Callable[..., tuple[Floats, Floats]], rate: float, n: int) -> float:
    """The chance that the interval of a binomial count holds its rate."""
    from scipy import stats

    x = np.arange(n + 1)
    low, high = method(x, n)
    return float(stats.binom.pmf(x, n, rate)[(low <= rate) & (rate <= high)].sum())


def shown(value: float) -> str:
    """In percent; bold outside 93-97."""
    return f"{100 * value:.1f}" if 0.93 <= value <= 0.97 else f"**{100 * value:.1f}**"


def table(title: str, columns: list[str], rows: Iterable[list[str]]) -> None:
    """Print a Markdown table."""
    print(f"\n{title}\n\n| {' | '.join(columns)} |\n|{'---|' * len(columns)}")
    for row in rows:
        print(f"| {' | '.join(row)} |", flush=True)


def again(n: int, rate: float, rho: float, m: int, runs: int) -> float:
    """One cell of `many`, on draws of its own."""
    rng = np.random.default_rng([n, round(100 * rate), round(100 * rho), m])
    return covered(beta_means(rate, rho, m), rate, n, runs, rng)


def one(runs: int, rng: np.random.Generator) -> None:
    """One outcome a problem."""
    others = (proportions.wilson, proportions.mid_p, proportions.jeffreys, proportions.clopper_pearson)
    rows = []
    for n in PROBLEMS:
        for rate in RATES:
            draw = beta_means(rate, 1e-9, 1)
            measured = [covered(draw, rate, n, runs, rng), percentile(draw, rate, n, runs, rng)]
            exact = [exactly(method, rate, n) for method in others]
            rows.append([str(n), str(rate), *map(shown, [measured[0], *exact, measured[1]])])
    names = ["problems", "rate", "front door", "Wilson, exactly", "mid-p, exactly", "Jeffreys, exactly"]
    table("One outcome a problem", [*names, "Clopper-Pearson, exactly", "percentile bootstrap"], rows)


def many(runs: int, rng: np.random.Generator) -> None:
    """Means of several samples a problem."""
    shapes = [(rho, m) for rho in CORRELATIONS for m in SAMPLES]
    rows, outside = [], []
    for n in PROBLEMS:
        for rate in RATES:
            cells = [shown(covered(beta_means(rate, rho, m), rate, n, runs, rng)) for rho, m in shapes]
            rows.append([str(n), str(rate), *cells])
            outside += [(n, rate, *shape) for shape, cell in zip(shapes, cells, strict=True) if "*" in cell]
    columns = [f"rho {rho}, m {m}" for rho, m in shapes]
    table("Means of m samples a problem, rates Beta", ["problems", "rate", *columns], rows)
    rows = [[*map(str, cell), shown(again(*cell, 10 * runs))] for cell in outside]
    table("Cells outside, with ten times the experiments", ["problems", "rate", "rho", "m", "covered"], rows)
    rows = [
        [str(n), str(rate), shown(percentile(beta_means(rate, 0.5, 16), rate, n, runs, rng))]
        for n in PROBLEMS
        for rate in RATES
    ]
    table("The same with a percentile bootstrap (rho 0.5, m 16)", ["problems", "rate", "covered"], rows)


def harsh(runs: int, rng: np.random.Generator) -> None:
    """Populations that no beta is like."""
    populations = {
        "5% fail at .9, the others at .005": [(0.05, 0.1), (0.95, 0.995)],
        "5.6% fail at .8, the others at .005": [(0.056, 0.2), (0.944, 0.995)],
        "10% fail at .5, the others never": [(0.1, 0.5), (0.9, 1.0)],
        "1% always fail, the others never": [(0.01, 0.0), (0.99, 1.0)],
        "all at .95": [(1.0, 0.95)],
        "half at .9, half at .1": [(0.5, 0.9), (0.5, 0.1)],
        "20% never, 40% at .3, 40% at .9": [(0.2, 0.0), (0.4, 0.3), (0.4, 0.9)],
        "30% at 1, 60% at .98, 10% at .4": [(0.3, 1.0), (0.6, 0.98), (0.1, 0.4)],
        "3% at .6, the others never": [(0.03, 0.6), (0.97, 0.0)],
    }
    rows = []
    for name, parts in populations.items():
        truth = sum(share * rate for share, rate in parts)
        for m in (8, 64):
            cells = [covered(mixture(parts, m), truth, n, runs, rng) for n in PROBLEMS]
            rows.append([name, str(m), *map(shown, cells)])
    columns = ["population", "m", *(f"{n} problems" for n in PROBLEMS)]
    table("Harsh populations", columns, rows)


def small(runs: int, rng: np.random.Generator) -> None:
    """Few problems."""
    rows = []
    for n in (5, 10, 20):
        for rate in (0.5, 0.8, 0.95):
            draws = [beta_means(rate, 1e-9, 1), *(beta_means(rate, rho, 16) for rho in (0.05, 0.2, 0.5))]
            rows.append([str(n), str(rate), *(shown(covered(draw, rate, n, runs, rng)) for draw in draws)])
    columns = ["one outcome", *(f"rho {rho}, m 16" for rho in (0.05, 0.2, 0.5))]
    table("Few problems", ["problems", "rate", *columns], rows)


def pair(
    rates: tuple[float, float], rho: float, m: int, n: int, rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """Two strategies that find the same problems hard: rates of one rank in two Beta laws."""
    from scipy import stats

    size, rank = 1 / rho - 1, rng.random(n)
    laws = (stats.beta.ppf(rank, rate * size, (1 - rate) * size) for rate in rates)
    one_, two = (rng.binomial(m, law) / m for law in laws)
    return one_, two


def paired(runs: int, rng: np.random.Generator) -> None:
    """Differences of two strategies on the same problems."""
    rows = []
    for rates in ((0.5, 0.5), (0.5, 0.6), (0.9, 0.95), (0.05, 0.1)):
        for rho, m in ((0.5, 1), (0.2, 16), (0.5, 16)):
            cells = []
            for n in PROBLEMS:
                hits = 0
                for _ in range(runs):
                    found = difference_interval(*pair(rates, rho, m, n, rng))
                    hits += found.low - SLACK <= rates[0] - rates[1] <= found.high + SLACK
                cells.append(shown(hits / runs))
            rows.append([f"{rates[0]} and {rates[1]}", str(rho), str(m), *cells])
    table("Differences", ["rates", "rho", "m", *(f"{n} problems" for n in PROBLEMS)], rows)


def free(runs: int, rng: np.random.Generator) -> None:
    """Means without bounds, such as tokens."""
    laws: dict[str, tuple[Callable[[int], Floats], float]] = {
        "normal": (lambda n: rng.normal(size=n), 0.0),
        "exponential": (lambda n: rng.exponential(size=n), 1.0),
        "log-normal, sigma 0.5": (lambda n: rng.lognormal(0, 0.5, n), float(np.exp(0.125))),
        "log-normal, sigma 1": (lambda n: rng.lognormal(0, 1, n), float(np.exp(0.5))),
    }
    rows = []
    for name, (draw, truth) in laws.items():
        cells = []
        for n in (30, 100):
            found = [mean_interval(draw(n), bounds=None, seed=i) for i in range(runs)]
            cells.append(shown(float(np.mean([one_.low <= truth <= one_.high for one_ in found]))))
        rows.append([name, *cells])
    table("Means without bounds", ["law", "30 problems", "100 problems"], rows)


def tests(runs: int, rng: np.random.Generator) -> None:
    """Findings where there is nothing to find."""
    rows = []
    for rate, rho, m in ((0.5, 0.5, 1), (0.9, 0.5, 1), (0.5, 0.2, 16), (0.9, 0.5, 16)):
        cells = []
        for n in (30, 100, 500):
            found = [pair((rate, rate), rho, m, n, rng) for _ in range(runs)]
            test = [permutation_test(*two, resamples=500, seed=i).p for i, two in enumerate(found)]
            cells.append(f"{100 * np.mean(np.array(test) < 0.05):.1f}")
            if m == 1:
                cells[-1] += f" / {100 * np.mean([mcnemar(*two).p < 0.05 for two in found]):.1f}"
        rows.append([str(rate), str(rho), str(m), *cells])
    table(
        "Equal strategies: % of p < .05, permutation (/ McNemar mid-p)",
        ["rate", "rho", "m", "30 problems", "100 problems", "500 problems"],
        rows,
    )


TABLES = {f.__name__: f for f in (one, many, harsh, small, paired, free, tests)}


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--experiments", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=2026)
    parser.add_argument("--only", nargs="+", choices=list(TABLES), default=list(TABLES))
    given = parser.parse_args()
    print(f"{given.experiments} experiments a cell, seed {given.seed}")
    for number, (name, make) in enumerate(TABLES.items()):
        if name in given.only:
            make(given.experiments, np.random.default_rng([given.seed, number]))


if __name__ == "__main__":
    main()
