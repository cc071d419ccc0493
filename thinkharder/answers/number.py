r"""Numbers: one exact rational a text. The last sensible number where nothing is marked.

A range (10-15), a time (10:30), a ratio, a date, a version (1.2.3) and a number inside a name (H2O) are no numbers.
`1.234` is a decimal, `1.234,56` and `12,50` have a decimal comma, `1,234` and `1 234` are thousands.
"""

import re
from dataclasses import dataclass, field
from fractions import Fraction
from typing import final

from thinkharder.answers.base import Answer, ascii_maths, word_value
from thinkharder.answers.closed_form import closed_form
from thinkharder.answers.extract import find
from thinkharder.answers.latex import spell

TAIL = 4_000
"""Characters at the end of a text that are searched for its last number."""

_BODY = (
    r"\d{1,3}(?:,\d{3}){1,12}(?:\.\d{1,40})?(?![\d])|\d{1,3}(?:[ ']\d{3}){1,12}(?:\.\d{1,40})?(?![\d])"
    r"|\d{1,3}(?:\.\d{3}){1,12},\d{1,2}(?![\d,])|\d{1,60},\d{1,2}(?![\d,])|\d{1,60}(?:\.\d{1,60})?(?:[eE][-+]?\d{1,3})?|\.\d{1,60}"
)
_NUMBER = re.compile(
    rf"(?<![\w.,:/^\\])(?P<sign>[-+]\s?)?(?P<money>[$€£¥₹₩₽]\s?|(?:US|CA|AU)\$\s?)?(?P<sign2>-)?"
    rf"(?P<body>{_BODY})(?:\s?/\s?(?P<below>\d{{1,40}}(?![\d.])))?"
    rf"(?P<percent>\s?%|\s?percent(?![a-z])|\s?per cent(?![a-z]))?(?P<scale>\s?(?:thousand|million|billion|trillion)(?![a-z]))?",
    re.IGNORECASE,
)
_MIXED = re.compile(r"(?<![\w.,/])(-?)(\d{1,20})\s(\d{1,9})/(\d{1,9})(?![\d/.])")
_BAD_AFTER = re.compile(r"[:/^_]\d|\.\d|\s?(?:[-–—~]|to|bis|à|\.\.)\s?[$€£]?\d|[A-Za-z]\d|,\d", re.IGNORECASE)
_RANGE_BEFORE = re.compile(
    r"\d\s?%?\s?(?:[-–—~]|to|bis|\.\.)\s?[$€£]?$|\bbetween\s[^a-z]{0,30}(?:and\s?[$€£]?)?$", re.IGNORECASE
)
_ENUMERATION = re.compile(r"^\s{0,8}(?:\*\*)?\d{1,3}[.)](?=\s)|^\s{0,3}#{1,6}[^\n]{0,200}$", re.MULTILINE)
_STEP = re.compile(
    r"\b(?:step|option|case|part|example|figure|question|problem|schritt)\s{1,2}\d{1,3}\b", re.IGNORECASE
)
_SCALES = {"thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}
_FRACTION = re.compile(r"(\d{0,20})\\[dt]?frac\{(\d{1,20})\}\{(\d{1,20})\}")
_SEVERAL = re.compile(r"\d\s?,\s?\d{1,2}(?!\d)|^\d[\d.,]{0,40}\s?[-–—]\s?\d[\d.,]{0,40}$")
_LATEX_SPACE = re.compile(r"\\[!,;: ]|\{,\}(?=\d)")


@final
@dataclass(frozen=True, slots=True)
class NumberAnswers:
    """One number. `percent_unit`: 18% is 18 because the question asks for a percentage; else it is 0.18."""

    percent_unit: bool = False
    reason: str = ""
    name: str = field(default="number", init=False)
    semantic: bool = field(default=False, init=False)

    def extract(self, text: str, *, complete: bool = True) -> Answer | None:
        """The marked number, else the last sensible one; None where a box holds something else."""
        found = find(text)
        if found.cut:
            return None
        for span in found.spans:
            number = self.read(span.text, strict=span.strict)
            if number is not None or span.strict:
                return number
        return self.last(found.body) if complete else None

    def read(self, text: str, *, strict: bool) -> Answer | None:
        """The number of a marked piece: all of it, else what follows its last equals sign, else its first number."""
        text = text.strip().strip("*_` ")
        exact = None if _SEVERAL.search(text) else exact_value(text, self.percent_unit)
        if exact is not None:
            return _answer(exact, text)
        if (word := word_value(text)) is not None:
            return _answer(Fraction(word), text)
        plain = _plain(text)
        right = plain.rfind("=")
        start = right + 1 if right >= 0 and re.search(r"\d", plain[right:]) else 0
        numbers = numbers_in(plain[start:], self.percent_unit)
        if not numbers or (
            strict and (len(numbers) > 1 or plain[start : start + numbers[0][1]].strip(" ($€£¥~≈"))
        ):
            return None
        if numbers[0][0] is None:
            return None
        return _answer(numbers[0][0], numbers[0][2])

    def last(self, text: str) -> Answer | None:
        """The last sensible number of a text; None where the last one is a range or there is none."""
        tail = _STEP.sub(" ", _ENUMERATION.sub(" ", _plain(text[-TAIL:])))
        numbers = numbers_in(tail, self.percent_unit)
        if not numbers or numbers[-1][0] is None:
            return None
        return _answer(numbers[-1][0], numbers[-1][2])

    async def same(self, a: Answer, b: Answer) -> bool:
        """Equal keys: the same rational."""
        return a.key == b.key


def number_key(value: Fraction) -> str:
    """The canonical text of a rational: `18`, `1/2`."""
    return str(value)


def exact_value(text: str, percent_unit: bool) -> Fraction | None:
    r"""The rational that a piece of LaTeX or plain maths is as a whole (`\frac12`, `50\%`, `3 \times 10^2`), or None."""
    spelled = spell(text[:400])
    percent = spelled.endswith("%")
    value = closed_form(spelled.rstrip("% "))
    if value is None or value.exact is None:
        return None
    return value.exact / 100 if percent and not percent_unit else value.exact


def numbers_in(text: str, percent_unit: bool) -> list[tuple[Fraction | None, int, str]]:
    """(value, position, text) of every number in a plain text; the value of a range, time, date or version is None."""
    numbers: list[tuple[Fraction | None, int, str]] = []
    skip = 0
    for match in _NUMBER.finditer(text):
        if match.start() < skip:
            continue
        end = match.end()
        if mixed := _MIXED.match(text, match.start()):
            value = Fraction(int(mixed[2])) + Fraction(int(mixed[3]), int(mixed[4]) or 1)
            numbers.append((-value if mixed[1] else value, mixed.start(), mixed[0]))
            skip = mixed.end()
            continue
        after, before = text[end : end + 12], text[max(0, match.start("body") - 40) : match.start("body")]
        if _BAD_AFTER.match(after) or _RANGE_BEFORE.search(before):
            numbers.append((None, match.start(), match[0].strip()))
        elif after[:1] != "_":
            numbers.append((_value(match, percent_unit), match.start(), match[0].strip()))
    return numbers


def _value(match: re.Match[str], percent_unit: bool) -> Fraction | None:
    body = match["body"]
    if re.search(r",\d{1,2}$", body):
        body = body.replace(".", "").replace(",", ".")
    value = Fraction(re.sub("[, ']", "", body))
    if match["below"]:
        if int(match["below"]) == 0:
            return None
        value /= int(match["below"])
    if match["scale"]:
        value *= _SCALES[match["scale"].strip().lower()]
    if match["percent"] and not percent_unit:
        value /= 100
    negative = (match["sign"] or "").startswith("-") != (match["sign2"] == "-")
    return -value if negative else value


def _plain(text: str) -> str:
    text = _LATEX_SPACE.sub("", ascii_maths(text))
    text = _FRACTION.sub(r" \1 \2/\3", text).replace("  ", " ")
    return text.replace("\\%", "%").replace("\\$", "$").replace("**", "")


def _answer(value: Fraction, shown: str) -> Answer:
    return Answer(number_key(value), shown.strip().strip("$").strip().rstrip(".。,") or str(value), value)
