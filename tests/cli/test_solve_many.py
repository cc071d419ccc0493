"""`thinkharder solve-many` as it is typed (through its module)."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer

from tests.cli.shell import ROOT, Ran, environment
from thinkharder.cli import solve_many
from thinkharder.core.errors import ThinkharderError

Run = Callable[..., Ran]
TOY = "toy:categorical(answers=[18, 20, 16], weights=[0.6, 0.3, 0.1], tokens=[20, 60])"
SLOW = "toy:categorical(answers=[18, 20], weights=[0.5, 0.5], tokens=[20, 60], token_seconds=0.01)"
ROWS = [{"question": f"How many eggs are {n} and {n}? Number {n}.", "id": f"e{n}"} for n in range(6)]
QUICK = ("--answer-type", "number", "--max-tokens", "64")


@pytest.fixture(autouse=True)
def _toy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THINKHARDER_MODEL", TOY)


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str]) -> Run:
    """The command in this process."""
    app = typer.Typer(pretty_exceptions_enable=False)
    app.callback()(lambda: None)
    solve_many.add(app)
    command = typer.main.get_command(app)

    def call(*words: str) -> Ran:
        code: Any = 0
        try:
            code = command(["solve-many", *words], standalone_mode=False)
        except ThinkharderError as error:
            code = error.exit_code
            print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return Ran(code if isinstance(code, int) else 0, *capfd.readouterr())

    return call


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "problems.jsonl"
    path.write_text("\n".join(map(json.dumps, ROWS)), "utf-8")
    return str(path)


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def tokens(rows: list[dict[str, Any]]) -> int:
    return sum(row["usage"]["input_tokens"] + row["usage"]["output_tokens"] for row in rows)


def test_results_are_json_lines(run: Run, file: str) -> None:
    ran = run(file, "--tokens", "20k", "-s", "self-consistency(n=8)", *QUICK)
    assert ran.code == 0, ran.err
    rows = lines(ran.out)
    assert sorted(row["id"] for row in rows) == [f"e{n}" for n in range(6)]
    assert all(row["answer"] in ("16", "18", "20") and row["final"] for row in rows)
    assert all(1 <= row["samples"] <= 8 and row["correct"] is None for row in rows)
    assert "6/6 problems, 6 answered" in ran.err


def test_answers_are_checked_where_the_file_has_them(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "eggs.jsonl"
    path.write_text("\n".join(json.dumps({**row, "answer": "18"}) for row in ROWS), "utf-8")
    ran = run(str(path), "--tokens", "20k", "--quiet", *QUICK)
    rows = lines(ran.out)
    assert ran == Ran(0, ran.out, "")
    assert all(row["correct"] == float(row["answer"] == "18") for row in rows)


def test_a_template_and_a_task(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "two.jsonl"
    path.write_text(json.dumps({"story": "Ann has 3 eggs.", "ask": "How many?"}), "utf-8")
    assert run(str(path), "--question", "{story} {ask}", "--calls", "3", *QUICK).code == 0
    ran = run("arithmetic:n=3", "--calls", "9", "--quiet", *QUICK)
    assert {row["correct"] for row in lines(ran.out)} <= {0.0, 1.0}


def test_the_budget_holds_and_a_resumed_run_goes_on(run: Run, file: str, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    first = run(file, "--tokens", "900", "--out", str(out), *QUICK)
    assert first.code == 0, first.err
    before = lines(out.read_text("utf-8"))
    assert 0 < tokens(before) <= 900
    assert not all(row["final"] for row in before)
    assert run(file, "--tokens", "900", "--out", str(out), *QUICK).code == 2
    again = run(file, "--tokens", "900", "--out", str(out), "--resume", "--quiet", *QUICK)
    assert again.code in (0, 3)
    assert tokens(lines(out.read_text("utf-8"))) <= 900  # what was spent before counts
    more = run(file, "--tokens", "60k", "--out", str(out), "--resume", "-s", "self-consistency(n=4)", *QUICK)
    assert more.code == 0, more.err
    last = {row["id"]: row for row in lines(out.read_text("utf-8"))}
    assert all(row["final"] for row in last.values())
    size = out.stat().st_size
    assert run(file, "--out", str(out), "--resume", *QUICK).code == 0
    assert out.stat().st_size == size  # nothing left to do


def test_a_line_that_was_cut_off_is_done_again(run: Run, file: str, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    assert run(file, "--out", str(out), "--cap", "2", *QUICK).code == 0
    whole = out.read_bytes()
    out.write_bytes(whole[:-20])
    assert run(file, "--out", str(out), "--resume", "--cap", "2", *QUICK).code == 0
    assert len({row["id"] for row in lines(out.read_text("utf-8"))}) == 6


def test_what_was_noted_counts_even_where_lines_are_missing(run: Run, file: str, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    out.write_text("", "utf-8")
    noted = {"input_tokens": 500, "output_tokens": 490, "calls": 10, "requests": 10, "usd": 0.0}
    Path(f"{out}.spent").write_text(json.dumps(noted), "utf-8")
    run(file, "--tokens", "1k", "--out", str(out), "--resume", *QUICK)
    assert tokens(lines(out.read_text("utf-8"))) <= 10


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--allocator", "gredy"], "did you mean greedy"),
        (["--allocator", "uniform(x=1)"], "has no option 'x'"),
        (["--strategy", "adaptive"], "no strategy of independent samples"),
        (["--allocator", "predicted"], "needs the chance"),
        (["--resume"], "--out FILE"),
        (["--question", "text"], "has no field 'text'"),
    ],
)
def test_what_is_wrong_is_said(run: Run, file: str, words: list[str], said: str) -> None:
    ran = run(file, *words, *QUICK)
    assert ran.code == 2
    assert said in ran.err
    assert ran.out == ""


def test_another_file_under_the_same_results_is_refused(run: Run, file: str, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    assert run(file, "--out", str(out), "--cap", "1", *QUICK).code == 0
    Path(file).write_text(json.dumps({**ROWS[0], "question": "How many hens?"}), "utf-8")
    ran = run(file, "--out", str(out), "--resume", *QUICK)
    assert ran.code == 2
    assert "another problem with the id 'e0'" in ran.err


def test_predicted_reads_chances(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "c.jsonl"
    rows = [{**row, "chance": 0.9 if n else 0.1} for n, row in enumerate(ROWS)]
    path.write_text("\n".join(map(json.dumps, rows)), "utf-8")
    ran = run(str(path), "--allocator", "predicted", "--calls", "12", "--wave", "2", "--quiet", *QUICK)
    assert ran.code == 0, ran.err
    assert all(row["samples"] >= 1 for row in lines(ran.out))


@pytest.mark.skipif(os.name == "nt", reason="signals")
def test_ctrl_c_gives_every_problem_its_best_so_far(file: str, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    code = (
        "import sys, typer; from thinkharder.cli import solve_many; app = typer.Typer(); app.callback()(lambda: None);"
        "solve_many.add(app); r = typer.main.get_command(app)(sys.argv[1:], standalone_mode=False);"
        "sys.exit(r if isinstance(r, int) else 0)"
    )
    words = ["solve-many", file, "--out", str(out), "-s", "self-consistency(n=500)", *QUICK]
    process = subprocess.Popen(
        [sys.executable, "-c", code, *words],
        env=environment(THINKHARDER_MODEL=SLOW),
        cwd=ROOT,
        stderr=subprocess.PIPE,
    )
    try:
        spent = Path(f"{out}.spent")
        for _ in range(600):
            if spent.exists():
                break
            try:
                process.wait(0.1)
            except subprocess.TimeoutExpired:
                continue
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
    finally:
        process.kill()
    assert process.returncode == 130, err
    rows = lines(out.read_text("utf-8"))
    assert len(rows) == 6
    assert all(row["stopped_by"] == "interrupt" and not row["final"] for row in rows)
    assert all(row["answer"] in ("18", "20") for row in rows)
