r"""Known data sets with one answer a problem: GSM8K, MATH, MATH-500, AIME. Give a local file, or they come from the hub."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

from thinkharder.answers.extract import boxed
from thinkharder.core.types import Problem
from thinkharder.tasks.base import Item, Task, TaskError
from thinkharder.tasks.checks import GoldCheck
from thinkharder.tasks.registering import task
from thinkharder.tasks.rows import Row, as_text, hub_config, read_rows


@task("gsm8k")
@final
@dataclass(frozen=True)
class Gsm8k:
    """Grade-school word problems; the answer is a number.

    Reference: Cobbe et al. 2021, arXiv:2110.14168. Licence MIT.
    Rows: `question`, `answer` (a solution with the number behind ####). `path`: a file of them; without it
    openai/gsm8k on Hugging Face. `split`: test or train.
    """

    path: str = ""
    split: str = "test"

    def load(self, limit: int | None) -> Task:
        """The task."""
        config = hub_config(self.path, "main")
        rows = read_rows(self.path or "hf:openai/gsm8k", split=self.split, config=config, limit=limit)
        items = []
        for number, row in enumerate(rows):
            told = as_text(row.need("answer"))
            gold = told.rpartition("####")[2].strip().replace(",", "")
            if not re.search(r"\d", gold):
                raise TaskError(f"{row.where}: no number behind #### in 'answer'; is this GSM8K?")
            problem = Problem.of(as_text(row.need("question")), answer_type="number")
            # how many lines a solution has is the only measure of difficulty that the data give
            steps = sum(1 for line in told.rpartition("####")[0].splitlines() if line.strip())
            items.append(Item(str(number), problem, gold, f"steps={steps}", task_id=str(number)))
        return _task("gsm8k", self.split, "MIT", "arXiv:2110.14168 (openai/grade-school-math)", items)


def _math_items(rows: Sequence[Row], levels: Sequence[int], subjects: Sequence[str]) -> list[Item]:
    """The items of MATH's rows, of those levels and subjects only where any are given."""
    found = []
    wanted = {name.casefold() for name in subjects}
    for number, row in enumerate(rows):
        level = re.search(r"\d+", as_text(row.get("level") or ""))
        subject = as_text(row.get("subject", "type") or "")
        if levels and (level is None or int(level[0]) not in levels):
            continue
        if wanted and subject.casefold() not in wanted:
            continue
        id = as_text(row.get("unique_id", "id") or number)
        problem = Problem.of(as_text(row.need("problem")), answer_type="math")
        label = f"Level {level[0]}" if level else None
        about = {"subject": subject} if subject else {}
        found.append(Item(id, problem, _math_gold(row), label, about=about, task_id=id))
    return found


def _math_gold(row: Row) -> str:
    given = row.get("answer")
    if given is not None:
        return as_text(given)
    box, _ = boxed(as_text(row.need("answer", "solution")))
    if box is None:
        raise TaskError(f"{row.where} has no 'answer', and no \\boxed{{}} in its 'solution'")
    return box


@task("math-500")
@final
@dataclass(frozen=True)
class Math500:
    """Five hundred competition problems of MATH's test set, with levels 1 to 5 and subjects.

    Reference: Hendrycks et al. 2021, arXiv:2103.03874; the selection is Lightman et al. 2023's, arXiv:2305.20050. Licence MIT.
    Rows: `problem`, `answer`, `level`, `subject`, `unique_id`. `path`: a file of them; without it
    HuggingFaceH4/MATH-500 on Hugging Face. `levels` and `subjects` keep those only: levels=[4,5].
    """

    path: str = ""
    levels: tuple[int, ...] = ()
    subjects: tuple[str, ...] = ()

    def load(self, limit: int | None) -> Task:
        """The task."""
        rows = read_rows(self.path or "hf:HuggingFaceH4/MATH-500", split="test")
        items = _math_items(rows, self.levels, self.subjects)
        return _task("math-500", "test", "MIT", "arXiv:2305.20050 (hendrycks/math)", items, limit)


@task("math")
@final
@dataclass(frozen=True)
class Math:
    r"""Competition problems with levels 1 to 5 and subjects; the answer is what the solution boxes.

    Reference: Hendrycks et al. 2021, arXiv:2103.03874. Licence MIT.
    Rows: `problem`, `solution` (or `answer`), `level`, `type`. `path`: a file of them, or a folder or hf:OWNER/NAME that
    `datasets` reads; there is no default, because the set is not at its old place any more. `split`: test or train.
    `levels` and `subjects` keep those only.
    """

    path: str
    split: str = "test"
    levels: tuple[int, ...] = ()
    subjects: tuple[str, ...] = ()

    def load(self, limit: int | None) -> Task:
        """The task."""
        items = _math_items(read_rows(self.path, split=self.split), self.levels, self.subjects)
        return _task("math", self.split, "MIT", "arXiv:2103.03874 (hendrycks/math)", items, limit)


@task("aime")
@final
@dataclass(frozen=True)
class Aime:
    """Problems in the form of the American Invitational Mathematics Examination: the answer is a whole number, 0 to 999.

    Rows: `problem` or `Problem` or `question`, `answer` or `Answer`, and `id`, `ID` or `url`. `path`: a file, a folder or
    hf:OWNER/NAME; without it Maxwell-Jia/AIME_2024 on Hugging Face. The problems are the Mathematical Association of
    America's.
    """

    path: str = ""
    split: str = "train"

    def load(self, limit: int | None) -> Task:
        """The task."""
        items = []
        rows = read_rows(self.path or "hf:Maxwell-Jia/AIME_2024", split=self.split, limit=limit)
        for number, row in enumerate(rows):
            given = as_text(row.need("answer", "Answer")).strip()
            if not re.fullmatch(r"\d{1,3}", given):
                raise TaskError(f"{row.where}: the answer {given!r} is no whole number from 0 to 999")
            text = as_text(row.need("problem", "Problem", "question"))
            id = as_text(row.get("id", "ID", "url") or number)
            items.append(
                Item(id, Problem.of(text, answer_type="number"), str(int(given)), task_id=str(number))
            )
        return _task("aime", self.split, "problems © Mathematical Association of America", "maa.org", items)


def _task(
    name: str, split: str, licence: str, source: str, items: Sequence[Item], limit: int | None = None
) -> Task:
    if not items:
        raise TaskError(f"task {name}: no problem is left; check levels= and subjects=")
    kind = items[0].problem.answer_type
    return Task(name, split, licence, source, kind, tuple(items), GoldCheck()).first(limit)
