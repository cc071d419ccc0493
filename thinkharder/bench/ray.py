"""The Ray executor: the same grid, store and results, spread over a cluster.

One *desk* actor lives on the node that the run was started from and is the only writer of the store: it hands out groups,
takes in every generation and every cell the moment they end, and looks draws up for the workers. The workers, one actor
each, load the models and do what the local executor does, with a desk and a store that are a call away (about a
millisecond; a sample takes seconds). So a run's folder needs no shared file system, one file holds all, and what is
acknowledged is on the disk. A worker that is lost takes nothing with it but what was under way: its groups are handed out
again, and their finished draws are served from the store.
"""

import asyncio
import logging
import os
import socket
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final, cast, final

from thinkharder.bench.desk import LocalDesk, Progress
from thinkharder.bench.grid import Group
from thinkharder.bench.local import SHOW, Order, Screen, gone
from thinkharder.bench.work import Job, Worker
from thinkharder.core.errors import BadOption, ConfigError, MissingExtra, ModelUnavailable
from thinkharder.records.cell import Cell
from thinkharder.records.store import Store

LOST_IN_VAIN: Final = 3
"""Workers that may be lost one after another without a single cell ended between them."""
LOCAL: Final = "local"
ANSWERS: Final = 5.0
"""Seconds in which a cluster must answer at all."""


@final
@dataclass(frozen=True, slots=True)
class Cluster:
    """Which cluster, and what of it. `address` is HOST:PORT, `auto`, or `local` for one of its own on this machine;
    `workers` None is one for each node. `cpus` and `gpus` are what each worker reserves."""

    address: str = LOCAL
    workers: int | None = None
    cpus: float = 1.0
    gpus: float = 0.0

    def __post_init__(self) -> None:
        if self.address.startswith("ray://"):
            raise BadOption(
                f"--ray {self.address}: start the run on a node of the cluster, with --ray auto: the store is written"
                " where the run is started, and a Ray client is no node"
            )
        if self.workers is not None and self.workers < 1:
            raise BadOption(f"workers={self.workers} must be at least 1")


@final
@dataclass(frozen=True, slots=True)
class RayExecutor:
    """Workers on a Ray cluster."""

    cluster: Cluster = field(default_factory=Cluster)

    async def run(self, order: Order, screen: Screen) -> Progress:
        """How far it came. Raises MissingExtra, ConfigError where there is no such cluster, ModelUnavailable where too
        many workers were lost in vain, and what a worker raises."""
        ray = _ray()
        screen.loading(f"Ray cluster {self.cluster.address}", 0, 0)
        started = await asyncio.to_thread(_connect, ray, self.cluster)
        try:
            crew = _Crew(ray, self.cluster, order, screen)
            try:
                return await crew.run()
            finally:
                crew.close()
        finally:
            if started:
                await asyncio.to_thread(ray.shutdown)


@final
class _Crew:
    """The desk and the workers of one run."""

    def __init__(self, ray: Any, cluster: Cluster, order: Order, screen: Screen) -> None:
        self.ray, self.cluster, self.screen = ray, cluster, screen
        self.job = ray.put(order.job)
        here = ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy(
            ray.get_runtime_context().get_node_id(), soft=False
        )
        self.desk = ray.remote(_DeskActor).options(num_cpus=0, scheduling_strategy=here).remote(order)
        self.workers: dict[asyncio.Future[Any], tuple[str, Any]] = {}
        self.hired = self.in_vain = 0
        self.progress = Progress()

    async def run(self) -> Progress:
        nodes = [n for n in self.ray.nodes() if n["Alive"] and n["Resources"].get("CPU")]
        for _ in range(self.cluster.workers or max(1, len(nodes))):
            self._hire()
        stop = asyncio.ensure_future(self.screen.stop.wait())
        try:
            while self.workers and not stop.done():
                await asyncio.wait({*self.workers, stop}, timeout=SHOW, return_when=asyncio.FIRST_COMPLETED)
                await self._look()
                for ended in [w for w in self.workers if w.done()]:
                    await self._ended(ended)
            await self._look()
        finally:
            stop.cancel()
        if reason := await self._ask("stopped"):
            raise ModelUnavailable(gone(reason))
        return self.progress

    def close(self) -> None:
        for future, (_, actor) in self.workers.items():
            future.cancel()
            self.ray.kill(actor)
        with suppress(Exception):  # what it was told is on the disk; a desk that is gone needs no closing
            self.ray.get(self.desk.close.remote(), timeout=10)
        self.ray.kill(self.desk)

    async def _look(self) -> None:
        before, self.progress = self.progress, await self._ask("progress")
        if self.progress.done > before.done:
            self.in_vain = 0
        self.screen.show(self.progress)

    async def _ask(self, what: str, *arguments: Any) -> Any:
        return await asyncio.wrap_future(self.desk.desk.remote(what, *arguments).future())

    def _hire(self) -> None:
        name = f"worker-{self.hired}"
        self.hired += 1
        wanted = {
            "num_cpus": self.cluster.cpus,
            "num_gpus": self.cluster.gpus,
            "scheduling_strategy": "SPREAD",
        }
        actor = self.ray.remote(_WorkerActor).options(**wanted).remote(name, self.desk, self.job)
        self.workers[asyncio.wrap_future(actor.run.remote().future())] = (name, actor)

    async def _ended(self, ended: "asyncio.Future[Any]") -> None:
        """A worker came to its end: with nothing left for it, with an error of its own, or because it was lost."""
        name, actor = self.workers.pop(ended)
        error = ended.exception()
        if error is None:
            self.ray.kill(actor)
            return
        if not isinstance(error, self.ray.exceptions.RayActorError):
            raise getattr(error, "cause", None) or error
        again = await self._ask("lost", name)
        self.in_vain += 1
        if self.in_vain >= LOST_IN_VAIN:
            raise ModelUnavailable(
                gone(f"{self.in_vain} Ray workers in a row were lost ({first_line(error)})")
            )
        if again or await self._ask("left"):
            self._hire()


class _DeskActor:
    """The desk and the store's one writer, as an actor."""

    def __init__(self, order: Order) -> None:
        self._store = Store.open(order.records, create=True)
        self._desk = LocalDesk.of(self._store, order.groups, order.total)

    def desk(self, what: str, *arguments: Any) -> Any:
        """A method of the desk, or one of its values."""
        found = getattr(self._desk, what)
        return found(*arguments) if callable(found) else found

    def store(self, what: str, arguments: tuple[Any, ...], options: Mapping[str, Any]) -> Any:
        """A method of the store."""
        return getattr(self._store, what)(*arguments, **options)

    def close(self) -> None:
        """Close the store."""
        self._store.close()


class _WorkerActor:
    """One worker, as an actor; `run` is all that it does."""

    def __init__(self, name: str, desk: Any, job: Job) -> None:
        self._name, self._desk, self._job = name, desk, job

    def run(self) -> None:
        """Work until the desk has nothing more."""
        asyncio.run(_work(self._name, self._desk, self._job))


async def _work(name: str, actor: Any, job: Job) -> None:
    """A worker's life. Not a method: an actor with a coroutine is run on a loop of Ray's, on which nothing may block."""
    desk, store = _RemoteDesk(actor), cast(Store, _RemoteStore(actor))
    await Worker(name, desk, store, job, asyncio.Event()).run()


@final
class _RemoteDesk:
    """The desk, a call away."""

    def __init__(self, actor: Any) -> None:
        self._actor = actor

    def _call(self, what: str, *arguments: Any) -> Any:
        return _got(self._actor.desk.remote(what, *arguments))

    def take(self, worker: str, model: str) -> Group | None:
        """As the local desk's."""
        return cast("Group | None", self._call("take", worker, model))

    def finish(self, worker: str, number: int) -> None:
        """As the local desk's."""
        self._call("finish", worker, number)

    def put_cell(self, cell: Cell) -> None:
        """As the local desk's."""
        self._call("put_cell", cell)

    def tell(self, streamed: int, fresh: int, served: int) -> None:
        """As the local desk's."""
        self._call("tell", streamed, fresh, served)


@final
class _RemoteStore:
    """The store, a call away: every public method, and the draws that are on their way in this process."""

    def __init__(self, actor: Any) -> None:
        self._actor = actor
        self.flights: dict[Any, Any] = {}

    def __getattr__(self, what: str) -> Any:
        if what.startswith("_") or not hasattr(Store, what):
            raise AttributeError(what)
        return lambda *arguments, **options: _got(self._actor.store.remote(what, arguments, options))


def _got(reference: Any) -> Any:
    """The value of a reference; an error as it was raised there."""
    ray = _ray()
    try:
        return ray.get(reference)
    except ray.exceptions.RayTaskError as error:
        raise (getattr(error, "cause", None) or error) from None


def _ray() -> Any:
    try:
        import ray
        import ray.util.scheduling_strategies
    except ImportError as error:
        raise MissingExtra("--ray", "ray") from error
    return ray


def _connect(ray: Any, cluster: Cluster) -> bool:
    """Join the cluster, or start one; whether that was done here. Raises ConfigError where there is none."""
    if ray.is_initialized():
        return False
    _reachable(cluster.address)
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO_GPU", "0")
    # On a thread, so that Ray does not take SIGTERM, which ends the run in order; it warns of that.
    logging.getLogger("ray").setLevel(logging.ERROR)
    quiet = {"log_to_driver": False, "configure_logging": False, "logging_level": logging.ERROR}
    try:
        if cluster.address == LOCAL:
            cores = max(os.cpu_count() or 1, int(cluster.cpus * (cluster.workers or 1) + 0.999))
            ray.init(
                address=LOCAL,
                num_cpus=cores,
                include_dashboard=False,
                object_store_memory=128 * 2**20,
                **quiet,
            )
        else:
            ray.init(address=cluster.address, **quiet)
    except (ConnectionError, ValueError, RuntimeError, TimeoutError) as error:
        raise ConfigError(
            f"no Ray cluster at {cluster.address}: {first_line(error)}; see: ray status"
        ) from error
    return True


def _reachable(address: str) -> None:
    """Raise ConfigError where nobody answers at HOST:PORT: Ray itself would try for minutes."""
    host, colon, port = address.rpartition(":")
    if not colon:
        return
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=ANSWERS).close()
    except (OSError, ValueError, OverflowError) as error:
        raise ConfigError(f"no Ray cluster at {address}: {first_line(error)}; see: ray status") from error


def first_line(error: BaseException) -> str:
    """What an error says first."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
