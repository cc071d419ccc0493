"""`thinkharder records`, as it is typed."""

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.shell import Ran, thinkharder
from tests.records.made import cell, generation
from thinkharder.cli.main import main
from thinkharder.records.cell import CellDraw
from thinkharder.records.pool import read_pool
from thinkharder.records.store import Store

LINES = [
    {
        "problem": "a",
        "sample": i,
        "text": f"text {i}",
        "answer": str(i % 2),
        "gold": "1",
        "correct": i % 2,
        "completion_tokens": 10 + i,
        "scores": {"judge": 0.5},
        "logprobs": [-0.5, -1.0],
    }
    for i in range(4)
]


Call = Callable[..., Ran]


@pytest.fixture
def call(tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Call:
    """Run the command line in this process, in the test's folder; its exit code and output."""
    monkeypatch.chdir(tmp_path)

    def run(*words: str) -> Ran:
        code = main(list(words))
        return Ran(code, *capfd.readouterr())

    return run


@pytest.fixture
def samples(tmp_path: Path) -> Path:
    """A JSONL file."""
    path = tmp_path / "samples.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in LINES))
    return path


def test_from_a_file_through_a_store_and_back(call: Call, tmp_path: Path, samples: Path) -> None:
    words = ("records", "import", "samples.jsonl", "run", "--task", "t", "--model", "m")
    assert "4 samples read, 4 new" in call(*words).err
    assert "4 samples read, 0 new" in call(*words).err
    told = call("records", "show", "run", "--json").json
    assert [(one["task"], one["samples"], one["pool"]) for one in told["pools"]] == [("t", 4, True)]
    assert "task t, model m: 4 samples of 1 problems" in call("records", "show", "run").out
    for name in ("out.jsonl", "out.jsonl.gz", "out.parquet"):
        ran = call("records", "export", "run", name)
        assert ran.code == 0, ran.err
        pool = read_pool(tmp_path / name)
        assert pool.answers == ("0", "1", "0", "1")
        assert json.loads(pool.sample(3).line()) == LINES[3]
    ran = call("records", "export", "run", "slim.jsonl", "--without", "text", "--without", "logprobs")
    assert ran.code == 0
    assert read_pool(tmp_path / "slim.jsonl").has == {
        "answer",
        "gold",
        "correct",
        "completion_tokens",
        "scores.judge",
    }
    shown = call("records", "show", "slim.jsonl").out
    assert "right: 50.0%" in shown
    assert not [*tmp_path.glob("*.part")]


def test_verify_tells_by_its_exit_code(call: Call, tmp_path: Path, samples: Path) -> None:
    call("records", "import", "samples.jsonl", "run", "--task", "t", "--model", "m")
    ran = call("records", "verify", "run", "--json")
    assert (ran.code, ran.json["ok"]) == (0, True)
    db = sqlite3.connect(tmp_path / "run" / "records.sqlite")
    db.execute("UPDATE generations SET text = 'changed' WHERE draw = 2")
    db.commit()
    db.close()
    ran = call("records", "verify", "run")
    assert ran.code == 1
    assert "its hash is not that of its content" in ran.out
    assert len(ran.out.splitlines()) == 1


def test_as_a_command_of_its_own(tmp_path: Path, samples: Path) -> None:
    ran = thinkharder("records", "show", "samples.jsonl", cwd=tmp_path)
    assert (ran.code, ran.err) == (0, "")
    assert "samples: 4 of 1 problems, 4 a problem" in ran.out


def test_cells_are_exported(call: Call, tmp_path: Path) -> None:
    with Store.open(tmp_path / "run", create=True) as store:
        store.put_cell(cell(CellDraw(store.put(generation("four")), "4", 1.0)))
    assert call("records", "export", "run", "cells.jsonl", "--cells").code == 0
    (row,) = map(json.loads, (tmp_path / "cells.jsonl").read_text().splitlines())
    assert (row["key"], row["draws"][0]["answer"]) == (cell().key, "4")


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("verify", "none"), 2, "there is no store none"),
        (("verify", "samples.jsonl"), 2, "samples.jsonl is no store"),
        (("export", "samples.jsonl", "out.csv"), 2, "unknown ending"),
        (("export", "samples.jsonl", "o.jsonl", "--without", "txt"), 2, "no field 'txt'"),
        (("export", "samples.jsonl", "o.jsonl", "--cells", "--task", "t"), 2, "--cells writes all cells"),
        (("export", "samples.jsonl", "none/o.jsonl"), 1, "cannot be written"),
        (("import", "broken.jsonl", "run", "--task", "t", "--model", "m"), 2, "line 2: not JSON"),
        (("import", "none.jsonl", "run", "--task", "t", "--model", "m"), 2, "no file none.jsonl"),
        (("import", "samples.jsonl", "run"), 2, "--task"),
        (("show", "none.jsonl"), 2, "no file none.jsonl"),
    ],
)
def test_what_is_wrong_is_said_in_a_line(
    call: Call, tmp_path: Path, samples: Path, words: tuple[str, ...], code: int, said: str
) -> None:
    (tmp_path / "broken.jsonl").write_text(json.dumps(LINES[0]) + "\n{")
    ran = call("records", *words)
    assert said in ran.err
    assert ran.code == code
    assert len(ran.err.splitlines()) == 1
    assert not [*tmp_path.glob("*.part")]


def test_what_came_before_a_broken_line_is_imported(call: Call, tmp_path: Path) -> None:
    (tmp_path / "broken.jsonl").write_text(json.dumps(LINES[0]) + "\n{")
    ran = call("records", "import", "broken.jsonl", "run", "--task", "t", "--model", "m")
    assert "samples before it that are imported: 1" in ran.err
    assert len(read_pool(tmp_path / "run")) == 1


def test_hostile_names_do_not_reach_the_terminal(call: Call, tmp_path: Path) -> None:
    """Names of scores and problems are other people's: escapes, C1 controls, and surrogates that no output can encode."""
    name = "\x9b31m\x1b]0;title\x07\ud800 judge"
    row = {"problem": name, "sample": 0, "answer": name, "scores": {name: 0.5}}
    (tmp_path / "p.jsonl").write_text(json.dumps(row))
    plain, document = call("records", "show", "p.jsonl"), call("records", "show", "p.jsonl", "--json")
    assert (plain.code, document.code) == (0, 0), plain.err + document.err
    assert not set("\x9b\x1b\x07\ud800") & set(plain.out + document.out)
    assert "judge" in plain.out
    assert any("\x9b31m" in field for field in document.json["pools"][0]["fields"])
