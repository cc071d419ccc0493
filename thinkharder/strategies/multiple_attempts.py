"""The same problem, approached in different ways."""

from dataclasses import dataclass
from functools import partial
from typing import ClassVar, final

from thinkharder import prompts
from thinkharder.core.errors import BadOption
from thinkharder.core.protocols import Run, Select, Step
from thinkharder.core.registry import strategy
from thinkharder.core.types import Candidate, Problem
from thinkharder.select import weighted_vote
from thinkharder.strategies import checks
from thinkharder.strategies.prompting import answer_prompt

APPROACHES = ("step-by-step", "edge-cases", "backwards", "subproblems", "analogies")


@final
@strategy("multiple-attempts")
@dataclass(frozen=True)
class MultipleAttempts:
    """Attempt the problem N times under different approach prompts; the attempts vote.

    Reference: Li et al. 2022, arXiv:2206.02336, "Diverse Prompts" (they raise the accuracy of a vote).
    Names: `n` attempts are spread evenly over the `approaches`, the first ones taking what is left over; an approach is
    the prompt `approach.NAME`: step-by-step, edge-cases, backwards, subproblems, analogies.
    Cost: n generations (and n verifications where there is a verifier) in one request an approach; serial depth 1 (2).
    Departures: approaches are instructions, where the paper draws different examples.
    """

    n: int = 5
    temperature: float | None = 0.7
    approaches: tuple[str, ...] = APPROACHES
    select: Select = weighted_vote

    needs: ClassVar[tuple[str, ...]] = ()

    def __post_init__(self) -> None:
        checks.at_least("multiple-attempts", 1, n=self.n)
        checks.temperature("multiple-attempts", self.temperature)
        known = [name.removeprefix("approach.") for name in prompts.names() if name.startswith("approach.")]
        unknown = [name for name in self.approaches if name not in known]
        if unknown or not self.approaches or len(set(self.approaches)) < len(self.approaches):
            wrong = repr(unknown[0]) if unknown else f"[{', '.join(self.approaches)}]"
            raise BadOption(
                f"multiple-attempts: approaches={wrong} must be one or more of {', '.join(known)}, each once"
            )

    async def search(self, problem: Problem, run: Run) -> list[Candidate]:
        """N candidates, by approach; an approach whose samples all fail is left out."""
        branches = [
            partial(self._attempt, problem, name, count)
            for name, count in zip(self.approaches, self._spread(), strict=True)
            if count
        ]
        found = await run.parallel(branches)
        return [candidate for candidates in found for candidate in candidates]

    async def _attempt(self, problem: Problem, name: str, count: int, run: Run) -> list[Candidate]:
        prompt = answer_prompt(problem, lead=prompts.text(f"approach.{name}"))
        return await run.sample(prompt, count, score=True, temperature=self.temperature)

    def _spread(self) -> list[int]:
        each, left = divmod(self.n, len(self.approaches))
        return [each + (place < left) for place in range(len(self.approaches))]

    def plan(self) -> tuple[Step, ...]:
        """The worst case."""
        return (Step(self.n, requests=min(self.n, len(self.approaches)), scored=True),)
