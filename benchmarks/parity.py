"""Whether both engines answer equally well: one small task, the same questions, tested in pairs.

    python -m benchmarks.parity --model qwen2.5-coder-0.5b-instruct-q4_k_m.gguf --out parity.json

Questions of two-step arithmetic from a fixed seed, several samples of each at the engines' default sampling. The figure
is the difference in accuracy with a 95% interval over questions (paired t): 0 should lie in it.
"""

import argparse
import asyncio
import json
import math
import random
import re
import statistics
from contextlib import aclosing
from pathlib import Path
from typing import Any

from benchmarks.machine import describe
from thinkharder.core.types import Message, Request, Sampling
from thinkharder.models.llamacpp import LlamaCppModel
from thinkharder.models.openvino import OpenVINOModel

Embedded = OpenVINOModel | LlamaCppModel
SHOWN = (
    Message("user", "3 * 4 + 5 ="),
    Message("assistant", "3 * 4 = 12, 12 + 5 = 17"),
    Message("user", "9 * 6 + 41 ="),
    Message("assistant", "9 * 6 = 54, 54 + 41 = 95"),
)
"""Two worked examples, so that replies are short and of one form."""


def questions(count: int) -> list[tuple[str, int]]:
    """Questions and their answers, the same for every run."""
    draw = random.Random(7)
    made = []
    for _ in range(count):
        a, b, c = draw.randint(12, 49), draw.randint(3, 19), draw.randint(20, 900)
        text = f"{a} * {b} + {c} ="
        made.append((text, a * b + c))
    return made


async def accuracy(model: Embedded, tasks: list[tuple[str, int]], samples: int) -> list[float]:
    """`[questions]` the share of samples that are right."""
    gate = asyncio.Semaphore(max(1, 32 // samples))

    async def one(text: str, answer: int) -> float:
        texts = [""] * samples
        async with gate:
            request = Request((*SHOWN, Message("user", text)), Sampling(max_tokens=24), n=samples, seed=1)
            async with aclosing(model.stream(request)) as chunks:
                async for chunk in chunks:
                    texts[chunk.index] += chunk.text
        numbers = [re.findall(r"\d[\d,]*", said) for said in texts]
        return statistics.fmean(
            bool(found) and int(found[-1].replace(",", "")) == answer for found in numbers
        )

    return list(await asyncio.gather(*(one(text, answer) for text, answer in tasks)))


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path, required=True, help="a GGUF file that both engines run")
    parser.add_argument("--questions", type=int, default=60)
    parser.add_argument("--samples", type=int, default=8)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    tasks = questions(options.questions)
    shares: dict[str, list[float]] = {}
    for name, make in (("openvino", OpenVINOModel), ("llamacpp", LlamaCppModel)):
        model: Embedded = make(options.model)
        shares[name] = asyncio.run(accuracy(model, tasks, options.samples))
        asyncio.run(model.aclose())
        print(f"{name:9} accuracy {statistics.fmean(shares[name]):.3f}")
    gaps = [a - b for a, b in zip(shares["openvino"], shares["llamacpp"], strict=True)]
    mean, half = statistics.fmean(gaps), 2.0 * statistics.stdev(gaps) / math.sqrt(len(gaps))
    print(f"OpenVINO minus llama.cpp: {mean:+.3f} [{mean - half:+.3f}, {mean + half:+.3f}]")
    if options.out:
        said: dict[str, Any] = {
            **{
                "model": options.model.name,
                "machine": describe(),
                "samples": options.samples,
                "shares": shares,
            },
            **{"difference": mean, "low": mean - half, "high": mean + half},
        }
        options.out.write_text(json.dumps(said, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
