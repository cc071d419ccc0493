"""Which problem `./run` shows: one that the default model usually misses in one sample and usually gets by vote.

    python -m benchmarks.demo_problem [--n 64] [--model smollm2-135m]

For each candidate: the share of right samples, and the chance that a vote of 16 is right (drawn from the samples).
"""

import argparse
import asyncio
from collections import Counter

import numpy as np

from thinkharder import assemble
from thinkharder.api import Options, solve
from thinkharder.core.types import Problem, Sampling

CANDIDATES = [
    (
        "A baker sells 7 loaves in the morning and 9 in the afternoon. Each loaf costs $3. How many dollars is that in all?",
        "48",
    ),
    (
        "Tom has 3 boxes with 8 pencils each and gives away 5 pencils. How many pencils does he have left?",
        "19",
    ),
    ("A bus starts with 20 people. 6 get off and 9 get on. How many people are on the bus now?", "23"),
    ("Anna reads 12 pages a day for 5 days. How many pages does she read in all?", "60"),
    (
        "There are 4 cars with 4 wheels each and 2 bicycles with 2 wheels each. How many wheels are there in all?",
        "20",
    ),
    (
        "A ticket costs $6. A family buys 5 tickets and pays with $50. How many dollars do they get back?",
        "20",
    ),
    ("What is 15 + 27?", "42"),
    ("What is 12 * 7?", "84"),
    ("What is 9 * 8 - 10?", "62"),
    ("What is 100 - 37?", "63"),
    ("What is half of 86?", "43"),
    ("A farm has 15 cows and twice as many sheep. How many sheep are there?", "30"),
    ("A box holds 24 eggs. How many eggs are in 3 boxes?", "72"),
    ("Sam had 45 marbles and lost 18. How many marbles are left?", "27"),
    ("A train travels 60 miles an hour for 3 hours. How many miles does it travel?", "180"),
    ("Maria has 14 apples. She buys 8 more and eats 3. How many apples does she have now?", "19"),
    ("Six friends share 42 sweets equally. How many sweets does each get?", "7"),
    ("A pen costs $2 and a book costs $7. How many dollars do 3 pens and 2 books cost?", "20"),
    ("A dog eats 2 cups of food a day. How many cups does it eat in 2 weeks?", "28"),
    ("A shirt costs $25 and is sold for $5 less. How many dollars do 2 shirts cost?", "40"),
    ("How many minutes are there in 4 hours?", "240"),
    ("A class has 28 pupils, and 13 of them are boys. How many are girls?", "15"),
    ("Leo saves $5 a week. How many weeks does he need to save $60?", "12"),
    ("A garden has 6 rows of 7 tulips, and 12 tulips are picked. How many tulips are left?", "30"),
]


async def main() -> None:
    """Sample, count, print best first."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--n", type=int, default=64)
    parser.add_argument("--cap", type=int, default=128)
    parser.add_argument("--model", default="smollm2-135m")
    args = parser.parse_args()
    model = assemble.load_model(args.model)
    rows = []

    async def one(text: str, gold: str) -> None:
        problem = Problem.of(text, answer_type="number")
        options = Options(seed=1, sampling=Sampling(max_tokens=args.cap))
        result = await solve(problem, model=model, strategy=f"self-consistency:n={args.n}", options=options)
        answers = [c.answer for c in result.candidates]
        rows.append(
            (answers.count(gold) / len(answers), vote(answers, gold), text, Counter(answers).most_common(4))
        )

    for start in range(0, len(CANDIDATES), 2):
        await asyncio.gather(*(one(*pair) for pair in CANDIDATES[start : start + 2]))
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
