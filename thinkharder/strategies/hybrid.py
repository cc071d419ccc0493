"""Width and depth: chains in parallel, each refined in sequence."""

from dataclasses import dataclass
from functools import partial
from typing import ClassVar, final

from thinkharder.core.protocols import Run, Select, Step
from thinkharder.core.registry import strategy
from thinkharder.core.types import Candidate, Problem
from thinkharder.select import weighted_vote
from thinkharder.strategies import checks
from thinkharder.strategies.prompting import answer_prompt
from thinkharder.strategies.self_refine import Feedback, SelfRefine


@final
@strategy("hybrid")
@dataclass(frozen=True)
class Hybrid:
    """Sample several answers in parallel, refine each in sequence, select over all answers of all chains.

    Reference: Snell et al. 2024, arXiv:2408.03314, section 6 (sequential revisions in parallel chains, the answer chosen
    over all of them by verifier or majority).
    Names: `chains` times `rounds` + 1 is the paper's generation budget; their ratio is its sequential-to-parallel ratio.
    `feedback` as in self-refine.
    Cost: at most chains (1 + 2 rounds) generations (and chains (1 + rounds) verifications where there is a verifier);
    serial depth 1 + 2 rounds.
    Departures: the model is not finetuned to revise, it criticises and refines as in Madaan et al. 2023, arXiv:2303.17651;
    one selection over everything, not first within chains and then across them.
    """

    chains: int = 4
    rounds: int = 2
    temperature: float | None = 0.7
    feedback: Feedback = "model"
    select: Select = weighted_vote

    needs: ClassVar[tuple[str, ...]] = ()

    def __post_init__(self) -> None:
        checks.at_least("hybrid", 1, chains=self.chains, rounds=self.rounds)
        checks.temperature("hybrid", self.temperature)

    async def search(self, problem: Problem, run: Run) -> list[Candidate]:
        """All answers of all chains, chain by chain."""
        drafts = await run.sample(
            answer_prompt(problem), self.chains, score=True, temperature=self.temperature
        )
        chains = [[draft] for draft in drafts]
        run.offer(drafts)

        async def grow(chain: list[Candidate], branch: Run) -> None:
            await self._refiner.refine(problem, chain, branch)

        await run.parallel([partial(grow, chain) for chain in chains])
        return [candidate for chain in chains for candidate in chain]

    @property
    def _refiner(self) -> SelfRefine:
        return SelfRefine(self.rounds, self.temperature, self.feedback)

    def plan(self) -> tuple[Step, ...]:
        """The worst case: every critique finds something."""
        return (Step(self.chains, scored=True), *self._refiner.revisions(self.chains))
