"""The rules of countdown: what is allowed, what can be reached, what is a solution."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import final

from thinkharder.tasks.equations import Node, value


@final
@dataclass(frozen=True, slots=True)
class Goal:
    """The numbers given, the number to reach, and whether all of them must be used."""

    numbers: tuple[int, ...]
    target: int
    every: bool


def whole(node: Node | None) -> int:
    """What an expression of allowed operations is."""
    found = None if node is None else value(node)
    assert found is not None
    return int(found)


def ways(left: Node, right: Node) -> Iterator[Node]:
    """The operations on two parts that the rules allow: the larger one first."""
    if whole(left) < whole(right):
        left, right = right, left
    a, b = whole(left), whole(right)
    yield Node("+", left, right)
    yield Node("*", left, right)
    yield Node("-", left, right)
    if b and a % b == 0:
        yield Node("/", left, right)


@lru_cache(maxsize=1 << 18)
def reachable(numbers: tuple[int, ...], target: int, every: bool) -> bool:
    """Whether the rules lead from the sorted numbers to the target. At most 6 numbers; up to a second for 6."""
    if target in numbers and (len(numbers) == 1 or not every):
        return True
    return any(reachable(rest, target, every) for _, rest in moves(numbers))


def moves(numbers: tuple[int, ...]) -> Iterator[tuple[tuple[int, str, int, int], tuple[int, ...]]]:
    """Every move as (a, op, b, result) with the sorted numbers behind it, each once."""
    seen: set[tuple[int, ...]] = set()
    for i in range(len(numbers)):
        for j in range(i):
            a, b = max(numbers[i], numbers[j]), min(numbers[i], numbers[j])
            rest = [one for k, one in enumerate(numbers) if k not in (i, j)]
            for op, result in (
                ("+", a + b),
                ("-", a - b),
                ("*", a * b),
                ("/", a // b if b and a % b == 0 else -1),
            ):
                behind = tuple(sorted([*rest, result]))
                if result >= 0 and behind not in seen:
                    seen.add(behind)
                    yield (a, op, b, result), behind


def solves(goal: Goal, node: Node) -> bool:
    """Whether an expression reaches the target by the rules."""
    leaves = list(node.leaves())
    if any(leaf.number is None or leaf.number.denominator != 1 for leaf in leaves):
        return False
    used = Counter(int(leaf.number) for leaf in leaves if leaf.number is not None)
    given = Counter(goal.numbers)
    fits = used == given if goal.every else used <= given
    return fits and value(node, whole=True) == goal.target
