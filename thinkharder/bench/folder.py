"""The folder of a run: `bench.json` says what was asked for, `records.sqlite` holds what came of it."""

import json
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, fields, replace
from importlib import metadata
from pathlib import Path
from typing import Any, Final, final

from thinkharder.bench.grid import Grid
from thinkharder.core.errors import BadOption, ConfigError, UsageError
from thinkharder.core.types import Sampling
from thinkharder.records.store import Store
from thinkharder.records.stored import STORE_NAME

FORMAT: Final = 1
DOCUMENT, LOCK = "bench.json", "bench.lock"
RECORDING = ("none", "summary", "tokens")
"""What is kept of log-probabilities: nothing, summaries, or those of every token."""


@final
@dataclass(frozen=True, slots=True)
class Settings:
    """What all cells of a run share: with another value there the samples would be others.

    `record` is one of RECORDING; `tops` alternatives of each token are recorded too, with "tokens".
    """

    sampling: Sampling = field(default_factory=Sampling)
    record: str = "summary"
    tops: int = 0
    system: str | None = None
    sandbox: str = "auto"
    roles: Mapping[str, str] = field(default_factory=dict)
    prompts: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.record not in RECORDING:
            raise BadOption(f"record={self.record!r} must be one of {', '.join(RECORDING)}")
        if self.tops < 0 or (self.tops and self.record != "tokens"):
            raise BadOption(
                f"tops={self.tops}: alternatives from 0 up are recorded with record='tokens' only"
            )


@final
@dataclass(frozen=True, slots=True)
class Machine:
    """How a run is run; results do not depend on it. `engine` are the fields of EngineOptions, `prices` US dollars per
    million tokens by model spec, `at_once` problems at a time (None: as many as keep the model's batch full)."""

    engine: Mapping[str, Any] = field(default_factory=dict)
    prices: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    at_once: int | None = None

    def __post_init__(self) -> None:
        if self.at_once is not None and self.at_once < 1:
            raise BadOption(f"at_once={self.at_once} must be at least 1")


@final
@dataclass(frozen=True, slots=True)
class Plan:
    """What `bench.json` holds. `problems` are the ids by task's spec, for the largest limit that was asked for."""

    settings: Settings = field(default_factory=Settings)
    machine: Machine = field(default_factory=Machine)
    grids: tuple[Grid, ...] = ()
    problems: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def with_grid(self, grid: Grid) -> "Plan":
        """The plan with a grid more, unless it has it."""
        return self if grid in self.grids else replace(self, grids=(*self.grids, grid))

    def with_problems(self, task: str, ids: Sequence[str]) -> "Plan":
        """The plan with the ids of a task's problems. Raises UsageError where they are others than they were."""
        known = self.problems.get(task, ())
        both = min(len(known), len(ids))
        if tuple(ids[:both]) != known[:both]:
            raise UsageError(
                f"the problems of {task} are not those that the run began with; take the same data, or another --out"
            )
        return self if len(ids) <= both else replace(self, problems={**self.problems, task: tuple(ids)})

    def cells(self) -> dict[str, dict[str, Any]]:
        """Every cell that was asked for: key -> its identity (records.cell.IDENTITY), in the order of the grids."""
        found = {}
        for grid in self.grids:
            for row in grid.rows():
                for problem in self.problems.get(row.task, ())[: grid.limit]:
                    found[row.key(problem)] = {**row.identity(), "problem": problem}
        return found


@final
class RunFolder:
    """A run's folder. `open` reads one that is there, `create` makes one or takes up one with the same settings."""

    def __init__(self, path: Path, plan: Plan) -> None:
        self.path, self.plan = path, plan

    @classmethod
    def open(cls, path: str | Path) -> "RunFolder":
        """The run in a folder. Raises ConfigError where there is none, or one that this version cannot read."""
        path = Path(path)
        file = path / DOCUMENT
        try:
            document = json.loads(file.read_text("utf-8"))
        except FileNotFoundError:
            raise ConfigError(
                f"{path} holds no run ({DOCUMENT} is not there); give the folder that --out named"
            ) from None
        except (OSError, ValueError) as error:
            raise ConfigError(f"cannot read {file}: {error}") from error
        return cls(path, _plan(document, file))

    @classmethod
    def create(cls, path: str | Path, settings: Settings, machine: Machine | None = None) -> "RunFolder":
        """A run with these settings: a new folder's, or the one that is there. Raises UsageError where the run there has
        other settings, or the folder holds something else; ConfigError where it cannot be made."""
        path, machine = Path(path), machine or Machine()
        if (path / DOCUMENT).exists():
            folder = cls.open(path)
            _same(path, folder.plan.settings, settings)
            folder.plan = replace(folder.plan, machine=machine)
            return folder
        if path.exists() and (not path.is_dir() or any(path.iterdir())):
            raise UsageError(f"--out {path} is there and holds no run; name a new folder, or an empty one")
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError(f"cannot make the folder {path}: {error.strerror or error}") from error
        return cls(path, Plan(settings, machine))

    def save(self) -> None:
        """Write `bench.json`, all of it or nothing. Raises ConfigError where it cannot be written."""
        plan = self.plan
        document = {
            "format": FORMAT,
            "version": version(),
            "settings": asdict(plan.settings),
            "machine": asdict(plan.machine),
            "grids": [grid.document() for grid in plan.grids],
            "problems": {task: list(ids) for task, ids in plan.problems.items()},
        }
        try:
            _write(self.path / DOCUMENT, json.dumps(document, ensure_ascii=False, indent=1))
        except OSError as error:
            raise ConfigError(f"cannot write {self.path / DOCUMENT}: {error.strerror or error}") from error

    def take_back(self, plan: Plan) -> None:
        """Back to `plan`, because what was asked for since cannot be: nothing of it is left, and where there was no grid
        before and nothing was drawn, no run either."""
        self.plan = plan
        if plan.grids or self._drawn():
            self.save()
            return
        for name in (DOCUMENT, LOCK, *(STORE_NAME + end for end in ("", "-wal", "-shm"))):
            with suppress(OSError):
                (self.path / name).unlink()

    def _drawn(self) -> bool:
        if not self.records.exists():
            return False
        with self.store() as store:
            return bool(store.groups())

    @property
    def records(self) -> Path:
        """The store's file."""
        return self.path / STORE_NAME

    def store(self) -> Store:
        """The store, made where it is not there yet. Raises what `Store.open` raises."""
        return Store.open(self.records, create=True)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Nobody else runs this run meanwhile. Raises UsageError where somebody does."""
        with (self.path / LOCK).open("a+", encoding="ascii") as file:
            if not _lock(file.fileno()):
                file.seek(0)
                who = file.read().strip()
                raise UsageError(
                    f"{self.path} is being run{f' by process {who}' if who else ''}; wait for it, or watch it with:"
                    f" thinkharder bench status {self.path} --watch"
                )
            file.truncate(0)
            file.write(str(os.getpid()))
            file.flush()
            yield

    def running(self) -> bool:
        """Whether a bench works on it now, as far as this machine knows."""
        try:
            with (self.path / LOCK).open("r+", encoding="ascii") as file:
                return not _lock(file.fileno())
        except OSError:
            return False


def version() -> str:
    """The software's version, as cells keep it."""
    try:
        return metadata.version("thinkharder")
    except metadata.PackageNotFoundError:
        return "unknown"


def _plan(document: Any, file: Path) -> Plan:
    try:
        if document["format"] != FORMAT:
            raise ConfigError(
                f"{file} has format {document['format']!r}; this version reads {FORMAT}: upgrade it"
            )
        settings = dict(document["settings"])
        sampling = dict(settings.pop("sampling"))
        sampling["stop"] = tuple(sampling["stop"])
        return Plan(
            settings=Settings(sampling=Sampling(**sampling), **settings),
            machine=Machine(**document["machine"]),
            grids=tuple(Grid.of(grid) for grid in document["grids"]),
            problems={task: tuple(ids) for task, ids in document["problems"].items()},
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ConfigError(f"{file} is not what bench writes ({type(error).__name__}: {error})") from error


def _same(path: Path, there: Settings, wanted: Settings) -> None:
    """Raise UsageError, naming what differs, unless both are the same."""
    for one in fields(Settings):
        old, new = getattr(there, one.name), getattr(wanted, one.name)
        if old == new or (isinstance(old, Mapping) and dict(old) == dict(new)):
            continue
        if isinstance(old, Sampling):
            name = next(f.name for f in fields(Sampling) if getattr(old, f.name) != getattr(new, f.name))
            old, new = getattr(old, name), getattr(new, name)
        else:
            name = one.name
        raise UsageError(
            f"the run in {path} was made with {name.replace('_', '-')} {old!r}, and now it is {new!r}: samples of both"
            " do not belong together; give the same, or another --out"
        )


def _write(path: Path, text: str) -> None:
    """Through a file beside it, so that it is never half written."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(name)
        raise


if sys.platform == "win32":
    import msvcrt

    def _lock(handle: int) -> bool:
        """Whether the file is ours now; the lock ends with the process, however it ends."""
        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True
else:
    import fcntl

    def _lock(handle: int) -> bool:
        """Whether the file is ours now; the lock ends with the process, however it ends."""
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError:  # a file system without locks: nothing can be said
            return True
        return True
