"""The verifier `tests`: pass or fail by the problem's own tests, with partial credit told."""

import pytest

from thinkharder.core.errors import BadOption, SandboxUnavailable
from thinkharder.core.protocols import Effort, Verifier
from thinkharder.core.registry import build, spec_of
from thinkharder.core.types import Candidate, Problem
from thinkharder.sandbox import detect
from thinkharder.verifiers.tests import Tests

pytestmark = pytest.mark.skipif(not any(d.works for d in detect()), reason="no sandbox works here")

TESTS = ("assert f(1) == 2", "assert f(2) == 3", "assert f(0) == 1", "assert f(-1) == 0")
PROBLEM = Problem.of("Write a function f that adds 1 to a number.", public_tests=TESTS)


class NoSampler:
    """Fails when asked: this verifier calls no model."""


def candidate(text: str, **fields: object) -> Candidate:
    return Candidate("c", text, **fields)  # type: ignore[arg-type]


def block(code: str) -> Candidate:
    return candidate(f"Here it is:\n```python\n{code}\n```\nIt adds 1.")


async def scores(
    problem: Problem, *candidates: Candidate, **options: object
) -> list[tuple[float | None, str]]:
    verifier = Tests(**options)  # type: ignore[arg-type]
    found = await verifier.score(problem, candidates, NoSampler())  # type: ignore[arg-type]
    return [(score.value, score.note) for score in found]


async def test_pass_fail_and_abstention() -> None:
    found = await scores(
        PROBLEM,
        block("def f(x):\n    return x + 1"),
        block("def f(x):\n    return abs(x) + 1"),
        block("def g(x):\n    return x + 1"),
        candidate("I do not know."),
        block("import sys\nprint('passed')\nsys.exit(0)"),
        block("class E:\n    def __eq__(self, other): return True\ndef f(x): return E()"),
    )
    assert [value for value, _ in found] == [1.0, 0.0, 0.0, None, 0.0, 0.0]
    assert found[0][1] == "4 of 4 tests passed"
    assert found[1][1].startswith("3 of 4 tests passed; assert f(-1) == 0: ")
    assert "f(-1) returned 2" in found[1][1]
    assert found[2][1].startswith("0 of 4 tests passed")
    assert "no Python" in found[3][1]


async def test_without_tests_it_abstains() -> None:
    found = await scores(Problem.of("Write f."), block("def f(x): return x"))
    assert found[0][0] is None
    assert "no public tests" in found[0][1]


async def test_programs_by_their_output() -> None:
    problem = Problem.of("Double the number.", public_tests=('{"stdin": "2\\n", "stdout": "4\\n"}',))
    found = await scores(problem, block("print(int(input()) * 2)"), block("print(int(input()) + 3)"))
    assert [value for value, _ in found] == [1.0, 0.0]
    assert "printed '5\\n'" in found[1][1]


async def test_what_the_problem_shows_is_there() -> None:
    text = (
        "Complete this function.\n```python\nfrom typing import List\n\ndef twice(x: int) -> int:\n    return 2 * x\n\n"
        'def f(x: int) -> List[int]:\n    """Doubles."""\n```'
    )
    problem = Problem.of(text, public_tests=("assert f(2) == [4]",))
    found = await scores(problem, block("def f(x: int) -> List[int]:\n    return [twice(x)]"))
    assert found[0][0] == 1.0


async def test_an_endless_candidate_fails_in_time() -> None:
    found = await scores(PROBLEM, block("def f(x):\n    while True:\n        pass"), wall_seconds=1.0)
    assert found[0][0] == 0.0


async def test_no_sandbox_is_an_error_and_no_score(monkeypatch: pytest.MonkeyPatch) -> None:
    def none(name: str = "auto") -> object:
        raise SandboxUnavailable("no sandbox works here")

    monkeypatch.setattr("thinkharder.sandbox.choose", none)
    with pytest.raises(SandboxUnavailable):
        await scores(PROBLEM, block("def f(x): return x"))


def test_it_is_known_by_its_name() -> None:
    made = build("verifier", "tests:wall_seconds=3")
    assert isinstance(made, Tests)
    assert isinstance(made, Verifier)
    assert str(spec_of(made)).startswith("tests")
    assert (made.name, made.logprobs, made.joint, made.effort(10, 10)) == ("tests", None, False, Effort())


@pytest.mark.parametrize("options", [{"wall_seconds": 0.0}, {"wall_seconds": 1e9}, {"memory_mb": 1}])
def test_senseless_options_are_refused(options: dict[str, float]) -> None:
    with pytest.raises(BadOption):
        Tests(**options)  # type: ignore[arg-type]
