"""Figure 4: seconds from the end of a run until everything that it had started is freed, for each way to end one.

    python -m benchmarks.endings --model smollm2-135m [--rounds 5]

Endings: the task that awaits `solve` is cancelled (close), a deadline, an interrupt (what Ctrl-C sets), a stopping rule.
Endpoints: both embedded engines (freed: the engine's worker says so) and an HTTP server on loopback (freed: the server
sees the connections closed and makes no more tokens).
"""

import argparse
import asyncio
import contextlib
import json
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.machine import describe
from tests.models.fake_server import FakeServer
from thinkharder import assemble
from thinkharder.api import Options, solve
from thinkharder.core.errors import NothingFound
from thinkharder.core.types import Candidate, Problem, Sampling
from thinkharder.core.usage import Budget
from thinkharder.events import Event
from thinkharder.models.loaded import Loaded
from thinkharder.strategies import SelfConsistency

ENDINGS = ("close", "deadline", "interrupt", "rule")
PROBLEM = Problem.of("Write the longest story you can about a river.", answer_type="text")


@dataclass
class Moment:
    """When the run was told to end."""

    at: float = 0.0


@dataclass(frozen=True)
class AfterFirst:
    """A rule that is satisfied by the first draw."""

    moment: Moment = field(default_factory=Moment)

    def more(self, draws: Sequence[Candidate], cap: int) -> int:
        """Everything at first; nothing once one has ended."""
        if draws:
            self.moment.at = time.perf_counter()
            return 0
        return cap


async def end(model: Any, ending: str, seed: int, busy: Callable[[], int]) -> float:
    """Seconds from the end of a run of 16 samples until nothing of it is busy."""
    moment, interrupt, running = Moment(), asyncio.Event(), asyncio.Event()

    def hear(event: Event) -> None:
        if event.kind == "progress":
            running.set()

    stop = (".",) if ending == "rule" else ()  # a sentence each, so that draws end at different times
    options = Options(
        seed=seed, sampling=Sampling(max_tokens=1500, stop=stop), interrupt=interrupt, listener=hear
    )
    strategy = SelfConsistency(n=16, until=AfterFirst(moment) if ending == "rule" else None)
    budget = Budget(seconds=2.0) if ending == "deadline" else Budget()
    began = time.perf_counter()
    task = asyncio.ensure_future(
        solve(PROBLEM, model=model, strategy=strategy, budget=budget, options=options)
    )
    await asyncio.wait({task, asyncio.ensure_future(running.wait())}, return_when=asyncio.FIRST_COMPLETED)
    if ending in ("close", "interrupt"):
        await asyncio.sleep(0.5)
        moment.at = time.perf_counter()
        task.cancel() if ending == "close" else interrupt.set()
    if ending == "deadline":
        moment.at = began + 2.0
    with contextlib.suppress(asyncio.CancelledError, NothingFound):
        await task
    while busy():
        await asyncio.sleep(0.001)
    return time.perf_counter() - moment.at


def watch(loaded: Loaded) -> Callable[[], int]:
    """How many cancelled sequences an embedded engine has not freed yet."""
    link: Any = loaded.backend._link  # type: ignore[attr-defined]
    pending: set[int] = set()
    cancel = link.cancel

    def cancelling(numbers: Sequence[int]) -> None:
        pending.update(n for n in numbers if n in link._inboxes)
        cancel(numbers)

    link.cancel = cancelling
    link.on_freed = pending.difference_update
    return lambda: len(pending)


async def measure(model: Any, busy: Callable[[], int], rounds: int) -> dict[str, dict[str, float]]:
    """Median and worst of each ending."""
    found = {}
    for ending in ENDINGS:
        times = [await end(model, ending, seed, busy) for seed in range(rounds)]
        found[ending] = {"median_s": round(statistics.median(times), 3), "max_s": round(max(times), 3)}
    return found


async def main() -> None:
    """Measure all, print one JSON document."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", default="smollm2-135m")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    endings: dict[str, Any] = {}
    for engine in ("openvino", "llamacpp"):
        loaded = assemble.load_model(f"{engine}:{args.model}")
        endings[engine] = await measure(loaded, watch(loaded), args.rounds)
        await loaded.aclose()
    async with FakeServer("vllm", text=lambda body, i: "word " * (3000 if i else 60), pace=0.01) as server:
        remote = assemble.load_model(f"openai:m@{server.url}")
        endings["http"] = await measure(remote, lambda: server.open_streams, args.rounds)
        await remote.aclose()
    text = json.dumps(
        {"model": args.model, "machine": describe(), "rounds": args.rounds, "endings": endings}, indent=1
    )
    print(text)
    if args.out:
        args.out.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    asyncio.run(main())
