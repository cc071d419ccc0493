"""The answers of a pool, typed: which type they are of where nobody says it, and what a recorded answer is under it."""

import re
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import final

from thinkharder.answers import Answer, AnswerType, CodeAnswers, NumberAnswers, answer_type
from thinkharder.records.pool import Pool

LOOKED_AT = 200
"""Golds, answers or texts that are read to decide a type."""
_LETTER = re.compile(r"\(?[A-Ja-j]\)?\.?")
_MATHS = re.compile(r"[\\^=√π]|\d\s*[-+*/]\s*\d|\b[a-z]\b")


def type_of(pool: Pool, spec: str = "auto") -> AnswerType:
    """The answer type of a spec. `auto` decides from the golds, else from the recorded answers, else from the texts:
    one letter each is choice, a number each is number, formulas are math, Python blocks are code, anything else text.

    A pool does not hold the questions, so options such as `percent_unit` are the spec's to say. Raises UsageError.
    """
    if spec.strip().lower() != "auto":
        return answer_type(spec)
    golds = list(islice((g for g in pool.golds if g is not None), LOOKED_AT))
    known = golds or list(islice((a for a in pool.answers or () if a is not None), LOOKED_AT))
    if known:
        return answer_type(_decided(known))
    if "text" in pool.has:
        step = max(1, len(pool) // 20)
        return answer_type(_written(pool.sample(i).text or "" for i in range(0, len(pool), step)))
    return answer_type("text")


def _decided(known: Sequence[str]) -> str:
    if all(_LETTER.fullmatch(value.strip()) for value in known):
        return "choice"
    number = NumberAnswers()
    numbers = sum(number.read(value, strict=True) is not None for value in known)
    if numbers == len(known):
        return "number"
    maths = sum(_MATHS.search(value) is not None and len(value) < 200 for value in known)
    return "math" if numbers + maths > 0.8 * len(known) else "text"


def _written(texts: Iterable[str]) -> str:
    read = list(texts)
    fenced = sum("```" in text and CodeAnswers().extract(text) is not None for text in read)
    boxed = sum("\\boxed" in text for text in read)
    if read and fenced > len(read) / 2:
        return "code"
    return "math" if read and boxed > len(read) / 2 else "text"


@final
class Typed:
    """Reads recorded answers and texts under one type, each different one once."""

    def __init__(self, kind: AnswerType) -> None:
        self.kind = kind
        self._known: dict[str, Answer] = {}

    def answer(self, recorded: str) -> Answer:
        """A recorded answer. One that the type cannot read is itself, spaces aside: the record says that it answered."""
        found = self._known.get(recorded)
        if found is None:
            found = self._known[recorded] = self._read(recorded)
        return found

    def _read(self, recorded: str) -> Answer:
        if self.kind.name in ("number", "math", "choice"):
            found = self.kind.extract(f"\\boxed{{{recorded}}}") or self.kind.extract(recorded)
        elif self.kind.name == "code":
            found = self.kind.extract(f"```python\n{recorded}\n```")
        else:
            found = self.kind.extract(recorded)
        return found or Answer("as written: " + " ".join(recorded.split()), recorded)

    def text(self, text: str, complete: bool) -> Answer | None:
        """What a recorded text answers; None where it abstains."""
        return self.kind.extract(text, complete=complete)


def written(kind: AnswerType, recorded: str | None) -> str:
    """A text from which the type reads a recorded answer, for pools that hold answers alone; '' abstains."""
    if recorded is None:
        return ""
    if kind.name in ("number", "math", "choice"):
        return f"\\boxed{{{recorded}}}"
    return f"```python\n{recorded}\n```" if kind.name == "code" else recorded
