"""One problem, taken slowly."""

from dataclasses import dataclass
from typing import ClassVar, final

from thinkharder import prompts
from thinkharder.core.errors import ModelError
from thinkharder.core.protocols import Run, Select, Step
from thinkharder.core.registry import strategy
from thinkharder.core.types import Candidate, Problem
from thinkharder.select import highest_score
from thinkharder.strategies import checks
from thinkharder.strategies.prompting import Messages, answer_prompt, instruction, said, then
from thinkharder.strategies.self_refine import Feedback, SelfRefine, revising


@final
@strategy("deep-reasoning")
@dataclass(frozen=True)
class DeepReasoning:
    """Understand, approach, solve, verify; then criticise, and refine the solution by the critique.

    Reference: Pólya 1945, "How to Solve It" (understand the problem, devise a plan, carry it out, look back); plan before
    solving: Wang et al. 2023, arXiv:2305.04091, section 2; the critique and the refinement: Madaan et al. 2023,
    arXiv:2303.17651, section 2.
    Names: the prompts `deep.understand`, `deep.approach`, `deep.solve`, `deep.verify` are the four turns of one
    conversation; `rounds` critiques and refinements follow (0 for none), with `feedback` as in self-refine.
    Cost: at most 4 + 2 rounds generations, 2 + rounds of them answers (and verified where there is a verifier); serial
    depth the same; the first answer comes with the third.
    Departures: the planning turns are calls of their own; solution, verified solution and refinements all stand for
    selection, by verifier or vote.
    """

    rounds: int = 1
    temperature: float | None = 0.7
    feedback: Feedback = "model"
    select: Select = highest_score

    needs: ClassVar[tuple[str, ...]] = ()

    def __post_init__(self) -> None:
        checks.at_least("deep-reasoning", 0, rounds=self.rounds)
        checks.temperature("deep-reasoning", self.temperature)

    async def search(self, problem: Problem, run: Run) -> list[Candidate]:
        """The solution, the verified solution, and their refinements."""
        heat = self.temperature
        talk = await self._planned(problem, run)
        chain = await run.sample(talk, 1, score=True, temperature=heat)
        run.offer(chain)
        verify = prompts.text("deep.verify", marker=instruction(problem, "marker")).strip()
        try:
            found = await run.sample(then(talk, chain[0], verify), 1, score=True, temperature=heat)
        except ModelError as error:
            run.note(f"the solution was not verified: {error}")
            return chain
        chain += revising(chain[0], found)
        run.offer(chain)
        if self.rounds:
            await SelfRefine(self.rounds, heat, self.feedback).refine(problem, chain, run)
        return chain

    async def _planned(self, problem: Problem, run: Run) -> Messages:
        """The conversation up to where the solution is asked for; without a plan where planning failed."""
        talk = said(problem.messages, prompts.text("deep.understand"))
        solve = prompts.text("deep.solve", answer=instruction(problem, "answer")).strip()
        try:
            for line in (prompts.text("deep.approach"), solve):
                plan = (await run.sample(talk, 1, kind="plan", temperature=self.temperature))[0]
                talk = then(talk, plan, line)
        except ModelError as error:
            run.note(f"planning failed, solving without a plan: {error}")
            return answer_prompt(problem)
        return talk

    def plan(self) -> tuple[Step, ...]:
        """The worst case: every critique finds something."""
        steps = (
            Step(1),
            Step(1, carries=1),
            Step(1, carries=2, scored=True),
            Step(1, carries=3, scored=True),
        )
        return (*steps, *SelfRefine(self.rounds).revisions(1)) if self.rounds else steps
