"""Countdown: reach a number from given ones. Every state can be solved or not, and the step check knows which."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import final

from thinkharder.core.errors import BadOption
from thinkharder.core.types import Problem
from thinkharder.tasks.base import Item, StepVerdict, Task
from thinkharder.tasks.checks import marked
from thinkharder.tasks.countdown_rules import Goal, moves, reachable, solves, ways, whole
from thinkharder.tasks.dice import Dice
from thinkharder.tasks.equations import Node, box_of, chains, expression, judge, number, value
from thinkharder.tasks.registering import task

VERSION = 1
"""Counts up when the same options would give other problems."""


@task("countdown")
@final
@dataclass(frozen=True)
class Countdown:
    """Reach a target from given numbers with + - * /, each number used once, all results whole and not negative.

    Options: `n` problems, `seed`; `numbers` given, 2 to 6 (a list makes problems of each in turn); `largest` of the
    numbers; `target`, the largest that is asked for; `every`: all numbers must be used, else some may be left.
    Each problem has a solution, and often several: the check takes any. There are exact step checks: a step is right where
    the target can still be reached behind it. Source of the game: Des chiffres et des lettres (1965); as a test of search by
    language models, Gandhi et al. 2024, arXiv:2404.03683.
    """

    n: int = 100
    seed: int = 0
    numbers: tuple[int, ...] = (4,)
    largest: int = 25
    target: int = 100
    every: bool = True

    def __post_init__(self) -> None:
        if self.n < 1:
            raise BadOption(f"countdown: n={self.n} must be at least 1")
        if not self.numbers or min(self.numbers) < 2 or max(self.numbers) > 6:
            raise BadOption(f"countdown: numbers={list(self.numbers)} must be 2 to 6")
        if not 9 <= self.largest <= 100:
            raise BadOption(f"countdown: largest={self.largest} must be 9 to 100")
        if not 10 <= self.target <= 9999:
            raise BadOption(f"countdown: target={self.target} must be 10 to 9999")

    def load(self, limit: int | None) -> Task:
        """The task."""
        count = self.n if limit is None else min(self.n, limit)
        items = tuple(self._item(index) for index in range(count))
        return Task(
            "countdown", f"seed {self.seed}", "Apache-2.0", "generated", "text", items,
            CountdownCheck(), steps=CountdownSteps(),
        )  # fmt: skip

    def _item(self, index: int) -> Item:
        count = self.numbers[index % len(self.numbers)]
        knobs = (count, self.largest, self.target, self.every)
        dice = Dice("countdown", VERSION, *knobs, self.seed, index)
        goal, moves, answer = self._make(dice, count)
        listed = ", ".join(map(str, goal.numbers))
        use = "every number exactly once" if self.every else "each number at most once"
        text = (
            f"Reach {goal.target} from the numbers {listed} with +, -, * and /. Use {use}; no result on the way may be "
            "negative or a fraction. Write one calculation a line, such as 2 * 3 = 6, each with numbers that are left, and at "
            "the end the whole expression without the target within \\boxed{}."
        )
        return Item(
            f"{self.seed}-{index}",
            Problem.of(text, answer_type="text"),
            level=f"numbers={count}",
            solution="\n".join([*moves, f"\\boxed{{{answer}}}"]),
            hidden=goal,
            task_id=str(index),
        )

    def _make(self, dice: Dice, count: int) -> tuple[Goal, list[str], Node]:
        """Numbers that are put together at random until one in range is left: so there is a solution."""
        while True:
            given = tuple(dice.between(1, self.largest) for _ in range(count))
            parts = [number(one) for one in given]
            lines: list[str] = []
            while len(parts) > 1:
                dice.shuffle(parts)
                left, right = parts.pop(), parts.pop()
                node = dice.choice(list(ways(left, right)))
                lines.append(f"{whole(node.left)} {node.op} {whole(node.right)} = {whole(node)}")
                parts.append(node)
            found = whole(parts[0])
            if 10 <= found <= self.target and found not in given:
                return Goal(given, found, self.every), lines, parts[0]


@final
@dataclass(frozen=True, slots=True)
class CountdownCheck:
    """Right is any expression that reaches the target by the rules."""

    @property
    def name(self) -> str:
        """`countdown`."""
        return "countdown"

    async def score(self, item: Item, text: str, complete: bool) -> float:
        """1.0 or 0.0."""
        said = marked(text, complete)
        node = None if said is None else expression(said)
        return float(node is not None and solves(_goal(item), node))

    def reference(self, item: Item) -> str | None:
        """The item's solution."""
        return item.solution


def _goal(item: Item) -> Goal:
    assert isinstance(item.hidden, Goal)
    return item.hidden


@final
@dataclass(frozen=True, slots=True)
class CountdownSteps:
    """A step is right where its calculations are true, use numbers that are left, keep to the rules, and leave the target
    within reach. Each calculation takes its numbers away and puts its result in their place. A repeated or an empty step is
    None; a whole expression of the given numbers that reaches the target is right at any time."""

    name: str = field(default="countdown", init=False)

    def check(self, item: Item, steps: Sequence[str]) -> list[StepVerdict]:
        """One verdict a step."""
        walk = _Walk(_goal(item))
        return judge(steps, walk.one)

    def proceed(self, item: Item, steps: Sequence[str]) -> str | None:
        """A calculation that keeps the target within reach, the same each time; behind the last the boxed expression."""
        walk = _Walk(_goal(item))
        if any(verdict.right is False for verdict in judge(steps, walk.one)) or walk.answered:
            return None
        return walk.next()


class _Walk:
    """The parts that are left: whole numbers with the expressions that made them."""

    def __init__(self, goal: Goal) -> None:
        self.goal = goal
        self.left = [(one, number(one)) for one in goal.numbers]
        self.seen: set[str] = set()
        self.whole: Node | None = None
        self.answered = False

    @property
    def numbers(self) -> tuple[int, ...]:
        """What is left, sorted."""
        return tuple(sorted(one for one, _ in self.left))

    def one(self, step: str) -> StepVerdict:
        """The verdict on the next step."""
        new = False
        for sides in chains(step):
            verdict = self._chain(sides)
            if verdict.right is False:
                return verdict
            new |= verdict.right is True
        box = box_of(step)
        if box is not None:
            node = expression(box)
            if node is None or not solves(self.goal, node):
                return StepVerdict(False, "the boxed expression does not reach the target by the rules")
            self.answered = new = True
        return StepVerdict(True) if new else StepVerdict(None, "makes no new calculation")

    def _chain(self, sides: Sequence[Node]) -> StepVerdict:
        told = " = ".join(map(str, sides))[:80]
        values = {value(side) for side in sides}
        if None in values or len(values) > 1:
            return StepVerdict(False, f"{told} is not so")
        made = next((side for side in sides if side.op), None)
        if made is None:
            return StepVerdict(None, "calculates nothing")
        if solves(self.goal, made):
            known, self.whole = self.whole is not None, made
            return StepVerdict(None, "repeats what is known") if known else StepVerdict(True)
        found = value(made, whole=True)
        if found is None:
            return StepVerdict(False, f"{made} has a negative or broken result on the way")
        missing = self._take(made, found)
        if missing and str(made) in self.seen:
            return StepVerdict(None, "repeats what is known")
        if missing:
            return StepVerdict(False, f"{missing} is not left")
        self.seen.add(str(made))
        if self.whole is None and not reachable(self.numbers, self.goal.target, self.goal.every):
            return StepVerdict(False, f"{self.goal.target} cannot be reached from {list(self.numbers)}")
        return StepVerdict(True)

    def _take(self, made: Node, found: Fraction) -> str:
        """Put the result in the place of its numbers; what is missing, if anything."""
        rest = list(self.left)
        parts: list[Node] = []
        for leaf in made.leaves():
            place = next((i for i, (one, _) in enumerate(rest) if one == leaf.number), None)
            if place is None:
                return str(leaf.number)
            parts.append(rest.pop(place)[1])
        self.left = [*rest, (int(found), _filled(made, parts))]
        return ""

    def next(self) -> str:
        """The next right step from here."""
        done = self.whole
        for one, node in self.left:
            if one == self.goal.target and node.op and (len(self.left) == 1 or not self.goal.every):
                done = done or node
        if done is not None:
            return f"\\boxed{{{done}}}"
        for (a, op, b, result), rest in moves(self.numbers):
            if reachable(rest, self.goal.target, self.goal.every):
                return f"{a} {op} {b} = {result}"
        raise AssertionError("right steps lead to a state from which the target can be reached")


def _filled(made: Node, parts: list[Node]) -> Node:
    """An expression with its numbers replaced, from left to right, by the expressions that they stand for."""
    if made.left is None or made.right is None:
        return parts.pop(0)
    left = _filled(made.left, parts)
    return Node(made.op, left, _filled(made.right, parts))
