"""Small files of problems in the known shapes, written for these tests."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

MBPP = [
    {
        "task_id": 11,
        "text": "Write a function to add one to every number of a list.",
        "code": "def add_one(numbers):\r\n  return [n + 1 for n in numbers]",
        "test_list": [
            "assert add_one([1]) == [2]",
            "assert add_one([]) == []",
            "assert add_one([0, -1]) == [1, 0]",
        ],
        "test_setup_code": "",
        "challenge_test_list": ["assert add_one([10**20]) == [10**20 + 1]"],
    },
    {
        "task_id": 12,
        "prompt": "Write a function to find the area of a circle.",
        "code": "import math\ndef area(r):\n    return math.pi * r * r",
        "test_list": ["assert math.isclose(area(1), math.pi)", "assert area(0) == 0"],
        "test_imports": ["import math"],
    },
]
GPQA = [
    {
        "Record ID": f"rec{i}",
        "Question": f"How many wheels do {i} bicycles have? Think of (A) spokes and (B) rims first.",
        "Correct Answer": str(2 * i),
        "Incorrect Answer 1": f"{3 * i}",
        "Incorrect Answer 2": f"{i}\n",
        "Incorrect Answer 3": f"{4 * i} wheels, with B) the spare ones",
        "Writer's Difficulty Estimate": "Easy undergraduate level (or easier)",
    }
    for i in range(1, 25)
]
AIME = [
    {"ID": "2099-I-1", "Problem": "Find the remainder when $7^{2}$ is divided by $24$.", "Answer": 1},
    {"ID": "2099-I-2", "Problem": "Find the number of positive divisors of $36$.", "Answer": "009"},
]


def jsonl(path: Path, rows: Iterable[Mapping[str, Any]]) -> str:
    """Write rows; the path as text."""
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return str(path)
