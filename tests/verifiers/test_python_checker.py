"""A user's own checker: what it may return, what it may do wrong, and how it is found."""

import asyncio
import math
import sys
import threading
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from tests.verifiers.fakes import PROBLEM, FakeSampler, candidate, candidates
from thinkharder.core import registry
from thinkharder.core.errors import BadOption, VerifierError
from thinkharder.core.protocols import Verifier
from thinkharder.core.types import Candidate, Problem, Score
from thinkharder.verifiers import FunctionChecker, PythonChecker, build
from thinkharder.verifiers.python_checker import as_score, load

SAMPLER = FakeSampler(lambda text, draw: "never asked")

MODULE = """
import asyncio, time

def right(problem, candidate):
    return "42" in candidate.text

async def slow_right(problem, candidate):
    await asyncio.sleep(0.001)
    return 0.5

class Checks:
    @staticmethod
    def inner(problem, candidate):
        return 1

class Object:
    async def __call__(self, problem, candidate):
        return 0.25

instance = Object()
number = 3

def broken(problem, candidate):
    raise KeyError("gold")

def one_argument(candidate):
    return 1

def later(problem, candidate):
    import sibling_of_my_checks
    return sibling_of_my_checks.VALUE

def hangs(problem, candidate):
    time.sleep(30)

async def hangs_async(problem, candidate):
    await asyncio.sleep(30)

def times_out_itself(problem, candidate):
    raise TimeoutError("the database")

def exits(problem, candidate):
    raise SystemExit(3)
"""


@pytest.fixture(autouse=True)
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    (tmp_path / "my_checks.py").write_text(MODULE)
    (tmp_path / "sibling_of_my_checks.py").write_text("VALUE = 0.75\n")
    (tmp_path / "needs_more.py").write_text("import surely_not_installed\n")
    (tmp_path / "raises.py").write_text("raise RuntimeError('at import')\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    load.cache_clear()
    yield
    load.cache_clear()
    for name in ("my_checks", "sibling_of_my_checks", "needs_more", "raises"):
        sys.modules.pop(name, None)


async def value(name: str, text: str = "It is 42.", **options: float) -> float | None:
    checker = PythonChecker(f"my_checks:{name}", **options)  # type: ignore[arg-type]
    (score,) = await checker.score(PROBLEM, [candidate(text)], SAMPLER)
    return score.value


# ---- finding it ------------------------------------------------------------------------------------------------------


def test_the_spec_names_module_and_function() -> None:
    checker = build("python:my_checks:right")
    assert isinstance(checker, Verifier)
    assert checker.name == "python:my_checks:right"
    assert build('python("my_checks:right", timeout=5)') == PythonChecker("my_checks:right", timeout=5.0)
    assert registry.build("verifier", str(registry.spec_of(checker))) == checker


@pytest.mark.parametrize(
    ("target", "says"),
    [
        ("my_checks", "python:MODULE:FUNCTION"),
        ("my_checks:", "python:MODULE:FUNCTION"),
        ("my_checks:a b", "python:MODULE:FUNCTION"),
        ("no_such_module:f", "no module 'no_such_module'"),
        ("my_checks:no_such", "has no 'no_such'"),
        ("my_checks:number", "int, not a function"),
        ("my_checks:one_argument", r"must take \(problem, candidate\)"),
        ("needs_more:f", "'surely_not_installed', which is not installed"),
        ("raises:f", "RuntimeError: at import"),
    ],
)
def test_what_cannot_be_loaded_is_refused_at_once(target: str, says: str) -> None:
    with pytest.raises(BadOption, match=says):
        PythonChecker(target)


@pytest.mark.parametrize(
    ("name", "expected"), [("right", 1.0), ("slow_right", 0.5), ("Checks.inner", 1.0), ("instance", 0.25)]
)
async def test_functions_coroutines_methods_and_objects(name: str, expected: float) -> None:
    assert await value(name) == expected


async def test_what_it_imports_later_is_found_too() -> None:
    assert await value("later") == 0.75


async def test_a_plain_function_becomes_a_verifier() -> None:
    def mine(problem: Problem, candidate: Candidate) -> float:
        return 0.3

    checker = build(mine)
    assert isinstance(checker, FunctionChecker)
    assert "mine" in checker.name
    assert [s.value for s in await checker.score(PROBLEM, candidates("a", "b"), SAMPLER)] == [0.3, 0.3]
    with pytest.raises(BadOption, match="neither a Verifier"):
        build(7)


async def test_an_entry_point_may_name_a_function(monkeypatch: pytest.MonkeyPatch) -> None:
    class Entry:
        def load(self) -> object:
            def length(problem: Problem, candidate: Candidate) -> float:
                return len(candidate.text) / 10

            return length

    monkeypatch.setattr(registry, "_plugins", lambda kind: {"length": Entry()} if kind == "verifier" else {})
    monkeypatch.setitem(registry._factories, "verifier", dict(registry._factories["verifier"]))
    checker = build("length")
    assert checker.name == "length"
    (score,) = await checker.score(PROBLEM, [candidate("abc")], SAMPLER)
    assert score.value == 0.3


# ---- what it says ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (True, 1.0),
        (False, 0.0),
        (None, None),
        (0, 0.0),
        (1, 1.0),
        (0.25, 0.25),
        (Fraction(1, 4), 0.25),
        (np.float32(0.5), 0.5),
        (np.bool_(True), 1.0),
        (np.array(0.5), 0.5),
        (Score(0.4, "because", (0.1,)), 0.4),
        (Score(None, "unsure"), None),
    ],
)
def test_values(said: object, expected: float | None) -> None:
    found = as_score(said, "m:f")
    assert found.value == expected
    if isinstance(said, Score):
        assert (found.note, found.steps) == (said.note, said.steps)


@pytest.mark.parametrize(
    "said", [1.5, -0.1, 7, math.nan, math.inf, Score(2.0), "0.5", [1], np.array([0.5]), object()]
)
def test_anything_else_is_an_error_that_names_it(said: object) -> None:
    with pytest.raises(VerifierError, match="m:f returned"):
        as_score(said, "m:f")


# ---- what it does wrong ----------------------------------------------------------------------------------------------


async def test_exceptions_carry_the_functions_name() -> None:
    with pytest.raises(VerifierError, match="my_checks:broken raised KeyError on candidate 'c0': 'gold'"):
        await value("broken")
    with pytest.raises(VerifierError, match=r"my_checks:exits raised RuntimeError.*SystemExit"):
        await value("exits")
    with pytest.raises(VerifierError, match="raised TimeoutError: the database"):
        await value("times_out_itself")


@pytest.mark.parametrize("name", ["hangs", "hangs_async"])
async def test_the_time_out_holds(name: str) -> None:
    began = time.monotonic()
    with pytest.raises(VerifierError, match=rf"my_checks:{name} took more than 0.05 s"):
        await value(name, timeout=0.05)
    assert time.monotonic() - began < 5


def test_a_thread_that_hangs_does_not_hold_up_the_exit() -> None:
    began = time.monotonic()
    with pytest.raises(VerifierError):
        asyncio.run(value("hangs", timeout=0.05))
    assert time.monotonic() - began < 5


async def test_at_most_so_many_run_at_a_time() -> None:
    running, most, lock = 0, 0, threading.Lock()

    def busy(problem: Problem, candidate: Candidate) -> bool:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.01)
        with lock:
            running -= 1
        return True

    pool = candidates(*"abcdefghij")
    assert all(s.value == 1.0 for s in await FunctionChecker(busy, parallel=3).score(PROBLEM, pool, SAMPLER))
    assert 2 <= most <= 3


async def test_scores_come_in_the_candidates_order() -> None:
    async def staggered(problem: Problem, candidate: Candidate) -> float:
        await asyncio.sleep(0.02 - 0.002 * candidate.draw)
        return candidate.draw / 10

    scores = await FunctionChecker(staggered).score(PROBLEM, candidates(*"abcdefg"), SAMPLER)
    assert [s.value for s in scores] == [i / 10 for i in range(7)]


def test_bad_options_are_refused() -> None:
    for options in ({"timeout": 0.0}, {"timeout": math.inf}, {"parallel": 0}):
        with pytest.raises(BadOption):
            PythonChecker("my_checks:right", **options)
