"""Solve one problem: the library's front door, and its one synchronous façade."""

import asyncio
import secrets
import threading
from collections.abc import Coroutine, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

from thinkharder import assemble
from thinkharder.context import GENERATOR, Context
from thinkharder.core.ledger import Ledger
from thinkharder.core.protocols import Comparator, Model, Strategy, Verifier
from thinkharder.core.registry import spec_of
from thinkharder.core.types import Problem, Result, Sampling
from thinkharder.core.usage import Budget
from thinkharder.driver import drive
from thinkharder.events import Listener, Trace

T = TypeVar("T")

DEFAULT_MODEL = "smollm2-135m"
DEFAULT_STRATEGY = "adaptive"


@dataclass(frozen=True, slots=True)
class Options:
    """What a solve takes besides the problem, the model, the strategy and the budget.

    `verifiers`: specs or objects, the first decides; none: the strategy's needs choose one. `roles`: other models on the
    same budget, such as {"judge": "openai:gpt-…"}. `sampling`: defaults of every answer. `seed`: None draws one.
    `ledger`: a parent whose limits hold too. `interrupt`: when set, the best so far is returned.
    """

    answer_type: str | None = None
    system: str | None = None
    seed: int | None = None
    roles: Mapping[str, str | Model] = field(default_factory=dict)
    comparator: str | Comparator | None = None
    sampling: Sampling = field(default_factory=Sampling)
    listener: Listener | None = None
    trace: str | Path | None = None
    sandbox: str = "auto"
    ledger: Ledger | None = None
    interrupt: asyncio.Event | None = None


async def solve(
    problem: str | Problem,
    *,
    model: str | Model = DEFAULT_MODEL,
    strategy: str | Strategy = DEFAULT_STRATEGY,
    budget: Budget | None = None,
    verifier: str | Verifier | None = None,
    options: Options | None = None,
) -> Result:
    """The best answer that the budget buys.

    A model given as a spec is loaded for this call and freed after it; load it once with `load_model` for many calls.
    Raises UsageError for what is wrong with the request (nothing is spent), ModelError where the model never answered,
    NothingFound where a limit was reached before anything was seen.
    """
    options = options or Options()
    began = asyncio.get_running_loop().time()
    budget = budget or Budget()
    plan = assemble.build_strategy(strategy)
    task = assemble.build_problem(problem, options.answer_type, options.system)
    async with AsyncExitStack() as stack:
        models = await _models(stack, model, options.roles)
        trace = Trace(options.trace) if options.trace is not None else None
        if trace is not None:
            stack.callback(trace.close)
        listeners = tuple(x for x in (options.listener, trace) if x is not None)
        setup = assemble.Setup(plan, task, models, verifier, options.comparator, options.sandbox)
        context = setup.context(Ledger(budget, options.ledger))
        context.listeners = listeners
        context.defaults = options.sampling
        context.seed = secrets.randbits(31) if options.seed is None else options.seed
        context.started = began
        context.deadline = None if budget.seconds is None else began + budget.seconds
        context.emit("start", lambda: _start(context, plan, budget))
        result = await drive(plan, context, options.interrupt)
        if trace is not None and trace.error:
            result = replace(result, decisions=(*result.decisions, trace.error))
        return result


async def _models(
    stack: AsyncExitStack, model: str | Model, roles: Mapping[str, str | Model]
) -> dict[str, Model]:
    """The models by role; those given as specs are loaded, each spec once, and freed when the stack closes."""
    loaded: dict[str, Model] = {}
    found: dict[str, Model] = {}
    for role, which in {GENERATOR: model, **roles}.items():
        if isinstance(which, str):
            if which not in loaded:
                loaded[which] = await asyncio.to_thread(assemble.load_model, which)
                stack.push_async_callback(loaded[which].aclose)
            found[role] = loaded[which]
        else:
            found[role] = which
    return found


def _start(context: Context, plan: Strategy, budget: Budget) -> dict[str, Any]:
    return {
        "problem": context.problem.text,
        "model": context.model(GENERATOR).name,
        "strategy": str(spec_of(plan, defaults=True)),
        "verifiers": list(context.verifiers),
        "answer_type": context.answer_type.name,
        "seed": context.seed,
        "budget": {name: getattr(budget, name) for name in budget.__dataclass_fields__},
    }


def solve_sync(problem: str | Problem, **arguments: Any) -> Result:
    """`solve` for code that is not async; takes the same arguments. Works inside a running event loop too (Jupyter)."""
    return run_sync(solve(problem, **arguments))


def run_sync(job: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end: here, or on a thread of its own where this thread's event loop already runs."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(job)
    box: list[T] = []
    errors: list[BaseException] = []

    def work() -> None:
        try:
            box.append(asyncio.run(job))
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=work, name="thinkharder-sync", daemon=True)
    thread.start()
    thread.join()
    if errors:
        raise errors[0]
    return box[0]
