"""`thinkharder tasks`."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.shell import Ran
from thinkharder.cli.main import main
from thinkharder.tasks import load_task, task_names

Call = Callable[..., Ran]


@pytest.fixture
def call(capfd: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Call:
    """Run the command line in this process, away from the user's settings."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.chdir(tmp_path)

    def run(*words: str) -> Ran:
        code = main(["tasks", *words])
        out, err = capfd.readouterr()
        return Ran(code, out, err)

    return run


def test_all_are_listed(call: Call) -> None:
    ran = call()
    assert ran.code == 0
    assert [line.split(":")[0] for line in ran.out.splitlines()] == task_names()
    rows = call("--json").json
    assert [row["name"] for row in rows] == task_names()
    assert all(row["about"] for row in rows)
    numbers = next(row for row in rows if row["name"] == "countdown")["options"]
    assert {"name": "numbers", "type": "list of whole number", "default": "[4]"} in numbers


def test_one_is_shown(call: Call) -> None:
    ran = call("countdown:numbers=4,n=20", "--limit", "2")
    assert ran.code == 0
    for word in ("seed 0", "Apache-2.0", "generated", "numbers=4 (20)", "0-1"):
        assert word in ran.out
    assert "problems 20" in " ".join(ran.out.split())
    assert "0-2" not in ran.out
    assert "\x1b" not in ran.out
    told = call("seating:n=3", "--json", "--limit", "1").json
    assert (told["problems"], told["split"], told["step_checks"], told["environment"]) == (
        3,
        "seed 0",
        True,
        False,
    )
    assert told["examples"][0]["answer"] == load_task("seating:n=3").items[0].gold
    assert len(told["examples"]) == 1


def test_a_task_is_exported_and_checked(call: Call, tmp_path: Path) -> None:
    ran = call("arithmetic:n=5", "--export", "out.jsonl", "--check")
    assert ran.code == 0
    assert "5 of 5 pass" in ran.out
    lines = (tmp_path / "out.jsonl").read_text("utf-8").splitlines()
    assert len(lines) == 5
    assert json.loads(lines[0])["task"] == "arithmetic(n=5)"
    assert call("jsonl:out.jsonl", "--check", "--json").json["gold_fails"] == []


def test_a_gold_answer_that_fails_is_an_error(call: Call, tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_text(
        '{"question": "How many?", "answer": "none at all", "answer_type": "number"}\n', "utf-8"
    )
    ran = call("jsonl:x.jsonl", "--check")
    assert ran.code == 2
    assert "0 of 1 pass" in ran.out
    assert "1 of 1 gold answers do not pass; the first is 0" in ran.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["countdwn"], "unknown task 'countdwn'; did you mean countdown?"),
        (["--export", "x"], "need a task"),
        (["jsonl:none.jsonl"], "no file 'none.jsonl'"),
        (["countdown", "--limit", "0"], "limit"),
    ],
)
def test_mistakes_are_named(call: Call, words: list[str], said: str) -> None:
    ran = call(*words)
    assert (ran.code, ran.out) == (2, "")
    assert said in ran.err
    assert "Traceback" not in ran.err


def test_untrusted_text_is_cleaned(call: Call, tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_text(
        '{"question": "red \\u001b[31m", "answer": "\\u001b]0;x\\u0007y"}\n', "utf-8"
    )
    ran = call("jsonl:x.jsonl")
    assert ran.code == 0
    assert "\x1b" not in ran.out


def test_help_has_examples(call: Call) -> None:
    ran = call("--help")
    assert ran.code == 0
    assert "Examples" in ran.out
    assert "thinkharder tasks countdown:numbers=4,seed=1" in ran.out
