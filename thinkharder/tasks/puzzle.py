"""A constraint puzzle: who sits in which seat. One solution, so every statement about a seat is true or false."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, reduce
from itertools import permutations
from operator import and_
from typing import final

from thinkharder.core.errors import BadOption
from thinkharder.core.types import Problem
from thinkharder.tasks.base import Item, StepVerdict, Task
from thinkharder.tasks.checks import marked
from thinkharder.tasks.dice import Dice
from thinkharder.tasks.equations import LONGEST_STEP, box_of, judge
from thinkharder.tasks.registering import task

NAMES = ("Ada", "Ben", "Cleo", "Dan", "Eva", "Finn", "Gus")
VERSION = 1
"""Counts up when the same options would give other problems."""


@final
@dataclass(frozen=True, slots=True)
class Clue:
    """What is said of the seats: `kind` is at, not-at, left, next-to, apart or end; seats count from 1."""

    kind: str
    who: str
    other: str = ""
    seat: int = 0

    def holds(self, order: Sequence[str]) -> bool:
        """Whether it is true of the people in this order."""
        place = order.index(self.who) + 1
        if self.kind in ("at", "not-at"):
            return (place == self.seat) == (self.kind == "at")
        if self.kind == "end":
            return place in (1, len(order))
        other = order.index(self.other) + 1
        if self.kind == "left":
            return place < other
        return (abs(place - other) == 1) == (self.kind == "next-to")

    def __str__(self) -> str:
        return {
            "at": f"{self.who} sits in seat {self.seat}.",
            "not-at": f"{self.who} does not sit in seat {self.seat}.",
            "end": f"{self.who} sits at one of the two ends.",
            "left": f"{self.who} sits somewhere to the left of {self.other}.",
            "next-to": f"{self.who} sits next to {self.other}.",
            "apart": f"{self.who} does not sit next to {self.other}.",
        }[self.kind]


@final
@dataclass(frozen=True, slots=True)
class Seating:
    """The people from seat 1 on, and the clues that leave this one order."""

    order: tuple[str, ...]
    clues: tuple[Clue, ...]


@task("seating")
@final
@dataclass(frozen=True)
class SeatingPuzzle:
    """A constraint puzzle: clues say who sits where in a row of seats; exactly one order satisfies them.

    Options: `n` problems, `seed`; `people`, 3 to 7 (a list makes problems of each in turn); `direct`: clues may name a seat
    outright, which is easier. No clue can be left out. There are exact step checks: with one solution, every statement
    that somebody sits or does not sit in a seat is true or false.
    """

    n: int = 100
    seed: int = 0
    people: tuple[int, ...] = (4,)
    direct: bool = False

    def __post_init__(self) -> None:
        if self.n < 1:
            raise BadOption(f"seating: n={self.n} must be at least 1")
        if not self.people or min(self.people) < 3 or max(self.people) > len(NAMES):
            raise BadOption(f"seating: people={list(self.people)} must be 3 to {len(NAMES)}")

    def load(self, limit: int | None) -> Task:
        """The task."""
        count = self.n if limit is None else min(self.n, limit)
        items = tuple(self._item(index) for index in range(count))
        return Task(
            "seating", f"seed {self.seed}", "Apache-2.0", "generated", "text", items,
            SeatingCheck(), steps=SeatingSteps(),
        )  # fmt: skip

    def _item(self, index: int) -> Item:
        people = self.people[index % len(self.people)]
        made = self._make(Dice("seating", VERSION, people, self.direct, self.seed, index), people)
        names = sorted(made.order)
        clues = "\n".join(f"- {clue}" for clue in made.clues)
        text = (
            f"{', '.join(names[:-1])} and {names[-1]} sit in a row of {people} seats, seat 1 at the left.\n{clues}\n"
            "Who sits where? Write one deduction a line, such as `Ada: seat 2` or `Ada: not seat 2`, and at the end the names "
            "from seat 1 on, separated by commas, within \\boxed{}."
        )
        gold = ", ".join(made.order)
        steps = [f"{name}: seat {seat}" for seat, name in enumerate(made.order, 1)]
        return Item(
            f"{self.seed}-{index}",
            Problem.of(text, answer_type="text"),
            gold,
            f"people={people}" + (", direct" if self.direct else ""),
            "\n".join([*steps, f"\\boxed{{{gold}}}"]),
            made,
            task_id=str(index),
        )

    def _make(self, dice: Dice, people: int) -> Seating:
        masks = _masks(people, self.direct)
        place = dice.below(len(_orders(people)))
        pool = [clue for clue, mask in masks.items() if mask >> place & 1]
        dice.shuffle(pool)
        left = -1
        chosen: list[Clue] = []
        for clue in pool:
            if left & masks[clue] != left:
                chosen.append(clue)
                left &= masks[clue]
        for clue in list(chosen):  # what others make superfluous is left out
            rest = [one for one in chosen if one is not clue]
            if reduce(and_, (masks[one] for one in rest), (1 << len(_orders(people))) - 1) == 1 << place:
                chosen = rest
        return Seating(_orders(people)[place], tuple(chosen))


@cache
def _orders(people: int) -> tuple[tuple[str, ...], ...]:
    """Every order of that many people, always in the same sequence."""
    return tuple(permutations(NAMES[:people]))


@cache
def _masks(people: int, direct: bool) -> Mapping[Clue, int]:
    """Every clue that could be given, with a bit for each order: 1 where it is true of it."""
    names, seats = NAMES[:people], range(1, people + 1)
    found = [Clue("end", who) for who in names] if people > 3 else []
    for who in names:
        found += [Clue("not-at", who, seat=seat) for seat in seats]
        found += [Clue("at", who, seat=seat) for seat in seats if direct]
        found += [Clue("left", who, other) for other in names if other != who]
        found += [Clue(kind, who, other) for other in names if other > who for kind in ("next-to", "apart")]
    orders = _orders(people)
    return {clue: sum(clue.holds(order) << bit for bit, order in enumerate(orders)) for clue in found}


@final
@dataclass(frozen=True, slots=True)
class SeatingCheck:
    """Right is the one order: the marked answer names each person once, from seat 1 on, whatever parts the names."""

    @property
    def name(self) -> str:
        """`seating`."""
        return "seating"

    async def score(self, item: Item, text: str, complete: bool) -> float:
        """1.0 or 0.0."""
        return float(_said(marked(text, complete), _seating(item).order))

    def reference(self, item: Item) -> str | None:
        """The item's solution."""
        return item.solution


def _seating(item: Item) -> Seating:
    assert isinstance(item.hidden, Seating)
    return item.hidden


def _said(answer: str | None, order: Sequence[str]) -> bool:
    names = re.findall(r"[A-Za-z]+", re.sub(r"\\[a-z]+", " ", answer or "")[:LONGEST_STEP])
    # seats may be counted in the answer, but no other words: a sentence with the names in it is no order
    return [name.casefold() for name in names if name.casefold() != "seat"] == [n.casefold() for n in order]


_WHO = "|".join(NAMES)
_PERSON = re.compile(
    rf"\b({_WHO})\b((?:(?!\b(?:{_WHO}|seats?)\b)[^.;\n]){{0,40}})\bseat\s{{0,3}}#?(\d)\b", re.IGNORECASE
)
_SEAT = re.compile(
    rf"\bseat\s{{0,3}}#?(\d)\b((?:(?!\b(?:{_WHO}|seats?)\b)[^.;,\n\d]){{0,20}})\b({_WHO})\b", re.IGNORECASE
)
_NOT = re.compile(r"\bnot\b|n['’]t\b|\bnever\b|\bcannot\b|≠|!=", re.IGNORECASE)
_MAYBE = re.compile(
    r"^\W*(?:if|suppose|assume|assuming|what if|try|let)\b|\?|\b(?:could|may|might)\b", re.IGNORECASE
)


@final
@dataclass(frozen=True, slots=True)
class SeatingSteps:
    """A step is right where every statement in it of the form `NAME: seat N`, `NAME: not seat N` or `Seat N: NAME` is true.

    Statements that are only considered (if, suppose, could, a question), that a clue gives, or that were made before are
    none; a step with nothing else is None. A boxed order must be the solution.
    """

    name: str = field(default="seating", init=False)

    def check(self, item: Item, steps: Sequence[str]) -> list[StepVerdict]:
        """One verdict a step."""
        return judge(steps, _Walk(_seating(item)).one)

    def proceed(self, item: Item, steps: Sequence[str]) -> str | None:
        """The seat of the first person whose seat was not stated yet; behind the last the boxed order."""
        walk = _Walk(_seating(item))
        if any(verdict.right is False for verdict in judge(steps, walk.one)) or walk.answered:
            return None
        for seat, name in enumerate(walk.made.order, 1):
            if (name, seat, True) not in walk.known:
                return f"{name}: seat {seat}"
        return f"\\boxed{{{item.gold}}}"


class _Walk:
    """What is known: (name, seat, whether there), from the clues and the steps so far."""

    def __init__(self, made: Seating) -> None:
        self.made = made
        self.known = {(c.who, c.seat, c.kind == "at") for c in made.clues if c.kind in ("at", "not-at")}
        self.answered = False

    def one(self, step: str) -> StepVerdict:
        """The verdict on the next step."""
        new = False
        for name, seat, there in _statements(step):
            if name not in self.made.order or not 1 <= seat <= len(self.made.order):
                return StepVerdict(False, f"there is no {name} or no seat {seat}")
            if (self.made.order[seat - 1] == name) != there:
                return StepVerdict(False, f"{name} is {'not ' if there else ''}in seat {seat}")
            new |= (name, seat, there) not in self.known
            self.known.add((name, seat, there))
        box = box_of(step)
        if box is not None:
            if not _said(box, self.made.order):
                return StepVerdict(False, "the boxed order is not the solution")
            self.answered = new = True
        return StepVerdict(True) if new else StepVerdict(None, "says nothing new of a seat")


def _statements(step: str) -> list[tuple[str, int, bool]]:
    """(name, seat, whether there) of every statement in a step."""
    found = []
    for part in re.split(r"[.;\n]", step[:LONGEST_STEP]):
        if _MAYBE.search(part):
            continue
        spans: list[tuple[int, int]] = []
        for match in _PERSON.finditer(part):
            found.append((match[1].capitalize(), int(match[3]), _NOT.search(match[2]) is None))
            spans.append(match.span())
        for match in _SEAT.finditer(part):
            # `Ada: seat 2, Ben: seat 3` is no statement of seat 2 and Ben
            if not any(a < match.end() and match.start() < b for a, b in spans):
                found.append((match[3].capitalize(), int(match[1]), _NOT.search(match[2]) is None))
    return found
