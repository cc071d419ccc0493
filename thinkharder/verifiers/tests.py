"""Python programs against the tests that the problem gives."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

from thinkharder.core.errors import BadOption
from thinkharder.core.protocols import Effort, Sampler
from thinkharder.core.registry import verifier
from thinkharder.core.types import Candidate, Problem, Score
from thinkharder.verifiers.codet import programs


@verifier("tests")
@final
@dataclass(frozen=True)
class Tests:
    """Runs each candidate's program against the problem's public tests in a sandbox; all must pass.

    A test is a Python assert, or a JSON object `{"stdin": …, "stdout": …}` for whole programs, whose outputs are compared
    without white space at the ends of lines. The program never runs in the process that decides, nor do the tests.
    Options: `wall_seconds` (also CPU seconds) for all asserts of one candidate together and for each standard-input test;
    `memory_mb` for all its processes; `sandbox` as in `--sandbox`.
    Score: 1.0 where every test passes, else 0.0; the note tells how many of how many passed and why the first did not.
    Abstains without code and without tests. Imports and complete helper functions in the problem's text are there for
    programs that do not repeat them.
    Cost: no model call; about 0.1 s of two processes for each candidate, plus its own time.
    """

    __test__ = False  # not a test class, whatever pytest thinks of the name

    wall_seconds: float = 8.0
    memory_mb: int = 512
    sandbox: str = "auto"

    def __post_init__(self) -> None:
        if not 0 < self.wall_seconds <= 3600:
            raise BadOption(f"tests: wall_seconds={self.wall_seconds:g} must be above 0 and at most 3600")
        if not 16 <= self.memory_mb <= 1 << 20:
            raise BadOption(f"tests: memory_mb={self.memory_mb} must be from 16 to 1048576")

    @property
    def name(self) -> str:
        """`tests`."""
        return "tests"

    @property
    def logprobs(self) -> int | None:
        """None."""
        return None

    @property
    def joint(self) -> bool:
        """False."""
        return False

    def effort(self, problem_tokens: int, candidate_tokens: int) -> Effort:
        """Nothing."""
        return Effort()

    async def score(
        self, problem: Problem, candidates: Sequence[Candidate], sampler: Sampler
    ) -> Sequence[Score]:
        """One score a candidate, in order. Raises SandboxUnavailable and SandboxError."""
        if not problem.public_tests:
            return [Score(None, "the problem has no public tests")] * len(candidates)
        codes = programs(problem, candidates)
        try:
            async with asyncio.TaskGroup() as group:
                scores = [group.create_task(self._score(problem, code)) for code in codes]
        except ExceptionGroup as failures:
            raise failures.exceptions[0] from None
        return [score.result() for score in scores]

    async def _score(self, problem: Problem, code: str | None) -> Score:
        from thinkharder.sandbox import Limits, choose, run_tests
        from thinkharder.sandbox.stubs import with_stub

        if code is None:
            return Score(None, "no Python program found in the candidate")
        limits = Limits(
            cpu_seconds=self.wall_seconds, wall_seconds=self.wall_seconds, memory_mb=self.memory_mb
        )
        program = with_stub(code, problem.text)
        report = await run_tests(choose(self.sandbox), program, problem.public_tests, limits)
        note = f"{report.passed} of {report.total} tests passed"
        failed = next((outcome for outcome in report.outcomes if not outcome.passed), None)
        if failed is not None:
            note += f"; {failed.test[:200]}: {failed.reason}"
        return Score(1.0 if report.verdict else 0.0, note)
