"""One sample: the baseline."""

from dataclasses import dataclass
from typing import ClassVar, final

from thinkharder.core.protocols import Run, Select, Step
from thinkharder.core.registry import strategy
from thinkharder.core.types import Candidate, Problem
from thinkharder.select import first
from thinkharder.strategies import checks
from thinkharder.strategies.prompting import answer_prompt


@final
@strategy("direct")
@dataclass(frozen=True)
class Direct:
    """Ask once and take what comes: the baseline that every other strategy has to beat.

    Reference: none; it is self-consistency, best-of-n and weighted-vote with n = 1, on the same request.
    Names: `temperature` in [0, 2], or null for the model's default.
    Cost: 1 generation; serial depth 1.
    Departures: none.
    """

    temperature: float | None = None
    select: Select = first

    needs: ClassVar[tuple[str, ...]] = ()

    def __post_init__(self) -> None:
        checks.temperature("direct", self.temperature)

    async def search(self, problem: Problem, run: Run) -> list[Candidate]:
        """One candidate."""
        return await run.sample(answer_prompt(problem), 1, temperature=self.temperature)

    def plan(self) -> tuple[Step, ...]:
        """The worst case."""
        return (Step(1),)
