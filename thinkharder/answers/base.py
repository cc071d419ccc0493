"""What an answer is, what an answer type can do, and the characters that every type reads alike."""

import re
import unicodedata
from dataclasses import dataclass
from typing import Protocol, runtime_checkable


@dataclass(frozen=True, slots=True)
class Answer:
    """One extracted answer: equal keys are the same answer. `shown` is for people, `value` what the type made of it."""

    key: str
    shown: str
    value: object = None


@runtime_checkable
class AnswerType(Protocol):
    """Extracts answers of one kind and says which are the same."""

    @property
    def name(self) -> str:
        """Such as `math`; `auto` never appears here, it becomes the type that it decided on."""
        ...

    @property
    def reason(self) -> str:
        """One sentence on why this type was taken; empty where the caller named it."""
        ...

    @property
    def semantic(self) -> bool:
        """False: the key alone decides whether two answers are the same, and `same` need not be asked."""
        ...

    def extract(self, text: str, *, complete: bool = True) -> Answer | None:
        """The answer in a model's text, or None where it abstains. Pure, cheap, never raises on any input.

        `complete=False` says that the text was cut at its cap: then only an explicit marker counts, because the last
        value of an unfinished text is a step on the way.
        """
        ...

    async def same(self, a: Answer, b: Answer) -> bool:
        """Whether two answers are one. Symmetric; True for equal keys."""
        ...


def problem_text(problem: object) -> str:
    """The text of a problem: a string as it is, anything else by its `text` attribute, '' for None."""
    if isinstance(problem, str):
        return problem
    text = getattr(problem, "text", "")
    return text if isinstance(text, str) else ""


_PERCENT = re.compile(
    r"per\s?cent|\bwhat\s+\\?%|\\?%\s+of\b|prozent|pourcent|por\s?ciento|процент|百分", re.IGNORECASE
)


def asks_percent(problem: str) -> bool:
    """Whether the question itself (the last sentence that asks, within 300 characters) wants a percentage.

    Then a percent sign is a unit, and 45% is 45; else it is a hundredth, and 50% is 0.5. math-verify takes both
    readings at once, under which 0.5 = 50% = 50 and classes would not be classes.
    """
    tail = problem[-2000:]
    asks = max(tail.rfind("?"), tail.rfind("？"))
    end = asks + 1 if asks >= 0 else len(tail)
    start = max(
        tail.rfind(". ", 0, end - 1),
        tail.rfind("\n", 0, max(0, end - 1)),
        tail.rfind("。", 0, end - 1),
        end - 300,
    )
    sentences = (tail[max(0, start) : end], tail[end:][:300])
    return any(_PERCENT.search(part) is not None for part in sentences)


_INVISIBLE = re.compile("[\u00ad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]")
_DASHES = str.maketrans(
    {"\u2212": "-", "\u2010": "-", "\u2011": "-", "\u066b": ".", "\u066c": ",", "\u2044": "/"}
)
_SUPER = re.compile("[⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺]+")
_SUB = re.compile("[₀₁₂₃₄₅₆₇₈₉]+")
_VULGAR = re.compile("[¼-¾⅐-⅞]")
_PICTURES = re.compile("[\u2600-\u27bf\u2b50\ufe0f\U0001f000-\U0001faff]")
_LEADING_DASH = re.compile(r"(?<![^\s(\[{=,:$])[–—](?=[\d.$\\])")


def visible(text: str) -> str:
    """The text without zero-width and direction marks (joiners stay: emoji and Persian need them)."""
    return _INVISIBLE.sub("", text)


def ascii_maths(text: str) -> str:
    """Unicode mathematics in ASCII and LaTeX: digits of any script, minus signs, ½, x², x₁, full-width forms."""
    if text.isascii():
        return text
    text = _PICTURES.sub(" ", visible(text)).replace("\u200c", "").replace("\u200d", "")
    text = _SUPER.sub(lambda m: "^{" + unicodedata.normalize("NFKC", m[0]).replace("\u2212", "-") + "}", text)
    text = _SUB.sub(lambda m: "_{" + unicodedata.normalize("NFKC", m[0]) + "}", text)
    text = _VULGAR.sub(_fraction, text)
    text = unicodedata.normalize("NFKC", text).translate(_DASHES)
    text = _LEADING_DASH.sub("-", text)
    return "".join(_digit(char) for char in text)


_WORD_VALUES = {
    word: value
    for value, word in enumerate(
        [
            "zero",
            "one",
            "two",
            "three",
            "four",
            "five",
            "six",
            "seven",
            "eight",
            "nine",
            "ten",
            "eleven",
            "twelve",
            "thirteen",
            "fourteen",
            "fifteen",
            "sixteen",
            "seventeen",
            "eighteen",
            "nineteen",
            "twenty",
        ]
    )
} | {
    word: 10 * at
    for at, word in enumerate(
        ["thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety", "hundred"], start=3
    )
}


def word_value(text: str) -> int | None:
    """The number that one English word is (zero to twenty, the tens, hundred), else None."""
    return _WORD_VALUES.get(text.strip(" .*_'\"").lower())


def _fraction(match: re.Match[str]) -> str:
    above, below = unicodedata.normalize("NFKC", match[0]).split("\u2044")
    return f"\\frac{{{above}}}{{{below}}}"


def _digit(char: str) -> str:
    return char if char.isascii() or not char.isdecimal() else str(unicodedata.decimal(char))
