"""A sandboxed process that asks reasoning-gym for its own score of an answer.

Some of its data sets pass the answer to Python's `eval` or to SymPy's parser, which evaluates it too. So what a model says
is scored in a jail that sees the installed packages and nothing else: no network, no files of the host, no environment. It
imports once (a second) and forks for each answer, and ends when nothing was asked for a while.
"""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import final
from weakref import WeakKeyDictionary

from thinkharder.core.errors import SandboxError, SandboxUnavailable
from thinkharder.sandbox import (
    BubblewrapSandbox,
    LandlockSandbox,
    Limits,
    NoSandbox,
    Session,
    SessionEnded,
    choose,
)
from thinkharder.sandbox.process import Launch, Launcher, output_of, started
from thinkharder.sandbox.session import ProcessSession

START_SECONDS, ANSWER_SECONDS, IDLE_SECONDS = 120.0, 10.0, 3.0
LIMITS = Limits(
    cpu_seconds=100_000, wall_seconds=100_000, memory_mb=4096, processes=8, file_mb=16, output_kb=64
)
_SERVER = Path(__file__).with_name("gym_server.py")


async def own_score(request: bytes, sandbox: str = "auto") -> float:
    """The score in [0, 1] that reasoning-gym gives; 0 where its scorer fails, or takes more than ten seconds, on this answer.

    Raises SandboxUnavailable where no sandbox that runs installed packages works, SandboxError where the process does not
    start.
    """
    scorers = _scorers.setdefault(asyncio.get_running_loop(), {})
    if sandbox not in scorers:
        scorers[sandbox] = _Scorer(_jail(sandbox))
    return await scorers[sandbox].ask(request)


def packages() -> list[str]:
    """The folders of installed packages that this interpreter looks into."""
    return [path for path in sys.path if path.rstrip(os.sep).endswith("-packages") and os.path.isdir(path)]


def _jail(sandbox: str) -> Launcher:
    chosen = choose(sandbox)
    if not isinstance(chosen, BubblewrapSandbox | LandlockSandbox | NoSandbox):
        raise SandboxUnavailable(
            f"reasoning-gym's own scores need a sandbox that runs installed packages, and {chosen.name} does not; "
            "install bubblewrap"
        )
    return _WithPackages(chosen)


@final
@dataclass(frozen=True, slots=True)
class _WithPackages:
    """A sandbox in which the installed packages can be read too."""

    inner: Launcher

    @contextmanager
    def launch(self, limits: Limits) -> Iterator[Launch]:
        """As the inner one, with read-only packages."""
        with self.inner.launch(limits) as launch:
            if launch.landlock is not None:
                paths, devices = launch.landlock
                yield replace(launch, landlock=([*paths, *packages()], devices))
            elif "--chdir" in launch.argv:
                at = launch.argv.index("--chdir")
                yield replace(launch, argv=[*launch.argv[:at], *_binds(), *launch.argv[at:]])
            else:
                yield launch


def _binds() -> list[str]:
    """Orders for bubblewrap; the folders above are made first, open to all."""
    orders: list[str] = []
    for path in packages():
        for parent in reversed(Path(path).parents[:-1]):
            orders += ["--perms", "0755", "--dir", str(parent)]
        orders += ["--ro-bind", path, path]
    return orders


_Job = tuple[bytes, "asyncio.Future[float]"]


@final
class _Scorer:
    """The process of one event loop: started by the first question, ended when none came for a while."""

    def __init__(self, jail: Launcher) -> None:
        self._jail = jail
        self._jobs: asyncio.Queue[_Job] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None

    async def ask(self, request: bytes) -> float:
        """The score."""
        future: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        self._jobs.put_nowait((request, future))
        if self._task is None:
            self._task = asyncio.create_task(self._serve())
        return await future

    async def _serve(self) -> None:
        try:
            while not self._jobs.empty():
                await self._session()
        except SandboxError as error:
            self._give_up(error)
        finally:
            self._task = None
            self._give_up(SandboxError("the scoring process was stopped"))

    def _give_up(self, error: SandboxError) -> None:
        while not self._jobs.empty():
            _, future = self._jobs.get_nowait()
            if not future.done():
                future.set_exception(error)

    async def _session(self) -> None:
        """Answer until nothing is asked, or an answer ends the process: that one scores 0, and a new process follows."""
        async with _open(self._jail) as session:
            while True:
                try:
                    request, future = await asyncio.wait_for(self._jobs.get(), IDLE_SECONDS)
                except TimeoutError:
                    return
                try:
                    score = await self._answer(session, request)
                except SessionEnded:
                    score = None
                except asyncio.CancelledError:
                    future.cancel()
                    raise
                if not future.done():
                    future.set_result(score or 0.0)
                if score is None:
                    return

    async def _answer(self, session: Session, request: bytes) -> float:
        await session.send(request)
        _, payload = await session.receive(ANSWER_SECONDS + 5.0)
        with suppress(ValueError, RecursionError):
            found = json.loads(payload)
            if isinstance(found, int | float) and not isinstance(found, bool) and found == found:
                return min(max(float(found), 0.0), 1.0)
        return 0.0


@asynccontextmanager
async def _open(jail: Launcher) -> AsyncIterator[ProcessSession]:
    """The scoring process, ready. Raises SandboxError where it does not get ready."""
    async with started(jail, _SERVER.read_text("utf-8"), LIMITS, {}) as child:
        errors = asyncio.create_task(child.collect(output_of(child, "stderr")))
        try:
            session = ProcessSession(child, errors)
            await session.send(json.dumps({"paths": packages(), "seconds": ANSWER_SECONDS}).encode())
            try:
                await session.receive(START_SECONDS)
            except SessionEnded as ended:
                await asyncio.wait([errors], timeout=1.0)
                said = errors.result().decode("utf-8", "replace") if errors.done() else ""
                last = said.strip().rpartition("\n")[2][:300]
                raise SandboxError(
                    f"reasoning-gym does not start in the sandbox ({ended}): {last}"
                ) from ended
            yield session
        finally:
            errors.cancel()
            await asyncio.wait([errors])


_scorers: "WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, _Scorer]]" = WeakKeyDictionary()
