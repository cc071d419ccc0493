"""Zero-shot chain of thought."""

from dataclasses import dataclass
from typing import ClassVar, final

from thinkharder import prompts
from thinkharder.core.errors import ModelError
from thinkharder.core.protocols import Run, Select, Step
from thinkharder.core.registry import strategy
from thinkharder.core.types import Candidate, Problem
from thinkharder.select import first
from thinkharder.strategies import checks
from thinkharder.strategies.prompting import answer_prompt, instruction, then


@final
@strategy("cot")
@dataclass(frozen=True)
class ChainOfThought:
    """ "Let's think step by step": reason first, then answer.

    Reference: Kojima et al. 2022, arXiv:2205.11916, section 3 (two-stage prompting, without examples); Wei et al. 2022,
    arXiv:2201.11903 (chain of thought with examples).
    Names: the prompt `cot.trigger` is Kojima's trigger sentence, `cot.extract` the second, answer-extraction prompt.
    Cost: 1 generation, and 1 more where the first holds no answer; serial depth 1 to 2.
    Departures: the trigger stands behind the question, together with how to mark the answer, instead of beginning the
    reply; so the extraction prompt is asked only where no marked answer came.
    """

    temperature: float | None = None
    select: Select = first

    needs: ClassVar[tuple[str, ...]] = ()

    def __post_init__(self) -> None:
        checks.temperature("cot", self.temperature)

    async def search(self, problem: Problem, run: Run) -> list[Candidate]:
        """The reasoning, and where it holds no answer the one extracted from it."""
        question = answer_prompt(problem, lead=prompts.text("cot.trigger"))
        pool = await run.sample(question, 1, temperature=self.temperature)
        run.offer(pool)
        if not pool or pool[0].answer_class is not None:
            return pool
        ask = prompts.text("cot.extract", marker=instruction(problem, "marker")).strip()
        run.note("the reasoning holds no answer that can be read: asking for it alone")
        try:
            pool = pool + await run.sample(then(question, pool[0], ask), 1, temperature=self.temperature)
        except ModelError as error:
            run.note(f"asking for the answer failed: {error}")
        run.offer(pool)
        return pool

    def plan(self) -> tuple[Step, ...]:
        """The worst case: reasoning and extraction."""
        return (Step(1), Step(1, carries=1))
