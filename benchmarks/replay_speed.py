"""How fast a pool is replayed: a whole table by the fast path, some of its runs by strategy objects, and the same numbers.

python -m benchmarks.replay_speed [--problems 1000] [--trials 1000] [--draws 64]

The pool is synthetic and seeded: problems of mixed difficulty, 13 answers at most, 3% abstentions, scores of a verifier with
an AUROC of about .76. The objects run on the first problems and trials of the same resamplings; their time for the whole
table is what one run took times the number of runs.
"""

import argparse
import asyncio
import json
import time
from collections.abc import Iterator, Sequence

import numpy as np

from benchmarks.machine import describe
from thinkharder.assemble import build_strategy
from thinkharder.records.pool import Pool
from thinkharder.records.sample import Sample
from thinkharder.replay import Classed, Replay, Replaying, classed
from thinkharder.replay.objects import run_once
from thinkharder.replay.plan import resized

STRATEGIES = (
    "direct",
    "self-consistency",
    "best-of-n",
    "weighted-vote",
    "weighted-vote(power=0.5)",
    "weighted-vote(power=2)",
    "weighted-vote(select=borda)",
    "weighted-vote(select=borda,power=2)",
    *(f"self-consistency(until=margin(m={m}))" for m in range(1, 7)),
    *(f"self-consistency(until=unanimous(k={k}))" for k in range(2, 8)),
)
BUDGETS = (1, 2, 4, 8, 12, 16, 24, 32, 48, 64)


def synthetic(problems: int, draws: int, seed: int = 0) -> Iterator[Sample]:
    """Recorded samples of problems whose right answer has a share of Beta(.6, .6)."""
    rng = np.random.default_rng(seed)
    for problem in range(problems):
        right = rng.beta(0.6, 0.6)
        shares = np.concatenate([[right], (1 - right) * rng.dirichlet(np.full(12, 0.5))])
        answers = rng.choice(13, draws, p=shares / shares.sum())
        for number, answer in enumerate(answers.tolist()):
            yield Sample(
                str(problem),
                number,
                answer=None if rng.random() < 0.03 else str(answer),
                gold="0",
                prompt_tokens=100,
                completion_tokens=int(rng.integers(50, 400)),
                scores={"verifier": float(np.clip(rng.normal(0.4 + 0.2 * (answer == 0), 0.2), 0, 1))},
            )


def fast(pool: Classed, budgets: Sequence[int], trials: int) -> tuple[float, float, Replaying]:
    """Wall and processor seconds of the whole table."""
    job = Replaying(pool, STRATEGIES, budgets, trials)
    wall, used = time.perf_counter(), time.process_time()
    job.run()
    return time.perf_counter() - wall, time.process_time() - used, job


async def objects(pool: Classed, budgets: Sequence[int], problems: int, trials: int) -> tuple[float, float]:
    """Seconds of one run by a strategy object, and the largest difference of any number from the fast path's."""
    part = classed(pool.pool.select(range(problems)), pool.kind.name)
    rows = Replaying(part, STRATEGIES, budgets, trials).run()
    replay, spent, worst = Replay(part, labels=True), 0.0, 0.0
    cells = [(build_strategy(s), budget) for s in STRATEGIES for budget in budgets]
    for (strategy, budget), row in zip(cells, rows, strict=True):
        sized = resized(strategy, budget)
        scores = "verifier" if "verifier" in strategy.needs else None
        told = np.zeros((problems, trials, 4))
        for trial in range(trials):
            now = replay.at(trial)
            for problem in range(problems):
                began = time.perf_counter()
                ended = await run_once(now, problem, sized, scores=scores)
                spent += time.perf_counter() - began
                told[problem, trial] = (ended.right, ended.samples, ended.input_tokens, ended.output_tokens)
        means = told.mean(axis=(0, 1))
        wanted = (row.accuracy, row.samples, row.input_tokens, row.output_tokens)
        worst = max(worst, float(np.abs(means - np.array(wanted, float)).max()))
    return spent / (len(cells) * problems * trials), worst


def main() -> None:
    """Measure, print one JSON document."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--problems", type=int, default=1000)
    parser.add_argument("--trials", type=int, default=1000)
    parser.add_argument("--draws", type=int, default=64)
    parser.add_argument("--sample", type=int, default=3, help="problems and trials that the objects run on")
    args = parser.parse_args()
    budgets = [budget for budget in BUDGETS if budget <= args.draws]
    recorded = Pool.of(synthetic(args.problems, args.draws), "synthetic")
    began = time.perf_counter()
    pool = classed(recorded)
    classing = time.perf_counter() - began
    wall, used, _ = fast(pool, budgets, args.trials)
    one, worst = asyncio.run(objects(pool, budgets, min(args.sample, args.problems), args.sample))
    runs = len(STRATEGIES) * len(budgets) * args.problems * args.trials
    shown = {
        "strategies": len(STRATEGIES),
        "budgets": len(budgets),
        "runs": runs,
        "classing_seconds": round(classing, 2),
        "fast_seconds": round(wall, 1),
        "fast_processor_seconds": round(used, 1),
        "fast_nanoseconds_a_run": round(1e9 * wall / runs, 1),
        "objects_milliseconds_a_run": round(1e3 * one, 2),
        "times_faster": round(one * runs / wall),
        "largest_difference": worst,
        "machine": describe(),
    }
    print(json.dumps(shown, indent=2))


if __name__ == "__main__":
    main()
