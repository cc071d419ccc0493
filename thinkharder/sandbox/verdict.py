"""Verdicts on code: which tests a candidate passes, and what its functions return.

Two sandboxed processes per candidate. One holds the candidate's code, the other the tests; this process carries
messages between them without looking into them, and believes the judge alone. So nothing that the code prints, patches,
exits with or returns can pass a test, except a value that passes it.
"""

import asyncio
import os
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from thinkharder.sandbox.harness.wire import Refused, canonical, decode, dumps, encode, loads
from thinkharder.sandbox.sides import MAX_RESTARTS, Candidate, Judge
from thinkharder.sandbox.suite import TestSuite, free_names
from thinkharder.sandbox.types import (
    DEFAULT_LIMITS,
    Limits,
    Sandbox,
    SandboxResult,
    Session,
    SessionEnded,
)

Tests = TestSuite | Sequence[str] | Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class TestOutcome:
    """One test: its source (or its standard input), whether it passed, and if not why, with the last call's result."""

    test: str
    passed: bool
    reason: str = ""

    __test__ = False


@dataclass(frozen=True, slots=True)
class TestReport:
    """All tests of one candidate, in order. `verdict` is true where there are tests and all passed."""

    outcomes: tuple[TestOutcome, ...]

    __test__ = False

    @property
    def passed(self) -> int:
        """How many tests passed."""
        return sum(outcome.passed for outcome in self.outcomes)

    @property
    def total(self) -> int:
        """How many tests there are."""
        return len(self.outcomes)

    @property
    def verdict(self) -> bool:
        """Whether there are tests and all passed."""
        return self.total > 0 and self.passed == self.total


@dataclass(frozen=True, slots=True)
class CallOutcome:
    """One call: `value` is a text that is equal for equal results, or None with the `error` ("ValueError",
    "timeout", "no such function", …)."""

    value: str | None
    error: str | None = None


async def run_tests(sandbox: Sandbox, code: str, tests: Tests, limits: Limits = DEFAULT_LIMITS) -> TestReport:
    """Runs the tests against the code. `limits` bound all asserts together, and each standard-input test.

    As many candidates run at a time as there are processors, however many are asked for. Raises SandboxError where the
    sandbox itself fails; whatever the code does is an outcome.
    """
    suite = TestSuite.of(tests)
    outcomes: list[TestOutcome] = []
    async with _gate():
        if suite.asserts:
            outcomes += await _Trial(sandbox, code, suite, limits).run()
        timeouts = 0
        for stdin, expected in suite.io:
            if timeouts >= MAX_RESTARTS:
                outcomes.append(TestOutcome(stdin, False, f"not run: {timeouts} tests before it timed out"))
                continue
            result = await sandbox.run(code, stdin=stdin, limits=limits)
            timeouts += result.status == "timeout"
            outcomes.append(_io_outcome(stdin, expected, result))
    return TestReport(tuple(outcomes))


def _io_outcome(stdin: str, expected: str, result: SandboxResult) -> TestOutcome:
    if result.status != "ok":
        last = result.stderr.strip().rpartition("\n")[2][:300]
        return TestOutcome(stdin, False, f"{result.status}{': ' + last if last else ''}")
    if normalise_output(result.stdout) != normalise_output(expected):
        return TestOutcome(stdin, False, f"printed {result.stdout[:300]!r}")
    return TestOutcome(stdin, True)


_gates: "WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore]" = WeakKeyDictionary()


def _gate() -> asyncio.Semaphore:
    """The event loop's own: more sandboxes at once than processors would only take each other's time."""
    return _gates.setdefault(asyncio.get_running_loop(), asyncio.Semaphore(os.cpu_count() or 1))


def normalise_output(text: str) -> str:
    """Output without white space at the ends of lines and empty lines at the end."""
    return "\n".join(line.rstrip() for line in text.rstrip().splitlines())


async def matrix(
    sandbox: Sandbox, codes: Sequence[str], tests: Tests, limits: Limits = DEFAULT_LIMITS
) -> list[list[bool]]:
    """Which code passes which test: `[codes, tests]`. Each distinct code is loaded once for all tests."""
    suite = TestSuite.of(tests)
    async with asyncio.TaskGroup() as group:
        rows = {
            code: group.create_task(run_tests(sandbox, code, suite, limits)) for code in dict.fromkeys(codes)
        }
    return [[outcome.passed for outcome in rows[code].result().outcomes] for code in codes]


async def call_function(
    sandbox: Sandbox,
    code: str,
    function: str,
    inputs: Sequence[tuple[Any, ...]],
    limits: Limits = DEFAULT_LIMITS,
) -> list[CallOutcome]:
    """What a function of the code returns on each tuple of arguments; programs with equal lists behave alike there.

    `limits` bound all calls together. Raises SandboxError where the sandbox itself fails, and Refused where an
    argument is not data.
    """
    side = Candidate(sandbox, code, [function], limits)
    outcomes = []
    async with _gate(), AsyncExitStack() as stack:
        side.stack = stack
        for arguments in inputs:
            request = dumps({"name": function, "args": encode(list(arguments)), "kwargs": encode({})})
            if side.session is None:
                await side.start()
            names = side.names or {}
            if side.session is not None and names.get(function) != ["callable"]:
                outcomes.append(CallOutcome(None, side.problem or f"no such function {function!r}"))
                continue
            outcomes.append(_outcome_of(await side.call(request, side.test_seconds(len(inputs)))))
    return outcomes


def _outcome_of(payload: bytes) -> CallOutcome:
    try:
        reply = loads(payload)
        if "refused" in reply:
            return CallOutcome(None, str(reply["refused"])[:300])
        if "raised" in reply:
            return CallOutcome(None, str(reply["raised"][0])[:100])
        return CallOutcome(canonical(decode(reply["value"])))
    except (Refused, LookupError, TypeError, RecursionError):
        return CallOutcome(None, "malformed message")


class _Trial:
    """One candidate before one judge."""

    def __init__(self, sandbox: Sandbox, code: str, suite: TestSuite, limits: Limits) -> None:
        self.suite = suite
        self.candidate = Candidate(sandbox, code, free_names(suite.asserts, suite.setup), limits)
        self.judge = Judge(sandbox, limits)

    async def run(self) -> list[TestOutcome]:
        """The outcome of each assert."""
        async with AsyncExitStack() as stack:
            self.candidate.stack = self.judge.stack = stack
            await self.judge.open()  # so that both processes start at the same time
            await self.candidate.start()
            if self.candidate.names is not None:
                await self.judge.start(self.candidate.names, self.suite.setup)
            return [await self.test(source) for source in self.suite.asserts]

    async def test(self, source: str) -> TestOutcome:
        """One test, on processes that are started again where the test before ended them."""
        if self.candidate.session is None:
            await self.candidate.start()
        if self.judge.session is None and self.candidate.names is not None:
            await self.judge.start(self.candidate.names, self.suite.setup)
        problem = self.candidate.problem or self.judge.problem
        if problem or self.judge.session is None:
            return TestOutcome(source, False, problem or "not run: no time left")
        try:
            return await self._judged(self.judge.session, source)
        except SessionEnded as ended:
            self.judge.session = None
            return TestOutcome(
                source,
                False,
                f"the test itself ended: {ended.status}{': ' + ended.detail if ended.detail else ''}",
            )

    async def _judged(self, judge: Session, source: str) -> TestOutcome:
        seconds = self.candidate.test_seconds(len(self.suite.asserts))
        until = time.monotonic() + seconds
        await judge.send(dumps({"test": source}))
        while True:
            kind, payload = await judge.receive(max(until - time.monotonic(), 0.0) + 0.2)
            if kind == "O":
                break
            await judge.send(await self.candidate.call(payload, max(until - time.monotonic(), 0.01)))
        try:
            outcome = loads(payload)
            return TestOutcome(source, outcome["passed"] is True, str(outcome["reason"])[:600])
        except (Refused, LookupError, TypeError):
            return TestOutcome(source, False, "malformed message")
