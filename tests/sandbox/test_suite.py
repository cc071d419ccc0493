"""Tests are split, named and taken apart without being run."""

import pytest

from thinkharder.core.errors import BadOption
from thinkharder.sandbox.stubs import stub_of, with_stub
from thinkharder.sandbox.suite import TestSuite, free_names

CHECK = """
import math
LIMIT = 3
def check(candidate):
    "words"
    assert candidate(1) == 2, "one"
    assert math.isclose(candidate(LIMIT), 4)
    assert True, "nothing"
"""
STUB = '''
from typing import List

def helper(x: int) -> int:
    """Helps."""
    return x + 1

def todo(x: int) -> int:
    """Not there yet."""

def f(x: int) -> List[int]:
    """Does it.
    >>> f(1)
    [1]
    """
'''


def test_a_check_of_plain_asserts_is_split() -> None:
    suite = TestSuite.from_check(CHECK, "f", STUB)
    assert suite.asserts == ("assert candidate(1) == 2, 'one'", "assert math.isclose(candidate(LIMIT), 4)")
    assert len(suite) == 2
    for line in ("import math", "LIMIT = 3", "candidate = f", "from typing import List", "return x + 1"):
        assert line in suite.setup
    assert "def check" not in suite.setup
    assert "def todo" not in suite.setup
    assert free_names(suite.asserts, suite.setup) == ["f"]


def test_any_other_check_is_one_test() -> None:
    suite = TestSuite.from_check("def check(c):\n    for i in range(3):\n        assert c(i) == i", "f")
    assert suite.asserts == ("check(f)",)
    assert free_names(suite.asserts, suite.setup) == ["f"]


@pytest.mark.parametrize("source", ["", "def check(): pass", "def other(c): pass", "def check(c"])
def test_no_check_is_said_so(source: str) -> None:
    with pytest.raises(BadOption):
        TestSuite.from_check(source, "f")


def test_suites_from_sequences() -> None:
    assert TestSuite.of(["assert f(1)"]).asserts == ("assert f(1)",)
    assert TestSuite.of([("1\n", "2\n")]).io == (("1\n", "2\n"),)
    assert TestSuite.of(['{"stdin": "1", "stdout": "2"}', "{}"]) == TestSuite(("{}",), io=(("1", "2"),))
    suite = TestSuite(("assert 1",))
    assert TestSuite.of(suite) is suite
    with pytest.raises(BadOption, match="one string"):
        TestSuite.of("assert f(1)")


def test_free_names_are_the_candidates() -> None:
    assert free_names(["assert f(g(1)) == len([x for x in h])"]) == ["f", "g", "h"]
    assert free_names(["import math\nassert math.pi == f()"]) == ["f"]
    assert free_names(["assert f(1)", "not python ("]) == ["f"]
    assert free_names(["assert helper(f(1))"], "def helper(x):\n    return other(x)") == ["f", "other"]
    assert free_names(["def local():\n    return f(1)\nassert local()"]) == ["f"]
    assert free_names(["try:\n    f()\nexcept ValueError as e:\n    print(e)"]) == ["f"]


def test_the_stub_is_found_in_a_problem() -> None:
    assert stub_of(STUB) == STUB
    assert stub_of(f"Complete this:\n```python\n{STUB}```\nThank you.").strip() == STUB.strip()
    assert stub_of(f"Complete the function below.\n\n{STUB.strip()}") == STUB.strip()
    assert stub_of("Write a function that adds two numbers.") == ""


def test_code_is_completed_by_what_it_was_shown() -> None:
    code = "def f(x: int) -> List[int]:\n    return [helper(x)]"
    namespace: dict[str, object] = {}
    exec(with_stub(code, STUB), namespace)  # our own text
    assert namespace["f"](1) == [2]  # type: ignore[operator]
    own = "def helper(x): return 0\n" + code
    assert "return x + 1" not in with_stub(own, STUB)
    future = "from __future__ import annotations\n" + code
    exec(with_stub(future, STUB), namespace)
    assert namespace["f"](1) == [2]  # type: ignore[operator]
    assert with_stub("not python (", STUB) == "not python ("
    assert with_stub("x = 1", "Say x.") == "x = 1"
