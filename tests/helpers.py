"""What many tests need: a run on a toy model, on a virtual clock."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from thinkharder.answers import Classes, answer_type
from thinkharder.context import Context
from thinkharder.core.ledger import Ledger
from thinkharder.core.protocols import Verifier
from thinkharder.core.types import Problem
from thinkharder.core.usage import Budget
from thinkharder.models.loaded import Loaded
from thinkharder.models.toy import ToyModel, toy_model

EGGS = "How many eggs are 3 and 4?"


def context_on(
    model: Any,
    *,
    budget: Budget | None = None,
    problem: Problem | None = None,
    verifiers: Sequence[Verifier] = (),
    seed: int = 1,
    **more: Any,
) -> Context:
    """A run's context on a model (or a toy's spec), ready to be driven."""
    if isinstance(model, str):
        model = toy_model(model)
    budget = budget or Budget()
    problem = problem or Problem.of(EGGS, answer_type="number")
    kind = answer_type(problem.answer_type, problem)
    now = asyncio.get_running_loop().time()
    return Context(
        problem=problem,
        models={"generator": model, **more.pop("roles", {})},
        ledger=Ledger(budget),
        answer_type=kind,
        classes=Classes(kind),
        verifiers={v.name: v for v in verifiers},
        seed=seed,
        started=now,
        deadline=None if budget.seconds is None else now + budget.seconds,
        **more,
    )


def backend(model: Any) -> ToyModel:
    """The toy inside a stack."""
    while not isinstance(model, ToyModel):
        model = model.backend if isinstance(model, Loaded) else model.inner
    return model


def collect(events: list[Any]) -> Callable[[Any], None]:
    """A listener that keeps events."""
    return events.append
