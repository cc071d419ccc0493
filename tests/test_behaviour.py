"""Programs are one answer where they behave alike on the problem's own inputs."""

import pytest

from thinkharder import assemble
from thinkharder.api import Options, solve
from thinkharder.behaviour import behaviour_of, calls
from thinkharder.core.types import Problem
from thinkharder.models.toy import toy_model

TESTS = (
    "assert add(1, 2) == 3",
    "assert add(-1, 1) == 0",
    "assert add([1], [2]) == [1, 2]",
    "assert add(1, 2) != x",
)
PLUS, SUM = (
    "def add(a, b):\n    return a + b",
    "def add(x, y):\n    total = x\n    total = total + y\n    return total",
)
MINUS, BROKEN = "def add(a, b):\n    return a - b", "def add(a, b):\n    return undefined"


def test_inputs_come_from_the_asserts_each_once() -> None:
    assert calls(TESTS) == ("add", [(1, 2), (-1, 1), ([1], [2])])
    assert calls(["assert f(g(1)) == 2", "not python ("]) == ("g", [(1,)])
    assert calls([]) == ("", [])


async def test_equal_behaviour_is_equality() -> None:
    behaves = behaviour_of(Problem.of("Write add.", answer_type="code", public_tests=TESTS))
    if behaves is None:
        pytest.skip("no sandbox works here")
    assert await behaves(PLUS, SUM)
    assert not await behaves(PLUS, MINUS)
    assert not await behaves(PLUS, BROKEN)
    assert await behaves(BROKEN, BROKEN)


async def test_programs_vote_by_behaviour() -> None:
    texts = [f"```python\n{code}\n```" for code in (PLUS, MINUS, SUM)]
    model = toy_model("scripted(texts=[a])")
    model.source = type(model.source)(texts=tuple(texts))  # type: ignore[call-arg]
    problem = Problem.of("Write add.", answer_type="code", public_tests=TESTS)
    if behaviour_of(problem) is None:
        pytest.skip("no sandbox works here")
    result = await solve(problem, model=model, strategy="self-consistency:n=3", options=Options(seed=1))
    assert [v.votes for v in result.votes] == [2, 1]


def test_a_stubs_docstring_gives_the_public_tests() -> None:
    stub = 'def add(a, b):\n    """Add.\n    >>> add(1, 2)\n    3\n    """\n'
    assert assemble.build_problem(stub).public_tests == ("assert add(1, 2) == 3",)
    assert assemble.build_problem(f"Complete it.\n```python\n{stub}```").public_tests == (
        "assert add(1, 2) == 3",
    )
    assert assemble.build_problem("What is 1 + 1?").public_tests == ()
