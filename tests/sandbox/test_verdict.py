"""Honest code gets its verdict, and what is said about failures is of use."""

from typing import Any

import pytest

from thinkharder.sandbox import Limits, Sandbox, TestSuite, call_function, matrix, run_tests

GOOD = "def f(x): return x + 1"
BAD = "def f(x): return x - 1"


async def test_canonical_solutions_pass(sandbox: Sandbox, human_eval: list[dict[str, Any]]) -> None:
    for problem in human_eval[:20]:
        suite = TestSuite.from_check(problem["test"], problem["entry_point"], problem["prompt"])
        report = await run_tests(sandbox, problem["prompt"] + problem["canonical_solution"], suite)
        assert report.verdict, (problem["task_id"], report)


async def test_empty_solutions_fail(sandbox: Sandbox, human_eval: list[dict[str, Any]]) -> None:
    for problem in human_eval[:10]:
        suite = TestSuite.from_check(problem["test"], problem["entry_point"], problem["prompt"])
        report = await run_tests(sandbox, problem["prompt"] + "    return None\n", suite)
        assert not report.verdict, problem["task_id"]


async def test_partial_credit_with_reasons(sandbox: Sandbox) -> None:
    report = await run_tests(
        sandbox, GOOD, ["assert f(1) == 2", "assert f(1) == 3", "assert g(1)", "1 / 0", "nope ("]
    )
    assert [outcome.passed for outcome in report.outcomes] == [True, False, False, False, False]
    assert (report.passed, report.total, report.verdict) == (1, 5, False)
    assert "f(1) returned 2" in report.outcomes[1].reason
    assert "AssertionError" in report.outcomes[1].reason
    assert "'g'" in report.outcomes[2].reason
    assert "ZeroDivisionError" in report.outcomes[3].reason
    assert "SyntaxError" in report.outcomes[4].reason


async def test_no_tests_are_no_verdict(sandbox: Sandbox) -> None:
    report = await run_tests(sandbox, GOOD, [])
    assert (report.total, report.verdict) == (0, False)


async def test_expected_exceptions_are_told_apart(sandbox: Sandbox) -> None:
    code = "def f(x):\n    if x < 0:\n        raise ValueError('negative')\n    return {}[x]"
    expects = "try:\n    f({x})\nexcept {kind}:\n    pass\nelse:\n    raise AssertionError"
    cases = [(-1, "ValueError"), (1, "KeyError"), (1, "ValueError"), (1, "LookupError")]
    report = await run_tests(sandbox, code, [expects.format(x=x, kind=kind) for x, kind in cases])
    assert [outcome.passed for outcome in report.outcomes] == [True, True, False, True], report


async def test_own_exceptions_come_as_the_builtin_below_them(process_sandbox: Sandbox) -> None:
    code = "class Mine(ValueError): pass\ndef f(x): raise Mine('a')"
    test = "try:\n    f(1)\nexcept ValueError as error:\n    assert str(error) == 'a'"
    assert (await run_tests(process_sandbox, code, [test])).verdict


async def test_arguments_changed_in_place_are_changed(process_sandbox: Sandbox) -> None:
    code = "def f(x, y=None):\n    x.reverse()\n    x.append(len(x))"
    tests = ["x = [1, 2]\nf(x)\nassert x == [2, 1, 2]", "assert f([], y={1: 2}) is None"]
    assert (await run_tests(process_sandbox, code, tests)).verdict


async def test_values_modules_and_helpers_of_the_code_are_there(sandbox: Sandbox) -> None:
    code = "import math\nLIMIT = 3\ndef helper(x): return x * 2\ndef f(x): return helper(x) + math.pi"
    tests = [
        "assert math.isclose(f(1), helper(1) + math.pi)",
        "assert LIMIT == 3",
        "assert helper(LIMIT) == 6",
    ]
    assert (await run_tests(sandbox, code, tests)).verdict


async def test_what_the_setup_defines_is_not_the_candidates(sandbox: Sandbox) -> None:
    suite = TestSuite(("assert same(f(1), 2)",), setup="def same(a, b):\n    return a == b")
    cheat = "def same(a, b): return True\ndef abs(x): return 0\ndef f(x): return 5"
    assert not (await run_tests(sandbox, cheat, suite)).verdict
    assert not (await run_tests(sandbox, cheat, ["assert abs(f(1) - 2) < 1"])).verdict
    assert (await run_tests(sandbox, GOOD, suite)).verdict


async def test_a_broken_setup_is_named(sandbox: Sandbox) -> None:
    report = await run_tests(sandbox, GOOD, TestSuite(("assert f(1) == 2",), setup="1 / 0"))
    assert not report.verdict
    assert "setup" in report.outcomes[0].reason


async def test_whole_programs_by_their_output(sandbox: Sandbox) -> None:
    code = "n = int(input())\nfor i in range(n):\n    print(i, end=' ')\nprint()"
    pairs = [("3\n", "0 1 2\n"), ("2", "0 1\n\n"), ("2\n", "0 2\n"), ("x\n", "")]
    report = await run_tests(sandbox, code, pairs)
    assert [outcome.passed for outcome in report.outcomes] == [True, True, False, False]
    assert "printed" in report.outcomes[2].reason
    assert "ValueError" in report.outcomes[3].reason
    report = await run_tests(sandbox, "print(1)\nraise ValueError", [("", "1")])
    assert not report.verdict


async def test_prints_do_not_disturb(sandbox: Sandbox) -> None:
    code = "print('loading')\ndef f(x):\n    print('a' * 100000)\n    return x + 1"
    assert (await run_tests(sandbox, code, ["assert f(1) == 2"])).verdict


async def test_the_main_part_does_not_run(process_sandbox: Sandbox) -> None:
    code = GOOD + "\nif __name__ == '__main__':\n    raise SystemExit(1)"
    assert (await run_tests(process_sandbox, code, ["assert f(1) == 2"])).verdict


async def test_a_matrix_of_codes_and_tests(sandbox: Sandbox) -> None:
    tests = ["assert f(1) == 2", "assert f(1) == 0", "assert f(1) < 5"]
    found = await matrix(sandbox, [GOOD, BAD, GOOD, "def f(x: return"], tests)
    assert found == [[True, False, True], [False, True, True], [True, False, True], [False, False, False]]


async def test_equal_behaviour(sandbox: Sandbox) -> None:
    inputs = [(3,), (0,), (-1,)]
    one = await call_function(
        sandbox, "def f(n): return [i * 1.0 for i in range(n)]\nx = 1 // 1", "f", inputs
    )
    two = await call_function(
        sandbox,
        "def f(n):\n    y = []\n    for i in range(n):\n        y.append(i)\n    return y",
        "f",
        inputs,
    )
    assert one == two
    assert [outcome.value for outcome in one] == ["[0,1,2]", "[]", "[]"]
    failing = await call_function(sandbox, "def f(n): return 1 // n", "f", inputs)
    assert [outcome.error for outcome in failing] == [None, "ZeroDivisionError", None]
    missing = await call_function(sandbox, "def g(n): return n", "f", inputs)
    assert all("no such function" in str(outcome.error) for outcome in missing)
    broken = await call_function(sandbox, "1 / 0", "f", inputs)
    assert all(outcome.value is None and outcome.error for outcome in broken)


async def test_an_endless_call_leaves_the_others(sandbox: Sandbox) -> None:
    code = "def f(n):\n    while n == 1:\n        pass\n    return n"
    outcomes = await call_function(
        sandbox, code, "f", [(0,), (1,), (2,), (3,)], Limits(wall_seconds=3, cpu_seconds=3)
    )
    assert [outcome.value for outcome in outcomes] == ["0", None, "2", "3"]


@pytest.mark.parametrize("count", [200])
async def test_many_calls_are_cheap(sandbox: Sandbox, count: int) -> None:
    tests = [f"assert f({i}) == {i + 1}" for i in range(count)]
    report = await run_tests(sandbox, GOOD, tests)
    assert report.passed == count
