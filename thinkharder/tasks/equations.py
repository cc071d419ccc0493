"""Equations in a step's text, as trees: numbers, the problem's own names, + - * / and brackets. Nothing else is read."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import final

from thinkharder.answers.extract import boxed
from thinkharder.tasks.base import StepVerdict

MOST_TOKENS, MOST_DEPTH = 120, 20
"""Longest and deepest expression that is read."""
LONGEST_STEP = 4_000
"""Characters of a step that are read."""

_SPELLED = {
    "\\times": "*",
    "\\cdot": "*",
    "\\div": "/",
    "×": "*",
    "·": "*",
    "÷": "/",
    "−": "-",
    "–": "-",
    "**": " ",
}
_LATEX = re.compile(r"\\[()\[\]]|\$|\\left|\\right|\\,|`")
_BULLET = re.compile(r"^\s*(?:(?:step\s+)?\d{1,3}\s*[.):]\s+|[-*•]\s+)+", re.IGNORECASE)
_REMARK = re.compile(r"\([^()]*[A-Za-z]{2,}[^()]*\)|\[[^\]]*\]")
_TOKEN = re.compile(r"(\d{1,3}(?:,\d{3})+(?!\d)|\d+(?:\.\d+)?)|([A-Za-z]+)|([-+*/()=])|(\s+)|(.)", re.DOTALL)


@final
@dataclass(frozen=True, slots=True)
class Node:
    """A number, a name, or an operation on two nodes; `text` of a leaf is as written."""

    op: str = ""
    left: "Node | None" = None
    right: "Node | None" = None
    number: Fraction | None = None
    name: str = ""

    def leaves(self) -> Iterator["Node"]:
        """The numbers and names in it, from left to right."""
        if self.left is None or self.right is None:
            yield self
        else:
            yield from self.left.leaves()
            yield from self.right.leaves()

    def __str__(self) -> str:
        if self.left is None or self.right is None:
            return self.name or str(self.number)
        sides = [f"({side})" if side.op else str(side) for side in (self.left, self.right)]
        return f"{sides[0]} {self.op} {sides[1]}"


def number(value: int) -> Node:
    """The leaf of a whole number."""
    return Node(number=Fraction(value))


def value(node: Node, names: Mapping[str, int] | None = None, *, whole: bool = False) -> Fraction | None:
    """What an expression is; None for a division by zero, and with `whole` where any part of it is negative or broken."""
    if node.left is None or node.right is None:
        return Fraction((names or {})[node.name]) if node.name else node.number
    left, right = value(node.left, names, whole=whole), value(node.right, names, whole=whole)
    if left is None or right is None or (node.op == "/" and right == 0):
        return None
    if node.op == "+":
        found = left + right
    elif node.op == "-":
        found = left - right
    else:
        found = left * right if node.op == "*" else left / right
    return None if whole and (found < 0 or found.denominator != 1) else found


@lru_cache(maxsize=8192)  # a search checks the same first steps again and again
def chains(step: str, names: tuple[str, ...] = ()) -> tuple[tuple[Node, ...], ...]:
    """Every `A = B = …` of a step whose sides can all be read, in order."""
    found = []
    for line in step[:LONGEST_STEP].splitlines():
        for run in _runs(line, frozenset(names)):
            sides = [_parse(part) for part in _split(run)]
            read = tuple(side for side in sides if side is not None)
            if len(sides) >= 2 and len(read) == len(sides):
                found.append(read)
    return tuple(found)


def expression(text: str) -> Node | None:
    """The one expression that a text is (behind its last equals sign nothing but a number), or None."""
    runs = [run for run in _runs(text[:LONGEST_STEP], frozenset()) if run]
    if len(runs) != 1:
        return None
    sides = _split(runs[0])
    return _parse(sides[0]) if sides else None


def _runs(line: str, names: frozenset[str]) -> Iterator[list[str]]:
    """Runs of tokens that can stand in an equation; words and other characters part them."""
    for spelled, plain in _SPELLED.items():
        line = line.replace(spelled, plain)
    line = _REMARK.sub(" ; ", _BULLET.sub("", _LATEX.sub(" ", line)))
    run: list[str] = []
    for digits, word, mark, space, _ in _TOKEN.findall(line):
        if digits or mark or word in names:
            run.append(digits.replace(",", "") or mark or word)
        elif not space:
            yield run
            run = []
    yield run


def _split(run: list[str]) -> list[list[str]]:
    """A run's sides of equals signs; nothing stands before the first or behind the last where the run is cut there."""
    sides: list[list[str]] = [[]]
    for token in run:
        if token == "=":
            sides.append([])
        else:
            sides[-1].append(token)
    return sides[1:] if len(sides) > 1 and not sides[0] else sides


def _parse(tokens: list[str]) -> Node | None:
    if not tokens or len(tokens) > MOST_TOKENS:
        return None
    reader = _Reader(tokens)
    node = reader.sum(0)
    return node if reader.at == len(tokens) else None


class _Reader:
    """Recursive descent over the tokens of one expression; None where it is none."""

    def __init__(self, tokens: list[str]) -> None:
        self.tokens, self.at = tokens, 0

    def next(self, *wanted: str) -> str:
        if self.at < len(self.tokens) and self.tokens[self.at] in wanted:
            self.at += 1
            return self.tokens[self.at - 1]
        return ""

    def sum(self, depth: int) -> Node | None:
        return self._row(lambda: self.product(depth), "+", "-")

    def product(self, depth: int) -> Node | None:
        return self._row(lambda: self.atom(depth), "*", "/")

    def _row(self, part: Callable[[], Node | None], *ops: str) -> Node | None:
        node = part()
        while node is not None and (op := self.next(*ops)):
            right = part()
            node = None if right is None else Node(op, node, right)
        return node

    def atom(self, depth: int) -> Node | None:
        if depth > MOST_DEPTH or self.at >= len(self.tokens):
            return None
        if self.next("("):
            inner = self.sum(depth + 1)
            return inner if inner is not None and self.next(")") else None
        sign = self.next("-")
        token = self.tokens[self.at] if self.at < len(self.tokens) else ""
        self.at += 1
        if token[:1].isdigit() and len(token) <= 18:
            return Node(number=-Fraction(token) if sign else Fraction(token))
        return Node(name=token) if token.isalpha() and not sign else None


def judge(steps: Sequence[str], one: Callable[[str], StepVerdict]) -> list[StepVerdict]:
    """The verdict of each step in turn; behind the first wrong one nothing is right any more."""
    verdicts: list[StepVerdict] = []
    wrong = 0
    for place, step in enumerate(steps, 1):
        verdict = StepVerdict(False, f"follows the wrong step {wrong}") if wrong else one(step)
        wrong = wrong or (place if verdict.right is False else 0)
        verdicts.append(verdict)
    return verdicts


def box_of(step: str) -> str | None:
    """What a step puts into a box, None where it has no whole box."""
    found, _ = boxed(step[:LONGEST_STEP])
    return found


def split_steps(text: str) -> list[str]:
    """A text's lines as its steps, without empty ones."""
    return [line for line in text.splitlines() if line.strip()]
