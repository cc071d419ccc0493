"""The store's tables, how an older file is brought forward, and what is said when the database fails.

Migrations only go forward: each entry of MIGRATIONS is applied once, in a transaction, and is never changed afterwards.
"""

import os
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, final

from thinkharder.core.errors import ThinkharderError, UsageError

APPLICATION: Final = 0x7468726B
"""Marks a SQLite file as a store of records ("thrk")."""
BUSY_SECONDS = 120.0
_MAKING = threading.Lock()

MIGRATIONS: Final = (
    """
    CREATE TABLE prompts (id INTEGER PRIMARY KEY, hash TEXT NOT NULL UNIQUE, body TEXT NOT NULL);
    CREATE TABLE params (id INTEGER PRIMARY KEY, hash TEXT NOT NULL UNIQUE, body TEXT NOT NULL);
    CREATE TABLE models (
        id INTEGER PRIMARY KEY, name TEXT NOT NULL, digest TEXT NOT NULL, capabilities TEXT, UNIQUE (name, digest)
    );
    CREATE TABLE problems (
        id INTEGER PRIMARY KEY, task TEXT NOT NULL, problem TEXT NOT NULL, gold TEXT, level TEXT, UNIQUE (task, problem)
    );
    CREATE TABLE generations (
        id INTEGER PRIMARY KEY,
        key TEXT NOT NULL UNIQUE,
        draw_key TEXT NOT NULL,
        hash TEXT NOT NULL,
        model INTEGER NOT NULL REFERENCES models (id),
        prompt INTEGER REFERENCES prompts (id),
        params INTEGER REFERENCES params (id),
        content TEXT,
        branch TEXT NOT NULL,
        seed TEXT NOT NULL,
        draw INTEGER NOT NULL,
        cut INTEGER NOT NULL,
        level INTEGER NOT NULL,
        finish TEXT,
        text TEXT,
        reasoning TEXT,
        tool_calls TEXT,
        prompt_tokens INTEGER,
        prompt_exact INTEGER NOT NULL,
        cached_tokens INTEGER,
        tokens INTEGER,
        billed INTEGER,
        reasoning_tokens INTEGER,
        logprob_mean REAL,
        logprob_least REAL,
        pieces BLOB,
        logprobs BLOB,
        seconds REAL,
        at REAL NOT NULL,
        version TEXT NOT NULL
    );
    CREATE INDEX generations_by_draw ON generations (draw_key);
    CREATE INDEX generations_by_content ON generations (content) WHERE content IS NOT NULL;
    CREATE TABLE draws (
        problem INTEGER NOT NULL REFERENCES problems (id),
        generation INTEGER NOT NULL REFERENCES generations (id),
        number INTEGER,
        answered INTEGER NOT NULL,
        answer TEXT,
        correct REAL,
        PRIMARY KEY (problem, generation)
    ) WITHOUT ROWID;
    CREATE TABLE scores (
        generation INTEGER NOT NULL REFERENCES generations (id),
        verifier TEXT NOT NULL,
        value REAL,
        cost REAL,
        PRIMARY KEY (generation, verifier)
    ) WITHOUT ROWID;
    CREATE TABLE cells (
        id INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL UNIQUE, failed INTEGER NOT NULL, hash TEXT NOT NULL,
        body TEXT NOT NULL, at REAL NOT NULL
    );
    """,
)


class StoreError(ThinkharderError):
    """The store cannot be opened, read or written; what was acknowledged before is still in it."""


@final
class NoStore(StoreError, UsageError):
    """There is no store, or the file is something else."""


def connect(path: Path, *, create: bool, power_safe: bool) -> sqlite3.Connection:
    """An open database at the newest schema. Raises NoStore where there is none, or it is of another kind."""
    if not path.exists() and not create:
        raise NoStore(f"there is no store {path}; a run or `thinkharder records import` makes one")
    with told(path):
        if create:
            _private(path)
        db = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        db.row_factory = sqlite3.Row
        try:
            migrate(db, path)
            # FULL: a commit is on the disk when it returns. NORMAL is safe from a killed process, not from a power cut.
            db.execute(f"PRAGMA synchronous = {'FULL' if power_safe else 'NORMAL'}")
            db.execute("PRAGMA foreign_keys = ON")
        except BaseException:
            db.close()
            raise
    return db


def _private(path: Path) -> None:
    """Make an empty file that its owner alone reads, where there is none: prompts and answers are nobody else's. SQLite
    gives the files beside it the same permissions.

    Closing a file lets go of all of SQLite's locks on it in this process, so it is closed before anyone has it open.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with _MAKING, suppress(FileExistsError):
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))


def migrate(db: sqlite3.Connection, path: Path, steps: Sequence[str] = MIGRATIONS) -> None:
    """Bring the database to the last of `steps`. Raises StoreError for a file that is no store, or a newer one."""
    version = _version(db, path, len(steps))
    if version == len(steps):
        return
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("BEGIN EXCLUSIVE")
    try:
        version = _version(db, path, len(steps))  # another process may have done it meanwhile
        for number, script in enumerate(steps[version:], version + 1):
            for statement in script.split(";"):
                if statement.strip():
                    db.execute(statement)
            db.execute(f"PRAGMA user_version = {number}")
        db.execute(f"PRAGMA application_id = {APPLICATION}")
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise


def _version(db: sqlite3.Connection, path: Path, newest: int) -> int:
    kind, version = _pragma(db, "application_id"), _pragma(db, "user_version")
    tables: int = db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if kind != APPLICATION and tables:
        raise NoStore(f"{path} is a SQLite file of another program; give another path")
    if version > newest:
        raise StoreError(
            f"{path} was written by a newer thinkharder (schema {version}, this one knows {newest}); upgrade thinkharder"
        )
    return version


def _pragma(db: sqlite3.Connection, name: str) -> int:
    value: int = db.execute(f"PRAGMA {name}").fetchone()[0]
    return value


@contextmanager
def told(path: Path) -> Iterator[None]:
    """Turn what SQLite and the system raise into a StoreError that says what to do."""
    try:
        yield
    except sqlite3.Error as error:
        other = getattr(error, "sqlite_errorname", "") == "SQLITE_NOTADB"
        raise (NoStore if other else StoreError)(_explained(path, error)) from error
    except OSError as error:
        raise StoreError(
            f"the store {path} cannot be used: {error.strerror or error}; choose another place"
        ) from error


def _explained(path: Path, error: sqlite3.Error) -> str:
    name = getattr(error, "sqlite_errorname", "")
    safe = "what was stored before is safe; resume when there is room"
    if name == "SQLITE_FULL":
        return f"the disk is full: the store {path} takes no more; {safe}"
    if name.startswith("SQLITE_IOERR"):
        return f"the disk of the store {path} failed or is full ({error}); {safe}"
    if name.startswith("SQLITE_BUSY"):
        return f"the store {path} was locked by another process for {BUSY_SECONDS:.0f} s; end that one, then resume"
    if name == "SQLITE_NOTADB":
        return f"{path} is no store ({error}); samples in a file become one with: thinkharder records import"
    if name == "SQLITE_CORRUPT":
        return f"{path} is damaged ({error}); see what is wrong with: thinkharder records verify"
    if name.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM")):
        return (
            f"the store {path} cannot be opened for writing ({error}); check its permissions and its folder's"
        )
    return f"the store {path} failed: {error}"
