"""Sample many, keep the best."""

from dataclasses import dataclass
from typing import ClassVar, final

from thinkharder.core.protocols import Run, Select, Step
from thinkharder.core.registry import strategy
from thinkharder.core.types import Candidate, Problem
from thinkharder.select import highest_score
from thinkharder.strategies import checks
from thinkharder.strategies.prompting import answer_prompt


@final
@strategy("best-of-n")
@dataclass(frozen=True)
class BestOfN:
    """Sample N answers, return the one that the verifier scores highest.

    Reference: Cobbe et al. 2021, arXiv:2110.14168, section 4.2 (verification).
    Names: `n` is the number of completions that the paper ranks (100 there), `temperature` theirs (0.7).
    Cost: n generations and n verifications, in one request; serial depth 2.
    Departures: the verifier is any, not a trained one.
    """

    n: int = 8
    temperature: float | None = 0.7
    select: Select = highest_score

    needs: ClassVar[tuple[str, ...]] = ("verifier",)

    def __post_init__(self) -> None:
        checks.at_least("best-of-n", 1, n=self.n)
        checks.temperature("best-of-n", self.temperature)

    async def search(self, problem: Problem, run: Run) -> list[Candidate]:
        """N scored candidates."""
        return await run.sample(answer_prompt(problem), self.n, score=True, temperature=self.temperature)

    def plan(self) -> tuple[Step, ...]:
        """The worst case."""
        return (Step(self.n, scored=True),)
