"""The default stopping rule on recorded pools, with its prior learned on other problems, against published rules.

    python -m benchmarks.worth_pools POOL.jsonl… [--made 300] [--trials 200] [--folds 5]

`--made N` adds a made-up pool of N problems with 40 draws each: difficulty is Beta, some draws abstain, prompts and lengths
are random. For each pool and objective: where every published rule lies, and the default at the same mean cost in tokens
(between two prices a problem is taken at either at random), paired by problem, corrected by Holm over the table.
The default's prior is learned on the other folds. Minutes.
"""

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from thinkharder.records.pool import Pool, read_pool
from thinkharder.records.sample import Sample
from thinkharder.replay import Classed, classed
from thinkharder.replay.plan import Plan
from thinkharder.replay.vector import Cell, Outcome, Setting, evaluate
from thinkharder.select import majority
from thinkharder.stats.compare import compare, corrected
from thinkharder.stats.priors_fit import learn_prior
from thinkharder.stopping import AdaptiveConsistency, Dsc, Esc, Fixed, Margin, Ppr, Unanimous
from thinkharder.stopping.worth import Worth

Floats = NDArray[np.float64]
PRICES = tuple(np.geomspace(0.08, 2e-5, 28).tolist())


def published(cap: int) -> dict[str, Any]:
    """The rules that the default is held against."""
    found: dict[str, Any] = {
        f"adaptive-consistency {t}": AdaptiveConsistency(t) for t in (0.8, 0.9, 0.95, 0.99)
    }
    found |= {f"margin {m}": Margin(m) for m in (2, 3, 4, 6)}
    found |= {f"unanimous {k}": Unanimous(k) for k in (3, 5)}
    found |= {f"esc {w}": Esc(w) for w in (3, 5)}
    found |= {"dsc": Dsc(), "ppr-1v1 0.05": Ppr()}
    return found | {f"fixed {n}": Fixed(n) for n in (3, 5, 10, 20) if n <= cap}


def made(problems: int, seed: int = 5) -> Pool:
    """A made-up pool: 40 draws a problem of a right answer, three likely wrong ones and a long tail."""
    rng = np.random.default_rng(seed)
    samples = []
    for problem in range(problems):
        right, away = rng.beta(1.6, 0.7), rng.beta(0.3, 6)
        wrong = rng.dirichlet([0.7, 0.4, 0.4, *[0.1] * 12]) * (1 - right)
        prompt, length = int(rng.integers(60, 160)), rng.uniform(150, 400)
        draws = rng.choice(16, 40, p=[right, *wrong])
        for number, answer in enumerate(draws.tolist()):
            given = None if rng.random() < away else str(answer)
            tokens = int(rng.gamma(12, length / 12)) + 1
            samples.append(
                Sample(
                    str(problem),
                    number,
                    answer=given,
                    gold="0",
                    prompt_tokens=prompt,
                    completion_tokens=tokens,
                )
            )
    return Pool.of(samples, f"made up, {problems} problems")


def run(pool: Classed, rules: Sequence[Any], trials: int, cap: int) -> list[Outcome]:
    """Every rule under the vote on the same resamplings."""
    cells = [Cell(Plan(cap, rule, majority, False), cap) for rule in rules]
    return evaluate(pool, cells, Setting(trials, 0, cap, pool.max_tokens))


def tokens(pool: Classed, outcome: Outcome) -> Floats:
    """What each problem costs, input and output, [P]."""
    found: Floats = outcome.requests * np.maximum(pool.input_tokens, 0) + outcome.output
    return found


def cross_validated(
    pool: Classed, objective: Any, folds: int, trials: int, cap: int, prior: bool
) -> tuple[Floats, Floats, Floats]:
    """The default at every price, each problem under a prior learned on the other folds (or the built-in one):
    accuracy, agreement and tokens, [prices, P]."""
    fold = np.arange(len(pool.problems)) % folds
    mean = pool.output_tokens[pool.recorded].mean()
    found = np.zeros((3, len(PRICES), len(pool.problems)))
    for one in range(folds) if prior else (-1,):
        other, mine = fold != one, np.full(len(fold), True) if one < 0 else fold == one
        ratio = float(np.maximum(pool.input_tokens[other], 0).mean() / mean)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "prior.json"
            path.write_text(learn_prior(pool.classes[other], pool.right[other], prompt=ratio).to_json())
            rules = [Worth(price, objective, str(path) if prior else None, ratio) for price in PRICES]
            outcomes = run(pool, rules, trials, cap)
        for place, outcome in enumerate(outcomes):
            parts = outcome.accuracy, outcome.agreement, tokens(pool, outcome)
            found[:, place, mine] = np.stack(parts)[:, mine]
    return found[0], found[1], found[2]


def at_cost(values: Floats, costs: Floats, cost: float) -> Floats | None:
    """Values by problem, [P], of the mixture of two neighbouring prices that costs so much in the mean; of the lowest
    price where even that costs less; None where all cost more."""
    means = np.maximum.accumulate(costs.mean(axis=1))
    if cost < means[0]:
        return None
    cost = min(cost, float(means[-1]))
    high = int(np.clip(np.searchsorted(means, cost), 1, len(means) - 1))
    part = (cost - means[high - 1]) / max(means[high] - means[high - 1], 1e-12)
    found: Floats = (1 - part) * values[high - 1] + part * values[high]
    return found


def cost_for(values: Floats, costs: Floats, value: float) -> float:
    """The least mean cost at which the default reaches a mean value; NaN where it does not."""
    means, paid = np.maximum.accumulate(values.mean(axis=1)), costs.mean(axis=1)
    if value > means[-1]:
        return float("nan")
    return float(np.interp(value, means, paid))


def table(pool: Classed, objective: str, folds: int, trials: int) -> None:
    """One pool, one objective."""
    cap = int(min(pool.counts.min(), 64))
    rules = published(cap)
    outcomes = dict(zip(rules, run(pool, list(rules.values()), trials, cap), strict=True))
    mine = cross_validated(pool, objective, folds, trials, cap, prior=True)
    plain = cross_validated(pool, objective, folds, trials, cap, prior=False)
    which = 0 if objective == "accuracy" else 1
    names, made_ = [], []
    for name, outcome in outcomes.items():
        found = at_cost(mine[which], mine[2], float(tokens(pool, outcome).mean()))
        if found is not None:
            names.append(name)
            made_.append(compare(found, getattr(outcome, objective), names=("default", name)))
    tested = dict(zip(names, corrected(made_), strict=True))
    print(f"\n### {pool.name}, {len(pool.problems)} problems, cap {cap}: {objective}\n")
    print(
        f"| rule | samples | requests | tokens | {objective} | default at that cost, difference | p, Holm |",
        end="",
    )
    print(
        " tokens of the default for the same | with the built-in prior |\n|---|---|---|---|---|---|---|---|---|"
    )
    for name, outcome in outcomes.items():
        value, cost = float(getattr(outcome, objective).mean()), float(tokens(pool, outcome).mean())
        row = [
            name,
            f"{outcome.samples.mean():.2f}",
            f"{outcome.requests.mean():.2f}",
            f"{cost:.0f}",
            f"{100 * value:.2f}",
        ]
        one = tested.get(name)
        row += ["-", "-"]
        if one is not None:
            row[-2:] = [f"{100 * one.difference:+.2f}", f"{one.adjusted:.3f}" + (" *" if one.shown else "")]
        for side in (mine, plain):
            less = cost_for(side[which], side[2], value)
            row.append("-" if np.isnan(less) else f"{less:.0f} ({100 * (less / cost - 1):+.0f}%)")
        print("| " + " | ".join(row) + " |", flush=True)


def main() -> None:
    """Print the tables of every pool."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("pools", nargs="*", type=Path)
    parser.add_argument("--made", type=int, default=0)
    parser.add_argument("--trials", type=int, default=200)
    parser.add_argument("--folds", type=int, default=5)
    given = parser.parse_args()
    pools = [read_pool(path) for path in given.pools] + ([made(given.made)] if given.made else [])
    for pool in map(classed, pools):
        for objective in ("accuracy", "agreement"):
            table(pool, objective, given.folds, given.trials)


if __name__ == "__main__":
    main()
