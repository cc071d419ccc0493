"""Recorded samples of a real model, and the gold answers and solutions of real problems."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from thinkharder.answers import Classes, answer_type


def rows(path: Path) -> list[dict[str, Any]]:
    with path.open() as lines:
        return [json.loads(line) for line in lines]


@pytest.mark.parametrize("name", ["math", "number", "auto"])
async def test_gsm8k_samples_score_as_published_with_the_pool(shared: Path, name: str) -> None:
    samples = rows(shared / "pools" / "gsm8k-qwen2.5-coder-1.5b-n32.jsonl")
    questions = [row["question"] for row in rows(shared / "data" / "gsm8k_test_dev.jsonl")]
    right, votes, covered = 0, 0.0, 0
    for problem in range(41):
        kind = answer_type(name, questions[problem])
        classes = Classes(kind)
        mine = [row for row in samples if row["problem"] == problem]
        gold = await classes.classify(kind.extract(f"\\boxed{{{mine[0]['gold']}}}"))
        ids = [await classes.classify(kind.extract(row["text"])) for row in mine]
        right += ids.count(gold)
        counts = Counter(i for i in ids if i is not None)
        winners = [i for i, n in counts.items() if n == max(counts.values())]
        votes += (gold in winners) / len(winners)
        covered += gold in ids
    assert right / len(samples) == pytest.approx(0.51, abs=0.015)
    assert votes / 41 == pytest.approx(0.71, abs=0.02)
    assert covered / 41 == pytest.approx(0.95, abs=0.01)


async def test_gold_answers_and_solutions_of_math500(shared: Path) -> None:
    missed = []
    for row in rows(shared / "data" / "math500_dev.jsonl"):
        kind = answer_type("math", row["problem"])
        gold, solved = kind.extract(f"\\boxed{{{row['answer']}}}"), kind.extract(row["solution"])
        said = kind.extract(f"So the final answer is ${row['answer']}$.")
        assert gold is not None
        assert await kind.same(gold, gold)
        if (
            solved is None
            or said is None
            or not (await kind.same(gold, solved) and await kind.same(gold, said))
        ):
            missed.append(row["unique_id"])
    assert len(missed) <= 2, missed


def test_the_solutions_of_gsm8k(shared: Path) -> None:
    for row in rows(shared / "data" / "gsm8k_test_dev.jsonl"):
        gold = row["answer"].rpartition("####")[2].strip()
        for name in ("math", "number", "auto"):
            kind = answer_type(name, row["question"])
            solved, boxed = kind.extract(row["answer"]), kind.extract(f"\\boxed{{{gold}}}")
            assert solved is not None
            assert boxed is not None
            assert solved.key == boxed.key
