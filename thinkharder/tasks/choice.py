"""Multiple choice: options in a seeded order, so that no answer has a place of its own."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, final

from thinkharder.answers.choice import LETTERS
from thinkharder.core.types import Problem
from thinkharder.tasks.base import Item, Task, TaskError
from thinkharder.tasks.checks import GoldCheck
from thinkharder.tasks.dice import Dice
from thinkharder.tasks.registering import task
from thinkharder.tasks.rows import Row, as_text, hub_config, read_rows


@task("choice")
@final
@dataclass(frozen=True)
class Choice:
    """Questions with 2 to 10 options in a file; the answer is a letter.

    Options: `path`, `question`, `choices` (a list of texts), `answer` (a letter, the place from 0, or the option's text),
    `id`, `level`; `shuffle` puts each question's options into an order of its own that depends on `seed` and its id alone.
    """

    path: str
    question: str = "question"
    choices: str = "choices"
    answer: str = "answer"
    id: str = "id"
    level: str = "level"
    split: str = ""
    shuffle: bool = True
    seed: int = 0
    licence: str = "not stated"

    def load(self, limit: int | None) -> Task:
        """The task."""
        items = []
        for number, row in enumerate(read_rows(self.path, split=self.split, limit=limit)):
            options = row.need(self.choices)
            if not isinstance(options, list | tuple):
                raise TaskError(f"{row.where}: {self.choices!r} must be a list of texts")
            texts = [as_text(option) for option in options]
            right = _place(row.need(self.answer), texts, row.where)
            known = row.get(self.id)
            id = str(number) if known is None else as_text(known)
            level = row.get(self.level)
            item = question(
                id, row.text(self.question), (texts, right), self.seed if self.shuffle else None, row.where
            )
            items.append(_with_level(item, None if level is None else as_text(level)))
        return Task(
            "choice", self.split or "all", self.licence, self.path, "choice", tuple(items), GoldCheck()
        )


@task("gpqa")
@final
@dataclass(frozen=True)
class Gpqa:
    """Questions of graduate level in biology, physics and chemistry, four options each.

    Reference: Rein et al. 2023, arXiv:2311.12022. Licence CC-BY-4.0; its authors ask not to show its questions in public.
    Rows: `Question`, `Correct Answer`, `Incorrect Answer 1` to `3`, and where there is one `Record ID`. `path`: a file of
    them; without it Idavidrein/gpqa on Hugging Face, whose terms must be accepted there. `subset`: gpqa_diamond,
    gpqa_main or gpqa_extended. `seed`: of the order of the options.
    """

    path: str = ""
    subset: str = "gpqa_diamond"
    seed: int = 0

    def load(self, limit: int | None) -> Task:
        """The task."""
        where = self.path or "hf:Idavidrein/gpqa"
        items = []
        config = hub_config(self.path, self.subset)
        for number, row in enumerate(read_rows(where, split="train", config=config, limit=limit)):
            wrong = [as_text(row.need(f"Incorrect Answer {i}")) for i in (1, 2, 3)]
            texts = [as_text(row.need("Correct Answer")), *wrong]
            id = as_text(row.get("Record ID") or number)
            item = question(id, as_text(row.need("Question")), (texts, 0), self.seed, row.where)
            items.append(_with_level(item, _gpqa_level(row)))
        source = "arXiv:2311.12022 (Idavidrein/gpqa)"
        return Task("gpqa", self.subset, "CC-BY-4.0", source, "choice", tuple(items), GoldCheck())


def question(
    id: str, text: str, options: tuple[Sequence[str], int], seed: int | None, where: str = ""
) -> Item:
    """A question with its options A, B, … behind it; `options` are the texts and the place of the right one.

    The order depends on seed and id alone; None keeps the given one. Raises TaskError for fewer than 2 or more than 10
    options, or two that read the same.
    """
    texts, right = [" ".join(option.split()) for option in options[0]], options[1]
    if not 2 <= len(texts) <= len(LETTERS):
        raise TaskError(f"{where or id} has {len(texts)} options; there must be 2 to {len(LETTERS)}")
    if len({option.casefold() for option in texts}) < len(texts) or not all(texts):
        raise TaskError(f"{where or id}: two options read the same or one is empty")
    order = list(range(len(texts)))
    if seed is not None:
        Dice("choice", seed, id).shuffle(order)
    lines = [f"{LETTERS[place]}) {texts[which]}" for place, which in enumerate(order)]
    problem = Problem.of(text.rstrip() + "\n\n" + "\n".join(lines), answer_type="choice")
    return Item(id, problem, LETTERS[order.index(right)], about={"right": texts[right]}, task_id=id)


def _with_level(item: Item, level: str | None) -> Item:
    return replace(item, level=level)


def _gpqa_level(row: Row) -> str | None:
    told = row.get("Writer's Difficulty Estimate")
    return None if told is None else as_text(told)


def _place(answer: Any, texts: Sequence[str], where: str) -> int:
    """Which option an answer names: by place from 0, by letter, or by text."""
    if isinstance(answer, int) and not isinstance(answer, bool) and 0 <= answer < len(texts):
        return answer
    said = as_text(answer).strip()
    if said in texts:
        return list(texts).index(said)
    letter = re.fullmatch(r"\(?([A-Ja-j])[).:]?", said)
    if letter and LETTERS.index(letter[1].upper()) < len(texts):
        return LETTERS.index(letter[1].upper())
    if said.isdigit() and int(said) < len(texts):
        return int(said)
    raise TaskError(f"{where}: the answer {said[:60]!r} is none of the {len(texts)} options")
