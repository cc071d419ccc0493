"""Step checkers: what they call right, wrong and neither; and that right steps, followed to the end, solve every problem."""

from collections.abc import Sequence
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thinkharder.core.types import Problem
from thinkharder.tasks import Item, StepChecker, Task, load_task, split_steps
from thinkharder.tasks.arithmetic import ArithmeticSteps, Line, Values
from thinkharder.tasks.countdown import CountdownSteps
from thinkharder.tasks.countdown_rules import Goal, reachable, solves
from thinkharder.tasks.equations import expression, value
from thinkharder.tasks.puzzle import Clue, Seating, SeatingSteps

TASKS = (
    "arithmetic(n=40, steps=[1, 5, 12], distractors=3)",
    "countdown(n=40, numbers=[2, 3, 4, 5])",
    "countdown(n=20, numbers=[4], every=false, target=999)",
    "seating(n=20, people=[3, 5])",
)
SUM = Item(
    "sum",
    Problem.of("b = 3 + 4, c = b * 2, d = c - 1"),
    "14",
    hidden=Values(
        (Line("b", "3", "+", "4"), Line("c", "b", "*", "2"), Line("d", "c", "-", "1")),
        {"b": 7, "c": 14, "d": 13},
        ("b", "c"),
    ),
)
REACH = Item("reach", Problem.of("reach 59"), hidden=Goal((8, 7, 3), 59, True))
SEATS = Item(
    "seats",
    Problem.of("who sits where"),
    "Ben, Ada, Cleo",
    hidden=Seating(("Ben", "Ada", "Cleo"), (Clue("not-at", "Ada", seat=1), Clue("left", "Ben", "Cleo"))),
)


def verdicts(checker: StepChecker, item: Item, *steps: str) -> list[bool | None]:
    """The verdicts alone."""
    return [verdict.right for verdict in checker.check(item, steps)]


def checker_of(task: Task) -> StepChecker:
    """The task's step checker."""
    assert task.steps is not None
    return task.steps


@pytest.mark.parametrize("spec", TASKS)
async def test_right_steps_lead_to_the_answer(spec: str) -> None:
    task = load_task(spec)
    checker = checker_of(task)
    for item in task:
        steps: list[str] = []
        while (step := checker.proceed(item, steps)) is not None:
            steps.append(step)
            assert len(steps) < 40
        assert all(verdict.right for verdict in checker.check(item, steps)), steps
        assert await task.right(item, "\n".join(steps)) == 1.0
        assert all(verdict.right for verdict in checker.check(item, split_steps(item.solution or "")))


@pytest.mark.parametrize("spec", TASKS)
@given(data=st.data())
async def test_prefixes_are_judged_alike(spec: str, data: st.DataObject) -> None:
    """A step's verdict depends on the steps before it alone; behind a wrong one none is right."""
    task = load_task(spec)
    checker = checker_of(task)
    item = data.draw(st.sampled_from(task.items))
    right = split_steps(item.solution or "")
    junk = ["Hm.", "8 * 7 = 56", "b = 1 = 1", "Ada: seat 1", "2 + 2 = 5", "\\boxed{1}", "1 - 1 = 0", *right]
    steps = data.draw(st.lists(st.sampled_from(junk), max_size=7))
    found = checker.check(item, steps)
    for end in range(len(steps) + 1):
        assert checker.check(item, steps[:end]) == found[:end]
    said = [verdict.right for verdict in found]
    if False in said:
        assert set(said[said.index(False) :]) == {False}
        assert checker.proceed(item, steps) is None


@given(st.text(max_size=200), st.sampled_from(["arithmetic", "countdown", "seating"]))
def test_no_text_breaks_a_checker(text: str, name: str) -> None:
    task = load_task(f"{name}:n=1")
    checker = checker_of(task)
    assert len(checker.check(task.items[0], [text, f"({text}) = 3"])) == 2


@pytest.mark.parametrize(
    "text", ["(" * 5000 + "1 = 1", "1" * 5000 + " = 1", "1+" * 3000 + "1 = 2", "-" * 4000, "\\boxed{" * 900]
)
def test_long_texts_are_cheap(text: str) -> None:
    for checker, item in ((ArithmeticSteps(), SUM), (CountdownSteps(), REACH), (SeatingSteps(), SEATS)):
        assert isinstance(checker, StepChecker)
        assert len(checker.check(item, [text] * 20)) == 20


@pytest.mark.parametrize(
    ("steps", "wanted"),
    [
        (["b = 3 + 4 = 7", "c = b * 2 = 7 * 2 = 14", "\\boxed{14}"], [True, True, True]),
        (["b = 7. So c = 14."], [True]),
        (["1. b = $3 + 4 = 7$", "- c = 7 \\times 2 = 14"], [True, True]),
        (["b = 3 + 4 = 8", "b = 3 + 4 = 7"], [False, False]),
        (["c = 8 * 2 = 16"], [False]),
        (["c = b * 2 = 8 * 2 = 16"], [False]),
        (["Let me think.", "b = 3 + 4", "b = 7", "b = 7"], [None, None, True, None]),
        (["d = 13"], [True]),
        (["7 * 2 = 14"], [True]),
        (["7 * 2 = 15"], [False]),
        (["\\boxed{13}"], [False]),
        (["b = 7 and \\boxed{14}"], [True]),
        (["b = 7 / 0 = 7"], [False]),
        (["b is seven"], [None]),
        ([""], [None]),
    ],
)
def test_arithmetic(steps: Sequence[str], wanted: Sequence[bool | None]) -> None:
    assert verdicts(ArithmeticSteps(), SUM, *steps) == wanted


@pytest.mark.parametrize(
    ("steps", "wanted"),
    [
        (["8 * 7 = 56", "56 + 3 = 59", "\\boxed{8 * 7 + 3}"], [True, True, True]),
        (["8 × 7 = 56 (left: 56, 3)", "3 + 56 = 59"], [True, True]),
        (["7 * 8 = 56, then 56 + 3 = 59"], [True]),
        (["8 * 7 = 54"], [False]),
        (["8 + 7 = 15", "15 * 3 = 45"], [False, False]),
        (["8 * 9 = 72"], [False]),
        (["8 * 7 = 56", "8 * 7 = 56"], [True, None]),
        (["8 * 7 = 56", "8 + 3 = 11"], [True, False]),
        (["8 * 7 + 3 = 59"], [True]),
        (["8 * 7 = 56", "8 * 7 + 3 = 59", "56 + 3 = 59"], [True, True, True]),
        (["3 - 7 = -4"], [False]),
        (["8 / 3 = 8/3"], [False]),
        (["I try products first."], [None]),
        (["\\boxed{59}"], [False]),
        (["\\boxed{8 * 7 + 3 + 0}"], [False]),
        (["59 = 8 * 7 + 3"], [True]),
    ],
)
def test_countdown(steps: Sequence[str], wanted: Sequence[bool | None]) -> None:
    assert verdicts(CountdownSteps(), REACH, *steps) == wanted


def test_a_calculation_may_be_made_twice_where_its_numbers_are_there_twice() -> None:
    item = Item("twice", Problem.of("reach 16"), hidden=Goal((2, 2, 2, 2), 16, True))
    assert verdicts(CountdownSteps(), item, "2 * 2 = 4", "2 * 2 = 4", "2 * 2 = 4", "4 * 4 = 16") == [
        True,
        True,
        None,
        True,
    ]


@pytest.mark.parametrize(
    ("steps", "wanted"),
    [
        (["Ada: not seat 3", "Ben: seat 1", "\\boxed{Ben, Ada, Cleo}"], [True, True, True]),
        (["Ada is not in seat 1"], [None]),  # a clue
        (["Ben sits in seat 1, so Ada must be in seat 2."], [True]),
        (["Seat 3 is Cleo."], [True]),
        (["Seat 3: Ben"], [False]),
        (["Cleo isn't in seat 2"], [True]),
        (["Cleo cannot be in seat 3"], [False]),
        (["If Ada is in seat 3, Cleo is in seat 2", "Could Ada be in seat 3?"], [None, None]),
        (["Ada: seat 2", "Ada: seat 2"], [True, None]),
        (["Ada: seat 9"], [False]),
        (["Dan: seat 2"], [False]),
        (["\\boxed{Ada, Ben, Cleo}"], [False]),
        (["Ben is left of Cleo."], [None]),
        (["Ada: seat 2, Ben: seat 1, Cleo: seat 3"], [True]),
        (["Ada: seat 2, Ben: seat 3"], [False]),
    ],
)
def test_seating(steps: Sequence[str], wanted: Sequence[bool | None]) -> None:
    assert verdicts(SeatingSteps(), SEATS, *steps) == wanted


def test_what_can_be_reached_is_what_some_expression_reaches() -> None:
    """The search over states against all expressions of three numbers, written out."""
    for numbers in [(2, 3, 7), (5, 5, 1), (9, 4, 6), (0, 4, 2)]:
        found = set()
        for order in {
            (a, b, c) for a, b, c in product(numbers, repeat=3) if sorted((a, b, c)) == sorted(numbers)
        }:
            for one, two in product("+-*/", repeat=2):
                for text in (
                    f"({order[0]} {one} {order[1]}) {two} {order[2]}",
                    f"{order[0]} {one} ({order[1]} {two} {order[2]})",
                ):
                    node = expression(text)
                    assert node is not None
                    made = value(node, whole=True)
                    if made is not None:
                        found.add(int(made))
                        assert solves(Goal(numbers, int(made), True), node)
        for target in range(200):
            assert reachable(tuple(sorted(numbers)), target, True) == (target in found), (numbers, target)


def test_fewer_numbers_may_do() -> None:
    assert reachable((2, 7, 100), 9, False)
    assert not reachable((2, 7, 100), 9, True)


def test_clues_leave_one_order_and_none_can_be_left_out() -> None:
    from itertools import permutations

    for item in load_task("seating(n=20, people=[3, 4, 5])"):
        made = item.hidden
        orders = list(permutations(sorted(made.order)))
        for without in (None, *made.clues):
            kept = [clue for clue in made.clues if clue is not without]
            count = sum(all(clue.holds(order) for clue in kept) for order in orders)
            assert count == 1 if without is None else count > 1


def test_arithmetic_lines_are_what_they_say() -> None:
    for item in load_task("arithmetic(n=60, steps=[6], distractors=4, digits=3)"):
        made = item.hidden
        known: dict[str, int] = {}
        for line in made.lines:
            left, right = (known[side] if side in known else int(side) for side in (line.left, line.right))
            known[line.name] = (
                left + right if line.op == "+" else left - right if line.op == "-" else left * right
            )
        assert known == made.values
        assert all(0 <= v <= 99_999 for v in known.values())
        needed: set[str] = set()
        asked = [made.needed[-1]]
        while asked:
            name = asked.pop()
            needed.add(name)
            line = next(line for line in made.lines if line.name == name)
            asked += [side for side in (line.left, line.right) if side in known and side not in needed]
        assert set(made.needed) == needed
        assert len(made.lines) == 10
