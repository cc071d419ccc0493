"""The store: one SQLite file in WAL mode in which every finished generation lies, and every finished cell of a grid.

What `put` and `put_cell` were given is in the file when they return: a killed process loses nothing of it (nor, opened
`power_safe`, does a power cut). Rows are found by keys made of their content, so nothing is stored twice, whoever writes;
several processes may write at once. Nothing is ever changed or removed but by adding what was not known before.
"""

import json
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self, final

from thinkharder.core.types import Capabilities
from thinkharder.core.usage import Usage
from thinkharder.records import schema, writing
from thinkharder.records.cell import Cell
from thinkharder.records.generation import Generation, Origin
from thinkharder.records.kept import Kept, of_database, serving
from thinkharder.records.sample import Sample
from thinkharder.records.stored import STORE_ENDINGS, STORE_NAME, Group, StoredSamples, groups
from thinkharder.records.verifying import problems_of


@final
class Store:
    """An open store. A context manager. Safe from several threads; open one for each process."""

    def __init__(self, path: Path, db: sqlite3.Connection) -> None:
        """Use `open`."""
        self.path = path
        self.flights: dict[Any, Any] = {}
        """Draws that are on their way in this process (see recorder)."""
        self._db = db
        self._lock = threading.RLock()
        self._ids: dict[tuple[str, str], int] = {}

    @classmethod
    def open(cls, path: str | Path, create: bool = False, *, power_safe: bool = True) -> Self:
        """Open the store at `path`, or in the folder `path` of a run; with `create` make it where there is none.

        Without `power_safe` a put is faster (0.02 instead of about 3 ms) and safe from a killed process, but not from a
        power cut. Raises StoreError.
        """
        file = store_file(path, create)
        return cls(file, schema.connect(file, create=create, power_safe=power_safe))

    def put(self, generation: Generation) -> str:
        """Store a draw; its record's key. One that is stored already, as good or better, is left as it is."""
        with self._writing() as db:
            return writing.generation(db, self._ids, generation)

    def put_samples(self, samples: Iterable[Sample], *, task: str, model: str, version: str = "") -> int:
        """Store samples that were recorded elsewhere, in one transaction; how many were new. Raises BadRecord where one
        differs from what is stored under its task, model, problem and number."""
        with self._writing() as db:
            return writing.samples(db, self._ids, samples, (task, Origin(model), version))

    def put_problems(self, task: str, rows: Iterable[tuple[str, str | None, str | None]]) -> None:
        """State gold answer and level (each None: none known) of a task's problems, by their ids."""
        with self._writing() as db:
            for problem, gold, level in rows:
                writing.problem(db, self._ids, task, problem, gold, level)

    def put_model(self, origin: Origin, capabilities: Capabilities) -> None:
        """State what a model can do, so that a replay without it knows."""
        with self._writing() as db:
            writing.model(db, self._ids, origin, capabilities)

    def put_usage(self, keys: Sequence[str], usage: Usage) -> None:
        """State what the endpoint said, after the last chunk, that the request of these generations cost.

        Output tokens beyond those that were streamed (hidden thinking) are shared out among them.
        """
        with self._writing() as db:
            writing.usage(db, keys, usage)

    def link(self, keys: Iterable[str], task: str, problem: str) -> None:
        """State that these generations are draws of a problem too (they were drawn for another one of the same text)."""
        with self._writing() as db:
            number = writing.problem(db, self._ids, task, problem)
            writing.link(db, keys, number)

    def put_cell(self, cell: Cell) -> bool:
        """Store a finished cell with its draws' answers and scores, at once or not at all; False: it was there already.

        A cell that is there with an error is replaced. Raises StoreError where a draw's key is not in the store.
        """
        with self._writing() as db:
            return writing.cell(db, self._ids, cell, self.path)

    def find(self, draw_key: str, cap: int, logprobs: int | None) -> Kept | None:
        """The record that gives this draw under `cap` tokens with `logprobs` (as in Sampling), the first stored, or None."""
        with self._reading() as db:
            return serving(db, draw_key, cap, -1 if logprobs is None else logprobs)

    def partial(self, draw_key: str) -> Kept | None:
        """The longest record of a draw that was cut off from outside (by a stopping rule, a deadline), or None."""
        with self._reading() as db:
            row = db.execute(
                "SELECT * FROM generations WHERE draw_key = ? AND finish = 'cancelled' ORDER BY cut DESC LIMIT 1",
                (draw_key,),
            ).fetchone()
            return None if row is None else of_database(row)

    def generation(self, key: str) -> Kept | None:
        """The generation of a record's key (such as a cell's draw has), or None."""
        with self._reading() as db:
            row = db.execute("SELECT * FROM generations WHERE key = ?", (key,)).fetchone()
            return None if row is None else of_database(row)

    def draws(self, draw_key: str) -> list[Kept]:
        """All records of one draw, the first stored first."""
        with self._reading() as db:
            rows = db.execute("SELECT * FROM generations WHERE draw_key = ? ORDER BY id", (draw_key,))
            return [of_database(row) for row in rows]

    def prompt_tokens(self, content: str) -> tuple[int, bool] | None:
        """Input tokens that a request of this content had, and whether they are exact; None where it was never recorded."""
        with self._reading() as db:
            row = db.execute(
                "SELECT prompt_tokens, prompt_exact FROM generations WHERE content = ? AND prompt_tokens NOT NULL"
                " ORDER BY id LIMIT 1",
                (content,),
            ).fetchone()
            return None if row is None else (row[0], bool(row[1]))

    def models(self) -> dict[Origin, Capabilities | None]:
        """The models recorded here, with what they can do where that is known."""
        with self._reading() as db:
            rows = db.execute("SELECT name, digest, capabilities FROM models ORDER BY id").fetchall()
        return {Origin(name, digest): _capabilities(body) for name, digest, body in rows}

    def problems(self, task: str) -> dict[str, tuple[str | None, str | None]]:
        """Gold and level of a task's problems, by their ids."""
        with self._reading() as db:
            rows = db.execute(
                "SELECT problem, gold, level FROM problems WHERE task = ? ORDER BY id", (task,)
            ).fetchall()
        return {row[0]: (row[1], row[2]) for row in rows}

    def groups(self) -> list[Group]:
        """The tasks and models of which there are samples."""
        with self._reading() as db:
            return groups(db)

    def samples(self, task: str | None = None, model: str | None = None) -> Iterator[Sample]:
        """The samples of one task and model in full (see stored.StoredSamples for which), one by one."""
        return (light.sample for light in StoredSamples.open(self.path, task, model).scan(full=True))

    def cells(self) -> Iterator[Cell]:
        """The finished cells, the first finished first."""
        last = 0
        while True:
            with self._reading() as db:
                rows = db.execute(
                    "SELECT id, body FROM cells WHERE id > ? ORDER BY id LIMIT 256", (last,)
                ).fetchall()
            if not rows:
                return
            for row in rows:
                yield Cell.of_row(json.loads(row["body"]))
            last = rows[-1]["id"]

    def cell_keys(self, failed: bool = True) -> set[str]:
        """The keys of the finished cells; without `failed` only of those without an error: what a resumed grid need not
        do."""
        with self._reading() as db:
            return {row[0] for row in db.execute("SELECT key FROM cells WHERE NOT failed OR ?", (failed,))}

    def verify(self) -> list[str]:
        """What is wrong with the store, a line each; empty: nothing. Reads all of it and recomputes every hash."""
        with self._reading() as db:
            return list(problems_of(db))

    def close(self) -> None:
        """Close it; the last one to close moves all into the one file."""
        with self._lock:
            self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """A transaction that holds the right to write from its beginning, so that two writers never meet in the middle."""
        with self._lock, schema.told(self.path):
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
                self._db.execute("COMMIT")
            except BaseException:
                self._ids.clear()  # some of them may be of rows that are undone now
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with self._lock, schema.told(self.path):
            yield self._db


def store_file(path: str | Path, create: bool = False) -> Path:
    """The file of a store, given itself or the folder it lies in."""
    file = Path(path)
    plain = file.suffix in STORE_ENDINGS
    return file / STORE_NAME if file.is_dir() or (create and not plain and not file.is_file()) else file


def _capabilities(body: str | None) -> Capabilities | None:
    if body is None:
        return None
    known = Capabilities.__dataclass_fields__
    read = {name: value for name, value in json.loads(body).items() if name in known}
    values: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in read.items()}
    return Capabilities(**values)
