"""The tables of figure 3, from the recorded samples, their scores and the live runs.

    python -m benchmarks.quality_report --task gsm8k --out RUN

Rows from the recorded set are expectations: direct over its samples, ties over a random pick. Intervals and the paired
tests, Holm-corrected over the table, are thinkharder.stats'.
"""

import argparse
import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.quality import load, recorded
from benchmarks.tasks import TASKS, Item
from thinkharder import assemble, select
from thinkharder.core.ledger import Ledger
from thinkharder.core.types import Candidate
from thinkharder.core.usage import Budget
from thinkharder.models.toy import toy_model
from thinkharder.stats.compare import Comparison, compare_all
from thinkharder.stats.intervals import mean_interval
from thinkharder.verifiers import build as build_verifier


@dataclass
class Row:
    """One strategy: per problem the chance of being right, input and output tokens, seconds."""

    name: str
    right: dict[str, float]
    tokens: dict[str, tuple[float, float]]
    seconds: dict[str, float]
    note: str = ""


Pick = Callable[[Sequence[Candidate]], Sequence[Candidate]]


def expected(winners: Sequence[Candidate]) -> float:
    """The chance that a random pick of the winners is right."""
    return float(np.mean([c.notes["correct"] == "True" for c in winners])) if winners else 0.0


async def classed(item: Item, candidates: list[Candidate]) -> list[Candidate]:
    """The recorded samples with their answer classes."""
    setup = assemble.Setup(
        assemble.build_strategy("direct"), item.problem, {"generator": toy_model("scripted(texts=[x])")}
    )
    context = setup.context(Ledger(Budget()))
    return [await context.classified(c) for c in candidates]


async def from_records(args: argparse.Namespace, items: list[Item]) -> list[Row]:
    """The rows that differ only in what they select from the same samples."""
    samples = recorded(args.out / "samples.jsonl")
    pools = {i.id: await classed(i, samples[i.id]) for i in items if i.id in samples}
    first = {r["problem"]: r for r in load(args.out / "samples.jsonl")}
    prompt = {key: row["prompt_tokens"] for key, row in first.items()}
    wall = {key: row["seconds"] for key, row in first.items()}
    out = {key: float(sum(c.tokens for c in pool)) for key, pool in pools.items()}
    n = max(len(pool) for pool in pools.values())

    def row(
        name: str, pick: Pick, of: dict[str, list[Candidate]], extra: dict[str, Any] | None = None
    ) -> Row:
        extra = extra or {}
        right = {key: expected(pick(pool)) for key, pool in of.items()}
        cost = {key: extra.get(key, {"input_tokens": 0, "output_tokens": 0, "seconds": 0.0}) for key in of}
        tokens = {k: (prompt[k] + cost[k]["input_tokens"], out[k] + cost[k]["output_tokens"]) for k in of}
        return Row(name, right, tokens, {k: wall[k] + cost[k]["seconds"] for k in of})

    one = row("direct (temperature 0.7)", lambda pool: pool, pools)
    one.tokens = {k: (prompt[k], out[k] / len(pools[k])) for k in pools}
    one.seconds = {k: wall[k] / len(pools[k]) for k in pools}
    vote = row(f"self-consistency, n = {n}", select.majority, pools)
    rows = [one, vote]
    for measure in ("mean-logprob", "lowest-group"):
        scored = await by_confidence(measure, pools)
        rows.append(row(f"best-of-n by confidence ({measure})", select.highest_score, scored))
        rows.append(row(f"weighted vote by confidence ({measure})", select.weighted_vote, scored))
    for path in sorted(args.out.glob("scores-*.jsonl")):
        given = {r["problem"]: r for r in load(path)}
        name = path.stem.removeprefix("scores-")
        scored = {k: with_scores(pools[k], given[k]["scores"]) for k in pools if k in given}
        rows.append(row(f"best-of-n by {name}", select.highest_score, scored, given))
        rows.append(row(f"weighted vote by {name}", select.weighted_vote, scored, given))
    oracle = row(
        "oracle: best of n by the scoring check",
        lambda pool: [max(pool, key=lambda c: c.notes["correct"])],
        pools,
    )
    oracle.note = "oracle"
    return [*rows, oracle]


def with_scores(pool: Sequence[Candidate], scores: Sequence[float | None]) -> list[Candidate]:
    """The samples with a verifier's scores."""
    return [replace(c, score=score) for c, score in zip(pool, scores, strict=True)]


async def by_confidence(measure: str, pools: dict[str, list[Candidate]]) -> dict[str, list[Candidate]]:
    """The samples scored by their own log-probabilities."""
    verifier: Any = build_verifier(f"confidence:measure={measure}")
    found = {}
    for key, pool in pools.items():
        scores = await verifier.score(None, pool, None)
        found[key] = with_scores(pool, [s.value for s in scores])
    return found


def from_live(path: Path) -> Row:
    """A live run's row."""
    rows = {r["problem"]: r for r in load(path)}
    return Row(
        f"{path.stem.removeprefix('live-')} (live)",
        {k: float(r["correct"]) for k, r in rows.items()},
        {k: (r["input_tokens"], r["output_tokens"]) for k, r in rows.items()},
        {k: r["seconds"] for k, r in rows.items()},
    )


def table(rows: list[Row], baseline: Row) -> str:
    """Markdown: accuracy with its interval, the difference to the vote, tokens and seconds a problem."""
    keys = sorted({key for r in rows for key in r.right})
    values = {r.name: [r.right.get(key, np.nan) for key in keys] for r in rows}
    versus = {name: _versus(found) for name, found in compare_all(values, baseline.name).items()}
    lines = [
        "| strategy | problems | accuracy [95%] | minus the vote, same problems (Holm p) | input + output tokens | seconds |",
        "|---|---|---|---|---|---|",
    ]
    for r in rows:
        found = mean_interval(list(r.right.values()))
        accuracy = f"{100 * found.estimate:.1f} [{100 * found.low:.1f}, {100 * found.high:.1f}]"
        inputs = np.mean([t[0] for t in r.tokens.values()])
        outputs = np.mean([t[1] for t in r.tokens.values()])
        timed = [seconds for seconds in r.seconds.values() if seconds > 0]  # 0: not recorded
        lines.append(
            f"| {r.name} | {len(r.right)} | {accuracy} | {versus.get(r.name, 'baseline')}"
            f" | {inputs:,.0f} + {outputs:,.0f} | {format(np.mean(timed), '.1f') if timed else '-'} |"
        )
    return "\n".join(lines)


def _versus(found: Comparison) -> str:
    p = "p < 0.001" if found.adjusted < 0.001 else f"p = {found.adjusted:.3f}"
    return f"{100 * found.difference:+.1f} ({p if found.shown else f'no difference shown, {p}'})"


async def main() -> None:
    """Read, compare, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--task", choices=list(TASKS), required=True)
    parser.add_argument("--limit", type=int, default=100)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    assemble.load_built_in()
    rows = await from_records(args, TASKS[args.task](args.limit))
    vote = rows[1]
    rows = [*rows[:-1], *(from_live(p) for p in sorted(args.out.glob("live-*.jsonl"))), rows[-1]]
    print(table([r for r in rows if r.right], vote))


if __name__ == "__main__":
    asyncio.run(main())
