"""Any file of problems: fields by name or template, answers of any type, programs with tests."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

from thinkharder.answers import ANSWER_TYPES, answer_type
from thinkharder.core.errors import BadOption
from thinkharder.core.types import Problem
from thinkharder.sandbox import TestSuite
from thinkharder.tasks.base import Check, Item, Task, TaskError
from thinkharder.tasks.checks import GoldCheck, TestsCheck, code_block
from thinkharder.tasks.registering import task
from thinkharder.tasks.rows import Row, as_text, read_rows

UNSTATED = "not stated"


@task("jsonl")
@final
@dataclass(frozen=True)
class Rows:
    """Problems of a JSONL, JSON, CSV or Parquet file (also .gz), of a folder that `datasets` reads, or of hf:OWNER/NAME.

    `path` may follow the name directly: jsonl:problems.jsonl,question=text,answer=label. Fields are given by name
    (`a.b` for one inside another) or as a template with names in braces. Options: `question`, `answer`, `id`, `level` and
    `solution` (optional fields: used where the rows have them), `tests` (a list of Python asserts, or a text: hidden
    tests, instead of an answer), `answer_type`, `system`, `split` and `config` (for datasets), `licence`, `source`, `name`.
    Check: the answer, by its type; the tests, in a sandbox.
    """

    path: str
    question: str = "question"
    answer: str = "answer"
    id: str = "id"
    level: str = "level"
    solution: str = "solution"
    tests: str = "tests"
    answer_type: str = ""
    system: str = ""
    split: str = ""
    config: str = ""
    licence: str = UNSTATED
    source: str = ""
    name: str = ""

    def __post_init__(self) -> None:
        if self.answer_type and self.answer_type.partition(":")[0].partition("(")[0] not in ANSWER_TYPES:
            raise BadOption(
                f"answer_type={self.answer_type!r} is unknown; take one of {', '.join(ANSWER_TYPES)}"
            )

    def load(self, limit: int | None) -> Task:
        """The task. Every row needs a question, and an answer or tests."""
        rows = read_rows(self.path, split=self.split, config=self.config, limit=limit)
        by_tests = rows[0].get(self.tests) is not None
        items = [self._item(row, number, by_tests) for number, row in enumerate(rows)]
        kinds = {item.problem.answer_type for item in items}
        check: Check = TestsCheck() if by_tests else GoldCheck()
        return Task(
            name=self.name or name_of(self.path),
            split=self.split or "all",
            licence=self.licence,
            source=self.source or self.path,
            answer_type=kinds.pop() if len(kinds) == 1 else "auto",
            items=tuple(items),
            check=check,
        )

    def _item(self, row: Row, number: int, by_tests: bool) -> Item:
        text = row.text(self.question)
        wanted = self.answer_type or as_text(row.get("answer_type") or ("code" if by_tests else "auto"))
        problem = Problem.of(text, system=self.system or None, answer_type=wanted)
        if wanted == "auto":
            problem = Problem.of(problem, answer_type=answer_type("auto", problem).name)
        known = row.get(self.id)
        level = row.get(self.level)
        solution = row.get(self.solution)
        gold, hidden = None, None
        if by_tests:
            hidden = suite_of(row.need(self.tests), as_text(row.get("setup") or ""), row.where)
            public = row.get("public_tests") or ()
            problem = Problem.of(problem, public_tests=tuple(map(str, public)))
            solution = None if solution is None else as_program(as_text(solution))
        else:
            gold = gold_of(row, self.answer)
        return Item(
            id=str(number) if known is None else as_text(known),
            problem=problem,
            gold=gold,
            level=None if level is None else as_text(level),
            solution=None if solution is None else as_text(solution),
            hidden=hidden,
            task_id=str(number),
        )


@task("csv")
@final
@dataclass(frozen=True)
class Csv:
    """The same as jsonl, by the name that people look for: csv:problems.csv,question=Q,answer=A.

    Options: `path`, `question`, `answer`, `id`, `level`, `answer_type`, `system`; see jsonl for all of them.
    """

    path: str
    question: str = "question"
    answer: str = "answer"
    id: str = "id"
    level: str = "level"
    answer_type: str = ""
    system: str = ""

    def load(self, limit: int | None) -> Task:
        """The task."""
        return Rows(**vars(self)).load(limit)


@task("hf")
@final
@dataclass(frozen=True)
class HuggingFace:
    """A dataset by the package `datasets` (extra `datasets`): hf(name="openai/gsm8k", config=main, split=test, question=…).

    `name` is OWNER/NAME on Hugging Face or a local folder; the other options are those of jsonl.
    """

    name: str
    config: str = ""
    split: str = ""
    question: str = "question"
    answer: str = "answer"
    id: str = "id"
    level: str = "level"
    answer_type: str = ""
    licence: str = UNSTATED

    def load(self, limit: int | None) -> Task:
        """The task."""
        path = self.name if Path(self.name).is_dir() else f"hf:{self.name}"
        options = {key: value for key, value in vars(self).items() if key != "name"}
        return Rows(path=path, source=self.name, name=name_of(self.name), **options).load(limit)


def gold_of(row: Row, how: str) -> str:
    """The answer of a row as text; what stands behind `####` where it has that. Raises TaskError where it is empty."""
    if "{" not in how and row.get(how) is None:
        raise TaskError(
            f"{row.where} has no answer in the field {how!r} (and no tests); name the field with answer=…; "
            f"it has: {', '.join(map(str, row.values))}. A task that decides by a check of its own is loaded by its own name"
        )
    text = row.text(how).strip()
    gold = text.rpartition("####")[2].strip() if "####" in text else text
    if not gold:
        raise TaskError(f"{row.where}: the answer in {how!r} is empty")
    return gold


def suite_of(tests: Any, setup: str, where: str) -> TestSuite:
    """Hidden tests of a row: a list of asserts, one text of them, or an object `{"asserts": […], "setup": …, "io": …}`."""
    if isinstance(tests, Mapping):
        pairs = tuple((str(given), str(wanted)) for given, wanted in tests.get("io") or ())
        suite = TestSuite(
            tuple(map(str, tests.get("asserts") or ())), str(tests.get("setup") or setup), pairs
        )
    elif isinstance(tests, str):
        suite = TestSuite((tests,), setup) if tests.strip() else TestSuite()
    elif isinstance(tests, list | tuple) and all(isinstance(test, str) for test in tests):
        suite = TestSuite(tuple(tests), setup)
    else:
        raise TaskError(f"{where}: tests must be a list of Python asserts, not {type(tests).__name__}")
    if not len(suite):
        raise TaskError(f"{where} has no tests, so nothing could be wrong; leave it out or add some")
    return suite


def as_program(solution: str) -> str:
    """A reference program as a model writes it; a text that has a block already stays as it is."""
    return solution if "```" in solution else code_block(solution)


def name_of(path: str) -> str:
    """A short name for what lies at a path: its last part without its endings."""
    return Path(path.removeprefix("hf:")).name.partition(".")[0] or "problems"
