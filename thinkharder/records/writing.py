"""What a transaction of the store writes. Every function expects to be inside one."""

import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from time import time
from typing import Any

from thinkharder.core.identity import canonical_json
from thinkharder.core.types import Capabilities
from thinkharder.core.usage import Usage
from thinkharder.records.cell import Cell
from thinkharder.records.codec import NO_LOGPROBS, pack_logprobs, pack_numbers, pack_pieces
from thinkharder.records.generation import WHOLE, Generation, Origin, digest, record_key
from thinkharder.records.kept import content_of
from thinkharder.records.sample import MISSING, BadRecord, Sample
from thinkharder.records.schema import StoreError

Ids = dict[tuple[str, str], int]
"""Row numbers that were looked up before, by table and key."""
IDS_KEPT = 50_000


def generation(db: sqlite3.Connection, ids: Ids, new: Generation) -> str:
    """Store a draw and that it is one of its problem. The key of its record, or of the earlier one that is as good."""
    found = db.execute(
        "SELECT key FROM generations WHERE draw_key = ? AND level >= ? AND (cut = -1 OR cut >= ?) ORDER BY id LIMIT 1",
        (new.draw_key, new.level, new.cut if new.cut != WHOLE else 1 << 40),
    ).fetchone()
    key = str(found["key"]) if found is not None else _insert(db, ids, new)
    if new.task or new.problem:
        link(db, (key,), problem(db, ids, new.task, new.problem))
    return key


def _insert(db: sqlite3.Connection, ids: Ids, new: Generation) -> str:
    asked, chunks = new.asked, new.drawn.chunks
    items = [item for chunk in chunks for item in chunk.logprobs]
    values = [item.logprob for item in items]
    tools = [call for chunk in chunks for call in chunk.tool_calls]
    row = {
        "key": new.key,
        "draw_key": new.draw_key,
        "model": model(db, ids, asked.origin),
        "prompt": _interned(db, ids, "prompts", asked.prompt),
        "params": _interned(db, ids, "params", asked.params),
        "content": asked.content,
        "branch": asked.request.branch,
        "seed": json.dumps(asked.request.seed),
        "draw": asked.request.first_draw + new.index,
        "cut": new.cut,
        "level": new.level,
        "finish": chunks[-1].finish or "cancelled" if chunks else "cancelled",
        "text": "".join(chunk.text for chunk in chunks),
        "reasoning": "".join(chunk.reasoning for chunk in chunks) or None,
        "tool_calls": canonical_json(tools) if tools else None,
        "prompt_tokens": new.prompt_tokens,
        "prompt_exact": new.prompt_exact,
        "cached_tokens": new.cached_tokens,
        "tokens": new.drawn.tokens,
        "reasoning_tokens": sum(chunk.reasoning_tokens for chunk in chunks),
        "logprob_mean": sum(values) / len(values) if values else None,
        "logprob_least": min(values, default=None),
        "pieces": pack_pieces(new.drawn, new.level),
        "logprobs": pack_logprobs(items, new.level) if items and new.level != NO_LOGPROBS else None,
        "seconds": new.seconds,
        "at": new.at,
        "version": new.version,
    }
    _row(db, "generations", {**row, "hash": content_of(row)})
    return new.key


def usage(db: sqlite3.Connection, keys: Sequence[str], told: Usage) -> None:
    """State what the request of these generations cost; what was streamed of them is a part of it."""
    marks = ", ".join("?" * len(keys))
    rows = db.execute(
        f"SELECT id, tokens FROM generations WHERE key IN ({marks}) ORDER BY id", keys
    ).fetchall()
    hidden = max(0, told.output_tokens - sum(row["tokens"] for row in rows))
    for place, row in enumerate(rows):
        more = hidden // len(rows) + (place < hidden % len(rows))
        billed = row["tokens"] + more if more else None
        db.execute(
            "UPDATE generations SET prompt_tokens = ?, prompt_exact = ?, cached_tokens = ?, billed = ? WHERE id = ?",
            (told.input_tokens, told.exact, told.cached_tokens, billed, row["id"]),
        )


def samples(db: sqlite3.Connection, ids: Ids, found: Iterable[Sample], of: tuple[str, Origin, str]) -> int:
    """Store samples that were recorded elsewhere; how many were new. `of`: task, model, software version."""
    task, origin, version = of
    number, fresh = model(db, ids, origin), 0
    for one in found:
        key = digest(["imported", task, origin.name, origin.digest, one.problem, one.sample])
        row = _imported(one, key) | {"model": number, "version": version, "at": time()}
        row["hash"] = content_of(row)
        old = db.execute("SELECT id, hash FROM generations WHERE key = ?", (row["key"],)).fetchone()
        if old is not None and old["hash"] != row["hash"]:
            raise BadRecord(
                f"sample {one.sample} of problem {one.problem!r} differs from the one stored under task {task!r} and"
                f" model {origin.name!r}; import it under another task or model"
            )
        place = _row(db, "generations", row) if old is None else int(old["id"])
        fresh += old is None
        belongs = problem(db, ids, task, one.problem, one.gold)
        answered = one.answer is not MISSING
        what = (answered, None if one.answer is MISSING else one.answer, one.correct)
        done = db.execute(
            "INSERT OR IGNORE INTO draws (problem, generation, number, answered, answer, correct)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            (belongs, place, one.sample, *what),
        )
        if not done.rowcount:
            mark(db, belongs, place, what)
        score(db, place, one.scores, one.score_cost)
    return fresh


def _imported(one: Sample, key: str) -> dict[str, Any]:
    cut = one.completion_tokens or 0 if one.finish == "length" else WHOLE
    level = NO_LOGPROBS if one.logprobs is None else max(map(len, one.tops or ()), default=0)
    return {
        "key": record_key(key, cut, level),
        "draw_key": key,
        "branch": "",
        "seed": "null",
        "draw": one.sample,
        "cut": cut,
        "level": level,
        "finish": one.finish,
        "text": one.text,
        "reasoning": one.reasoning,
        "tool_calls": None,
        "prompt_tokens": one.prompt_tokens,
        "prompt_exact": True,
        "tokens": one.completion_tokens,
        "reasoning_tokens": one.reasoning_tokens,
        "logprob_mean": sum(one.logprobs) / len(one.logprobs) if one.logprobs else None,
        "logprob_least": min(one.logprobs, default=None) if one.logprobs else None,
        "pieces": None,
        "logprobs": None if one.logprobs is None else pack_numbers(one.logprobs, one.tops),
        "seconds": one.seconds,
    }


def problem(
    db: sqlite3.Connection,
    ids: Ids,
    task: str,
    name: str,
    gold: str | None = None,
    level: str | None = None,
) -> int:
    """The row of a problem; its gold and level are added where they were not known. Raises BadRecord for another gold."""
    label = (f"problem {task}", name)
    cached, agreed = ids.get(label), (f"gold {task} {gold}", name)
    if cached is not None and (gold is None or agreed in ids) and level is None:
        return cached
    db.execute("INSERT OR IGNORE INTO problems (task, problem) VALUES (?, ?)", (task, name))
    row = db.execute("SELECT id, gold FROM problems WHERE task = ? AND problem = ?", (task, name)).fetchone()
    if gold is not None and row["gold"] is not None and row["gold"] != gold:
        raise BadRecord(
            f"problem {name!r} of task {task!r} has the gold {row['gold']!r} in the store, not {gold!r};"
            " is it another problem? give each an id of its own, or the task another name"
        )
    if (gold is not None and row["gold"] is None) or level is not None:
        db.execute(
            "UPDATE problems SET gold = coalesce(gold, ?), level = coalesce(level, ?) WHERE id = ?",
            (gold, level, row["id"]),
        )
    if gold is not None:
        _remember(ids, agreed, 1)
    return _remember(ids, label, int(row["id"]))


def model(db: sqlite3.Connection, ids: Ids, origin: Origin, capabilities: Capabilities | None = None) -> int:
    """The row of a model."""
    label = ("model " + origin.digest, origin.name)
    if capabilities is None and label in ids:
        return ids[label]
    named = (origin.name, origin.digest)
    db.execute("INSERT OR IGNORE INTO models (name, digest) VALUES (?, ?)", named)
    if capabilities is not None:
        body = canonical_json(asdict(capabilities))
        db.execute("UPDATE models SET capabilities = ? WHERE name = ? AND digest = ?", (body, *named))
    row = db.execute("SELECT id FROM models WHERE name = ? AND digest = ?", named).fetchone()
    return _remember(ids, label, int(row["id"]))


def link(db: sqlite3.Connection, keys: Iterable[str], belongs: int) -> None:
    """State that generations are draws of a problem."""
    db.executemany(
        "INSERT OR IGNORE INTO draws (problem, generation, answered) SELECT ?, id, 0 FROM generations WHERE key = ?",
        [(belongs, key) for key in keys],
    )


def mark(
    db: sqlite3.Connection, belongs: int, place: int, what: tuple[bool, str | None, float | None]
) -> None:
    """State what was extracted from a draw (whether anything was looked for, the answer) and whether it is right; what
    was stated before holds."""
    answered, answer, correct = what
    db.execute(
        "UPDATE draws SET answer = CASE WHEN answered THEN answer ELSE ? END,"
        " answered = max(answered, ?), correct = coalesce(correct, ?) WHERE problem = ? AND generation = ?",
        (answer, answered, correct, belongs, place),
    )


def score(db: sqlite3.Connection, place: int, values: Any, costs: Any) -> None:
    """Store a generation's scores by verifier; what was stored before holds."""
    if values:
        db.executemany(
            "INSERT OR IGNORE INTO scores (generation, verifier, value, cost) VALUES (?, ?, ?, ?)",
            [(place, name, value, costs.get(name)) for name, value in values.items()],
        )


def cell(db: sqlite3.Connection, ids: Ids, new: Cell, path: Path) -> bool:
    """Store a cell and what it says of its draws; False where it is there already. One that failed is replaced."""
    body = canonical_json(new.row())
    row = {"key": new.key, "failed": new.error is not None, "hash": digest(body), "body": body, "at": time()}
    old = db.execute("SELECT id, failed FROM cells WHERE key = ?", (new.key,)).fetchone()
    if old is not None and not old["failed"]:
        return False
    if old is not None:
        db.execute("DELETE FROM cells WHERE id = ?", (old["id"],))
    _row(db, "cells", row)
    belongs = problem(db, ids, new.task, new.problem)
    for draw in new.draws:
        if not draw.key:
            continue
        row = db.execute("SELECT id FROM generations WHERE key = ?", (draw.key,)).fetchone()
        if row is None:
            raise StoreError(
                f"{path}: a draw of problem {new.problem!r} has the key {draw.key!r}, which is not in the store;"
                " store generations before the cell that used them"
            )
        link(db, (draw.key,), belongs)
        if draw.tokens is None:  # else what was found is of a part of the text only
            mark(db, belongs, int(row["id"]), (True, draw.answer, draw.correct))
            score(db, int(row["id"]), draw.scores, draw.score_cost)
    return True


def _interned(db: sqlite3.Connection, ids: Ids, table: str, body: str) -> int:
    """The row of a text that is stored once, by its hash."""
    key = digest(body)
    if (table, key) in ids:
        return ids[table, key]
    db.execute(f"INSERT OR IGNORE INTO {table} (hash, body) VALUES (?, ?)", (key, body))
    row = db.execute(f"SELECT id FROM {table} WHERE hash = ?", (key,)).fetchone()
    return _remember(ids, (table, key), int(row["id"]))


def _remember(ids: Ids, key: tuple[str, str], value: int) -> int:
    if len(ids) >= IDS_KEPT:
        ids.clear()
    ids[key] = value
    return value


def _row(db: sqlite3.Connection, table: str, values: dict[str, Any]) -> int:
    names: Sequence[str] = list(values)
    marks = ", ".join("?" * len(names))
    done = db.execute(
        f"INSERT INTO {table} ({', '.join(names)}) VALUES ({marks})", [values[name] for name in names]
    )
    return int(done.lastrowid or 0)
