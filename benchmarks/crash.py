"""Kill -9 at random moments of a bench: is anything lost or asked for twice? (docs/results/records.md)

    python -m benchmarks.crash --kills 200 --out crash.json

A grid runs on a toy model. The toy writes a line to a log before it sends the last chunk of a completion ("served"), and
the process writes another when the store has returned from putting that draw ("acknowledged"). The process that runs `thinkharder bench` is killed after a random time and started again with
`bench resume`, over and over; then the run is finished and the logs are held against the store.
"""

import argparse
import json
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path
from typing import Any

from benchmarks.machine import describe
from thinkharder import assemble
from thinkharder.cli import bench_running  # noqa: F401 (loaded once, so that each new process starts at once)
from thinkharder.cli.main import main as thinkharder
from thinkharder.core.identity import content_hash
from thinkharder.core.types import Chunk, Request
from thinkharder.models.toy import ToyModel
from thinkharder.records.generation import Generation
from thinkharder.records.store import Store

WORKING = 0.8
"""The share of kills that come after the process has begun to draw; the others may come at its start."""
MODEL = "toy:categorical(answers=[1, 2, 3, 4], tokens=[5, 60], token_seconds={})"
GRID = (
    "bench", "arithmetic:n={problems},seed=1", "-m", "{model}", "-s", "direct", "-s", "self-consistency(n=8)",
    "-s", "self-consistency(n=16, until=margin(m=3))", "--seeds", "1..2", "--out", "{run}",
)  # fmt: skip


def names(request: Request, index: int) -> str:
    """What a draw is: content, branch, run seed, number."""
    return f"{content_hash(request)}/{request.branch}/{request.seed}/{request.first_draw + index}"


def log_what_is_served(log: Path) -> None:
    """From now this process writes down what a toy serves, and what the store has acknowledged."""
    file = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    plain, put = ToyModel.stream, Store.put

    async def stream(self: ToyModel, request: Request) -> AsyncGenerator[Chunk, None]:
        async with aclosing(plain(self, request)) as chunks:
            async for chunk in chunks:
                if chunk.finish is not None:
                    os.write(file, f"served {names(request, chunk.index)}\n".encode())
                yield chunk

    def told(self: Store, generation: Generation) -> str:
        key = put(self, generation)
        if generation.drawn.chunks and generation.drawn.chunks[-1].finish is not None:
            os.write(file, f"acknowledged {names(generation.asked.request, generation.index)}\n".encode())
        return key

    ToyModel.stream = stream  # type: ignore[method-assign]
    Store.put = told  # type: ignore[method-assign]


def started(words: list[str], log: Path, folder: Path) -> int:
    """The id of a new process that runs the command line; its words go to a file."""
    child = os.fork()
    if child:
        return child
    code = 99
    try:
        out = os.open(folder / "out.txt", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        os.dup2(out, 1)
        os.dup2(out, 2)
        log_what_is_served(log)
        code = thinkharder(words)
    finally:
        os._exit(code)


def until_it_works(child: int, log: Path) -> None:
    """Wait until the process has served something, or has ended."""
    before = log.stat().st_size if log.exists() else 0
    while (log.stat().st_size if log.exists() else 0) == before:
        if os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None:
            return
        time.sleep(0.005)


def read_log(log: Path) -> tuple[list[str], list[str]]:
    """Draws served and acknowledged, in order."""
    lines = [line.split(" ", 1) for line in log.read_text().splitlines()] if log.exists() else []
    return [d for kind, d in lines if kind == "served"], [d for kind, d in lines if kind == "acknowledged"]


def stored(run: Path, check: bool) -> tuple[Counter[str], int, list[str]]:
    """Whole draws in the store, cells, and (with `check`) what `records verify` says."""
    if not (run / "records.sqlite").exists():
        return Counter(), 0, []
    with Store.open(run) as store:
        rows = store._db.execute(
            "SELECT content, branch, seed, draw FROM generations WHERE finish != 'cancelled'"
        )
        draws = Counter(f"{r['content']}/{r['branch']}/{json.loads(r['seed'])}/{r['draw']}" for r in rows)
        return draws, len(store.cell_keys()), store.verify() if check else []


def crash(folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Run, kill, resume; what was found."""
    run, log, chance = folder / "run", folder / "log.txt", random.Random(options.seed)
    model = MODEL.format(options.token_seconds)
    first = [word.format(problems=options.problems, model=model, run=run) for word in GRID]
    found = {"kills": 0, "ended_before_the_kill": 0, "lost": 0, "repeated": 0, "in_flight": 0, "doubled": 0}
    wrong: list[str] = []
    acknowledged: set[str] = set()
    cells, began = 0, time.monotonic()
    while found["kills"] < options.kills:
        words = ["bench", "resume", str(run)] if (run / "bench.json").exists() else first
        before = len(read_log(log)[0])
        child = started(words, log, folder)
        if chance.random() < WORKING:
            until_it_works(child, log)
        time.sleep(chance.uniform(0, options.longest))
        ended, _ = os.waitpid(child, os.WNOHANG)
        if ended:
            found["ended_before_the_kill"] += 1
            break
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        found["kills"] += 1
        served, told = read_log(log)
        found["repeated"] += len(acknowledged & set(served[before:]))
        acknowledged |= set(told)
        found["in_flight"] += len(set(served[before:]) - set(told))
        draws, now, said = stored(run, check=found["kills"] % 20 == 0)
        found["lost"] += len(acknowledged - set(draws)) + max(0, cells - now)
        found["doubled"] += sum(count - 1 for count in draws.values())
        cells, wrong = now, wrong + said
        if found["kills"] % 20 == 0:
            print(f"{found['kills']} kills, {len(draws)} draws, {cells} cells, {found}", file=sys.stderr)
    killed_for = time.monotonic() - began
    last = started(["bench", "resume", str(run)], log, folder)
    found["exit_code_of_the_last"] = os.waitstatus_to_exitcode(os.waitpid(last, 0)[1])
    served, told = read_log(log)
    draws, cells, said = stored(run, check=True)
    twice = sum(count - 1 for count in Counter(served).values())
    return {
        **found,
        "lost": found["lost"] + len(set(told) - set(draws)),
        "verify": wrong + said,
        "served": len(served),
        "served_twice": twice,
        "draws": len(draws),
        "cells": cells,
        "seconds": round(killed_for, 1),
        "machine": describe(),
    }


def main() -> int:
    """Run it and say whether all held."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--problems", type=int, default=80)
    parser.add_argument("--token-seconds", type=float, default=2e-3)
    parser.add_argument(
        "--longest",
        type=float,
        default=0.6,
        help="seconds until the kill, at most, from the start or the first draw",
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    assemble.load_built_in()
    with tempfile.TemporaryDirectory() as folder:
        found = crash(Path(folder), options)
    text = json.dumps(found, indent=2)
    print(text)
    if options.out is not None:
        options.out.write_text(text + "\n", encoding="utf-8")
    good = not (found["lost"] or found["repeated"] or found["doubled"] or found["verify"])
    return (
        0 if good and found["served_twice"] <= found["in_flight"] and found["kills"] == options.kills else 1
    )


if __name__ == "__main__":
    sys.exit(main())
