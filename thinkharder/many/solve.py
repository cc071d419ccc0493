"""The front door of a batch."""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import Final

from thinkharder import assemble
from thinkharder.allocate import build_allocator
from thinkharder.api import DEFAULT_MODEL, open_models
from thinkharder.context import GENERATOR
from thinkharder.core.errors import UsageError
from thinkharder.core.ledger import Ledger
from thinkharder.core.protocols import Allocator, Model, Strategy, Verifier
from thinkharder.core.registry import spec_of
from thinkharder.core.types import Problem
from thinkharder.core.usage import Budget
from thinkharder.many.batch import Batch
from thinkharder.many.options import Many, Solved
from thinkharder.many.turns import Plan

DEFAULT_ALLOCATOR: Final = "greedy"
DEFAULT_STRATEGY: Final = "self-consistency(n=64)"


async def solve_many(
    problems: Sequence[str | Problem],
    *,
    model: str | Model = DEFAULT_MODEL,
    strategy: str | Strategy = DEFAULT_STRATEGY,
    allocator: str | Allocator = DEFAULT_ALLOCATOR,
    budget: Budget | None = None,
    verifier: str | Verifier | None = None,
    options: Many | None = None,
) -> list[Solved]:
    """The best answers that one budget buys for all problems together, in their order.

    The strategy says how a problem is sampled and which sample is its answer: self-consistency (the answers vote; its
    rule `until` holds for each problem), weighted-vote, or best-of-n (its verifier is the checker: a problem leaves when
    a sample's score reaches `options.solved`); its n is each problem's cap. Whatever ends the batch (the budget, the
    deadline, an interrupt), every problem that was sampled has its best so far.
    Raises UsageError for what is wrong with the request (nothing is spent), and what is wrong with all problems alike.
    """
    options, loop = options or Many(), asyncio.get_running_loop()
    base, began = options.solve, loop.time()
    plan = assemble.build_strategy(strategy, base.sampling.temperature)
    if not isinstance(plan, Plan):
        raise UsageError(
            f"solve_many shares samples out, and {spec_of(plan).name} is no strategy of independent samples;"
            " take self-consistency, weighted-vote or best-of-n"
        )
    built = [assemble.build_problem(problem, base.answer_type, base.system) for problem in problems]
    budget = budget or Budget()
    async with AsyncExitStack() as stack:
        deadline = None if budget.seconds is None else began + budget.seconds
        models = await open_models(stack, {GENERATOR: model, **base.roles}, deadline, base.interrupt)
        ledger = Ledger(budget, base.ledger)
        ledger.book(options.spent)
        batch = Batch(built, plan, build_allocator(allocator), models, verifier, options, ledger)
        batch.began, batch.deadline = began, deadline
        return await batch.run()
