"""Figure 3, quality on real problems: record samples once, score them, run the other strategies live, compare in pairs.

    python -m benchmarks.quality record --task gsm8k --model gguf:MODEL --limit 100 --out RUN
    python -m benchmarks.quality score  --task gsm8k --model gguf:MODEL --limit 100 --out RUN --verifier judge
    python -m benchmarks.quality import --task gsm8k --pool POOL.jsonl --limit 100 --out RUN
    python -m benchmarks.quality live   --task gsm8k --model gguf:MODEL --limit 100 --out RUN --strategy self-refine

Every piece is resumable: what RUN holds is not done again. `python -m benchmarks.quality_report RUN…` prints the tables.
"""

import argparse
import asyncio
import json
import re
import time
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import Any

from benchmarks.tasks import TASKS, Item, right
from thinkharder import assemble
from thinkharder.api import Options, solve
from thinkharder.core.ledger import Ledger
from thinkharder.core.protocols import Model
from thinkharder.core.types import Candidate, Result, Sampling, TokenLogprob
from thinkharder.core.usage import Budget
from thinkharder.models.options import EngineOptions
from thinkharder.run import Run
from thinkharder.strategies.prompting import answer_prompt

TEMPERATURE, TOP_K = 0.7, 40
CAPS = {"gsm8k": 450, "humaneval": 320}


def load(path: Path) -> list[dict[str, Any]]:
    """The rows of a JSONL file; a last line that was cut off is left out, and done again."""
    rows = []
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else []:
        try:
            rows.append(json.loads(line))
        except json.JSONDecodeError:
            break
    return rows


def append(path: Path, rows: Iterable[dict[str, Any]]) -> None:
    """Add rows and flush them, all of one problem at once."""
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    with path.open("a", encoding="utf-8") as file:
        file.write(text)


async def each(items: list[Item], at_once: int, work: Callable[[Item], Awaitable[None]], label: str) -> None:
    """Do the work on every item, a few at once so that the engine's batch stays full, and tell the rate."""
    gate, done, began = asyncio.Semaphore(at_once), 0, time.monotonic()

    async def one(item: Item) -> None:
        nonlocal done
        async with gate:
            await work(item)
        done += 1
        spent = time.monotonic() - began
        print(f"{label}: {done}/{len(items)}, {spent / done:.1f} s a problem", flush=True)

    await asyncio.gather(*(one(item) for item in items))


def options(task: str, n_logprobs: int | None, seed: int, **more: Any) -> Options:
    """The sampling of the figure: temperature 0.7, top_k 40, the task's cap."""
    sampling = Sampling(temperature=TEMPERATURE, top_k=TOP_K, max_tokens=CAPS[task], logprobs=n_logprobs)
    return Options(sampling=sampling, seed=seed, **more)


async def record(args: argparse.Namespace, model: Model, items: list[Item]) -> None:
    """n samples of each problem, with log-probabilities, each with its verdict."""
    path = args.out / "samples.jsonl"
    done = {row["problem"] for row in load(path)}

    async def work(item: Item) -> None:
        strategy = f"self-consistency:n={args.n},temperature={TEMPERATURE}"
        result = await solve(
            item.problem, model=model, strategy=strategy, options=options(args.task, 0, args.seed)
        )
        candidates = [c for c in result.candidates if c.error is None]
        verdicts = await right(item, [c.text for c in candidates])
        append(
            path,
            (row(item, i, c, v, result) for i, (c, v) in enumerate(zip(candidates, verdicts, strict=True))),
        )

    await each([i for i in items if i.id not in done], args.at_once, work, "recorded")


def row(item: Item, number: int, candidate: Candidate, correct: bool, result: Result) -> dict[str, Any]:
    """One sample as it is recorded."""
    return {
        "problem": item.id,
        "sample": number,
        "text": candidate.text,
        "correct": correct,
        "finish": candidate.finish,
        "prompt_tokens": result.usage.input_tokens,
        "completion_tokens": candidate.tokens,
        "logprobs": [round(t.logprob, 3) for t in candidate.logprobs],
        "seconds": round(result.usage.seconds, 2),
    }


def recorded(path: Path) -> dict[str, list[Candidate]]:
    """The recorded samples by problem, as candidates."""
    found: dict[str, list[Candidate]] = {}
    for r in load(path):
        tokens = tuple(TokenLogprob("", value) for value in r["logprobs"])
        candidate = Candidate(
            id=str(r["sample"]),
            text=r["text"],
            draw=r["sample"],
            finish=r["finish"],
            tokens=r["completion_tokens"],
            logprobs=tokens,
            notes={"correct": str(r["correct"])},
        )
        found.setdefault(r["problem"], []).append(candidate)
    return found


async def bring(args: argparse.Namespace, model: Model | None, items: list[Item]) -> None:
    """The first n samples of each problem of a recorded pool (JSONL), with their verdicts: no model runs."""
    rows: dict[str, list[dict[str, Any]]] = {}
    for line in load(args.pool):
        if line["sample"] < args.n:
            rows.setdefault(str(line["problem"]), []).append(line)

    async def work(item: Item) -> None:
        verdicts = await right(item, [r["text"] for r in rows[item.id]])
        whole = (
            {**r, "problem": item.id, "correct": v, "seconds": 0.0}
            for r, v in zip(rows[item.id], verdicts, strict=True)
        )
        append(args.out / "samples.jsonl", whole)

    done = {row["problem"] for row in load(args.out / "samples.jsonl")}
    await each([i for i in items if i.id in rows and i.id not in done], args.at_once, work, "imported")


async def score(args: argparse.Namespace, model: Model, items: list[Item]) -> None:
    """A verifier's scores of the recorded samples, with what they cost."""
    name = re.sub(r"\W+", "-", args.verifier).strip("-")
    path = args.out / f"scores-{name}.jsonl"
    done, samples = {r["problem"] for r in load(path)}, recorded(args.out / "samples.jsonl")

    async def work(item: Item) -> None:
        strategy = assemble.build_strategy("best-of-n")
        setup = assemble.Setup(strategy, item.problem, {"generator": model}, args.verifier)
        context = setup.context(Ledger(Budget()))
        context.seed, context.started = args.seed, asyncio.get_running_loop().time()
        candidates = [await context.classified(c) for c in samples[item.id]]
        scored = await Run(context).score(candidates)
        used = context.ledger.spent
        cost = {
            "input_tokens": used.input_tokens,
            "output_tokens": used.output_tokens,
            "seconds": context.now(),
        }
        append(path, [{"problem": item.id, "scores": [c.score for c in scored], **cost}])

    await each([i for i in items if i.id not in done and i.id in samples], args.at_once, work, name)


async def live(args: argparse.Namespace, model: Model, items: list[Item]) -> None:
    """A strategy on each problem: its answer's verdict and what it cost."""
    name = re.sub(r"\W+", "-", args.strategy).strip("-")
    path = args.out / f"live-{name}.jsonl"
    done = {r["problem"] for r in load(path)}

    async def work(item: Item) -> None:
        result = await solve(
            item.problem,
            model=model,
            strategy=args.strategy,
            verifier=args.verifier,
            options=options(args.task, None, args.seed),
        )
        (correct,) = await right(item, [result.text])
        used = result.usage
        append(
            path,
            [
                {
                    "problem": item.id,
                    "strategy": result.strategy,
                    "correct": correct,
                    "answer": result.answer if item.gold else None,
                    "agreement": result.agreement,
                    "confidence": result.confidence,
                    "input_tokens": used.input_tokens,
                    "output_tokens": used.output_tokens,
                    "calls": used.calls,
                    "seconds": round(used.seconds, 2),
                    "samples": len(result.candidates),
                    "decisions": list(result.decisions),
                }
            ],
        )

    await each([i for i in items if i.id not in done], args.at_once, work, name)


async def main() -> None:
    """Parse, load, work."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("piece", choices=["record", "import", "score", "live"])
    parser.add_argument("--task", choices=list(TASKS), required=True)
    parser.add_argument("--model", default=None, help="a model spec; not needed for import")
    parser.add_argument("--pool", type=Path, help="the recorded pool to import")
    parser.add_argument("--limit", type=int, default=100)
    parser.add_argument("--n", type=int, default=8)
    parser.add_argument("--at-once", type=int, default=4)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--strategy", default="cot")
    parser.add_argument("--verifier", default=None)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    assemble.load_built_in()
    items = TASKS[args.task](args.limit)
    assert answer_prompt(items[0].problem)
    if args.piece == "import":
        await bring(args, None, items)
        return
    model = assemble.load_model(args.model or parser.error("--model is missing"), EngineOptions())
    try:
        await {"record": record, "score": score, "live": live}[args.piece](args, model, items)
    finally:
        await model.aclose()


if __name__ == "__main__":
    asyncio.run(main())
