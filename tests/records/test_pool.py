"""Pools: the order of problems and draws, what every sample holds, lazy texts, and errors that say the line."""

import gzip
import json
import sqlite3
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.records.test_sample import SAMPLES
from thinkharder.core.errors import UsageError
from thinkharder.records import stored
from thinkharder.records.exchange import export, import_samples
from thinkharder.records.pool import Pool, read_pool
from thinkharder.records.reading import read_samples
from thinkharder.records.sample import MISSING, BadRecord, Sample
from thinkharder.records.store import Store

ROWS = [
    {"problem": 7, "sample": 1, "answer": "a", "gold": "a", "completion_tokens": 5, "scores": {"judge": 0.5}},
    {"problem": "x", "sample": 0, "answer": None, "gold": "b", "completion_tokens": 6, "finish": "length"},
    {"problem": 7, "sample": 0, "answer": "b", "completion_tokens": 7, "scores": {"judge": None}},
]


def written(path: Path, rows: list[dict[str, Any]]) -> Path:
    """A JSONL file of these rows, with a blank line."""
    text = "\n\n".join(json.dumps(row) for row in rows) + "\n"
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
    return path


@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.gz"])
def test_problems_by_first_appearance_and_draws_as_given(tmp_path: Path, name: str) -> None:
    pool = read_pool(written(tmp_path / name, ROWS))
    assert pool.name == "a"
    assert pool.problems == ("7", "x")
    assert pool.starts.tolist() == [0, 2, 3]
    assert pool.numbers.tolist() == [1, 0, 0]
    assert pool.answers == ("a", "b", None)
    assert pool.golds == ("a", "b")
    assert pool.completion_tokens.tolist() == [5, 7, 6]
    assert pool.prompt_tokens.tolist() == [-1, -1, -1]
    assert pool.truncated.tolist() == [False, False, True]
    assert np.isnan(pool.correct).all()
    np.testing.assert_array_equal(pool.scores["judge"], [0.5, np.nan, np.nan])
    assert pool.has == {"answer", "gold", "completion_tokens"}
    assert [pool.sample(i).answer for i in (2, 0, 1)] == [None, "a", "b"]
    chosen = pool.select([1])
    assert (chosen.problems, chosen.answers, chosen.sample(0).problem) == (("x",), (None,), "x")
    assert pool.select([]).starts.tolist() == [0]


def test_answers_are_there_for_all_or_not_at_all() -> None:
    pool = Pool.of([Sample("a", 0, answer="1"), Sample("a", 1)], "p")
    assert pool.answers is None
    with pytest.raises(UsageError, match=r"vote needs answer.* 'p' has"):
        pool.need("answer", by="vote")
    Pool.of([Sample("a", 0, answer=None)], "p").need("answer", by="vote")


@settings(max_examples=30)
@given(st.lists(SAMPLES, min_size=1, max_size=6, unique_by=lambda s: (s.problem, s.sample)))
def test_a_pool_gives_back_what_went_in(samples: list[Sample]) -> None:
    golds = {(s.problem, s.gold) for s in samples if s.gold is not None}
    if len(golds) > len({problem for problem, _ in golds}):
        with pytest.raises(BadRecord, match="two golds"):
            Pool.of(samples, "p")
        return
    pool = Pool.of(samples, "p")
    back = [pool.sample(i) for i in range(len(pool))]
    order = list(dict.fromkeys(s.problem for s in samples))
    assert back == sorted(samples, key=lambda s: order.index(s.problem))
    for name, column in (("correct", pool.correct), ("seconds", pool.seconds)):
        told = [np.nan if getattr(s, name) is None else getattr(s, name) for s in back]
        np.testing.assert_array_equal(column, np.array(told, np.float32))
    assert ("text" in pool.has) == all(s.text is not None for s in samples)
    assert ("answer" in pool.has) == all(s.answer is not MISSING for s in samples)


@pytest.mark.parametrize("ending", [".jsonl", ".jsonl.gz", ".parquet"])
def test_files_give_back_what_was_exported(tmp_path: Path, ending: str) -> None:
    @settings(max_examples=12)
    @given(st.lists(SAMPLES, min_size=1, max_size=5))
    def check(samples: list[Sample]) -> None:
        path = tmp_path / f"out{ending}"
        assert export(samples, path) == len(samples)
        assert list(read_samples(path)) == samples

    check()


def test_a_parquet_file_is_read_by_row_group(tmp_path: Path) -> None:
    samples = [Sample(f"p{i % 7}", i, answer=str(i), text=f"text {i}") for i in range(2500)]
    export(samples, tmp_path / "a.parquet")
    pool = read_pool(tmp_path / "a.parquet")
    assert {pool.sample(i).text for i in range(0, 2500, 190)} <= {s.text for s in samples}
    assert pool.sample(2499).text == f"text {pool.numbers[2499]}"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b'{"problem": 1, "sample": 0}\n{"problem": 1, "sam', "line 2: not JSON"),
        (b'{"problem": 1, "sample": 0}\n\n{"problem": 1}\n', "line 3: the field 'sample' is missing"),
        (b'{"problem": "\xff", "sample": 0}\n', "line 1: not"),
        (b"\n\n", "not one sample"),
        (b'{"problem": 1, "sample": 0}\n' * 2, "has sample 0 twice"),
        (b'{"problem": 1, "sample": 0, "gold": "a"}\n{"problem": 1, "sample": 1, "gold": "b"}', "two golds"),
        (b"[" * 100_000, "line 1: not JSON"),
    ],
)
def test_broken_files_are_refused_with_the_place(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "b.jsonl"
    path.write_bytes(content)
    with pytest.raises(BadRecord, match=said):
        read_pool(path)


def test_what_is_no_file_of_samples_is_refused(tmp_path: Path) -> None:
    for name, said in (("none.jsonl", "no file"), ("x.txt", "unknown ending"), ("", "folder without")):
        if name == "x.txt":
            (tmp_path / name).write_text("x")
        with pytest.raises(UsageError, match=said):
            read_pool(tmp_path / name)
    (tmp_path / "x.parquet").write_text("x")
    with pytest.raises(BadRecord, match="not a readable Parquet file"):
        read_pool(tmp_path / "x.parquet")
    written(tmp_path / "a.jsonl", ROWS)
    with pytest.raises(UsageError, match="no store"):
        read_pool(tmp_path / "a.jsonl", task="t")
    (tmp_path / "cut.jsonl.gz").write_bytes(gzip.compress(b'{"problem": 1, "sample": 0}\n' * 999)[:40])
    with pytest.raises(BadRecord, match="cannot be read to its end"):
        read_pool(tmp_path / "cut.jsonl.gz")


def test_a_file_that_changed_is_noticed(tmp_path: Path) -> None:
    path = written(tmp_path / "a.jsonl", ROWS)
    pool = read_pool(path)
    written(path, [{**row, "sample": row["sample"] + 5} for row in ROWS])
    with pytest.raises(BadRecord, match="changed since it was read"):
        pool.sample(0)


POOLS = {
    "gsm8k-qwen2.5-coder-1.5b-n32": (41, 1312, "gold", 316),
    "humaneval60-qwen2.5-coder-0.5b-n16": (60, 960, "correct", 156),
}


@pytest.mark.parametrize("name", POOLS)
def test_the_recorded_pools_are_read(shared: Path, name: str) -> None:
    problems, samples, field, tokens = POOLS[name]
    path = shared / "pools" / f"{name}.jsonl"
    pool = read_pool(path)
    assert (len(pool.problems), len(pool)) == (problems, samples)
    assert pool.has >= {"text", "logprobs", "finish", "prompt_tokens", "completion_tokens", field}
    assert abs(pool.completion_tokens.mean() - tokens) < 1
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    for i in (0, 17, samples - 1):
        assert pool.sample(i).text == rows[i]["text"]
        assert pool.mean_logprob[i] == pytest.approx(np.mean(rows[i]["logprobs"]), abs=1e-6)
    if field == "correct":
        assert pool.correct.mean() == pytest.approx(0.657, abs=5e-4)


@pytest.mark.parametrize("name", POOLS)
def test_the_recorded_pools_go_into_a_store_and_come_out_as_they_were(
    shared: Path, tmp_path: Path, name: str
) -> None:
    path = shared / "pools" / f"{name}.jsonl"
    with Store.open(tmp_path / "run", create=True, power_safe=False) as store:
        samples = POOLS[name][1]
        assert import_samples(path, store, task="t", model="m") == (samples, samples)
        assert import_samples(path, store, task="t", model="m") == (samples, 0)
        assert store.verify() == []
    pool, plain = read_pool(tmp_path / "run"), read_pool(path)
    assert (pool.problems, pool.golds, pool.has) == (plain.problems, plain.golds, plain.has)
    for field in ("starts", "numbers", "correct", "completion_tokens", "truncated", "mean_logprob"):
        np.testing.assert_array_equal(getattr(pool, field), getattr(plain, field))
    assert all(pool.sample(i) == plain.sample(i) for i in range(0, samples, 37))


def test_the_work_of_opening_a_store_grows_with_its_samples_and_no_faster(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps, plain = [0], stored._reader

    def counted(path: Path) -> sqlite3.Connection:
        """A connection of which every hundred steps of SQLite's machine are counted."""
        db = plain(path)
        db.set_progress_handler(lambda: steps.__setitem__(0, steps[0] + 1), 100)
        return db

    monkeypatch.setattr(stored, "_reader", counted)
    taken = []
    for problems in (400, 1600):
        with Store.open(tmp_path / str(problems), create=True, power_safe=False) as store:
            made = (Sample(f"p{i // 2}", i % 2, answer="x") for i in range(2 * problems))
            store.put_samples(made, task="t", model="m")
        steps[0] = 0
        assert len(read_pool(tmp_path / str(problems))) == 2 * problems
        taken.append(steps[0])
    assert taken[1] < 6 * taken[0]
