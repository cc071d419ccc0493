"""Output tokens per second through this package against the bare engines (figure 2 of docs/results).

    python -m benchmarks.speed --model qwen2.5-coder-0.5b-instruct-q4_k_m.gguf --out speed.json

Two problems of 16 samples of 100 tokens. Each round runs the bare engine (all samples of a problem in one request, the
engine's own loop, in a process of its own) and this package, in turns, so that what else the machine does falls on both.
A ratio is the geometric mean over rounds with a 95% interval (t on its logarithm). Besides the clock it is given for
processor seconds, which a shared machine disturbs less.
"""

import argparse
import asyncio
import json
import math
import os
import statistics
import subprocess
import sys
import time
from contextlib import aclosing
from pathlib import Path
from typing import Any

from benchmarks.bare import PROBLEMS, TEMPERATURE, TOP_K
from benchmarks.machine import cpu_seconds, describe
from thinkharder.core.types import Message, Request, Sampling
from thinkharder.models.llamacpp import LlamaCppModel
from thinkharder.models.openvino import OpenVINOModel

MODELS = {"openvino": OpenVINOModel, "llamacpp": LlamaCppModel}
T95 = {1: 12.71, 2: 4.30, 3: 3.18, 4: 2.78, 5: 2.57, 6: 2.45, 7: 2.36, 8: 2.31, 9: 2.26, 10: 2.23, 11: 2.20}


async def through(
    model: OpenVINOModel | LlamaCppModel, samples: int, tokens: int, seed: int
) -> dict[str, float]:
    """One round through the package."""

    async def one(text: str) -> int:
        sampling = Sampling(temperature=TEMPERATURE, top_k=TOP_K, top_p=1.0, min_p=0.0, max_tokens=tokens)
        request = Request((Message("user", text),), sampling, n=samples, seed=seed)
        made = 0
        async with aclosing(model.stream(request)) as chunks:
            async for chunk in chunks:
                made += chunk.tokens
        return made

    began, cpu = time.perf_counter(), time.process_time() + cpu_seconds(model._link.pid)
    made = sum(await asyncio.gather(*map(one, PROBLEMS)))
    return {
        "tokens": made,
        "seconds": time.perf_counter() - began,
        "cpu_seconds": time.process_time() + cpu_seconds(model._link.pid) - cpu,
    }


def ratio(pairs: list[tuple[float, float]]) -> dict[str, float]:
    """Geometric mean of first/second over rounds, with its 95% interval (NaN for a single round)."""
    logs = [math.log(a / b) for a, b in pairs]
    mean = statistics.fmean(logs)
    half = math.nan
    if len(logs) > 1:
        half = T95.get(len(logs) - 1, 2.1) * statistics.stdev(logs) / math.sqrt(len(logs))
    return {"ratio": math.exp(mean), "low": math.exp(mean - half), "high": math.exp(mean + half)}


def rates(rounds: list[dict[str, float]], clock: str) -> list[float]:
    """Tokens per second of each round by a clock."""
    return [r["tokens"] / r[clock] for r in rounds]


def measure(engine: str, options: argparse.Namespace) -> dict[str, list[dict[str, float]]]:
    """Rounds of one engine, bare and through the package, in turns; the first of each warms up and is dropped."""
    command = [sys.executable, "-m", "benchmarks.bare", engine, str(options.model)]
    bare = subprocess.Popen(
        [*command, str(options.samples), str(options.tokens)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_WAIT_POLICY": "passive"},
    )
    assert bare.stdin is not None
    assert bare.stdout is not None
    model = MODELS[engine](options.model)
    found: dict[str, list[dict[str, float]]] = {"bare": [], "package": []}
    try:
        if bare.stdout.readline().strip() != "ready":
            raise SystemExit(f"the bare {engine} did not start")
        for turn in range(options.rounds + 1):
            for side in ("bare", "package") if turn % 2 else ("package", "bare"):
                if side == "bare":
                    bare.stdin.write("\n")
                    bare.stdin.flush()
                    round_ = json.loads(bare.stdout.readline())
                else:
                    round_ = asyncio.run(through(model, options.samples, options.tokens, turn))
                if turn:
                    found[side].append(round_)
                print(
                    f"{engine:9} {side:8} {turn}: {round_['tokens'] / round_['seconds']:6.0f} tokens/s",
                    file=sys.stderr,
                )
    finally:
        asyncio.run(model.aclose())
        bare.stdin.close()
        bare.wait(20)
        bare.stdout.close()
    return found


def summary(found: dict[str, dict[str, list[dict[str, float]]]]) -> dict[str, Any]:
    """Medians, the ratios of package to bare, and of one engine to the other."""
    table: dict[str, Any] = {}
    for engine, sides in found.items():
        table[engine] = {side: statistics.median(rates(rounds, "seconds")) for side, rounds in sides.items()}
        for clock, name in (("seconds", "clock"), ("cpu_seconds", "processor")):
            pairs = zip(rates(sides["package"], clock), rates(sides["bare"], clock), strict=True)
            table[engine][f"package_to_bare_by_{name}"] = ratio(list(pairs))
    if len(found) == 2:
        for clock, name in (("seconds", "clock"), ("cpu_seconds", "processor")):
            pairs = zip(
                *(rates(found[engine]["package"], clock) for engine in ("openvino", "llamacpp")), strict=True
            )
            table[f"openvino_to_llamacpp_by_{name}"] = ratio(list(pairs))
    return table


def show(table: dict[str, Any]) -> None:
    """Print the summary."""
    print(f"{'engine':10}{'bare':>10}{'package':>10}  package/bare by clock    by processor time")
    for engine in (e for e in MODELS if e in table):
        row = table[engine]
        cells = [row["package_to_bare_by_clock"], row["package_to_bare_by_processor"]]
        text = "    ".join(f"{c['ratio']:.2f} [{c['low']:.2f}, {c['high']:.2f}]" for c in cells)
        print(f"{engine:10}{row['bare']:10.0f}{row['package']:10.0f}  {text}")
    for name in ("clock", "processor"):
        if cell := table.get(f"openvino_to_llamacpp_by_{name}"):
            print(
                f"OpenVINO / llama.cpp by {name}: {cell['ratio']:.2f} [{cell['low']:.2f}, {cell['high']:.2f}]"
            )


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path, required=True, help="a GGUF file that both engines run")
    parser.add_argument("--engines", default="openvino,llamacpp")
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--samples", type=int, default=16)
    parser.add_argument("--tokens", type=int, default=100)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    found = {engine: measure(engine, options) for engine in options.engines.split(",")}
    table = summary(found)
    show(table)
    if options.out:
        said = {"model": options.model.name, "machine": describe(), "summary": table, "rounds": found}
        options.out.write_text(json.dumps(said, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
