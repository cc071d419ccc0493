"""One of several options: a letter A to J, alone, with its text, or by its text where the problem gives it."""

import re
from dataclasses import dataclass, field
from typing import final

from thinkharder.answers.base import Answer, ascii_maths
from thinkharder.answers.closed_form import closed_form
from thinkharder.answers.extract import find
from thinkharder.answers.latex import spell
from thinkharder.answers.text import normal_text

LETTERS = "ABCDEFGHIJ"

_LATEX_LETTER = re.compile(
    r"\\(?:text(?:bf|rm|it)?|math(?:rm|bf)|mbox)\s?\{\s?(\(?[A-J][).]?\)?)[\s~]{0,3}\}"
)
_LINE = re.compile(
    r"^[ \t>*-]{0,8}\*{0,2}[(\[]?([A-Ja-j])[)\].:、．][ \t*]{0,4}(\S[^\n]{0,500})$", re.MULTILINE
)
_INLINE_PAREN = re.compile(r"\(([A-J])\)")
_INLINE_DOT = re.compile(r"(?<![\w(.])([A-J])[).、．](?=\s?\S)")
_TEX_SPACE = re.compile(r"\\(?:qquad|quad|[ ,;:]|hspace\{[^{}]{0,20}\})|~")
_FIGURE = re.compile(r"\[asy\].*?\[/asy\]", re.DOTALL)
_START = re.compile(
    r"^[\s*_`#$'\"“(\[{:]{0,8}(?:(?:option|choice|answer|letter|选项)\s{0,2})?[*_`($\[{'\"“]{0,4}([A-Ja-j])(?![\w'’])[*_`)$\]}'\"”]{0,4}",
    re.IGNORECASE,
)
_NAMED = re.compile(r"\b(?:option|choice|answer|letter)\s{1,2}[*(\"'“]{0,3}([A-J])(?!\w)", re.IGNORECASE)
_MARKED = re.compile(r"(?:\(([A-J])\)|\*\*\(?([A-J])(?:[).:][^*\n]{0,200})?\*\*)")
_ENDING = re.compile(
    r"(?:\b(?:is|be|choose|select|pick|chose)|[:=：])\s{0,3}[(*\"'“\[$]{0,4}([A-J])[)*\"'”\].$。]{0,5}\s*$"
)
_REASON = re.compile(r"\s+(?:because|since|as|due|which|is|with|for|and|or|und|et|y)\b", re.IGNORECASE)
_NEGATED = re.compile(r"\bnot\b|n['’]t\b|\bnor\b|\bneither\b|不", re.IGNORECASE)
_TWO = re.compile(r"^[\s:.)\]*]{0,6}(?:and|or|und|et|y|&|/|,|和|或)[\s*(\[]{0,4}[A-J](?!\w)", re.IGNORECASE)


@final
@dataclass(frozen=True, slots=True)
class ChoiceAnswers:
    """One letter. `options` are the texts of A, B, … where the problem gives them; a letter beyond them abstains.

    Two letters at once ("A and C") abstain. Where the letter and the text disagree the letter counts.
    """

    options: tuple[str, ...] = ()
    reason: str = ""
    name: str = field(default="choice", init=False)
    semantic: bool = field(default=False, init=False)

    def extract(self, text: str, *, complete: bool = True) -> Answer | None:
        """The marked letter or option, else a letter that stands out at the end, else an option's text as last line."""
        found = find(text)
        if found.cut:
            return None
        for span in found.spans:
            letter = self.read(span.text)
            if letter is not None or span.strict:
                return self._answer(letter)
        return self._answer(self._last(found.body)) if complete else None

    def read(self, text: str) -> str | None:
        """The letter that a marked piece names, by letter or by option text."""
        text = _LATEX_LETTER.sub(r"\1 ", ascii_maths(text)).strip()
        if by_text := self._by_text(text):
            return by_text
        match = _START.match(text)
        if match is None:
            named = _NAMED.search(text) or _ENDING.search(text[-60:])
            return self._known(named[1]) if named else self._within(text)
        rest = text[match.end() :]
        if _TWO.match(rest):
            return None
        if match[1] in "AaIi" and re.match(r"\s+[a-z]", rest) and not _REASON.match(rest):
            return self._within(text)
        if match[1].islower() and rest.strip() and not re.match(r"[).:\]]", rest):
            return None
        return self._known(match[1])

    def _known(self, letter: str) -> str | None:
        letter = letter.upper()
        allowed = LETTERS[: len(self.options)] if self.options else LETTERS
        return letter if letter in allowed else None

    def _by_text(self, text: str) -> str | None:
        """The letter of the one option that reads (or, as mathematics, is) the same as this text."""
        if not self.options or not text or len(text) > 600:
            return None
        normal = normal_text(text)
        hits = [
            letter
            for letter, option in zip(LETTERS, self.options, strict=False)
            if normal_text(option) == normal
        ]
        if not hits and (value := closed_form(spell(text))) is not None and value.exact is not None:
            values = [closed_form(spell(option)) for option in self.options]
            hits = [LETTERS[i] for i, v in enumerate(values) if v is not None and v.exact == value.exact]
        return hits[0] if len(hits) == 1 else None

    def _within(self, text: str) -> str | None:
        """The letter of the one option whose text stands in a short text without a "not"."""
        normal = f" {normal_text(text)} " if len(text) <= 300 and not _NEGATED.search(text) else ""
        hits = [
            letter
            for letter, option in zip(LETTERS, map(normal_text, self.options), strict=False)
            if len(option) >= 3 and re.search(rf"(?<!\w){re.escape(option)}(?!\w)", normal)
        ]
        return hits[0] if len(hits) == 1 else None

    def _last(self, text: str) -> str | None:
        lines = [line for line in text[-4000:].split("\n") if line.strip()]
        if not lines:
            return None
        if len(lines) == 1 or len(lines[-1]) <= 200:
            letter = self._line(lines[-1])
            if letter is not None:
                return letter
        marked = [m[1] or m[2] for m in _MARKED.finditer(ascii_maths("\n".join(lines[-3:])))]
        named = [m[1] for m in _NAMED.finditer("\n".join(lines[-3:]))]
        letters = {letter.upper() for letter in (named or marked)}
        if letters:
            return self._known(letters.pop()) if len(letters) == 1 else None
        return self._within(lines[-1])

    def _line(self, line: str) -> str | None:
        """A line that is a letter, a letter with its option, or an option's text."""
        if by_text := self._by_text(line):
            return by_text
        match = _START.match(ascii_maths(line))
        ending = _ENDING.search(ascii_maths(line)[-60:])
        if match is None or (ending and not re.match(r"[).:\]]", ascii_maths(line)[match.end() :])):
            return self._known(ending[1]) if ending else None
        rest = ascii_maths(line)[match.end() :].strip()
        alone = not rest.strip(".:)]*` ")
        lettered = re.match(r"[).:\]]", rest) is not None or match[0].rstrip().endswith((")", "]", "*"))
        if alone or (lettered and match[1].isupper() and not _TWO.match(rest)):
            return self._known(match[1])
        return None

    def _answer(self, letter: str | None) -> Answer | None:
        if letter is None:
            return None
        at = LETTERS.index(letter)
        option = self.options[at] if at < len(self.options) else ""
        return Answer(letter, f"{letter}) {option}" if option else letter, letter)

    async def same(self, a: Answer, b: Answer) -> bool:
        """Equal letters."""
        return a.key == b.key


def read_options(problem: str) -> tuple[str, ...]:
    """The texts of the options A, B, … of a problem, in order; () where it gives fewer than two."""
    text = _FIGURE.sub(" ", problem[-20_000:])
    text = _TEX_SPACE.sub(" ", _LATEX_LETTER.sub(r"\1 ", ascii_maths(text)))
    lines = [(m[1].upper(), m[2].strip()) for m in _LINE.finditer(text)]
    best = _run(lines)
    for pattern in (_INLINE_PAREN, _INLINE_DOT):
        matches = list(pattern.finditer(text))[-40:]
        ends = [m.start() for m in matches[1:]] + [len(text)][: len(matches)]
        pieces = [(m[1], text[m.end() : end].split("\n")[0]) for m, end in zip(matches, ends, strict=True)]
        inline = _run([(letter, piece.strip(" $,;\t")) for letter, piece in pieces])
        if len(inline) > len(best):
            best = inline
    return best


def _run(found: list[tuple[str, str]]) -> tuple[str, ...]:
    """The last run A, B, C … of at least two among what was found."""
    best: list[str] = []
    run: list[str] = []
    for letter, text in found:
        if letter == "A":
            run = [text]
        elif run and len(run) < len(LETTERS) and letter == LETTERS[len(run)]:
            run.append(text)
        else:
            continue
        if len(run) >= 2 and len(run) >= len(best):
            best = list(run)
    return tuple(best)
