"""Tasks as JSONL: one problem a line, in a form that `jsonl:FILE` reads back where an answer or tests decide."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from thinkharder.sandbox import TestSuite
from thinkharder.tasks.base import Item, Task, TaskError, shown


def task_rows(task: Task) -> Iterator[dict[str, Any]]:
    """The problems as plain values: `id`, `question`, `answer_type`, and what there is of `answer`, `level`, `solution`,
    `tests`, `public_tests`, `messages` (where the question is more than one user's turn). A task with a check of its own
    has `check` with what it reads; such a task is loaded by its spec, in `task`."""
    for item in task.items:
        yield _row(task, item)


def _row(task: Task, item: Item) -> dict[str, Any]:
    problem = item.problem
    row: dict[str, Any] = {"id": item.id, "question": problem.text, "answer_type": problem.answer_type}
    if len(problem.messages) > 1:
        row["messages"] = [{"role": m.role, "content": m.text} for m in problem.messages]
    for key, value in (("answer", item.gold), ("level", item.level), ("solution", item.solution)):
        if value is not None:
            row[key] = value
    if problem.public_tests:
        row["public_tests"] = list(problem.public_tests)
    if isinstance(item.hidden, TestSuite):
        row["tests"] = shown(item.hidden)
    elif item.hidden is not None:
        row["check"] = {"name": task.check.name, "data": shown(item.hidden)}
    if item.about:
        row["about"] = dict(item.about)
    return {**row, "task": task.spec or task.name}


def write_rows(task: Task, path: str | Path) -> int:
    """Write the problems to a JSONL file; how many. Raises TaskError where it cannot be written."""
    lines = [json.dumps(row, ensure_ascii=False) for row in task_rows(task)]
    try:
        Path(path).write_text("\n".join(lines) + "\n", encoding="utf-8")
    except OSError as error:
        raise TaskError(f"cannot write {str(path)!r}: {error.strerror or error}") from error
    return len(lines)
