"""`thinkharder report` on files and runs: what is written, what is said, and what is refused."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.shell import Ran
from tests.reports.pools import many
from tests.reports.test_page import Read, strict
from thinkharder.cli.main import main
from thinkharder.records.cell import Cell
from thinkharder.records.sample import Sample
from thinkharder.records.store import Store
from thinkharder.reports import gather
from thinkharder.reports.rated import Asking

Call = Callable[..., Ran]
# Nine problems: with ten and more, laws are fitted to every one of these pools, which takes most of a report's time.
QUICK = ("--trials", "10", "-s", "direct", "-s", "self-consistency")


@pytest.fixture
def call(capfd: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Call:
    monkeypatch.chdir(tmp_path)

    def run(*words: str) -> Ran:
        code = main(["report", *words])
        out, err = capfd.readouterr()
        return Ran(code, out, err)

    return run


@pytest.fixture
def pool(tmp_path: Path) -> str:
    path = tmp_path / "pool.jsonl"
    path.write_text("".join(json.dumps(s.row()) + "\n" for s in many(9, 6, words=20)))
    return str(path)


@pytest.mark.slow
def test_a_page_and_all_figures(call: Call, pool: str, tmp_path: Path) -> None:
    ran = call(pool, "--html", "out.html", "--figures", "figures", "--json", *QUICK)
    assert ran.code == 0, ran.err
    made = ran.json
    text = (tmp_path / "out.html").read_text()
    strict(text)
    assert made["bytes"] == len(text.encode())
    assert "direct" in text
    assert "oracle" in text
    assert "random pick" in text
    names = {path.name for path in (tmp_path / "figures").iterdir()}
    assert {"accuracy-tokens.png", "accuracy-tokens.svg", "frontier.png", "errors.svg"} <= names
    assert len(names) == len(made["figures"]) >= 16
    assert made["parts"][0]["title"] == "pool"
    assert "54 of 54 candidates" in made["parts"][0]["texts"]


@pytest.mark.slow
def test_the_size_is_printed_and_all_texts_are_an_option(call: Call, tmp_path: Path) -> None:
    path = tmp_path / "p.jsonl"
    path.write_text("".join(json.dumps(s.row()) + "\n" for s in many(3, 12, words=20)))
    some = call(str(path), "--html", "some.html", *QUICK)
    assert "24 of 36 candidates" in some.out
    every = call(str(path), "--html", "every.html", "--all-texts", *QUICK)
    assert "36 of 36 candidates" in every.out
    assert "every.html: " in every.out
    assert " kB, of which " in every.out
    assert "reading" in every.err
    none = call(str(path), "--html", "none.html", "--candidates", "0", *QUICK)
    assert "0 of 36 candidates" in none.out


def test_questions_and_levels_of_the_task(call: Call, tmp_path: Path) -> None:
    rows = [
        {"id": f"p{i}", "question": f"What is {i}?", "answer": "7", "level": f"Level {i % 2}"}
        for i in range(9)
    ]
    (tmp_path / "task.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    path = tmp_path / "p.jsonl"
    path.write_text("".join(json.dumps(s.row()) + "\n" for s in many(9, 3, words=20)))
    ran = call(str(path), "--html", "out.html", "--task", "jsonl:task.jsonl,id=id,level=level", *QUICK)
    assert ran.code == 0, ran.err
    text = (tmp_path / "out.html").read_text()
    assert "Accuracy by level" in text
    assert "Level 1 (4)" in text


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["pool.jsonl"], "--html"),
        (["nowhere.jsonl", "--html", "x.html"], "nowhere.jsonl"),
        (["pool.jsonl", "--html", "x.html", "--budgets", "1,many"], "--budgets"),
        (["pool.jsonl", "--html", "x.html", "--budgets", "64"], "6 recorded"),
        (["pool.jsonl", "--html", "x.html", "-s", "no-such"], "no-such"),
        (["pool.jsonl", "--html", "x.html", "-s", "best-of-n", "--verifier", "nobody"], "nobody"),
        (["pool.jsonl", "--html", "x.html", "--answer-type", "no-such"], "no-such"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(
    call: Call, pool: str, tmp_path: Path, words: list[str], said: str
) -> None:
    ran = call(*words)
    assert ran.code == 2
    assert said in ran.err.splitlines()[-1]
    assert not (tmp_path / "x.html").exists()


def test_a_pool_without_answers_known_still_has_a_page(call: Call, tmp_path: Path) -> None:
    rows = [Sample(problem=p, sample=i, answer=str(i % 2)).row() for p in "abc" for i in range(4)]
    (tmp_path / "p.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    ran = call("p.jsonl", "--html", "out.html")
    assert ran.code == 0, ran.err
    text = (tmp_path / "out.html").read_text()
    assert "Which samples are right is not known" in text
    assert "Nothing is known about accuracy here" in text


def cells(task: str, model: str) -> list[Cell]:
    """Two strategies at two sizes on every problem."""
    return [
        Cell(
            task,
            f"p{p}",
            model,
            f"self-consistency(n={n})",
            {},
            0,
            answer="7",
            correct=float(p % 3 > 0),
            agreement=0.8,
        )
        for p in range(9)
        for n in (2, 4)
    ]


@pytest.mark.slow
def test_a_run_has_a_part_for_each_model(call: Call, tmp_path: Path) -> None:
    with Store.open(tmp_path / "run" / "records.sqlite", create=True) as store:
        for model in ("small", "large"):
            store.put_samples(many(9, 6, words=20, seed=len(model)), task="t", model=model)
            for cell in cells("t", model):
                store.put_cell(cell)
        store.put_problems("t", [(f"p{i}", "7", f"Level {i % 3}") for i in range(9)])
    ran = call("run", "--html", "out.html", "--json", *QUICK)
    assert ran.code == 0, ran.err
    assert len(ran.json["parts"]) == 2
    read = Read((tmp_path / "out.html").read_text())
    assert [a["id"] for _, a in read.elements if a.get("class") == "part"] == ["p0", "p1"]
    found = gather.gather(
        tmp_path / "run", gather.Wanted(asking=Asking(strategies=("direct",), trials=5), times=5)
    )
    for part in found.parts:
        live = {curve.name: curve for curve in part.curves if curve.live}
        assert set(live) == {"self-consistency (live)"}
        assert [p.budget for p in live["self-consistency (live)"].points] == ["n=2", "n=4"]
        assert live["self-consistency (live)"].points[0].accuracy == pytest.approx(6 / 9)
        assert {b.group for b in part.by_level} == {"Level 0", "Level 1", "Level 2"}


def test_an_empty_store_is_refused(call: Call, tmp_path: Path) -> None:
    Store.open(tmp_path / "run" / "records.sqlite", create=True).close()
    ran = call("run", "--html", "out.html")
    assert ran.code == 2
    assert "no samples yet" in ran.err


def test_help_has_examples(call: Call) -> None:
    ran = call("--help")
    assert ran.code == 0
    assert "Examples" in ran.out
    assert "thinkharder report RUN --html report.html" in ran.out
