"""Multi-step arithmetic: values that build on one another, with ground truth for every line of working."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import final

from thinkharder.core.errors import BadOption
from thinkharder.core.types import Problem
from thinkharder.tasks.base import Item, StepVerdict, Task
from thinkharder.tasks.checks import GoldCheck
from thinkharder.tasks.dice import Dice
from thinkharder.tasks.equations import Node, box_of, chains, expression, judge, value
from thinkharder.tasks.registering import task

NAMES = "bcdefghjkmnpqrstuvwxyz"
"""Names of values, in the order in which they are given; those that are words or look like digits are left out."""
LARGEST = 99_999
VERSION = 1
"""Counts up when the same options would give other problems."""


@final
@dataclass(frozen=True, slots=True)
class Line:
    """`name = left op right`; the sides are whole numbers or names of earlier lines."""

    name: str
    left: str
    op: str
    right: str

    def __str__(self) -> str:
        return f"{self.name} = {self.left} {self.op} {self.right}"


@final
@dataclass(frozen=True, slots=True)
class Values:
    """The lines of a problem, the value of each name, and the names that the answer needs, in order."""

    lines: tuple[Line, ...]
    values: Mapping[str, int]
    needed: tuple[str, ...]


@task("arithmetic")
@final
@dataclass(frozen=True)
class Arithmetic:
    """Multi-step arithmetic: each line gives a value in terms of earlier ones, and the last needed one is asked for.

    Options: `n` problems, `seed`; `steps` lines that the answer needs (a list makes problems of each in turn);
    `distractors` lines that it does not need; `digits` of the numbers given; `ops`, of + - and *.
    All values are whole and from 0 to 99,999; a product has a factor of one digit. There are exact step checks.
    """

    n: int = 100
    seed: int = 0
    steps: tuple[int, ...] = (4,)
    distractors: int = 0
    digits: int = 2
    ops: str = "+-*"

    def __post_init__(self) -> None:
        if self.n < 1:
            raise BadOption(f"arithmetic: n={self.n} must be at least 1")
        if not self.steps or min(self.steps) < 1 or self.distractors < 0:
            raise BadOption("arithmetic: steps must be at least 1 and distractors at least 0")
        if max(self.steps) + self.distractors > len(NAMES):
            raise BadOption(f"arithmetic: steps and distractors together must be at most {len(NAMES)}")
        if not 1 <= self.digits <= 4:
            raise BadOption(f"arithmetic: digits={self.digits} must be 1 to 4")
        if not self.ops or set(self.ops) - set("+-*"):
            raise BadOption(f"arithmetic: ops={self.ops!r} must be some of + - *")

    def load(self, limit: int | None) -> Task:
        """The task."""
        count = self.n if limit is None else min(self.n, limit)
        items = tuple(self._item(index) for index in range(count))
        return Task(
            "arithmetic", f"seed {self.seed}", "Apache-2.0", "generated", "number", items,
            GoldCheck(), steps=ArithmeticSteps(),
        )  # fmt: skip

    def _item(self, index: int) -> Item:
        steps = self.steps[index % len(self.steps)]
        knobs = (steps, self.distractors, self.digits, self.ops)
        made = self._make(Dice("arithmetic", VERSION, *knobs, self.seed, index), steps)
        asked = made.needed[-1]
        given = "\n".join(map(str, made.lines))
        text = (
            f"{given}\n\nWhat is the value of {asked}? Work out one value a line, such as {made.lines[0]} = …, "
            "and put the final answer within \\boxed{}."
        )
        level = f"steps={steps}" + (f", distractors={self.distractors}" if self.distractors else "")
        gold = str(made.values[asked])
        working = "\n".join(_working(made, name) for name in made.needed)
        return Item(
            f"{self.seed}-{index}",
            Problem.of(text, answer_type="number"),
            gold,
            level,
            f"{working}\n\\boxed{{{gold}}}",
            made,
            task_id=str(index),
        )

    def _make(self, dice: Dice, steps: int) -> Values:
        total = steps + self.distractors
        # the first line is always needed; which of the others are is drawn
        places = sorted([0, *dice.sample(range(1, total), steps - 1)])
        lines: list[Line] = []
        values: dict[str, int] = {}
        last = ""
        for place in range(total):
            name = NAMES[place]
            before = last if place in places else (dice.choice(list(values)) if values else "")
            # what the answer needs leans on nothing that it does not need
            seen = {n: v for n, v in values.items() if place not in places or NAMES.index(n) in places}
            line, found = self._line(dice, name, before, seen)
            lines.append(line)
            values[name] = found
            last = name if place in places else last
        return Values(tuple(lines), values, tuple(NAMES[place] for place in places))

    def _line(self, dice: Dice, name: str, before: str, values: Mapping[str, int]) -> tuple[Line, int]:
        """A line that uses `before` (nothing: two numbers), whose value is whole and in range. Raises BadOption where the
        operations leave the range."""
        most = 10**self.digits - 1
        left = values[before] if before else dice.between(2, most)
        ranges = {
            "+": min(most, LARGEST - left),
            "-": min(most, left),
            "*": min(most, 9, LARGEST // left if left else 9),
        }
        fitting = [op for op in self.ops if ranges[op] >= 2]
        if not fitting:
            raise BadOption(
                f"arithmetic: with ops={self.ops!r} this many steps leave the range of 0 to {LARGEST:,}; "
                "take fewer steps, or + and - too"
            )
        op = dice.choice(fitting)
        others = [one for one in values if one != before and op != "*"]
        other = dice.choice(others) if others and dice.below(4) == 0 else ""
        right = values[other] if other else 0
        # an earlier value in the place of a number, where it keeps to the range
        if not other or not 0 <= (left + right if op == "+" else left - right) <= LARGEST:
            other, right = "", dice.between(2, ranges[op])
        found = left + right if op == "+" else left - right if op == "-" else left * right
        return Line(name, before or str(left), op, other or str(right)), found


def _working(made: Values, name: str) -> str:
    """A line of right working: `c = b * 3 = 23 * 3 = 69`."""
    line = next(line for line in made.lines if line.name == name)
    filled = " ".join(
        str(made.values[side]) if side in made.values else side for side in (line.left, line.op, line.right)
    )
    middle = f"{line.left} {line.op} {line.right}"
    return (
        f"{name} = {middle} = {made.values[name]}"
        if filled == middle
        else (f"{name} = {middle} = {filled} = {made.values[name]}")
    )


@final
@dataclass(frozen=True, slots=True)
class ArithmeticSteps:
    """A step is right where every equation in it is true, with the names at their values, and a boxed answer is the
    answer. Steps may come in any order. A step that states no number that was not stated before is None."""

    name: str = field(default="arithmetic", init=False)

    def check(self, item: Item, steps: Sequence[str]) -> list[StepVerdict]:
        """One verdict a step."""
        walk = _Walk(item)
        return judge(steps, walk.one)

    def proceed(self, item: Item, steps: Sequence[str]) -> str | None:
        """The working of the first needed value that was not stated yet; behind the last the boxed answer."""
        walk = _Walk(item)
        if any(verdict.right is False for verdict in judge(steps, walk.one)) or walk.answered:
            return None
        missing = [name for name in walk.made.needed if name not in walk.stated]
        return _working(walk.made, missing[0]) if missing else f"\\boxed{{{item.gold}}}"


class _Walk:
    """What the steps so far have stated."""

    def __init__(self, item: Item) -> None:
        assert isinstance(item.hidden, Values)
        self.item, self.made = item, item.hidden
        self.stated: set[str] = set()
        self.seen: set[str] = set()
        self.answered = False

    def one(self, step: str) -> StepVerdict:
        """The verdict on the next step."""
        box = box_of(step)
        if box is not None:
            node = expression(box)
            found = None if node is None else value(node)
            self.answered = found is not None and str(found) == self.item.gold
            if not self.answered:
                return StepVerdict(False, f"the answer is not {box[:40]}")
        new = self.answered and box is not None
        for sides in chains(step, tuple(self.made.values)):
            values = {value(side, self.made.values) for side in sides}
            if None in values or len(values) > 1:
                return StepVerdict(False, " = ".join(map(str, sides))[:80] + " is not so")
            new |= self._state(sides)
        return StepVerdict(True) if new else StepVerdict(None, "states no number that was not stated before")

    def _state(self, sides: Sequence[Node]) -> bool:
        plain = any(side.number is not None for side in sides)
        named = [side.name for side in sides if side.name]
        if plain:
            self.stated.update(named)
        key = " = ".join(map(str, sides))
        new = plain and key not in self.seen
        self.seen.add(key)
        return new
