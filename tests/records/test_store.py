"""The store: nothing twice, nothing lost, nothing changed; and what it says when something is wrong with it."""

import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from tests.records.made import ORIGIN, cell, drawn, generation, request
from thinkharder.core.errors import UsageError
from thinkharder.core.types import Capabilities
from thinkharder.core.usage import Usage
from thinkharder.records import schema
from thinkharder.records.cell import Cell, CellDraw, cell_key
from thinkharder.records.generation import Asked, Origin
from thinkharder.records.pool import read_pool
from thinkharder.records.sample import MISSING, BadRecord, Sample
from thinkharder.records.schema import StoreError
from thinkharder.records.store import Store


@pytest.fixture
def store(tmp_path: Path):  # type: ignore[no-untyped-def]
    """An empty store in a run's folder."""
    with Store.open(tmp_path / "run", create=True, power_safe=False) as opened:
        yield opened


def test_what_was_put_is_found_by_draw_and_by_record(store: Store) -> None:
    made = generation("four", logprobs=[-0.5, -0.25, -1.0, -0.125], keep=1)
    key = store.put(made)
    assert key == made.key
    kept = store.generation(key)
    assert kept is not None
    assert (kept.text, kept.tokens, kept.finish, kept.prompt_tokens, kept.version) == (
        "four",
        4,
        "stop",
        7,
        "1",
    )
    assert kept.mean_logprob == -0.46875
    assert kept.logprobs[0].top == (("f", -0.5),)
    assert store.find(made.draw_key, 100, None) == kept
    assert store.find(made.draw_key, 100, 1) == kept
    assert store.find(made.draw_key, 100, 2) is None, "fewer alternatives are kept"
    assert store.find("0" * 32, 100, None) is None
    assert store.generation("0" * 32) is None
    assert store.verify() == []


def test_a_draw_is_stored_once_but_a_longer_one_beside_a_cut_one(store: Store) -> None:
    short, whole = generation("fo", "length"), generation("four")
    assert store.put(short) == store.put(short) == short.key
    assert store.find(short.draw_key, 2, None) is not None
    assert store.find(short.draw_key, 3, None) is None
    assert store.put(whole) == whole.key != short.key
    assert store.put(generation("fou", "length")) == whole.key, "the whole one serves every cap"
    assert [kept.text for kept in store.draws(short.draw_key)] == ["fo", "four"]
    found = [store.find(short.draw_key, cap, None) for cap in (1, 2, 3, 4)]
    assert [kept.text for kept in found if kept is not None] == ["fo", "fo", "four", "four"]
    assert store.put(generation("five")) == whole.key, "what was stored first stays"
    assert [sample.text for sample in store.samples()] == ["four"]


def test_branch_seed_number_model_and_content_tell_draws_apart(store: Store) -> None:
    base = request()
    asks = [
        Asked(ORIGIN, base),
        Asked(ORIGIN, replace(base, branch="b")),
        Asked(ORIGIN, replace(base, seed=2)),
        Asked(ORIGIN, replace(base, first_draw=1)),
        Asked(Origin("toy", "cd" * 32), base),
        Asked(ORIGIN, request("What is 2 + 3?")),
        Asked(ORIGIN, request(temperature=1.0)),
    ]
    assert len({store.put(generation(asked=ask)) for ask in asks}) == len(asks)
    same = [replace(base, deadline=3.0), replace(base, n=4), request(max_tokens=9), request(logprobs=2)]
    assert {store.put(generation(asked=Asked(ORIGIN, one))) for one in same} == {
        generation(asked=asks[0]).key
    }
    assert store.verify() == []


def test_a_cell_is_stored_once_with_what_it_says_of_its_draws(store: Store) -> None:
    keys = [store.put(generation("four", draw=0)), store.put(generation("five", draw=1))]
    store.put_problems("t", [("p", "4", "easy")])
    draws = [
        CellDraw(keys[0], "4", 1.0, 0.75, {"judge": 0.75, "prm": None}, {"judge": 30.0}, chosen=True),
        CellDraw(keys[1], None, 0.0),
        CellDraw("", "7", 0.0),
    ]
    made = cell(*draws)
    assert store.put_cell(made)
    assert not store.put_cell(replace(made, answer="5"))
    assert list(store.cells()) == [made]
    assert store.cell_keys() == {made.key} == {cell_key(made.row())}
    assert made.key != replace(made, seed=2).key
    first, second = store.samples("t", "toy")
    assert (first.answer, first.correct, first.gold) == ("4", 1.0, "4")
    assert (first.scores, first.score_cost) == ({"judge": 0.75, "prm": None}, {"judge": 30.0})
    assert (second.answer, second.correct) == (None, 0.0)
    assert store.problems("t") == {"p": ("4", "easy")}
    with pytest.raises(StoreError, match="not in the store"):
        store.put_cell(cell(CellDraw("f" * 32), seed=9))
    assert len(list(store.cells())) == 1, "at once or not at all"
    assert store.verify() == []


def test_a_failed_cell_is_replaced_by_a_better_one(store: Store) -> None:
    failed = cell(error="ServerError: down", correct=None)
    assert store.put_cell(failed)
    assert (store.cell_keys(), store.cell_keys(failed=False)) == ({failed.key}, set())
    assert store.put_cell(cell())
    assert not store.put_cell(failed)
    assert list(store.cells()) == [cell()]
    assert store.cell_keys(failed=False) == {failed.key}


def test_many_cells_come_in_order(store: Store) -> None:
    cells = [cell(problem=str(i)) for i in range(600)]
    for one in cells:
        store.put_cell(one)
    assert list(store.cells()) == cells


def test_what_a_cell_says_of_a_part_is_not_said_of_the_whole(store: Store) -> None:
    key = store.put(generation("four"))
    store.put_cell(cell(CellDraw(key, "wrong", 0.0, scores={"judge": 0.1}, tokens=2)))
    (sample,) = store.samples()
    assert (sample.answer, sample.correct, sample.scores) == (MISSING, None, {})


def test_the_pool_is_of_one_way_of_sampling_and_the_problems_own_prompt(store: Store) -> None:
    own = request("problem p")
    for draw in range(3):
        store.put(generation(f"own {draw}", asked=Asked(ORIGIN, replace(own, first_draw=draw))))
    store.put(generation("seed 2", asked=Asked(ORIGIN, replace(own, seed=2))))
    for text in ("a", "b", "c", "d"):
        store.put(generation("refined", asked=Asked(ORIGIN, request(f"improve {text}"))))
    store.put(generation("hot", asked=Asked(ORIGIN, request("problem p", temperature=1.5))))
    store.put(generation("judged", asked=Asked(ORIGIN, replace(own, kind="judgement"))))
    store.put(generation("continued", asked=Asked(ORIGIN, replace(own, prefill="So"))))
    store.put(generation("cut off", None, asked=Asked(ORIGIN, replace(own, first_draw=9))))
    assert [s.text for s in store.samples()] == ["own 0", "own 1", "own 2", "seed 2"]
    pool = read_pool(store.path.parent)
    assert (pool.name, pool.problems, pool.numbers.tolist()) == ("t toy", ("p",), [0, 1, 2, 3])
    assert pool.sample(3).text == "seed 2"
    assert [(group.samples, group.problems) for group in store.groups()] == [(8, 1), (1, 1)]


def test_two_tasks_or_models_must_be_told_apart(store: Store) -> None:
    with pytest.raises(UsageError, match="no samples yet"):
        read_pool(store.path)
    store.put(generation("four"))
    store.put_samples([Sample("p", 0, text="x")], task="other", model="m")
    with pytest.raises(UsageError, match=r"task 'other' model 'm'; task 't' model 'toy'"):
        read_pool(store.path)
    assert len(read_pool(store.path, task="t")) == len(read_pool(store.path, model="m")) == 1
    with pytest.raises(UsageError, match="no samples of task 'none'"):
        read_pool(store.path, task="none")


def test_imports_are_not_doubled_and_must_not_contradict(store: Store) -> None:
    first = Sample(
        "p", 5, text="x", gold="4", logprobs=(-0.5, -0.25), seconds=2.0, finish="length", completion_tokens=2
    )
    assert store.put_samples([first], task="t", model="m") == 1
    more = replace(first, answer="4", correct=1.0, scores={"judge": 0.5})
    assert store.put_samples([more], task="t", model="m") == 0
    assert list(store.samples()) == [more]
    for wrong in (replace(first, text="y"), replace(first, gold="5")):
        with pytest.raises(BadRecord, match=r"in the store|differs"):
            store.put_samples([Sample("q", 0, text="q"), wrong], task="t", model="m")
    assert list(store.samples()) == [more], "a batch goes in at once or not at all"
    assert store.verify() == []


def test_one_generation_can_be_a_draw_of_two_problems(store: Store) -> None:
    key = store.put(generation("four"))
    store.link([key], "t", "twin")
    assert [(s.problem, s.text) for s in store.samples()] == [("p", "four"), ("twin", "four")]


def test_usage_told_afterwards_is_shared_out(store: Store) -> None:
    keys = [store.put(generation("four", draw=i)) for i in range(2)]
    store.put_usage(keys, Usage(input_tokens=50, cached_tokens=10, output_tokens=13))
    kept = [store.generation(key) for key in keys]
    assert [(k.prompt_tokens, k.cached_tokens, k.billed) for k in kept if k] == [(50, 10, 7), (50, 10, 6)]
    assert store.prompt_tokens(Asked(ORIGIN, request("problem p")).content) == (50, True)


def test_models_and_what_they_can_do(store: Store) -> None:
    can = Capabilities(n=4, efforts=("low",), context=2048)
    store.put_model(ORIGIN, can)
    store.put_samples([Sample("p", 0)], task="t", model="m")
    assert store.models() == {ORIGIN: can, Origin("m"): None}


def test_what_is_no_store_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="there is no store"):
        Store.open(tmp_path / "none.sqlite")
    (tmp_path / "text.sqlite").write_text("no database at all, only text" * 100)
    with pytest.raises(StoreError, match="no store"):
        Store.open(tmp_path / "text.sqlite")
    db = sqlite3.connect(tmp_path / "other.sqlite")
    db.execute("CREATE TABLE t (a)")
    db.close()
    with pytest.raises(StoreError, match="of another program"):
        Store.open(tmp_path / "other.sqlite", create=True)
    (tmp_path / "file").write_text("x")
    with pytest.raises(StoreError, match="cannot be"):
        Store.open(tmp_path / "file" / "run", create=True)


def test_schemas_only_go_forward(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite"
    with Store.open(path, create=True, power_safe=False) as store:
        store.put(generation("four"))
    db = sqlite3.connect(path, isolation_level=None)
    newer = (*schema.MIGRATIONS, "ALTER TABLE cells ADD COLUMN note TEXT; CREATE TABLE extra (a)")
    schema.migrate(db, path, newer)
    schema.migrate(db, path, newer)
    assert db.execute("SELECT count(*) FROM generations").fetchone()[0] == 1
    assert db.execute("PRAGMA user_version").fetchone()[0] == len(newer)
    broken = (*newer, "CREATE TABLE good (a); CREATE TABLE extra (a)")
    with pytest.raises(sqlite3.OperationalError):
        schema.migrate(db, path, broken)
    assert not db.execute("SELECT 1 FROM sqlite_master WHERE name = 'good'").fetchone(), (
        "all of a step or nothing"
    )
    db.close()
    with pytest.raises(StoreError, match=r"newer thinkharder .*upgrade"):
        Store.open(path)


def test_a_store_that_may_only_be_read_is_read(tmp_path: Path) -> None:
    with Store.open(tmp_path / "run", create=True, power_safe=False) as store:
        store.put(generation("four"))
    (tmp_path / "run").chmod(0o555)
    (tmp_path / "run" / "records.sqlite").chmod(0o444)
    try:
        assert read_pool(tmp_path / "run").sample(0).text == "four"
    finally:
        (tmp_path / "run").chmod(0o755)


def test_cells_written_by_a_newer_version_are_read() -> None:
    row = cell(CellDraw("k")).row()
    assert Cell.of_row({**row, "new": 1, "draws": [{**row["draws"][0], "new": 2}]}) == cell(CellDraw("k"))


def test_drawn_of_nothing_is_kept(store: Store) -> None:
    nothing = generation("x", drawn=replace(drawn("x"), chunks=()))
    store.put(nothing)
    assert store.partial(nothing.draw_key) is not None
    assert store.verify() == []
    with pytest.raises(UsageError, match="no samples yet"):
        list(store.samples())


def test_a_store_is_readable_by_its_owner_alone(tmp_path: Path) -> None:
    with Store.open(tmp_path / "run", create=True, power_safe=False) as store:
        store.put(generation("four"))
        files = sorted(store.path.parent.iterdir())
        assert len(files) > 1, "the log is beside it"
        assert {file.stat().st_mode & 0o777 for file in files} == {0o600}
    store.path.chmod(0o640)
    with Store.open(tmp_path / "run", create=True) as again:
        assert again.path.stat().st_mode & 0o777 == 0o640, "a store's own permissions stay"
