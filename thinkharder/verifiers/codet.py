"""Tests written by the model decide between programs written by the model, by agreement."""

import ast
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

from thinkharder import prompts
from thinkharder.answers.code import CodeAnswers, parse
from thinkharder.core.errors import BadOption, ContextOverflow
from thinkharder.core.protocols import Effort, Sampler
from thinkharder.core.registry import verifier
from thinkharder.core.types import Candidate, Message, Problem, Score
from thinkharder.sandbox import Limits, TestSuite, choose, matrix
from thinkharder.sandbox.stubs import with_stub
from thinkharder.sandbox.suite import free_names
from thinkharder.verifiers.calls import all_of, ask, words

_DEFINED = re.compile(r"^[ \t>]*(?:async[ \t]+)?def[ \t]+([A-Za-z_]\w*)[ \t]*\(", re.MULTILINE)
_ASSERT = re.compile(r"^[ \t>]*assert\b")
MAX_ASSERT_CHARS, MAX_ASSERT_LINES = 2_000, 12


@verifier("codet")
@final
@dataclass(frozen=True)
class CodeT:
    """Programs and model-written tests judge each other: large groups that pass many tests win.

    Reference: Chen et al. 2022 (CodeT), arXiv:2207.10397, section 2.2: solutions that pass the same tests form a consensus
    set, scored by its number of solutions times the number of tests that they pass.
    Options: `replies` is how many replies with tests are drawn for each candidate, at most `most` in all (the paper draws
    as many as candidates, 100); `asserts` are asked for and taken of each (the paper's 5); `public` adds the problem's own
    examples as trusted tests; `temperature` (0.8, the paper's) and `max_tokens` of a reply; `wall_seconds` for one
    candidate's tests together; `sandbox` as in `--sandbox`.
    Score: c = |solutions| · |tests passed| / (all solutions · all tests), in [0, 1]; with trusted tests (1 + c) / 2 for
    those that pass all of them, c / 2 for the rest. Not a probability. Candidates without code abstain; all abstain where
    there are no usable tests or no candidate passes any.
    Cost: min(replies · N, most) completions of one prompt, then N sandboxed test runs; serial depth 1.
    Departures: normalised; tests that call anything but the function asked for and Python's builtins, or that compare a
    call with itself, are dropped, and equal tests count once.
    """

    replies: int = 1
    most: int = 16
    asserts: int = 5
    public: bool = True
    temperature: float = 0.8
    max_tokens: int = 512
    wall_seconds: float = 8.0
    sandbox: str = "auto"

    def __post_init__(self) -> None:
        for option in ("replies", "most", "asserts", "max_tokens"):
            if getattr(self, option) < 1:
                raise BadOption(f"codet: {option}={getattr(self, option)} must be at least 1")
        if not 0 <= self.temperature <= 10:
            raise BadOption(f"codet: temperature={self.temperature:g} must be from 0 to 10")
        if not 0 < self.wall_seconds <= 3600:
            raise BadOption(f"codet: wall_seconds={self.wall_seconds:g} must be above 0 and at most 3600")

    @property
    def name(self) -> str:
        """`codet`."""
        return "codet"

    @property
    def logprobs(self) -> int | None:
        """None."""
        return None

    @property
    def joint(self) -> bool:
        """True: agreement is between candidates."""
        return True

    def effort(self, problem_tokens: int, candidate_tokens: int) -> Effort:
        """A candidate's part: its replies at their cap, each with a prompt of its own."""
        each = problem_tokens + words(prompts.template("codet.tests"))
        return Effort(self.replies, self.replies * each, self.replies * self.max_tokens)

    async def score(
        self, problem: Problem, candidates: Sequence[Candidate], sampler: Sampler
    ) -> Sequence[Score]:
        """One score a candidate, in order. Raises SandboxUnavailable, ModelErrors and BudgetExhausted."""
        codes = programs(problem, candidates)
        written = {i: code for i, code in enumerate(codes) if code is not None}
        none = Score(None, "no Python program found in the candidate")
        if not written:
            return [none] * len(candidates)
        given = TestSuite.of(problem.public_tests if self.public else ())
        programs_only = bool(given.io) and _named(problem) is None
        function = None if programs_only else entry_point(problem, list(written.values()))
        tests = await self._tests(problem, function, len(candidates), sampler) if function else ()
        tests = tuple(test for test in tests if test not in given.asserts)
        if not len(given) and not tests:
            why = "the model wrote no usable test" if function else "no function to test was found"
            return [Score(None, why)] * len(candidates)
        passed = await self._run(problem, list(written.values()), given, tests)
        found = dict(zip(written, agreement(passed, len(given)), strict=True))
        return [found.get(i, none) for i in range(len(candidates))]

    async def _tests(
        self, problem: Problem, function: str, candidates: int, sampler: Sampler
    ) -> tuple[str, ...]:
        prompt = prompts.text("codet.tests", problem=problem.text, function=function, count=str(self.asserts))
        n = min(self.most, self.replies * candidates)
        options = {"temperature": self.temperature, "max_tokens": self.max_tokens}
        begin = f"```python\nassert {function}("
        try:
            judge = sampler.role("judge")
            replies = await ask(judge, [Message("user", prompt)], n, begin=begin, stop=["\n```"], **options)
        except ContextOverflow:
            return ()
        each = [asserts_in(reply.whole, function)[: self.asserts] for reply in replies]
        return tuple(dict.fromkeys(test for tests in each for test in tests))

    async def _run(
        self, problem: Problem, codes: Sequence[str], given: TestSuite, tests: Sequence[str]
    ) -> list[list[bool]]:
        """Which code passes which test, [codes, given tests first]."""
        limits = Limits(cpu_seconds=self.wall_seconds, wall_seconds=self.wall_seconds)
        whole = [with_stub(code, problem.text) for code in codes]
        suite = TestSuite((*given.asserts, *tests), given.setup, given.io)
        (rows,) = await all_of([matrix(choose(self.sandbox), whole, suite, limits)])
        first, last = len(given.asserts), len(given.asserts) + len(tests)
        return [[*row[:first], *row[last:], *row[first:last]] for row in rows]


def agreement(passed: Sequence[Sequence[bool]], trusted: int) -> list[Score]:
    """The scores of solutions from `passed` [solutions, tests], of which the first `trusted` tests are the problem's own."""
    total = len(passed) * len(passed[0])
    if not any(any(row) for row in passed):
        return [Score(None, "no candidate passes any test")] * len(passed)
    sizes = Counter(tuple(row) for row in passed)
    scores = []
    for row in passed:
        size, count = sizes[tuple(row)], sum(row)
        value = size * count / total
        note = f"{size} of {len(passed)} solutions agree; they pass {count} of {len(row)} tests"
        if trusted:
            whole = all(row[:trusted])
            value = (whole + value) / 2
            note += f", {sum(row[:trusted])} of {trusted} given ones"
        scores.append(Score(value, note))
    return scores


def programs(problem: Problem, candidates: Sequence[Candidate]) -> list[str | None]:
    """Each candidate's program, or None where none is found or it does not parse."""
    kind = CodeAnswers(entry=_named(problem) or "")
    found = [kind.extract(c.whole, complete=c.finish != "length") for c in candidates]
    return [None if answer is None else answer.shown for answer in found]


def entry_point(problem: Problem, codes: Sequence[str]) -> str | None:
    """The function that is asked for: named by the problem's tests or stub, else defined last by most programs."""
    named = _named(problem)
    if named is not None:
        return named
    last = [names[-1] for code in codes if (names := _DEFINED.findall(code))]
    return Counter(last).most_common(1)[0][0] if last else None


def _named(problem: Problem) -> str | None:
    defined = _DEFINED.findall(problem.text)
    called = free_names(problem.public_tests)
    both = [name for name in defined if name in called]
    return next(iter([*both[-1:], *defined[-1:], *called[:1]]), None)


def asserts_in(text: str, function: str) -> list[str]:
    """The asserts in a model's reply that test `function` alone, normalised, in order, each once. Nothing is run.

    Works on the reply's lines, so prose around them, missing fences and a cut end do no harm.
    """
    lines, found = text.splitlines(), []
    for number, line in enumerate(lines):
        if not _ASSERT.match(line):
            continue
        for end in range(number + 1, min(number + 1 + MAX_ASSERT_LINES, len(lines) + 1)):
            source = "\n".join(lines[number:end]).lstrip(" \t>")
            if len(source) > MAX_ASSERT_CHARS:
                break
            test = _usable(source, function)
            if test is not None:
                found.append(test)
                break
    return list(dict.fromkeys(found))


def _usable(source: str, function: str) -> str | None:
    tree = parse(source)
    if tree is None or len(tree.body) != 1 or not isinstance(tree.body[0], ast.Assert):
        return None
    check = tree.body[0].test
    calls = [n for n in ast.walk(check) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)]
    if not any(isinstance(call.func, ast.Name) and call.func.id == function for call in calls):
        return None
    if isinstance(check, ast.Tuple):  # assert (f(1), 2) is always true
        return None
    if isinstance(check, ast.Compare) and any(
        ast.dump(check.left) == ast.dump(other) for other in check.comparators
    ):
        return None
    try:
        plain = f"assert {ast.unparse(check)}"
    except (RecursionError, MemoryError):
        return None
    return plain if free_names([plain]) == [function] else None
