"""Seconds from closing a stream until the engine has freed its sequences (figure 4 of docs/results).

    python -m benchmarks.cancel --model MODEL.gguf --out cancel.json

Three cases on each engine: 16 samples that decode, a prompt of 2,000 tokens that is being computed, and 12 of 16 single
requests while the other 4 run on. A sequence counts as freed when the worker process says that it is out of the engine.
"""

import argparse
import asyncio
import json
import statistics
import time
from pathlib import Path
from typing import Any

from benchmarks.machine import describe
from thinkharder.core.types import Message, Request, Sampling
from thinkharder.models.llamacpp import LlamaCppModel
from thinkharder.models.openvino import OpenVINOModel
from thinkharder.models.options import EngineOptions

Embedded = OpenVINOModel | LlamaCppModel
ENDLESS = {"type": "regex", "regex": "[a-z ]{3000}"}


def request_of(text: str, n: int, turn: int) -> Request:
    """A request that runs until it is closed."""
    return Request(
        (Message("user", text),), Sampling(max_tokens=1000), n=n, response_format=ENDLESS, seed=turn
    )


async def freed_after(model: Embedded, case: str, turn: int) -> tuple[float, float]:
    """Seconds that closing took, and seconds until all that was closed is freed."""
    loop = asyncio.get_running_loop()
    freed: asyncio.Queue[int] = asyncio.Queue()
    model._link.on_freed = lambda numbers: loop.call_soon_threadsafe(freed.put_nowait, len(numbers)) and None
    text = f"Turn {turn}. Write on and on."
    keep: list[Any] = []
    if case == "decoding":
        streams = [model.stream(request_of(text, 16, turn))]
        await anext(streams[0])
        expected = 16
    elif case == "prompt":
        streams = [model.stream(request_of(f"{turn} word " * 650, 1, turn))]
        keep.append(asyncio.ensure_future(anext(streams[0])))
        await asyncio.sleep(0.3)
        expected = 1
    else:
        streams = [model.stream(request_of(text, 1, turn)) for _ in range(16)]
        await asyncio.gather(*(anext(stream) for stream in streams))
        streams, rest, expected = streams[:12], streams[12:], 12
    began = time.perf_counter()
    if case == "prompt":
        keep[0].cancel()
        await asyncio.gather(*keep, return_exceptions=True)
    for stream in streams:
        await stream.aclose()
    closed = time.perf_counter() - began
    while expected > 0:
        expected -= await freed.get()
    seconds = time.perf_counter() - began
    if case == "twelve of sixteen":
        for stream in rest:
            await anext(stream)
            await stream.aclose()
        await asyncio.sleep(1)
    model._link.on_freed = None
    return closed, seconds


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path, required=True, help="a GGUF file that both engines run")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    found: dict[str, dict[str, Any]] = {}
    for name, make in (("openvino", OpenVINOModel), ("llamacpp", LlamaCppModel)):
        model = make(options.model, EngineOptions(context=4096))
        for case in ("decoding", "prompt", "twelve of sixteen"):
            times = [asyncio.run(freed_after(model, case, turn)) for turn in range(options.rounds)]
            cell = {
                "close_max": max(t[0] for t in times),
                "freed_median": statistics.median(t[1] for t in times),
                "freed_max": max(t[1] for t in times),
            }
            found.setdefault(name, {})[case] = cell
            print(
                f"{name:9} {case:18} closing {1000 * cell['close_max']:5.1f} ms at most; freed after"
                f" {cell['freed_median']:.3f} s (median), {cell['freed_max']:.3f} s (most)"
            )
        asyncio.run(model.aclose())
    if options.out:
        said = {"model": options.model.name, "machine": describe(), "rounds": options.rounds, "cases": found}
        options.out.write_text(json.dumps(said, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
