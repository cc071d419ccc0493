"""Figure 1, the real clock: how far past its deadline a solve returns, on a real model.

python -m benchmarks.deadline [--model smollm2-135m] [--runs 10]
"""

import argparse
import asyncio
import json
import time

from thinkharder import assemble
from thinkharder.api import Options, solve
from thinkharder.core.errors import NothingFound
from thinkharder.core.usage import Budget

PROBLEM = (
    "A farm has 15 cows and twice as many sheep. Each sheep gives 3 kg of wool. How many kg of wool is that?"
)
STRATEGIES = ("self-consistency:n=32", "hybrid:chains=8", "best-of-n(n=8)", "adaptive")
SECONDS = (0.3, 1.0, 2.5)


async def main() -> None:
    """Solve under deadlines, print one JSON document."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", default="smollm2-135m")
    parser.add_argument("--runs", type=int, default=5)
    args = parser.parse_args()
    model = assemble.load_model(args.model)
    late, outcomes = [], {"answer": 0, "nothing found": 0, "ended before": 0}
    for run in range(args.runs):
        for strategy in STRATEGIES:
            for seconds in SECONDS:
                verifier = "judge" if "best" in strategy else None
                began = time.monotonic()
                try:
                    result = await solve(
                        PROBLEM,
                        model=model,
                        strategy=strategy,
                        verifier=verifier,
                        budget=Budget(seconds=seconds),
                        options=Options(seed=run),
                    )
                    outcomes["answer" if result.exhausted else "ended before"] += 1
                except NothingFound:
                    outcomes["nothing found"] += 1
                late.append(time.monotonic() - began - seconds)
    await model.aclose()
    late.sort()
    shown = {
        "runs": len(late),
        "outcomes": outcomes,
        "late_median_ms": round(1000 * late[len(late) // 2], 1),
        "late_p99_ms": round(1000 * late[int(0.99 * (len(late) - 1))], 1),
        "late_max_ms": round(1000 * late[-1], 1),
        "model": model.name,
    }
    print(json.dumps(shown, indent=2))


if __name__ == "__main__":
    asyncio.run(main())
