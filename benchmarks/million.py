"""A store of a million samples: how long and how much memory import, reading, export and checking take.

    python -m benchmarks.million --samples 1000000 --out million.json

Each step runs in a process of its own, whose peak resident memory the system reports. The samples are made up: 64 a
problem, a text of about 300 characters, an answer, token counts, a score, and log-probabilities for every tenth.
"""

import argparse
import contextlib
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Collection
from pathlib import Path
from typing import Any

from benchmarks.machine import describe

EACH = 64
MOST_MB = 1000.0
COMMAND = ["-m", "thinkharder"]
READ = "import sys; from thinkharder.records.pool import read_pool; p = read_pool(sys.argv[1]); print(len(p), p.sample(len(p) - 1).text[:9])"


def make(path: Path, samples: int) -> None:
    """A JSONL file of made-up samples."""
    chance = random.Random(1)
    words = [
        "the",
        "sum",
        "of",
        "these",
        "numbers",
        "is",
        "then",
        "divided",
        "by",
        "their",
        "count",
        "and",
        "so",
        "on",
    ]
    with path.open("w", encoding="utf-8") as file:
        for number in range(samples):
            problem, draw = divmod(number, EACH)
            answer = chance.choice((problem % 7, problem % 5, 3))
            row: dict[str, Any] = {
                "problem": problem,
                "sample": draw,
                "answer": str(answer),
                "gold": str(problem % 7),
                "correct": float(answer == problem % 7),
                "text": f"text {number} " + " ".join(chance.choices(words, k=60)),
                "prompt_tokens": 80,
                "completion_tokens": chance.randint(20, 400),
                "finish": "stop",
                "seconds": round(chance.uniform(0.5, 9), 3),
                "scores": {"judge": round(chance.random(), 3)},
            }
            if number % 10 == 0:
                row["logprobs"] = [round(-chance.expovariate(3), 3) for _ in range(60)]
            file.write(json.dumps(row) + "\n")


def measured(words: list[str], folder: Path) -> dict[str, Any]:
    """Wall seconds and peak memory (MB) of `python WORDS`. Raises RuntimeError where it fails."""
    began = time.monotonic()
    with (folder / "out.txt").open("w+", encoding="utf-8") as out:
        process = subprocess.Popen(
            [sys.executable, *words], cwd=folder, stdout=out, stderr=out, env=_environment()
        )
        peak = _watched(process.pid)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        said = out.read().strip()
    if process.returncode:
        raise RuntimeError(f"{words}: {said[-2000:]}")
    return {
        "seconds": round(time.monotonic() - began, 1),
        "cpu_seconds": round(used.ru_utime + used.ru_stime, 1),
        "peak_mb": round(peak, 1),
        "said": said.splitlines()[-1] if said else "",
    }


def _watched(pid: int) -> float:
    """The peak of a process's own memory (MB) by the time it ends. What the system reports of an ended one may be that of
    the process which started it: it is copied before the program is replaced."""
    peak = 0.0
    while os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
        with contextlib.suppress(OSError):
            status = Path(f"/proc/{pid}/status").read_text()
            peak = max([peak, *(int(kb) / 1024 for kb in re.findall(r"VmHWM:\s*(\d+)", status))])
        time.sleep(0.01)
    return peak


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}


def steps() -> dict[str, list[str]]:
    """What can be measured, in order."""
    records = [*COMMAND, "records"]
    return {
        "import": [*records, "import", "samples.jsonl", "run", "--task", "t", "--model", "m"],
        "read_pool(store)": ["-c", READ, "run"],
        "export parquet": [*records, "export", "run", "out.parquet"],
        "read_pool(parquet)": ["-c", READ, "out.parquet"],
        "export jsonl": [*records, "export", "run", "out.jsonl"],
        "read_pool(jsonl)": ["-c", READ, "out.jsonl"],
        "show": [*records, "show", "run"],
        "verify": [*records, "verify", "run"],
        "report": [*COMMAND, "report", "run", "--html", "out.html"],
    }


def run(samples: int, only: Collection[str] = ()) -> dict[str, Any]:
    """The steps (those in `only`, where any are named; the report only so) on a store of so many samples."""
    wanted = [name for name in steps() if name in (only or steps().keys() - {"report"})]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make(folder / "samples.jsonl", samples)
        found: dict[str, Any] = {"samples": samples, "steps": {}}
        for step in wanted:
            found["steps"][step] = measured(steps()[step], folder)
            print(f"{step}: {found['steps'][step]}", file=sys.stderr, flush=True)
        for file in ("samples.jsonl", "run/records.sqlite", "out.jsonl", "out.parquet"):
            if (folder / file).exists():
                found[f"{file} MB"] = round((folder / file).stat().st_size / 1e6, 1)
    return found


def main() -> int:
    """Run it and say whether memory stayed under the limit."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--samples", type=int, default=1_000_000)
    parser.add_argument("--only", nargs="*", default=(), help=", ".join(steps()))
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    found = run(options.samples, options.only) | {"machine": describe()}
    text = json.dumps(found, indent=2)
    print(text)
    if options.out is not None:
        options.out.write_text(text + "\n", encoding="utf-8")
    return 0 if all(step["peak_mb"] < MOST_MB for step in found["steps"].values()) else 1


if __name__ == "__main__":
    sys.exit(main())
