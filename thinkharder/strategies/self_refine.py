"""Answer, criticise, improve, again."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Literal, final

from thinkharder import prompts
from thinkharder.core.errors import ModelError
from thinkharder.core.protocols import Run, Select, Step
from thinkharder.core.registry import strategy
from thinkharder.core.types import Candidate, Problem
from thinkharder.select import highest_score
from thinkharder.strategies import checks
from thinkharder.strategies.prompting import Messages, answer_prompt, instruction, then

Feedback = Literal["model", "verifier"]

MAX_FEEDBACK = 2000
"""Characters of a verifier's word that are shown to the model: its first and last half."""


@final
@strategy("self-refine")
@dataclass(frozen=True)
class SelfRefine:
    """Answer, criticise the answer, improve it by the critique, until the critique finds nothing, the answer repeats, or
    `rounds` revisions are made. All revisions stand for selection, by verifier or vote, never blindly the last:
    revision flips many right answers (Huang et al. 2023, arXiv:2310.01798, section 3).

    Reference: Madaan et al. 2023, arXiv:2303.17651, section 2, algorithm 1.
    Names: `rounds` is the largest t (4 in the paper); the prompt `critique.find` is its p_fb, `refine.critique` its
    p_refine. `feedback` is who criticises: model, or verifier (what it says of the answer, such as the public tests that
    failed; the model again where it says nothing).
    Cost: at most 1 + 2 rounds generations (and 1 + rounds verifications where there is a verifier); serial depth the same.
    Departures: no examples in the prompts; a prompt holds the latest answer and critique only, not the whole history;
    a repeated answer ends the chain; the answer is selected, not the last one taken.
    """

    rounds: int = 3
    temperature: float | None = 0.7
    feedback: Feedback = "model"
    select: Select = highest_score

    needs: ClassVar[tuple[str, ...]] = ()

    def __post_init__(self) -> None:
        checks.at_least("self-refine", 1, rounds=self.rounds)
        checks.temperature("self-refine", self.temperature)

    async def search(self, problem: Problem, run: Run) -> list[Candidate]:
        """The chain: the first answer and its revisions."""
        chain = await run.sample(answer_prompt(problem), 1, score=True, temperature=self.temperature)
        run.offer(chain)
        await self.refine(problem, chain, run)
        return chain

    async def refine(self, problem: Problem, chain: list[Candidate], run: Run) -> None:
        """Revise the chain's last answer, adding each revision to the chain and offering it.

        A model that fails ends the chain; what it holds stays.
        """
        try:
            for _ in range(self.rounds if chain else 0):
                prompt = await self._criticised(problem, chain[-1], run)
                if prompt is None:
                    return
                earlier = {c.answer_class for c in chain}
                found = await run.sample(prompt, 1, score=True, temperature=self.temperature)
                chain += revising(chain[-1], found)
                run.offer(chain)
                if chain[-1].answer_class is not None and chain[-1].answer_class in earlier:
                    return
        except ModelError as error:
            run.note(f"the revision of {chain[0].id} ends after {len(chain) - 1}: {error}")

    async def _criticised(self, problem: Problem, answer: Candidate, run: Run) -> Messages | None:
        """The prompt that asks for a revision of the answer, or None where nothing is found wrong with it."""
        question, marker = answer_prompt(problem), instruction(problem, "marker")
        if self.feedback == "verifier" and answer.score is not None:
            if answer.score >= 1:
                return None
            told = _shortened("\n".join(note for note in answer.notes.values() if note.strip()))
            if told:
                return then(
                    question, answer, prompts.text("refine.feedback", feedback=told, marker=marker).strip()
                )
        nothing = prompts.text("critique.nothing")
        talk = then(question, answer, prompts.text("critique.find", nothing=nothing))
        critique = (await run.sample(talk, 1, kind="critique", temperature=self.temperature))[0]
        if finds_nothing(critique.text, nothing):
            return None
        return then(talk, critique, prompts.text("refine.critique", marker=marker).strip())

    def plan(self) -> tuple[Step, ...]:
        """The worst case: every critique finds something."""
        return (Step(1, scored=True), *self.revisions(1))

    def revisions(self, chains: int) -> tuple[Step, ...]:
        """The worst case of revising so many chains."""
        samples = chains * self.rounds
        return (
            Step(samples, requests=samples, carries=1),
            Step(samples, requests=samples, carries=2, scored=True),
        )


def revising(answer: Candidate, found: Sequence[Candidate]) -> list[Candidate]:
    """The candidates marked as revisions of an answer: no samples of their own, where confidence counts samples."""
    return [replace(candidate, parents=(*candidate.parents, answer.id)) for candidate in found]


def finds_nothing(critique: str, nothing: str) -> bool:
    """Whether a critique says so in its first or last line; an empty one found nothing either."""
    lines = [line.casefold() for line in critique.splitlines() if line.strip()]
    word = nothing.casefold().strip(" .!")
    return not lines or word in lines[0] or word in lines[-1]


def _shortened(text: str) -> str:
    half = MAX_FEEDBACK // 2
    return text if len(text) <= MAX_FEEDBACK else f"{text[:half]}\n…\n{text[-half:]}"
