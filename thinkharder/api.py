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
from thinkharder.core.errors import NothingFound
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
    same budget, such as {"judge": "openai:gpt-…"}. `sampling`: defaults of every answer; its temperature holds wherever the strategy's spec does not say one. `seed`: None draws one.
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
    plan = assemble.build_strategy(strategy, options.sampling.temperature)
    task = assemble.build_problem(problem, options.answer_type, options.system)
    async with AsyncExitStack() as stack:
        deadline = None if budget.seconds is None else began + budget.seconds
        models = await open_models(stack, {GENERATOR: model, **options.roles}, deadline, options.interrupt)
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
        context.deadline = deadline
        context.emit("start", lambda: _start(context, plan, budget))
        result = await drive(plan, context, options.interrupt)
        if trace is not None and trace.error:
            result = replace(result, decisions=(*result.decisions, trace.error))
        return result


async def open_models(
    stack: AsyncExitStack,
    wanted: Mapping[str, str | Model],
    deadline: float | None,
    interrupt: asyncio.Event | None,
) -> dict[str, Model]:
    """The models by role; those given as specs are loaded, each spec once, and freed when the stack closes."""
    loaded: dict[str, Model] = {}
    found: dict[str, Model] = {}
    for role, which in wanted.items():
        if isinstance(which, str):
            if which not in loaded:
                loaded[which] = await _load(which, deadline, interrupt)
                stack.push_async_callback(loaded[which].aclose)
            found[role] = loaded[which]
        else:
            found[role] = which
    return found


async def _load(spec: str, deadline: float | None, interrupt: asyncio.Event | None) -> Model:
    """A model, loaded on a thread. Raises NothingFound where the deadline or an interrupt comes first; what is loaded
    after that is closed at once."""
    loop = asyncio.get_running_loop()
    load: asyncio.Future[Model] = loop.create_future()
    threading.Thread(target=_load_on_thread, args=(spec, load), daemon=True, name="thinkharder-load").start()
    stop = loop.create_task(interrupt.wait()) if interrupt is not None else None
    left = None if deadline is None else max(0.0, deadline - loop.time())
    waiting: set[asyncio.Future[Any]] = {load} if stop is None else {load, stop}
    try:
        await asyncio.wait(waiting, timeout=left, return_when=asyncio.FIRST_COMPLETED)
    finally:
        stopped = stop is not None and stop.done()
        if stop is not None:
            stop.cancel()
        if not load.done():
            load.cancel()
    if not load.cancelled():
        return load.result()
    limit = "interrupted" if stopped else "seconds"
    raise NothingFound(
        limit, f"the model {spec} was still being loaded; load it once with load_model for many calls"
    )


def _load_on_thread(spec: str, waiting: "asyncio.Future[Model]") -> None:
    """Load a model for whoever waits; free it where nobody does any more. Not on the loop's executor, whose threads are
    waited for at the end."""
    error: BaseException | None = None
    model: Model | None = None
    try:
        model = assemble.load_model(spec)
    except BaseException as caught:
        error = caught
    handed = threading.Event()
    taken: list[bool] = []

    def hand_over() -> None:
        if not waiting.done():
            taken.append(True)
            if error is not None:
                waiting.set_exception(error)
            elif model is not None:
                waiting.set_result(model)
        handed.set()

    try:
        waiting.get_loop().call_soon_threadsafe(hand_over)
        handed.wait(timeout=60)
    except RuntimeError:  # the loop is closed: nobody waits any more
        pass
    if model is not None and not taken:
        asyncio.run(model.aclose())


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
    loop = asyncio.new_event_loop()
    task = loop.create_task(job)
    thread = threading.Thread(target=_to_its_end, args=(loop, task), name="thinkharder-sync", daemon=True)
    thread.start()
    try:
        thread.join()
    except BaseException:  # Ctrl-C in the waiting thread must not leave the job running and spending
        loop.call_soon_threadsafe(task.cancel)
        thread.join()
        raise
    return task.result()


def _to_its_end(loop: asyncio.AbstractEventLoop, task: "asyncio.Task[Any]") -> None:
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        runner.run(_awaited(task))


async def _awaited(task: "asyncio.Task[Any]") -> None:
    await asyncio.wait({task})
