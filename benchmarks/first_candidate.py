"""How long after the engine's first completion the live display shows it. Promised: at most 50 ms.

    python -m benchmarks.first_candidate [--model smollm2-135m] [--runs 5] [--n 16] [--answer-type auto]

The clock starts when the backend hands over the chunk that ends the first completion, and stops when the frame that shows
that sample was written to the terminal (a recorded one, 100 columns).
"""

import argparse
import asyncio
import io
import statistics
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from rich.console import Console

from thinkharder import assemble, config
from thinkharder.api import Options, solve
from thinkharder.cli.flags import SolveFlags
from thinkharder.cli.job import make
from thinkharder.cli.live import Live
from thinkharder.core.ledger import Ledger
from thinkharder.core.types import Chunk, Request
from thinkharder.core.usage import Budget

TEXT = "Anna reads 12 pages a day for 5 days. How many pages does she read in all?"


class Watched:
    """A model that notes when the first completion of a run leaves it."""

    def __init__(self, inner: Any) -> None:
        self.inner, self.first = inner, 0.0

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    async def stream(self, request: Request) -> AsyncGenerator[Chunk, None]:
        """The inner model's chunks."""
        async with aclosing(self.inner.stream(request)) as chunks:
            async for chunk in chunks:
                if chunk.finish is not None and not self.first:
                    self.first = asyncio.get_running_loop().time()
                yield chunk


class Terminal(io.StringIO):
    """A terminal that notes when the first vote was written to it."""

    def __init__(self) -> None:
        super().__init__()
        self.shown = 0.0

    def write(self, text: str) -> int:
        """Keep the text."""
        if not self.shown and ("vote" in text or "#1" in text):
            self.shown = asyncio.get_running_loop().time()
        return super().write(text)


async def once(model: Any, args: argparse.Namespace, seed: int) -> float:
    """One run; milliseconds from the first completion to its frame."""
    flags = SolveFlags(
        strategy=f"self-consistency:n={args.n}", seed=seed, max_tokens=160, answer_type=args.answer_type
    )
    job = make(flags, TEXT, config.Settings())
    terminal, ledger = Terminal(), Ledger(Budget())
    live = Live(Console(file=terminal, force_terminal=True, width=100, height=40))
    watched = Watched(model)
    live.begin(job, model.name, lambda: ledger.spent)
    options = Options(seed=seed, sampling=job.sampling, listener=live.take, ledger=ledger)
    try:
        await solve(job.problem, model=watched, strategy=job.strategy, options=options)
    finally:
        live.close()
    return 1000 * (terminal.shown - watched.first)


async def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", default="smollm2-135m")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--n", type=int, default=16)
    parser.add_argument("--answer-type", default="auto")
    args = parser.parse_args()
    model = assemble.load_model(args.model)
    found = [await once(model, args, seed) for seed in range(args.runs)]
    print(f"{args.model}, n = {args.n}, {args.runs} runs: ms from the first completion to its frame")
    print("  " + "  ".join(f"{ms:.1f}" for ms in found))
    print(f"  median {statistics.median(found):.1f}, most {max(found):.1f}")
    await model.aclose()


if __name__ == "__main__":
    asyncio.run(main())
