"""The integrity check: SQLite's own, and every hash and key recomputed from what it is of."""

import hashlib
import json
import sqlite3
import zlib
from collections.abc import Iterator

from thinkharder.core.identity import canonical_json
from thinkharder.records.cell import Cell
from thinkharder.records.generation import WHOLE, Origin, digest, draw_key, record_key
from thinkharder.records.kept import content_of, of_database
from thinkharder.records.schema import APPLICATION


def problems_of(db: sqlite3.Connection) -> Iterator[str]:
    """What is wrong, a line each; nothing where all is well. Reads everything, row by row."""
    if db.execute("PRAGMA application_id").fetchone()[0] != APPLICATION:
        yield "the file is not marked as a store of records"
    try:
        found = [row[0] for row in db.execute("PRAGMA integrity_check(20)") if row[0] != "ok"]
        yield from (f"SQLite: {line}" for line in found)
        if found:
            return
        for table, row, other, _ in db.execute("PRAGMA foreign_key_check"):
            yield f"{table} row {row}: what it points to in {other} is not there"
        for table in ("prompts", "params"):
            for row in db.execute(f"SELECT id, hash, body FROM {table}"):
                if digest(row["body"]) != row["hash"]:
                    yield f"{table} row {row['id']}: its hash is not that of its text"
        yield from _generations(db)
        yield from _cells(db)
    except sqlite3.DatabaseError as error:
        yield f"SQLite: {error}"


def _generations(db: sqlite3.Connection) -> Iterator[str]:
    rows = db.execute(
        "SELECT g.*, m.name, m.digest, q.body AS prompt_body, s.body AS params_body FROM generations g"
        " LEFT JOIN models m ON m.id = g.model LEFT JOIN prompts q ON q.id = g.prompt"
        " LEFT JOIN params s ON s.id = g.params"
    )
    for row in rows:
        what = f"generation {row['key']}"
        if content_of(row) != row["hash"]:
            yield f"{what}: its hash is not that of its content"
        if record_key(row["draw_key"], row["cut"], row["level"]) != row["key"]:
            yield f"{what}: its key is not that of its draw"
        if row["prompt_body"] is not None and row["params_body"] is not None:
            yield from _identity(row, what)
        try:
            drawn = of_database(row).drawn(row["level"])
        except (ValueError, KeyError, TypeError, zlib.error) as error:
            yield f"{what}: its chunks cannot be read ({error})"
            continue
        if row["pieces"] is None:
            continue
        if "".join(c.text for c in drawn.chunks) != row["text"] or drawn.tokens != row["tokens"]:
            yield f"{what}: its chunks do not make up its text and its tokens"
        if row["cut"] not in (WHOLE, drawn.tokens):
            yield f"{what}: it is cut at {row['cut']} tokens but has {drawn.tokens}"


def _identity(row: sqlite3.Row, what: str) -> Iterator[str]:
    content = json.loads(row["prompt_body"]) | json.loads(row["params_body"])
    if hashlib.sha256(canonical_json(content).encode()).hexdigest()[:32] != row["content"]:
        yield f"{what}: its prompt and parameters are not those of its identity"
    origin, seed = Origin(row["name"], row["digest"]), json.loads(row["seed"])
    if draw_key(origin, row["content"], row["branch"], seed, row["draw"]) != row["draw_key"]:
        yield f"{what}: model, branch, seed and number are not those of its draw"


def _cells(db: sqlite3.Connection) -> Iterator[str]:
    for row in db.execute("SELECT key, hash, body FROM cells"):
        if digest(row["body"]) != row["hash"]:
            yield f"cell {row['key']}: its hash is not that of its content"
            continue
        cell = Cell.of_row(json.loads(row["body"]))
        if cell.key != row["key"]:
            yield f"cell {row['key']}: its key is not that of its content"
        for draw in cell.draws:
            known = db.execute("SELECT 1 FROM generations WHERE key = ?", (draw.key,)).fetchone()
            if draw.key and known is None:
                yield f"cell {row['key']}: its draw {draw.key} is not in the store"
