"""Sample many, let scores vote."""

from dataclasses import dataclass, replace
from typing import ClassVar, final

from thinkharder.core.errors import BadOption
from thinkharder.core.protocols import Run, Select, Step
from thinkharder.core.registry import strategy
from thinkharder.core.types import Candidate, Problem
from thinkharder.select import Borda, WeightedVote, weighted_vote
from thinkharder.strategies import checks
from thinkharder.strategies.prompting import answer_prompt


@final
@strategy("weighted-vote")
@dataclass(frozen=True)
class WeightedVoting:
    """Sample N answers, return the answer whose samples' scores have the largest sum.

    Reference: Li et al. 2022, arXiv:2206.02336, "Voting Verifier". With `select=borda`: Kang et al. 2025,
    arXiv:2502.18581, Borda voting with self-certainty.
    Names: `power` is the exponent on each score before it is added up (1 in the first paper), or with `select=borda` the
    exponent p on the Borda count; null leaves it to `select`.
    Cost: n generations and n verifications, in one request; serial depth 2.
    Departures: the verifier is any; scores of None add nothing, and with none scored the majority decides.
    """

    n: int = 16
    temperature: float | None = 0.7
    power: float | None = None
    select: Select = weighted_vote

    needs: ClassVar[tuple[str, ...]] = ("verifier",)

    def __post_init__(self) -> None:
        checks.at_least("weighted-vote", 1, n=self.n)
        checks.temperature("weighted-vote", self.temperature)
        if self.power is not None:
            object.__setattr__(self, "select", _with_power(self.select, self.power))

    async def search(self, problem: Problem, run: Run) -> list[Candidate]:
        """N scored candidates."""
        return await run.sample(answer_prompt(problem), self.n, score=True, temperature=self.temperature)

    def plan(self) -> tuple[Step, ...]:
        """The worst case."""
        return (Step(self.n, scored=True),)


def _with_power(select: Select, power: float) -> Select:
    if isinstance(select, WeightedVote):
        return replace(select, power=power)
    if isinstance(select, Borda):
        return replace(select, exponent=power)
    raise BadOption(f"weighted-vote: power={power} needs select=weighted-vote or select=borda")
