"""An example plugin: a strategy in a package of its own, found by its entry point.

pip install ./examples/plugin
thinkharder solve "Write a haiku about rain." --strategy universal-self-consistency:n=5
"""

import re
from dataclasses import dataclass
from typing import ClassVar

from thinkharder import Candidate, Problem, Run, Step
from thinkharder.core.protocols import Select
from thinkharder.select import first

ASK = """I have generated these responses to a task.

Task: {task}

{responses}

Which response agrees best with the others? Reply with its number alone."""


@dataclass(frozen=True)
class UniversalSelfConsistency:
    """Sample N responses, let the model say which is the most consistent: a vote where answers cannot be counted.

    Reference: Chen et al. 2023, arXiv:2311.17311, section 3.
    Names: `n` is the number of responses (8 in the paper).
    Cost: n + 1 generations; serial depth 2.
    Departures: where the model names no response, the first one stands.
    """

    n: int = 8
    temperature: float | None = 0.7
    select: Select = first

    needs: ClassVar[tuple[str, ...]] = ()

    async def search(self, problem: Problem, run: Run) -> list[Candidate]:
        """The responses, the chosen one first."""
        pool = await run.sample(problem, self.n, temperature=self.temperature)
        run.offer(pool)
        numbered = "\n\n".join(f"Response {i}: {c.text}" for i, c in enumerate(pool, start=1))
        ask = ASK.format(task=problem.text, responses=numbered)
        said = (await run.sample(ask, 1, kind="judgement", temperature=0.0))[0].text
        number = re.search(r"\d+", said)
        place = int(number[0]) - 1 if number and 1 <= int(number[0]) <= len(pool) else 0
        run.note(f"the model takes response {place + 1} of {len(pool)} for the most consistent")
        return [pool[place], *pool[:place], *pool[place + 1 :]]

    def plan(self) -> tuple[Step, ...]:
        """The worst case."""
        return (Step(self.n), Step(1, carries=self.n))
