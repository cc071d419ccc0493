"""Whether the model's batch stays full while `solve_many` decides in waves, on a toy that takes its time.

python -m benchmarks.allocation_full [--wave 8]
"""

import argparse
import asyncio

from thinkharder.api import Options
from thinkharder.core.types import Sampling
from thinkharder.core.usage import Budget
from thinkharder.many import Many, solve_many
from thinkharder.models.toy import toy_model

TOY = "categorical(answers=[18, 20, 16], weights=[0.5, 0.3, 0.2], tokens=[20, 60], token_seconds=0.02)"


async def main(wave: int, problems: int = 60) -> None:
    """Print how many requests were open, but for the first tenth and the last fifth of the time."""
    model, seen = toy_model(TOY), list[int]()

    async def watch() -> None:
        while True:
            await asyncio.sleep(0.02)
            seen.append(model.open_requests)

    task = asyncio.create_task(watch())
    options = Many(solve=Options(seed=1, answer_type="number", sampling=Sampling(max_tokens=64)), wave=wave)
    texts = [f"How many eggs are {n} and {n}?" for n in range(problems)]
    await solve_many(
        texts, model=model, allocator="uniform", budget=Budget(calls=2 * problems), options=options
    )
    task.cancel()
    middle = seen[len(seen) // 10 : -len(seen) // 5]
    full = sum(count >= wave for count in middle) / len(middle)
    print(f"{sum(middle) / len(middle):.1f} open in the mean, at least {wave} in {full:.0%} of the time")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--wave", type=int, default=8)
    asyncio.run(main(parser.parse_args().wave))
