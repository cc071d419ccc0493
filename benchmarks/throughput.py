"""Figure 2, overhead: samples per second and memory with an instant toy model and text answers.

python -m benchmarks.throughput [--solves 1000] [--n 100]
"""

import argparse
import asyncio
import json
import platform
import resource
import statistics
import time
from pathlib import Path

from thinkharder.api import Options, solve
from thinkharder.core.types import Problem
from thinkharder.models.loaded import Loaded
from thinkharder.models.toy import toy_model
from thinkharder.models.wrap import standard_layers


async def measure(solves: int, n: int) -> dict[str, object]:
    """Solves of n samples through the whole stack: rate over the middle, resident memory as it goes."""
    toy = toy_model('categorical(answers=["red", "green", "blue"], weights=[0.5, 0.3, 0.2], tokens=[3, 9])')
    model = Loaded(toy, standard_layers(toy))
    problem = Problem.of("Which colour is it?", answer_type="text")
    rates, memory = [], []
    for number in range(solves):
        began = time.perf_counter()
        result = await solve(
            problem, model=model, strategy=f"self-consistency:n={n}", options=Options(seed=number)
        )
        rates.append(n / (time.perf_counter() - began))
        assert len(result.candidates) == n
        if number % max(1, solves // 10) == 0:
            memory.append(resident())
    return {
        "samples_per_second_median": statistics.median(rates),
        "samples_per_second_p10": statistics.quantiles(rates, n=10)[0],
        "rss_mb_at_tenths": [round(m, 1) for m in memory],
        "rss_growth_mb_after_first_tenth": round(memory[-1] - memory[1], 1) if len(memory) > 1 else None,
        "peak_rss_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
        "solves": solves,
        "n": n,
        "python": platform.python_version(),
    }


def resident() -> float:
    """Resident memory of this process in MB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


def main() -> None:
    """Parse and print one JSON document."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--solves", type=int, default=1000)
    parser.add_argument("--n", type=int, default=100)
    args = parser.parse_args()
    print(json.dumps(asyncio.run(measure(args.solves, args.n)), indent=2))


if __name__ == "__main__":
    main()
