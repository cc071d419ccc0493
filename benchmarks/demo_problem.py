"""Which problem `./run` shows: one that the default model usually misses in one sample and usually gets by vote.

    python -m benchmarks.demo_problem [--n 64] [--model smollm2-135m]

For each candidate: the share of right samples, and the chance that a vote is right (drawn from the samples).
"""

import argparse
import asyncio
from collections import Counter

import numpy as np

from thinkharder import assemble
from thinkharder.api import Options, solve
from thinkharder.core.types import Problem, Sampling

CANDIDATES = [
    ("A bus starts with 20 people. 6 get off and 9 get on. How many people are on the bus now?", "23"),
    ("A train travels 60 miles an hour for 3 hours. How many miles does it travel?", "180"),
    ("Anna reads 12 pages a day for 5 days. How many pages does she read in all?", "60"),
    ("What is 12 * 7?", "84"),
    ("What is 100 - 37?", "63"),
    ("What is 15 + 27?", "42"),
    ("What is 23 + 45?", "68"),
    ("What is 18 + 25?", "43"),
    ("What is 34 + 29?", "63"),
    ("What is 26 + 17?", "43"),
    ("What is 48 + 25?", "73"),
    ("What is 37 + 16?", "53"),
    ("What is 52 + 19?", "71"),
    ("What is 14 + 38?", "52"),
    ("What is 63 + 28?", "91"),
    ("What is 21 + 34?", "55"),
    ("What is 45 + 36?", "81"),
]


async def main() -> None:
    """Sample, count, print best first."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--n", type=int, default=64)
    parser.add_argument("--temperature", type=float, default=0.7)
    parser.add_argument("--only", default="", help="only the problems that hold this text")
    parser.add_argument("--votes", type=int, default=16, help="size of the vote")
    parser.add_argument("--cap", type=int, default=128)
    parser.add_argument("--model", default="smollm2-135m")
    args = parser.parse_args()
    model = assemble.load_model(args.model)
    rows = []

    async def one(text: str, gold: str) -> None:
        problem = Problem.of(text, answer_type="number")
        options = Options(seed=1, sampling=Sampling(max_tokens=args.cap))
        result = await solve(
            problem,
            model=model,
            strategy=f"self-consistency:n={args.n},temperature={args.temperature}",
            options=options,
        )
        answers = [c.answer for c in result.candidates]
        rows.append(
            (
                answers.count(gold) / len(answers),
                vote(answers, gold, args.votes),
                text,
                Counter(answers).most_common(4),
            )
        )

    chosen = [pair for pair in CANDIDATES if args.only in pair[0]]
    for start in range(0, len(chosen), 2):
        await asyncio.gather(*(one(*pair) for pair in chosen[start : start + 2]))
    await model.aclose()
    for single, voted, text, common in sorted(rows, key=lambda row: row[1] - row[0], reverse=True):
        print(f"{single:5.2f} {voted:5.2f}  {text}  {common}")


def vote(answers: list[str | None], gold: str, size: int = 16, trials: int = 2000) -> float:
    """The chance that the majority of `size` draws is right; a tie is shared."""
    rng = np.random.default_rng(1)
    wins = 0.0
    for _ in range(trials):
        counts = Counter(a for a in rng.choice(np.array(answers, dtype=object), size) if a is not None)
        top = max(counts.values(), default=0)
        leaders = [a for a, c in counts.items() if c == top]
        wins += (gold in leaders) / max(1, len(leaders))
    return wins / trials


if __name__ == "__main__":
    asyncio.run(main())
