"""The samples in a store as a pool sees them: which of all that was generated are draws of one distribution."""

import json
import sqlite3
import weakref
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Self, final

from thinkharder.core.errors import UsageError
from thinkharder.records import schema
from thinkharder.records.codec import unpack_logprobs
from thinkharder.records.sample import MISSING, BadRecord, Sample
from thinkharder.records.source import Light

STORE_NAME: Final = "records.sqlite"
"""The store's file in the folder of a run."""
STORE_ENDINGS: Final = (".sqlite", ".sqlite3", ".db")

_ANSWERS = """generations g JOIN draws d ON d.generation = g.id JOIN problems p ON p.id = d.problem
    WHERE coalesce(g.finish, '') NOT IN ('cancelled', 'aborted')
    AND (g.params IS NULL OR g.params IN (SELECT id FROM params WHERE json_extract(body, '$.kind') = 'answer'))
    AND (g.prompt IS NULL OR g.prompt IN (SELECT id FROM prompts WHERE json_extract(body, '$.prefill') = ''))"""
"""Draws that are whole answers: not cut off, not drafts or judgements, not continuations."""

_NAMED = "JOIN models m ON m.id = g.model LEFT JOIN params s ON s.id = g.params"

_GROUP = "AND p.task = :task AND g.model = :model AND g.params IS :params"
_TABLES = (
    "CREATE TEMP TABLE own (problem INTEGER PRIMARY KEY, prompt INTEGER)",
    "CREATE TEMP TABLE picked (position INTEGER PRIMARY KEY, problem INTEGER, generation INTEGER, number INTEGER)",
)
_OWN = f"""
    INSERT INTO own SELECT problem, prompt FROM (
        SELECT d.problem, g.prompt,
            row_number() OVER (PARTITION BY d.problem ORDER BY count(*) DESC, min(g.id)) AS place
        FROM {_ANSWERS} {_GROUP} GROUP BY d.problem, g.prompt
    ) WHERE place = 1
"""
_PICK = f"""
    INSERT INTO picked (problem, generation, number)
    WITH best AS (
        SELECT d.problem, g.id, d.number, g.seed, g.branch, g.draw, row_number() OVER (
            PARTITION BY d.problem, g.draw_key ORDER BY g.cut = -1 DESC, g.cut DESC, g.level DESC, g.id
        ) AS place
        FROM {_ANSWERS.replace("WHERE", "JOIN own o ON o.problem = d.problem WHERE", 1)} {_GROUP}
        AND o.prompt IS g.prompt
    )
    SELECT problem, id, coalesce(
        number, row_number() OVER (PARTITION BY problem ORDER BY cast(seed AS INTEGER), branch, draw, id) - 1
    ) AS number
    FROM best WHERE place = 1
    ORDER BY problem, number
"""
"""The draws of a group, in tables that are found by their row: joining subqueries takes quadratic time."""

_SMALL = """p.problem, k.number, p.gold, d.answered, d.answer, d.correct, g.prompt_tokens, g.tokens, g.reasoning_tokens,
    g.finish, g.seconds, g.logprob_mean, g.level, g.logprobs IS NOT NULL AS has_logprobs,
    g.text IS NOT NULL AS has_text, g.reasoning IS NOT NULL AS has_reasoning,
    (SELECT json_group_object(verifier, json_array(value, cost)) FROM scores WHERE generation = g.id) AS scores"""
_FROM = """FROM picked k JOIN generations g ON g.id = k.generation JOIN problems p ON p.id = k.problem
    JOIN draws d ON d.problem = k.problem AND d.generation = k.generation"""


@final
@dataclass(frozen=True, slots=True)
class Group:
    """Samples of one task and model; `params` is how they were drawn (JSON; "" where they were imported). A draw that is
    recorded both cut and whole counts twice."""

    task: str
    model: str
    digest: str
    params: str
    samples: int
    problems: int


def groups(db: sqlite3.Connection) -> list[Group]:
    """All groups, the largest of each task and model first."""
    rows = db.execute(
        "SELECT p.task, m.name, m.digest, coalesce(s.body, ''), count(*), count(DISTINCT p.id)"
        f" FROM {_ANSWERS.replace('WHERE', _NAMED + ' WHERE', 1)}"
        " GROUP BY p.task, g.model, g.params ORDER BY p.task, m.id, 5 DESC, min(g.id)"
    ).fetchall()
    return [Group(*row) for row in rows]


@final
@dataclass
class StoredSamples:
    """The samples of one task and model: whole answers to the problem as it is, all drawn in the same way.

    A run of several strategies draws in several ways. Of those that differ in sampling (temperature …) the one with the
    most samples is taken, of a problem's prompts (a refinement asks others than the problem's own) the one with the most
    draws, of the records of one draw the longest; the draws of all seeds and branches count. Those of a problem stand
    in the order of seed, branch and draw number, and are numbered so, imported ones as they were. Problems stand in the
    order in which they were stored.
    """

    name: str
    path: Path
    _db: sqlite3.Connection = field(repr=False)

    @classmethod
    def open(cls, path: Path, task: str | None = None, model: str | None = None) -> Self:
        """The samples of `task` and `model`, either None where the store has only one.

        Raises UsageError where that leaves a choice, or nothing.
        """
        with schema.told(path):
            db = _reader(path)
            chosen = _choose(groups(db), path, task, model)
            db.execute(
                "PRAGMA cache_size = -65536"
            )  # KiB; sorting a million rows in the usual 2 MB reads all the time
            for table in _TABLES:
                db.execute(table)
            row = db.execute(
                "SELECT id FROM models WHERE name = ? AND digest = ?", (chosen.model, chosen.digest)
            ).fetchone()
            params = db.execute("SELECT id FROM params WHERE body = ?", (chosen.params,)).fetchone()
            found = {"task": chosen.task, "model": row[0], "params": None if params is None else params[0]}
            db.execute(_OWN, found)
            db.execute(_PICK, found)
        found_there = cls(f"{chosen.task} {chosen.model}".strip(), path, db)
        weakref.finalize(found_there, db.close)
        return found_there

    def scan(self, full: bool = False) -> Iterator[Light]:
        """All samples in order; with `full` their texts and log-probabilities too."""
        more = ", g.text, g.reasoning, g.logprobs" if full else ""
        with schema.told(self.path), closing(self._db.cursor()) as cursor:
            cursor.execute(f"SELECT k.position, {_SMALL}{more} {_FROM} ORDER BY k.position")
            for row in cursor:
                there = {
                    "text": row["has_text"],
                    "reasoning": row["has_reasoning"],
                    "logprobs": row["has_logprobs"],
                    "tops": row["has_logprobs"] and row["level"] > 0,
                }
                also = () if full else tuple(name for name, held in there.items() if held)
                yield Light(_sample(row, full), row["position"], row["logprob_mean"], also)

    def sample(self, position: int) -> Sample:
        """The sample at a position, in full."""
        with schema.told(self.path):
            row = self._db.execute(
                f"SELECT {_SMALL}, g.text, g.reasoning, g.logprobs {_FROM} WHERE k.position = ?", (position,)
            ).fetchone()
        if row is None:
            raise BadRecord(f"{self.path} has no sample at position {position}; read it again")
        return _sample(row, True)


def _choose(found: list[Group], path: Path, task: str | None, model: str | None) -> Group:
    fitting = [
        group
        for group in found
        if (task is None or group.task == task) and (model is None or group.model == model)
    ]
    pairs = sorted({(group.task, group.model, group.digest) for group in fitting})
    listed = "; ".join(f"task {t!r} model {m!r}" for t, m in sorted({(g.task, g.model) for g in found}))
    if not pairs:
        wanted = " ".join(f"{k} {v!r}" for k, v in (("task", task), ("model", model)) if v is not None)
        what = f"no samples of {wanted}; it has: {listed}" if found else "no samples yet"
        raise UsageError(f"{path} has {what}")
    if len(pairs) > 1:
        raise UsageError(
            f"{path} has samples of several tasks or models; name one of: {listed}"
            if len({pair[:2] for pair in pairs}) > 1
            else f"{path} has samples of two files of the model {pairs[0][1]!r}; export them apart"
        )
    return fitting[0]


def _reader(path: Path) -> sqlite3.Connection:
    """A connection that reads; where the file may not be written, without writing."""
    try:
        return schema.connect(path, create=False, power_safe=False)
    except schema.StoreError as error:
        if "for writing" not in str(error):
            raise
    db = sqlite3.connect(f"{path.resolve().as_uri()}?immutable=1", uri=True, check_same_thread=False)
    db.row_factory = sqlite3.Row
    return db


def _sample(row: sqlite3.Row, full: bool) -> Sample:
    scores: dict[str, Any] = json.loads(row["scores"])
    items = unpack_logprobs(row["logprobs"]) if full and row["has_logprobs"] else None
    return Sample(
        problem=row["problem"],
        sample=row["number"],
        answer=row["answer"] if row["answered"] else MISSING,
        gold=row["gold"],
        correct=row["correct"],
        text=row["text"] if full else None,
        reasoning=row["reasoning"] if full else None,
        prompt_tokens=row["prompt_tokens"],
        completion_tokens=row["tokens"],
        reasoning_tokens=row["reasoning_tokens"],
        scores={name: value for name, (value, _) in scores.items()},
        score_cost={name: cost for name, (_, cost) in scores.items() if cost is not None},
        logprobs=None if items is None else tuple(item.logprob for item in items),
        tops=None if not items or row["level"] < 1 else tuple(item.top for item in items),
        finish=row["finish"],
        seconds=row["seconds"],
    )
