"""The desk of a running bench: hands out groups, takes in cells, counts. One for all workers, whichever executor runs."""

import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Protocol, final

from thinkharder.bench.grid import Group
from thinkharder.records.cell import Cell

FAILURES_IN_A_ROW: Final = 20
"""Cells that may fail one after another before the run stops: by then the model is gone, not the problem hard."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is. Cells: `total` of this command, `before` of them done earlier, `done` now, `failed` among those.

    `groups` are left to do at the start, `groups_done` since. Tokens are what the finished cells cost, whoever paid for
    the draws; `streamed` output tokens have passed in this run, `fresh` generations were asked of a model and stored,
    `served` came from the store. `right` sums the `checked` cells' scores. `usd` None: a price is not known. `at` and
    `began` in seconds of the monotonic clock; `last_error` is the newest failure.
    """

    total: int = 0
    before: int = 0
    done: int = 0
    failed: int = 0
    groups: int = 0
    groups_done: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    streamed: int = 0
    fresh: int = 0
    served: int = 0
    right: float = 0.0
    checked: int = 0
    usd: float | None = 0.0
    began: float = 0.0
    at: float = 0.0
    last_error: str = ""

    @property
    def seconds(self) -> float:
        """Since the first group was handed out."""
        return max(0.0, self.at - self.began) if self.began else 0.0

    @property
    def left(self) -> float | None:
        """Seconds that the rest takes at the rate so far; None before the first group is done."""
        if not self.groups_done:
            return None
        return self.seconds / self.groups_done * (self.groups - self.groups_done)

    @property
    def rate(self) -> float | None:
        """Output tokens a second, drawn or served, since the start; None before there is anything."""
        return self.streamed / self.seconds if self.seconds and self.streamed else None


class Keeps(Protocol):
    """Where cells are kept."""

    def put_cell(self, cell: Cell) -> object:
        """Durable when it returns."""
        ...


class Desk(Protocol):
    """What a worker asks for. Calls are short; the local desk's take microseconds, a remote one's about a millisecond."""

    def take(self, worker: str, model: str) -> Group | None:
        """The next group of a model, or None where there is none to be handed out now."""
        ...

    def finish(self, worker: str, number: int) -> None:
        """A group is done."""
        ...

    def put_cell(self, cell: Cell) -> None:
        """Keep a finished cell."""
        ...

    def tell(self, streamed: int, fresh: int, served: int) -> None:
        """So many output tokens passed, draws were stored, draws were served, since it was last told."""
        ...


@final
@dataclass(slots=True)
class LocalDesk:
    """The desk itself. Not thread-safe: it belongs to one event loop or one actor."""

    keep: Keeps
    todo: dict[str, deque[Group]] = field(default_factory=dict)
    out: dict[str, dict[int, Group]] = field(default_factory=dict)
    progress: Progress = field(default_factory=Progress)
    stopped: str = ""
    """Why no further group is handed out; "" while some are."""
    in_a_row: int = 0
    kept: set[str] = field(default_factory=set)
    """Keys of the cells that were kept in this run."""

    @classmethod
    def of(cls, keep: Keeps, groups: Sequence[Group], total: int) -> "LocalDesk":
        """A desk with these groups; `total` is how many cells the command asked for, done ones included."""
        todo: dict[str, deque[Group]] = {}
        for group in groups:
            todo.setdefault(group.model, deque()).append(group)
        left = sum(len(group.rows) for group in groups)
        return cls(keep, todo, progress=Progress(total=total, before=total - left, groups=len(groups)))

    def take(self, worker: str, model: str) -> Group | None:
        """The next group of a model, noted as being with this worker."""
        waiting = self.todo.get(model)
        if self.stopped or not waiting:
            return None
        if not self.progress.began:
            self.progress = replace(self.progress, began=time.monotonic())
        group = waiting.popleft()
        self.out.setdefault(worker, {})[group.number] = group
        return group

    def finish(self, worker: str, number: int) -> None:
        """A group is done; one that this worker does not have any more (it was given up for lost) is not counted."""
        if self.out.get(worker, {}).pop(number, None) is not None:
            self.progress = replace(
                self.progress, groups_done=self.progress.groups_done + 1, at=time.monotonic()
            )

    def lost(self, worker: str) -> int:
        """What a worker had not finished when it went is to be done again; how many groups. What it had drawn is in the
        store."""
        groups = self.out.pop(worker, {})
        for group in groups.values():
            left = tuple(row for row in group.rows if row.key(group.item.id) not in self.kept)
            self.todo.setdefault(group.model, deque()).appendleft(replace(group, rows=left))
        return len(groups)

    @property
    def left(self) -> int:
        """Groups that are not handed out."""
        return sum(map(len, self.todo.values()))

    def put_cell(self, cell: Cell) -> None:
        """Keep a finished cell and count it. After too many failures in a row nothing more is handed out."""
        self.keep.put_cell(cell)
        again = cell.key in self.kept
        self.kept.add(cell.key)
        if again:
            return
        old = self.progress
        self.in_a_row = self.in_a_row + 1 if cell.error is not None and not cell.draws else 0
        if self.in_a_row >= FAILURES_IN_A_ROW:
            self.stopped = f"{self.in_a_row} cells in a row failed, the last with {cell.error}"
        known = cell.correct is not None
        self.progress = replace(
            old,
            done=old.done + 1,
            failed=old.failed + (cell.error is not None),
            input_tokens=old.input_tokens + cell.input_tokens,
            output_tokens=old.output_tokens + cell.output_tokens,
            right=old.right + (cell.correct or 0.0),
            checked=old.checked + known,
            usd=None if old.usd is None or cell.usd is None else old.usd + cell.usd,
            at=time.monotonic(),
            last_error=cell.error or old.last_error,
        )

    def tell(self, streamed: int, fresh: int, served: int) -> None:
        """Add to the counts."""
        old = self.progress
        self.progress = replace(
            old,
            streamed=old.streamed + streamed,
            fresh=old.fresh + fresh,
            served=old.served + served,
            at=time.monotonic(),
        )
