"""One problem of a batch: a search whose samples are ordered from outside."""

import asyncio
from typing import ClassVar, TypeAlias, final

from thinkharder.context import Context
from thinkharder.core.errors import BudgetExhausted
from thinkharder.core.protocols import Run, Select, Step
from thinkharder.core.types import Candidate, Problem
from thinkharder.strategies.best_of_n import BestOfN
from thinkharder.strategies.prompting import answer_prompt
from thinkharder.strategies.self_consistency import SelfConsistency
from thinkharder.strategies.weighted_vote import WeightedVoting

Plan: TypeAlias = SelfConsistency | WeightedVoting | BestOfN
"""The strategies of independent samples of one prompt."""


@final
class Order:
    """So many further samples of one problem; `got` becomes them, or None where they did not come."""

    def __init__(self, number: int, n: int) -> None:
        self.number, self.n = number, n
        self.got: asyncio.Future[list[Candidate] | None] = asyncio.get_running_loop().create_future()

    def end(self, found: list[Candidate] | None) -> None:
        """Say what came of it; only the first word counts."""
        if not self.got.done():
            self.got.set_result(found)


@final
class Turns:
    """The search of one problem whose samples are ordered from outside. A strategy to the driver."""

    needs: ClassVar[tuple[str, ...]] = ()

    def __init__(self, base: Plan, context: Context) -> None:
        self.base, self.context = base, context
        self.orders: asyncio.Queue[Order | None] = asyncio.Queue()

    @property
    def select(self) -> Select:
        """The plan's."""
        return self.base.select

    async def search(self, problem: Problem, run: Run) -> list[Candidate]:
        """Fill orders until there are no more of them (None), or a limit is reached; the samples in draw order."""
        prompt = answer_prompt(problem)
        score = "verifier" in self.base.needs

        async def fill(order: Order) -> None:
            try:
                order.end(await run.sample(prompt, order.n, score=score, temperature=self.base.temperature))
            except BudgetExhausted as error:
                # Not raised: the driver would select in the order in which samples arrived.
                self.context.limit = error.limit
                self.orders.put_nowait(None)
            finally:
                order.end(None)

        async with asyncio.TaskGroup() as group:
            while (order := await self.orders.get()) is not None:
                group.create_task(fill(order))
        answers = [c for c in self.context.seen.values() if c.kind == "answer" and c.error is None]
        return sorted(answers, key=lambda candidate: candidate.draw)

    def plan(self) -> tuple[Step, ...]:
        """Nothing of its own: the allocator decides."""
        return ()


@final
class Open:
    """A problem that is being sampled."""

    def __init__(self, plan: Plan, context: Context) -> None:
        self.turns, self.context = Turns(plan, context), context
        self.draws: list[Candidate] = []
        self.orders: list[Order] = []
        self.told = 0
        self.final = False
