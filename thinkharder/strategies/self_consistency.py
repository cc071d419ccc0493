"""Sample many, take the majority."""

from dataclasses import dataclass
from typing import ClassVar, final

from thinkharder.core.protocols import Run, Select, Step, StoppingRule
from thinkharder.core.registry import strategy
from thinkharder.core.types import Candidate, Problem
from thinkharder.select import majority
from thinkharder.strategies import checks
from thinkharder.strategies.prompting import answer_prompt


@final
@strategy("self-consistency")
@dataclass(frozen=True)
class SelfConsistency:
    """Sample N chains of thought, return the answer that most of them reach.

    Reference: Wang et al. 2022, arXiv:2203.11171, section 2.
    Names: `n` is the paper's m (40 there), `temperature` its T (0.7); `until` is a stopping rule that ends the sampling
    early, such as margin(m=3) or unanimous(k=3), or null.
    Cost: at most n generations; serial depth 1 in one request without a rule, at most n with one.
    Departures: chains are prompted without examples; answers vote by equivalence class, and those without an answer
    abstain.
    """

    n: int = 16
    temperature: float | None = 0.7
    until: StoppingRule | None = None
    select: Select = majority

    needs: ClassVar[tuple[str, ...]] = ()

    def __post_init__(self) -> None:
        checks.at_least("self-consistency", 1, n=self.n)
        checks.temperature("self-consistency", self.temperature)

    async def search(self, problem: Problem, run: Run) -> list[Candidate]:
        """At most N candidates, in draw order."""
        prompt = answer_prompt(problem)
        return await run.sample(prompt, self.n, until=self.until, temperature=self.temperature)

    def plan(self) -> tuple[Step, ...]:
        """The worst case: under a rule every draw may be a request of its own."""
        return (Step(self.n, requests=1 if self.until is None else self.n),)
