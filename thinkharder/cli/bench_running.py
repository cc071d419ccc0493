"""From the flags of `bench run` and `bench resume` to a run, watched on standard error and ended in order by a signal."""

import asyncio
import sys
from contextlib import nullcontext, redirect_stdout
from dataclasses import replace
from pathlib import Path
from typing import Any

from thinkharder import config
from thinkharder.api import DEFAULT_MODEL
from thinkharder.bench import grid as grids
from thinkharder.bench.folder import Machine, RunFolder, Settings
from thinkharder.bench.local import Executor, Local, Screen
from thinkharder.bench.ray import Cluster, RayExecutor
from thinkharder.bench.run import Ended, run
from thinkharder.cli import bench_show, job
from thinkharder.cli.bench_flags import MachineFlags, ResumeFlags, RunFlags, numbers
from thinkharder.cli.running import Signals
from thinkharder.cli.text import dumps
from thinkharder.core.errors import BadOption, UnknownName
from thinkharder.core.types import Sampling
from thinkharder.core.usage import LIMITS

DEFAULT_STRATEGY = "self-consistency"
FAILED = 1


def begin(flags: RunFlags) -> int:
    """Make the grid, run it, and return the exit code."""
    settings = config.load()
    chosen = {**settings.values, **flags.given(config.SETTINGS)}
    grid = _grid(flags, chosen)
    folder = RunFolder.create(flags.out, _settings(flags, chosen, settings), _machine(flags, settings))
    return _go(folder, grid, flags)


def again(flags: ResumeFlags) -> int:
    """Take a run up again, and return the exit code."""
    folder, settings = RunFolder.open(flags.path), config.load()
    old, new = folder.plan.machine, _machine(flags, settings)
    machine = Machine({**old.engine, **new.engine}, {**old.prices, **new.prices}, new.at_once or old.at_once)
    folder.plan = replace(folder.plan, machine=machine)
    return _go(folder, None, flags)


def _grid(flags: RunFlags, chosen: dict[str, Any]) -> grids.Grid:
    models = tuple(dict.fromkeys(flags.model or [chosen.get("model", DEFAULT_MODEL)]))
    for model in models:
        job.keyless(model)
    verifier = chosen.get("verifier")
    specs = flags.strategy or [chosen.get("strategy", DEFAULT_STRATEGY)]
    entries = grids.entries(
        specs, ns=numbers(flags.n), temperature=chosen.get("temperature"), verifier=verifier
    )
    limits = {
        name: chosen[key] for name in LIMITS if (key := name.replace("_", "-")) in chosen and name != "tokens"
    }
    tokens = numbers(flags.tokens)
    if not tokens and "tokens" in chosen:
        tokens = (chosen["tokens"],)
    return grids.Grid(
        tasks=tuple(dict.fromkeys(flags.tasks)),
        models=models,
        strategies=entries,
        budgets=tuple({"tokens": n, **limits} for n in tokens) or (limits,),
        seeds=numbers(flags.seeds) or (1,),
        limit=flags.limit,
        verifier=verifier,
    )


def _settings(flags: RunFlags, chosen: dict[str, Any], settings: config.Settings) -> Settings:
    roles = {**settings.roles, **job.roles_of(flags.role or ())}
    for role, spec in roles.items():
        if role not in job.ROLES:
            raise UnknownName("role", role, list(job.ROLES))
        job.keyless(spec)
    sampling = Sampling(
        temperature=chosen.get("temperature"),
        top_p=flags.top_p,
        top_k=flags.top_k,
        max_tokens=chosen.get("max-tokens"),
    )
    return Settings(
        sampling=sampling,
        record=flags.record_logprobs,
        tops=flags.top_logprobs or 0,
        system=chosen.get("system"),
        sandbox=job.sandbox_name(chosen.get("sandbox", "auto")),
        roles=roles,
        prompts=dict(settings.prompts),
    )


def _machine(flags: MachineFlags, settings: config.Settings) -> Machine:
    engine = job.engine_options({**settings.engine, **flags.given(config.ENGINE)})
    return Machine(engine, settings.prices, flags.at_once)


def _executor(flags: MachineFlags) -> Executor:
    if flags.ray is None:
        given = [
            name for name in ("workers", "worker_cpus", "worker_gpus") if getattr(flags, name) is not None
        ]
        if given:
            raise BadOption(
                f"--{given[0].replace('_', '-')} goes with --ray; add --ray local or --ray ADDRESS"
            )
        return Local()
    cluster = Cluster(
        flags.ray,
        flags.workers,
        1.0 if flags.worker_cpus is None else flags.worker_cpus,
        flags.worker_gpus or 0.0,
    )
    return RayExecutor(cluster)


def _go(folder: RunFolder, grid: grids.Grid | None, flags: MachineFlags) -> int:
    executor, shown = _executor(flags), bench_show.choose(flags.quiet, folder.path)

    async def job() -> tuple[Ended, int | None]:
        with Signals(shown) as signals:
            screen = Screen(signals.event, shown.loading, shown.take)
            return await run(folder, grid, executor=executor, screen=screen), signals.number

    # Ray says on standard output that a worker died; that place is for the outcome.
    aside = nullcontext() if flags.ray is None else redirect_stdout(sys.stderr)
    try:
        with aside:
            ended, number = asyncio.run(job())
    finally:
        shown.close()
    _print(folder.path, ended, flags)
    if ended.stopped:
        return 128 + (number or 2)
    return FAILED if ended.failed else 0


def _print(path: Path, ended: Ended, flags: MachineFlags) -> None:
    if flags.json:
        print(dumps(bench_show.document(path, ended)))
    elif not flags.quiet:
        print("\n".join(bench_show.summary(path, ended)))
