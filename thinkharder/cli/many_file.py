"""What `solve-many` reads and writes: problems from a file or a task, results as JSON lines that a later run goes on with."""

import hashlib
import json
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final, TextIO, final

from thinkharder.core.errors import ConfigError, UsageError
from thinkharder.core.types import Problem
from thinkharder.core.usage import Usage
from thinkharder.many import Solved
from thinkharder.tasks import Item, Task, load_task
from thinkharder.tasks.base import TaskError
from thinkharder.tasks.generic import Rows
from thinkharder.tasks.rows import as_text, read_rows

BOOKS: Final = 1.0
"""Seconds between two notes of what was spent."""


@final
@dataclass(frozen=True, slots=True)
class Problems:
    """The problems with their ids; `task` checks answers where the file has them; `chances` where every row has one."""

    ids: tuple[str, ...]
    problems: tuple[Problem, ...]
    task: Task | None = None
    chances: tuple[float, ...] | None = None

    def without(self, known: Sequence[str]) -> "Problems":
        """Those whose ids are not known yet."""
        left = [n for n, one in enumerate(self.ids) if one not in set(known)]
        chances = None if self.chances is None else tuple(self.chances[n] for n in left)
        return Problems(
            tuple(self.ids[n] for n in left), tuple(self.problems[n] for n in left), self.task, chances
        )


def read_problems(source: str, question: str, answer_type: str | None, limit: int | None) -> Problems:
    """The problems of a file in any shape that tasks take (answers and tests may be missing), or of a task's spec.

    Raises TaskError and the other UsageErrors of tasks.
    """
    if not Path(source).expanduser().is_file():
        if Path(source).suffix:
            read_rows(source, limit=1)  # says what is wrong with the file
        return _of_task(load_task(source, limit), None)
    rows = read_rows(source, limit=limit)
    chances = [row.get("chance") for row in rows]
    known = all(isinstance(chance, int | float) for chance in chances)
    told = tuple(map(float, chances)) if known else None
    if all(row.get("answer") is not None or row.get("tests") is not None for row in rows):
        task = Rows(path=source, question=question, answer_type=answer_type or "").load(limit)
        return _of_task(task, told)
    ids = [str(n) if row.get("id") is None else as_text(row.get("id")) for n, row in enumerate(rows)]
    if len(set(ids)) < len(ids):
        twice = next(one for one in ids if ids.count(one) > 1)
        raise TaskError(f"{source}: two problems have the id {twice!r}; ids must differ")
    problems = [
        Problem.of(
            row.text(question),
            answer_type=answer_type or as_text(row.get("answer_type") or "auto"),
            public_tests=tuple(map(str, row.get("public_tests") or ())),
        )
        for row in rows
    ]
    return Problems(tuple(ids), tuple(problems), None, told)


def _of_task(task: Task, chances: tuple[float, ...] | None) -> Problems:
    return Problems(
        tuple(item.id for item in task.items), tuple(item.problem for item in task.items), task, chances
    )


def line_of(id: str, solved: Solved, correct: float | None) -> dict[str, Any]:
    """One result; what is not known is null."""
    result, spent = solved.result, solved.spent
    return {
        "id": id,
        "answer": None if result is None else result.answer,
        "text": None if result is None else result.text,
        "correct": correct,
        "agreement": None if result is None else result.agreement,
        "confidence": None if result is None else result.confidence,
        "samples": 0 if result is None else len(result.candidates),
        "votes": [] if result is None else [{"answer": v.answer, "votes": v.votes} for v in result.votes],
        "stopped_by": None if result is None else result.stopped_by,
        "exhausted": None if result is None else result.exhausted,
        "final": solved.final,
        "decisions": [] if result is None else list(result.decisions),
        "error": None if solved.error is None else f"{type(solved.error).__name__}: {solved.error}",
        "usage": used(spent),
        "problem": fingerprint(solved.problem),
    }


def used(spent: Usage) -> dict[str, Any]:
    """What adds up."""
    names = ("input_tokens", "cached_tokens", "output_tokens", "reasoning_tokens", "calls", "requests", "usd")
    return {name: getattr(spent, name) for name in names}


def fingerprint(problem: Problem) -> str:
    """16 hexadecimal digits of SHA-256 of the problem's text, as a later run compares it."""
    return hashlib.sha256(problem.text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


async def checked(task: Task | None, item: Item | None, solved: Solved) -> float | None:
    """How right the answer is by the task's check; None where there is none."""
    if task is None or item is None or solved.result is None:
        return None
    return await task.right(item, solved.result.text)


@final
class Results:
    """The file of results (standard output without one), and beside it `FILE.spent`: what the batch has paid so far, so
    that a run which was killed is not paid for twice."""

    def __init__(self, path: Path | None, resume: bool) -> None:
        if resume and path is None:
            raise UsageError("--resume goes on with a file of results; name it with --out FILE")
        self.path, self.known, self.spent = path, dict[str, dict[str, Any]](), Usage()
        self._stream: TextIO = sys.stdout
        self._noted = 0.0
        if path is None:
            return
        if path.exists() and not resume:
            raise UsageError(f"{path} is there already; add --resume to go on with it, or name another file")
        if path.exists():
            self._read(path)
        try:
            self._stream = path.open("a", encoding="utf-8")
        except OSError as error:
            raise ConfigError(
                f"cannot write {path}: {error.strerror or error}; name a file that you may write"
            ) from error

    def _read(self, path: Path) -> None:
        whole = path.read_bytes()
        end = whole.rfind(b"\n") + 1
        if end < len(whole):  # the last line was cut off by what ended that run
            with path.open("r+b") as file:
                file.truncate(end)
        for number, line in enumerate(whole[:end].splitlines(), 1):
            try:
                row = json.loads(line)
                self.known[row["id"]] = row
                self.spent += _usage(row["usage"])
            except (ValueError, KeyError, TypeError) as error:
                raise UsageError(
                    f"{path} line {number} is no result of solve-many ({error!r}); name another file"
                ) from None
        books = self._books
        if books.exists():
            try:
                noted = _usage(json.loads(books.read_text("utf-8")))
            except (ValueError, KeyError, TypeError):
                return  # cut off while it was written: the lines know almost all
            self.spent = noted if noted.tokens >= self.spent.tokens else self.spent

    @property
    def _books(self) -> Path:
        assert self.path is not None
        return self.path.with_name(self.path.name + ".spent")

    def check(self, problems: Problems) -> list[str]:
        """The ids that are done for good. Raises UsageError where a known id has another problem now."""
        for id, problem in zip(problems.ids, problems.problems, strict=True):
            if id in self.known and self.known[id].get("problem") != fingerprint(problem):
                raise UsageError(f"{self.path} has another problem with the id {id!r}; name another file")
        return [id for id, row in self.known.items() if row.get("final")]

    def write(self, row: dict[str, Any]) -> None:
        """Append a result; it is on its way to the disk when this returns."""
        self.known[row["id"]] = row
        self._stream.write(json.dumps(row, ensure_ascii=self.path is None) + "\n")
        self._stream.flush()

    def note(self, spent: Usage, now: bool = False) -> None:
        """Note what was spent in all, about once a second."""
        if self.path is None or (not now and time.monotonic() < self._noted + BOOKS):
            return
        self._noted = time.monotonic()
        new = self._books.with_name(self._books.name + ".new")
        new.write_text(json.dumps(used(spent)), "utf-8")
        os.replace(new, self._books)

    def close(self) -> None:
        """Close the file."""
        if self.path is not None:
            self._stream.close()


def _usage(row: dict[str, Any]) -> Usage:
    known = {f.name for f in fields(Usage)}
    return Usage(**{name: value for name, value in row.items() if name in known})
