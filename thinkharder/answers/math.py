r"""Mathematical answers: most equal ones share a key, the others are asked of math-verify in a process that can be killed.

The key is the exact rational where there is one (so 1/2, 0.5, \frac12 and \frac{1}{2} are one vote without any process),
else one spelling of the LaTeX. Tuples, sets and matrices are keyed element by element: math-verify reads `(1,2)` as an
interval. Two closed forms are compared by value; only what has letters in it goes to math-verify, both ways round, because
its `verify(gold, answer)` is not symmetric.
"""

import logging
import re
from dataclasses import dataclass, field
from itertools import pairwise
from typing import final

from thinkharder.answers.base import Answer
from thinkharder.answers.closed_form import closed_form
from thinkharder.answers.extract import Span, find
from thinkharder.answers.latex import LONGEST
from thinkharder.answers.math_key import canonical, decide, hostile, parts
from thinkharder.answers.number import NumberAnswers
from thinkharder.answers.pool import MathPool, shared_pool
from thinkharder.core.errors import AnswerTypeError

logger = logging.getLogger("thinkharder.answers")

TIMEOUT = 3.0
"""Seconds a check may take before its process is killed and the answers count as different."""

_INLINE = re.compile(
    r"\$\$([^$]{1,400})\$\$|\$((?:\\.|[^$\n\\]){1,300})\$|\\\(([^\n]{1,300}?)\\\)|\\\[(.{1,600}?)\\\]",
    re.DOTALL,
)
_PROSE = re.compile(r"(?<![\\a-zA-Z{])[a-zA-Z]{4,}(?![a-zA-Z{}])")
_SAYS = re.compile(r"(?<![\\a-zA-Z{])(?:[a-zA-Z]{2,}\s|[a-zA-Z]{4,})")
_VAGUE = re.compile(
    r"(?:within|in|inside|the|a|an|as|at|on|to|of|for|from|based|given|looking|found|shown|below|above|not|that|this|what|correct)\b",
    re.IGNORECASE,
)
"""How a sentence goes on that speaks of the answer and does not give it ("the answer is within …")."""
_SENTENCE = re.compile(
    r"(?<=[\w)}\]$%*])[.!?](?=\s+[A-Z(*\"]|\s*$)|[。！？]|,\s(?=because|since|which|so |as |where)",
    re.IGNORECASE,
)


@final
@dataclass(frozen=True, slots=True)
class MathAnswers:
    """Numbers and LaTeX. `percent_unit`: 45% is 45, because the question asks for a percentage; else it is 0.45.

    `keep_equation`: `x = 5` is not 5, because the question asks for an equation. `timeout`: seconds a check may take.
    `algebra=False`: math-verify is not asked, and formulas are compared as written.
    """

    percent_unit: bool = False
    keep_equation: bool = False
    reason: str = ""
    timeout: float = TIMEOUT
    algebra: bool = True
    pool: MathPool | None = field(default=None, compare=False, repr=False)
    name: str = field(default="math", init=False)
    semantic: bool = field(default=True, init=False)

    def extract(self, text: str, *, complete: bool = True) -> Answer | None:
        """The marked answer, else the last formula or number of the text."""
        found = find(text)
        if found.cut:
            return None
        for span in found.spans:
            if (answer := self.read(span)) is not None:
                return answer
        return self._last(found.body) if complete else None

    def read(self, span: Span) -> Answer | None:
        """The answer of one marked piece."""
        if span.strict:
            return self.answer(span.text)
        text = span.text.strip()
        sentence = _sentence(text)
        formulas = [m for m in _INLINE.finditer(sentence) if _PROSE.search(_content(m)) is None]
        if formulas:
            first = formulas[0]
            joined = [_content(m) for m in formulas] if _listing(sentence, formulas) else [_content(first)]
            return self.answer(", ".join(joined))
        plain = self.answer(sentence)
        if plain is not None and (closed_form(plain.key) is not None or not _PROSE.search(sentence)):
            return plain
        number = NumberAnswers(self.percent_unit).read(sentence, strict=False)
        if number:
            return self.answer(str(number.value), number.shown)
        return None if plain is not None and plain.key.startswith("'") and _VAGUE.match(sentence) else plain

    def answer(self, text: str, shown: str = "") -> Answer | None:
        """The answer that a piece of LaTeX or plain mathematics is; None where nothing is in it."""
        key = canonical(text[: LONGEST * 2], self.percent_unit, self.keep_equation)
        if not key:
            return None
        value = closed_form(key)
        if value is not None and "=" in text and "=" not in key:
            shown = shown or pretty(text.rpartition("=")[2])
        return Answer(
            key, shown or pretty(text), value.exact if value is not None and value.exact is not None else key
        )

    def _last(self, text: str) -> Answer | None:
        tail = text[-4000:].strip()
        if (
            len(tail) <= 100
            and "\n" not in tail
            and _SAYS.search(tail) is None
            and re.search(r"[\d\\√π]", tail)
        ):
            return self.answer(tail)
        formulas = list(_INLINE.finditer(tail))
        formula = formulas[-1] if formulas else None
        number = NumberAnswers(self.percent_unit).last(text)
        if formula is not None and _PROSE.search(_content(formula)) is None:
            behind = NumberAnswers(self.percent_unit).last(tail[formula.end() :])
            if behind is None:
                return self.answer(_content(formula).rsplit("=", 1)[-1])
        return self.answer(str(number.value), number.shown) if number else None

    async def same(self, a: Answer, b: Answer) -> bool:
        """Whether two answers are equal mathematics; a check that runs over its time counts as no."""
        return await self._equal(*sorted((a.key, b.key)))

    async def _equal(self, a: str, b: str) -> bool:
        known = decide(a, b)
        if known is not None:
            return known
        left, right = parts(a), parts(b)
        if left is not None and right is not None and left[0] != "matrix" != right[0]:
            return await self._equal_parts(left, right)
        if left is not None and right is not None and left[0] == right[0] == "matrix":
            return len(left[1]) == len(right[1]) and await self._in_order(left[1], right[1])
        if (left and len(left[1]) > 1 and closed_form(b)) or (right and len(right[1]) > 1 and closed_form(a)):
            return False
        if not self.algebra or hostile(a) or hostile(b):
            return False
        try:
            return await (self.pool or shared_pool()).equal(a, b, self.timeout)
        except (AnswerTypeError, OSError) as error:
            # What was sampled is paid for: a broken installation must not take the run with it.
            logger.warning("formulas are compared as written: %s", error)
            return False

    async def _equal_parts(self, left: tuple[str, list[str]], right: tuple[str, list[str]]) -> bool:
        if len(left[1]) != len(right[1]):
            return False
        kinds = {left[0], right[0]}
        if kinds <= {"list", "\\{"}:
            return await self._in_any_order(left[1], right[1])
        if len(kinds) == 2 and len(left[1]) == 2 and "list" not in kinds:
            return False
        return "\\{" not in kinds and await self._in_order(left[1], right[1])

    async def _in_order(self, left: list[str], right: list[str]) -> bool:
        for a, b in zip(left, right, strict=True):
            if a != b and not await self._equal(*sorted((a, b))):
                return False
        return True

    async def _in_any_order(self, left: list[str], right: list[str]) -> bool:
        rest = [item for item in right if item not in left]
        for a in (item for item in left if item not in right):
            for b in rest:
                if await self._equal(*sorted((a, b))):
                    rest.remove(b)
                    break
            else:
                return False
        return not rest


def pretty(text: str) -> str:
    r"""An answer for people: without dollar signs, spacing commands and `\text` around units."""
    text = re.sub(r"\\[!,;:]|\{(,)\}", r"\1", text.strip())
    text = re.sub(r"\\(?:text|mbox|mathrm)\s?\{([^{}]*)\}", r"\1", text)
    text = re.sub(r"^\\[(\[]|\\[)\]]$|\*\*", "", text.strip()).strip().strip("$").strip()
    return " ".join(text.rstrip(".").split()) or text


def _content(match: re.Match[str]) -> str:
    return next(group for group in match.groups() if group is not None)


def _listing(sentence: str, formulas: list[re.Match[str]]) -> bool:
    """Whether formulas are listed (`$1$ and $-2$`), so that they are one answer together."""
    gaps = [sentence[a.end() : b.start()] for a, b in pairwise(formulas)]
    return bool(gaps) and all(re.fullmatch(r"\s*(?:,|;|,?\s*(?:and|or))\s*", gap) for gap in gaps)


def _sentence(text: str) -> str:
    match = _SENTENCE.search(text)
    return (text[: match.start()] if match else text).strip()
