"""CodeT: which asserts are taken from a reply, who agrees with whom, and real runs in the sandbox."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.verifiers.fakes import FakeSampler, candidate, candidates
from thinkharder.core.errors import BadOption, SandboxUnavailable, ServerError
from thinkharder.core.protocols import Verifier
from thinkharder.core.types import Message, Problem
from thinkharder.sandbox import choose
from thinkharder.verifiers import CodeT, build
from thinkharder.verifiers.codet import agreement, asserts_in, entry_point, programs

STUB = 'Complete this function.\n\ndef add(a, b):\n    """Add a and b.\n    >>> add(1, 2)\n    3\n    """\n'
PROBLEM = Problem((Message("user", STUB),), answer_type="code")


def program(body: str, name: str = "add") -> str:
    return f"Here you are:\n```python\ndef {name}(a, b):\n    {body}\n```\n"


RIGHT, ALSO_RIGHT = program("return a + b"), program("return b + a")
WRONG, CRASH = program("return a - b"), program("raise ValueError")


def sandbox_works() -> bool:
    try:
        choose()
    except SandboxUnavailable:
        return False
    return True


needs_sandbox = pytest.mark.skipif(not sandbox_works(), reason="no sandbox works on this machine")

# ---- asserts ---------------------------------------------------------------------------------------------------------


def test_asserts_are_taken_from_prose_fences_and_cut_ends() -> None:
    reply = """Sure:
```python
assert add(1, 2) == 3, "adds"
assert add(
    -1,
    1,
) == 0
    assert add(2, 2) == 4
assert add(1,2)==3
```
>>> assert add(0, 0) == 0
assert add(5, 5) =="""
    assert asserts_in(reply, "add") == [
        "assert add(1, 2) == 3",
        "assert add(-1, 1) == 0",
        "assert add(2, 2) == 4",
        "assert add(0, 0) == 0",
    ]


@pytest.mark.parametrize(
    "line",
    [
        "assert True",
        "assert other(1) == 2",
        "assert add(1, 2) == add(1, 2)",
        "assert (add(1, 2), 3)",
        "assert __import__('os').system('true') == 0 or add(1, 2)  # " + "x" * 2000,
        "assert add(x, 2) == 3",
        "assert os.getcwd() and add(1, 2) == 3",
        "assert add(1, 2) == 3; import os",
        "assert add is not None",
        "assertion add(1, 2) == 3",
        "assert " + "(" * 200 + "add(1, 2)" + ")" * 200,
        "assert add(1, 2) == \x00",
    ],
)
def test_unusable_asserts_are_dropped(line: str) -> None:
    assert asserts_in(line, "add") == []


@given(st.text(), st.text(alphabet="assert ad(),=1[]\n"))
def test_no_reply_harms_the_reader(noise: str, near: str) -> None:
    for test in asserts_in(f"{noise}\n{near}\nassert add(1, 1) == 2\n", "add"):
        assert test.startswith("assert ")


# ---- agreement -------------------------------------------------------------------------------------------------------


def test_agreement_by_hand() -> None:
    passed = [[True, True, False], [True, True, False], [False, False, True], [False, False, False]]
    values = [score.value for score in agreement(passed, 0)]
    assert values == [2 * 2 / 12, 2 * 2 / 12, 1 * 1 / 12, 0.0]


def test_who_passes_all_given_tests_is_above_who_does_not() -> None:
    passed = [[False, True, True], [False, True, True], [True, False, False]]
    scores = [score.value or 0.0 for score in agreement(passed, 1)]
    assert scores[2] > scores[0] == scores[1]
    assert scores[2] == pytest.approx((1 + 1 / 9) / 2)
    assert scores[0] == pytest.approx(4 / 9 / 2)


def test_where_nobody_passes_anything_all_abstain() -> None:
    assert [s.value for s in agreement([[False], [False]], 0)] == [None, None]


MATRICES = st.integers(1, 6).flatmap(
    lambda width: st.lists(st.lists(st.booleans(), min_size=width, max_size=width), min_size=1, max_size=8)
)


@given(MATRICES, st.integers(0, 2), st.randoms())
def test_agreement_is_in_range_and_follows_permutations(
    passed: list[list[bool]], trusted: int, random: object
) -> None:
    trusted = min(trusted, len(passed[0]))
    scores = agreement(passed, trusted)
    order = list(range(len(passed)))
    random.shuffle(order)  # type: ignore[attr-defined]
    assert agreement([passed[i] for i in order], trusted) == [scores[i] for i in order]
    assert all(s.value is None or 0 <= s.value <= 1 for s in scores)
    if not trusted and any(map(any, passed)):
        for row, score in zip(passed, scores, strict=True):
            size = sum(other == row for other in passed)
            assert score.value == pytest.approx(size * sum(row) / (len(passed) * len(row)))


# ---- the verifier ----------------------------------------------------------------------------------------------------


def test_it_is_a_joint_verifier() -> None:
    codet = build("codet(replies=2)")
    assert isinstance(codet, Verifier)
    assert codet.joint
    assert codet.effort(100, 100).calls == 2
    assert codet.effort(100, 100).output_tokens == 1024


def test_the_function_is_found_in_the_problem_or_the_programs() -> None:
    assert entry_point(PROBLEM, []) == "add"
    free = Problem((Message("user", "Write a function that adds."),))
    assert entry_point(free, ["def plus(a, b): return a + b", "def plus(x, y): return y"]) == "plus"
    assert entry_point(free, ["print(1)"]) is None
    tested = Problem((Message("user", "Write it."),), public_tests=("assert total([1]) == 1",))
    assert entry_point(tested, ["def helper(): pass"]) == "total"


def test_programs_are_extracted_or_missing() -> None:
    found = programs(PROBLEM, candidates(RIGHT, "no code here", "```python\ndef add(:\n```"))
    assert found[0] is not None
    assert "return a + b" in found[0]
    assert found[1:] == [None, None]


@needs_sandbox
async def test_the_largest_agreeing_group_wins() -> None:
    texts = ["assert add(1, 2) == 3\nassert add(2, 2) == 4", "assert add(5, 1) == 4\nassert add(0, 7) == 7"]
    sampler = FakeSampler(lambda text, draw: texts[draw % 2])
    pool = candidates(RIGHT, WRONG, ALSO_RIGHT, CRASH, "I do not know.")
    scores = await CodeT(public=False).score(PROBLEM, pool, sampler)
    (call,) = sampler.calls
    assert (call.n, call.kind, call.role) == (5, "judgement", "judge")
    assert "`add`" in call.text
    # four distinct tests; both right programs pass three, the wrong one passes add(5, 1) == 4
    assert [s.value for s in scores] == [
        pytest.approx(6 / 16),
        pytest.approx(1 / 16),
        pytest.approx(6 / 16),
        0.0,
        None,
    ]


@needs_sandbox
async def test_given_examples_are_trusted() -> None:
    problem = Problem((Message("user", STUB),), public_tests=("assert add(1, 2) == 3",))
    sampler = FakeSampler(lambda text, draw: "assert add(9, 1) == 8\nassert add(1, 2) == 3")
    pool = candidates(WRONG, WRONG.replace("a - b", "-b + a"), WRONG.replace("a - b", "(a - b)"), RIGHT)
    scores = [s.value or 0.0 for s in await CodeT().score(problem, pool, sampler)]
    assert scores[3] > max(scores[:3])
    alone = [s.value or 0.0 for s in await CodeT(public=False).score(problem, pool, sampler)]
    assert alone[0] > alone[3]  # by agreement alone the wrong ones would win


@needs_sandbox
async def test_programs_that_read_input_are_run_on_the_given_pairs() -> None:
    pairs = ('{"stdin": "2\\n", "stdout": "4"}', '{"stdin": "3\\n", "stdout": "6"}')
    problem = Problem((Message("user", "Read a number and print its double."),), public_tests=pairs)
    pool = candidates(
        *(f"```python\nprint({body})\n```" for body in ("int(input()) * 2", "int(input()) + 2"))
    )
    sampler = FakeSampler(lambda text, draw: "never asked")
    right, wrong = await CodeT().score(problem, pool, sampler)
    assert sampler.calls == []
    assert right.value == pytest.approx((1 + 2 / 4) / 2)
    assert wrong.value == pytest.approx(1 / 4 / 2)
    mixed = Problem((Message("user", STUB),), public_tests=("assert add(1, 2) == 3", pairs[0]))
    tests = FakeSampler(lambda text, draw: "assert add(4, 4) == 8")
    (score,) = await CodeT().score(mixed, candidates(RIGHT), tests)
    assert score.value == pytest.approx(2 / 3 / 2)  # the asserts pass, the whole program prints nothing
    assert "1 of 2 given ones" in score.note


@needs_sandbox
async def test_programs_that_attack_the_tests_score_nothing() -> None:
    attacks = [
        program("import os; os._exit(0)"),
        program("import sys; sys.exit(0)"),
        program("print('passed'); raise SystemExit(0)"),
        program("\n    class Any:\n        def __eq__(self, other): return True\n    return Any()"),
    ]
    sampler = FakeSampler(lambda text, draw: "assert add(1, 2) == 3")
    scores = await CodeT(wall_seconds=4.0).score(PROBLEM, candidates(*attacks, RIGHT), sampler)
    assert [s.value for s in scores[:-1]] == [0.0] * len(attacks)
    assert scores[-1].value == pytest.approx(1 / 5)


async def test_without_tests_or_code_it_abstains() -> None:
    silent = FakeSampler(lambda text, draw: "I cannot write tests.")
    assert [s.value for s in await CodeT().score(PROBLEM, candidates(RIGHT, WRONG), silent)] == [None, None]
    assert [s.value for s in await CodeT().score(PROBLEM, [candidate("words")], silent)] == [None]
    assert await CodeT().score(PROBLEM, [], silent) == []


async def test_the_models_failure_is_raised() -> None:
    def answer(text: str, draw: int) -> str:
        raise ServerError("500")

    with pytest.raises(ServerError):
        await CodeT().score(PROBLEM, candidates(RIGHT), FakeSampler(answer))


def test_bad_options_are_refused() -> None:
    for spec in ("codet(replies=0)", "codet(most=0)", "codet(wall_seconds=0.0)", "codet(temperature=11.0)"):
        with pytest.raises(BadOption):
            build(spec)
