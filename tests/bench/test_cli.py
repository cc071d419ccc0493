"""`thinkharder bench` as it is typed."""

import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console

from tests.bench.places import TOY, cells_of, sums
from tests.cli.shell import Ran
from thinkharder.bench.desk import Progress
from thinkharder.bench.folder import RunFolder
from thinkharder.bench.status import read
from thinkharder.cli import bench_show, bench_status
from thinkharder.cli.bench import _ray_named
from thinkharder.cli.bench_flags import grid, numbers
from thinkharder.cli.main import main

Call = Callable[..., Ran]


@pytest.fixture
def call(capfd: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Call:
    """The command line in this process and an empty directory, with a toy as the model."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("THINKHARDER_MODEL", TOY)
    monkeypatch.chdir(tmp_path)

    def run(*words: str) -> Ran:
        code = main(["bench", *words])
        return Ran(code, *capfd.readouterr())

    return run


@pytest.mark.parametrize("command", [[], ["run"], ["resume"], ["status"], ["compare"]], ids=" ".join)
def test_help_has_examples(call: Call, command: list[str]) -> None:
    ran = call(*command, "--help")
    assert ran.code == 0
    assert "Examples" in ran.out
    assert "thinkharder bench" in ran.out
    if not command:
        assert call().out == ran.out


def test_a_task_first_means_run(call: Call, tmp_path: Path) -> None:
    spec = sums(tmp_path)
    ran = call(spec, "--out", "a", "-s", "direct")
    assert ran.code == 0, ran.err
    assert "a: 3 of 3 cells are done, 3 of them now" in ran.out
    assert "3/3 cells" in ran.err
    assert call("run", spec, "--out", "b", "-s", "direct").code == 0
    assert call("--out", "c", spec, "-s", "direct", "--quiet") == Ran(0, "", "")


def test_ray_needs_no_address() -> None:
    """A bare `--ray` is a cluster on this machine, wherever it stands."""
    for words in (["--ray", "--out", "run"], ["--out", "run", "--ray"]):
        named = _ray_named(["run", "TASK", *words])
        assert named[named.index("--ray") + 1] == "local"
        assert len(named) == 6
    kept = ["--ray", "auto", "TASK", "--ray=head:1"]
    assert _ray_named(kept) == kept


def test_the_grid_that_is_typed(call: Call, tmp_path: Path) -> None:
    spec = sums(tmp_path, 4)
    ran = call(
        *(spec, "--out", "run", "-s", "self-consistency", "-s", "cot", "--n", "1..4*2", "--tokens", "200,1k"),
        *("--seeds", "1..2", "--limit", "2", "--temperature", "0.5", "--max-tokens", "90", "--json"),
    )
    assert ran.code == 0, ran.err
    assert ran.json["cells"] == ran.json["done"] == 2 * 2 * 2 * 4
    plan = RunFolder.open(tmp_path / "run").plan
    (made,) = plan.grids
    assert [e.label for e in made.strategies][:2] == [
        "self-consistency(n=1, temperature=0.5)",
        "self-consistency(n=2, temperature=0.5)",
    ]
    assert [dict(b) for b in made.budgets] == [{"tokens": 200}, {"tokens": 1000}]
    assert (made.seeds, made.limit, plan.settings.sampling.max_tokens) == ((1, 2), 2, 90)
    assert {len(cell.draws) for cell in cells_of(tmp_path / "run")} <= {0, 1, 2, 3, 4}


def test_failed_cells_give_exit_code_1_and_say_how_to_go_on(call: Call, tmp_path: Path) -> None:
    model = "toy:failing(inner=categorical(answers=[18], context=20))"
    ran = call(sums(tmp_path), "--out", "run", "-s", "direct", "-m", model, "--max-tokens", "100", "--debug")
    assert ran.code == 1
    assert "3 cells failed, the last with: ContextOverflow" in ran.out
    assert "go on with: thinkharder bench resume run" in ran.out
    status = call("status", "run")
    assert "3 failed" in status.out
    assert "last failure: ContextOverflow" in status.out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["TASK"], "--out"),
        (["--out", "run"], "TASK"),
        (["nosuch", "--out", "run"], "unknown task 'nosuch'"),
        (["TASK", "--out", "run", "-s", "nosuch"], "unknown strategy 'nosuch'"),
        (["TASK", "--out", "run", "--n", "0"], "at least 1"),
        (["TASK", "--out", "run", "--n", "4..1"], "must go upwards"),
        (["TASK", "--out", "run", "--n", "1,x"], "whole number"),
        (["TASK", "--out", "run", "-s", "cot", "--n", "2"], "no option 'n'"),
        (["TASK", "--out", "run", "--record-logprobs", "all"], "none, summary, tokens"),
        (["TASK", "--out", "run", "--top-logprobs", "2"], "record='tokens' only"),
        (["TASK", "--out", "run", "--workers", "2"], "goes with --ray"),
        (["TASK", "--out", "run", "--role", "clerk=toy:scripted"], "unknown role 'clerk'"),
        (["TASK", "--out", "run", "-m", "openai:m@https://key@host/v1"], "environment only"),
        (["TASK", "--out", "run", "--ray", "ray://head:1"], "node of the cluster"),
        (["--ray", "nowhere:1", "TASK", "--out", "run"], "no Ray cluster at nowhere:1"),
        (["resume", "nosuch"], "holds no run"),
        (["status", "nosuch"], "holds no run"),
        (["compare", "a", "b", "c"], "one run or two"),
        (["compare", "a", "b", "--against", "x"], "one run"),
        (["compare", "a", "./a"], "give it once"),
    ],
)
def test_what_is_wrong_is_said(call: Call, tmp_path: Path, words: list[str], said: str) -> None:
    spec = sums(tmp_path)
    ran = call(*(spec if word == "TASK" else word for word in words))
    assert ran.code == 2, ran.err
    assert said in ran.err
    assert "Traceback" not in ran.err
    assert not (tmp_path / "run" / "bench.json").exists()


def test_status_and_compare_are_printed(call: Call, tmp_path: Path) -> None:
    spec = sums(tmp_path)
    call(spec, "--out", "run", "-s", "direct", "-s", "self-consistency:n=4", "--quiet")
    plain = call("status", "run").out.splitlines()
    assert plain[0].startswith("run: 6/6 cells, 15 samples")
    assert "self-consistency(n=4) | 3/3 cells | accuracy" in plain[2]
    document = call("status", "run", "--json").json
    assert document["complete"]
    assert [line["strategy"] for line in document["lines"]] == ["direct", "self-consistency(n=4)"]
    assert "no difference shown between self-consistency(n=4) and direct" in call("compare", "run").out
    (pair,) = json.loads(call("compare", "run", "--against", "self", "--json").out)
    assert (pair["a"]["strategy"], pair["shown"], pair["comparisons"]) == ("direct", False, 1)
    assert "unknown strategy of the run 'nosuch'" in call("compare", "run", "--against", "nosuch").err


def test_tables_on_a_terminal(call: Call, tmp_path: Path) -> None:
    call(sums(tmp_path), "--out", "run", "-s", "direct", "--quiet")
    out = Console(file=io.StringIO(), force_terminal=True, width=120)
    out.print(bench_status.picture(read(tmp_path / "run"), rate=2.0))
    shown = out.file.getvalue()  # type: ignore[attr-defined]
    assert "direct" in shown
    assert "3/3" in shown
    assert "120.0 cells a minute" in shown


def test_a_bar_on_a_terminal() -> None:
    out = io.StringIO()
    bar = bench_show.Bar(Path("runs/x"), Console(file=out, force_terminal=True, width=160))
    bar.loading("loading model", 5_000_000, 10_000_000)
    bar.take(Progress(total=10, done=2, groups=10, groups_done=2, began=1.0, at=11.0, streamed=100, failed=1))
    bar._bars.refresh()
    bar.take(Progress(total=10, done=3, failed=1, last_error="the model is \x1b[31mgone"))
    bar.interrupted("once more ends at once")
    bar.take(Progress(total=10, done=4))
    bar.close()
    shown = out.getvalue()
    assert "2/10 cells, 1 failed, 0 tokens, 10 tokens/s, 40 s left" in shown
    assert "a cell failed: the model is gone" in shown
    assert "stopping; once more ends at once" in shown


def test_plain_lines_are_few(capsys: pytest.CaptureFixture[str]) -> None:
    lines = bench_show.Lines()
    lines.loading("loading m", 0, 100)
    for done in range(50):
        lines.loading("loading m", 2 * done, 100)
        lines.take(Progress(total=100, done=done))
    lines.take(Progress(total=100, done=50, last_error="gone"))
    lines.take(Progress(total=100, done=100, last_error="gone"))
    told = capsys.readouterr().err.splitlines()
    assert len([line for line in told if "loading" in line]) <= 12
    assert [line for line in told if "cells" in line] == ["0/100 cells, 0 tokens", "100/100 cells, 0 tokens"]
    assert [line for line in told if "failed" in line] == ["a cell failed: gone"]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("1,2,4", (1, 2, 4)),
        ("3..6", (3, 4, 5, 6)),
        ("1..64*2", (1, 2, 4, 8, 16, 32, 64)),
        ("1..50*3,7", (1, 3, 9, 27, 7)),
        ("1k..4k*2", (1000, 2000, 4000)),
        (" 2 , 2 ,5", (2, 5)),
    ],
)
def test_grids_of_numbers(text: str, wanted: tuple[int, ...]) -> None:
    assert numbers(grid(1)(text)) == wanted


@pytest.mark.parametrize("text", ["", "1..", "..3", "1..4*1", "0..4*2", "a", "1..100000", "1;2"])
def test_grids_that_are_none(text: str) -> None:
    with pytest.raises(ValueError, match=r"must|stands|grow"):
        grid(0)(text)


def test_words_for_amounts() -> None:
    assert [bench_show.amount(n) for n in (5, 12_345, 4_500_000, 2e9)] == ["5", "12.3k", "4.5M", "2.0G"]
    assert [bench_show.duration(s) for s in (4.4, 200, 7500)] == ["4 s", "3 min 20 s", "2 h 5 min"]
