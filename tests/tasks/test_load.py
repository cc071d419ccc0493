"""Specs, files of every kind, fields and templates, datasets from a local folder, exports, and what is said of mistakes."""

import gzip
import json
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.tasks.helpers import GPQA, MBPP, jsonl
from thinkharder.core import registry
from thinkharder.core.errors import BadOption, MissingExtra, SpecError, UnknownName, UnknownOption
from thinkharder.core.types import Problem
from thinkharder.tasks import GoldCheck, Item, Task, TaskError, load_task, parse_task, write_rows
from thinkharder.tasks.rows import read_rows

ROWS = [
    {"q": "What is 2 + 2?", "a": 4, "meta": {"who": "Ann"}, "hint": "add"},
    {"q": "What is 3 * 3?", "a": 9.0, "meta": {"who": "Bo"}, "hint": "multiply"},
]


@pytest.mark.parametrize(
    ("spec", "name", "args"),
    [
        ("jsonl:a/b.jsonl,question=q,answer=a", "jsonl", {"": "a/b.jsonl", "question": "q", "answer": "a"}),
        ("jsonl:a b.jsonl, question=q", "jsonl", {"": "a b.jsonl", "question": "q"}),
        ("countdown:n=100,seed=1,numbers=4", "countdown", {"n": 100, "seed": 1, "numbers": 4}),
        ("gsm8k:split=train,path=x.jsonl", "gsm8k", {"split": "train", "path": "x.jsonl"}),
        ("reasoning-gym:leg_counting,n=5", "reasoning-gym", {"": "leg_counting", "n": 5}),
        ("gsm8k", "gsm8k", {}),
    ],
)
def test_specs(spec: str, name: str, args: dict[str, object]) -> None:
    parsed = parse_task(spec)
    assert (parsed.name, dict(parsed.args)) == (name, args)
    assert parse_task(str(parsed)) == parsed


def test_what_a_task_says_of_itself_builds_it_again() -> None:
    task = load_task("countdown:n=5,seed=2,numbers=[3,4]")
    assert load_task(task.spec).fingerprint == task.fingerprint
    assert (task.name, task.split, len(task)) == ("countdown", "seed 2", 5)
    assert load_task("countdown:n=5,seed=2,numbers=[3,4]", limit=2).items == task.items[:2]


@pytest.mark.parametrize(
    ("spec", "error", "said"),
    [
        ("countdwn", UnknownName, "countdown"),
        ("countdown:nmbers=4", UnknownOption, "numbers"),
        ("countdown:numbers=9", BadOption, "2 to 6"),
        ("countdown:n=x", BadOption, "whole number"),
        ("countdown:n=0", BadOption, "at least 1"),
        ("arithmetic:steps=40", BadOption, "at most 22"),
        ("arithmetic:ops=x", BadOption, "some of"),
        ('arithmetic(steps=22, ops="*")', BadOption, "leave the range"),
        ("seating:people=2", BadOption, "3 to 7"),
        ("documents:folder=x", BadOption, "together"),
        ("mbpp:public=0,path=x", BadOption, "at least 1"),
        ("jsonl", BadOption, "path"),
        ("jsonl:nowhere.jsonl", TaskError, "no file 'nowhere.jsonl'"),
        ("jsonl:x.jsonl,answer_type=poem", BadOption, "poem"),
        ("gsm8k(path=", SpecError, "character"),
    ],
)
def test_mistakes_are_named(spec: str, error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said.replace("'", ".")):
        load_task(spec)


def test_a_limit_below_one_is_refused() -> None:
    with pytest.raises(BadOption, match="limit=0"):
        load_task("countdown", limit=0)


@pytest.mark.parametrize("kind", ["jsonl", "jsonl.gz", "json", "csv", "parquet"])
async def test_every_kind_of_file(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"some.{kind}"
    if kind == "csv":
        path.write_text('q,a,hint\nWhat is 2 + 2?,4,add\n"What is 3 * 3, if any?",9,\n', "utf-8-sig")
    elif kind == "json":
        path.write_text(json.dumps({"data": ROWS}), "utf-8")
    elif kind == "parquet":
        parquet = pytest.importorskip("pyarrow.parquet")
        table = sys.modules["pyarrow"].Table.from_pylist(ROWS)
        parquet.write_table(table, path)
    else:
        jsonl(tmp_path / "plain.jsonl", ROWS)
        data = (tmp_path / "plain.jsonl").read_bytes()
        path.write_bytes(gzip.compress(data) if kind.endswith("gz") else data)
    task = load_task(f"{'csv' if kind == 'csv' else 'jsonl'}:{path},question=q,answer=a")
    assert [item.gold for item in task] == ["4", "9"]
    assert task.name == "some"
    assert all([await task.gold_passes(item) for item in task])
    assert await task.right(task.items[1], "\\boxed{8}") == 0.0


def test_fields_by_template_and_inside_others(tmp_path: Path) -> None:
    path = jsonl(tmp_path / "t.jsonl", ROWS)
    task = load_task(
        f'jsonl(path="{path}", question="{{meta.who}} asks: {{q}} ({{hint}})", answer=a, id=meta.who, system="Be brief.")'
    )
    assert task.items[0].problem.text == "Ann asks: What is 2 + 2? (add)"
    assert task.items[0].problem.messages[0].text == "Be brief."
    assert [item.id for item in task] == ["Ann", "Bo"]
    assert task.items[0].problem.answer_type == "math"  # decided from the text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"question": "x", "answer": "y"}\nnot json\n', "line 2 is not JSON"),
        ('{"question": "x", "answer": "y"}\n[1]\n', "line 2 must be an object"),
        ('{"query": "x", "answer": "y"}\n', "line 1 has no field 'question'; it has: query, answer"),
        ('{"question": "x"}\n', "no answer in the field 'answer'"),
        ('{"question": "x", "answer": " "}\n', "is empty"),
        ('{"question": "x", "tests": []}\n', "has no tests"),
        ('{"question": "x", "tests": [1]}\n', "list of Python asserts"),
        (
            '{"question": "x", "answer": 1, "id": 7}\n{"question": "y", "answer": 1, "id": 7}\n',
            "two problems have the id '7'",
        ),
        ("\n\n", "holds no rows"),
    ],
)
def test_rows_that_are_wrong_are_named(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_text(text, "utf-8")
    with pytest.raises(TaskError, match=said.replace("[", ".").replace("'", ".")):
        load_task(f"jsonl:{path}")


def test_other_files_that_are_wrong_are_named(tmp_path: Path) -> None:
    for name, data, said in (
        ("x.jsonl", b'{"question": "\xff"}', "not UTF-8"),
        ("x.txt", b"x", "cannot tell what"),
        ("x.jsonl.gz", b"x", "cannot be read"),
        ("x.json", b'{"a": 1}', "a list of objects"),
        ("x.csv", b"a,b\n1,2,3\n", "more fields"),
        ("x.parquet", b"x", "as Parquet"),
    ):
        (tmp_path / name).write_bytes(data)
        with pytest.raises(TaskError, match=said):
            read_rows(str(tmp_path / name))


def test_presets_refuse_what_is_not_theirs(tmp_path: Path) -> None:
    other = jsonl(
        tmp_path / "other.jsonl",
        [{"question": "x", "answer": "no number", "problem": "p", "solution": "none"}],
    )
    for spec, said in (
        (f"gsm8k:{other}", "no number behind ####"),
        (f"aime:{other}", "0 to 999"),
        (f"math:{other.replace('other', 'two')}", "no 'answer', and no"),
        (f"humaneval:{other}", "no field 'prompt'"),
        (f"mbpp:{other}", "no field 'test_list'"),
        (f"gpqa:{other}", "no field"),
        (f"choice:{other}", "no field 'choices'"),
    ):
        jsonl(tmp_path / "two.jsonl", [{"problem": "p", "solution": "none"}])
        with pytest.raises(TaskError, match=said.replace("'", ".").replace("####", "#+")):
            load_task(spec)
    levels = jsonl(tmp_path / "levels.jsonl", [{"problem": "p", "answer": "1", "level": 2}])
    with pytest.raises(TaskError, match="no problem is left"):
        load_task(f"math-500:path={levels},levels=5")


@pytest.mark.parametrize("answer", ["B", 1, "1", "  cats  ", "(b)"])
async def test_choices_by_letter_place_or_text(tmp_path: Path, answer: object) -> None:
    rows = [
        {"question": "Which purr?", "choices": ["dogs", "cats", "fish"], "answer": answer, "id": i}
        for i in range(8)
    ]
    path = jsonl(tmp_path / "c.jsonl", rows)
    task = load_task(f"choice:{path},seed=3")
    assert all([await task.gold_passes(item) for item in task])
    assert {item.about["right"] for item in task} == {"cats"}
    assert len({item.gold for item in task}) > 1
    kept = load_task(f"choice:{path},shuffle=false")
    assert {item.gold for item in kept} == {"B"}


@pytest.mark.parametrize("choices", [["a"], list("abcdefghijk"), ["a", "A"], ["a", ""], "ab"])
def test_choices_that_are_none(tmp_path: Path, choices: object) -> None:
    path = jsonl(tmp_path / "c.jsonl", [{"question": "Which?", "choices": choices, "answer": 0}])
    with pytest.raises(TaskError):
        load_task(f"choice:{path}")


async def test_datasets_from_a_local_folder(tmp_path: Path) -> None:
    pytest.importorskip("datasets")
    import datasets

    folder = tmp_path / "set"
    folder.mkdir()
    jsonl(folder / "train.jsonl", [{"question": "What is 1 + 1?", "answer": "2"}])
    jsonl(folder / "test.jsonl", [{"question": "What is 5 + 1?", "answer": "6"}] * 1)
    task = load_task(f"hf(name='{folder}', split=test)")
    assert [item.gold for item in task] == ["6"]
    assert await task.gold_passes(task.items[0])
    with pytest.raises(TaskError, match=r"give split=train or test|give split=test or train"):
        load_task(f"hf(name='{folder}')")
    with pytest.raises(TaskError, match="no split 'dev'"):
        load_task(f"hf(name='{folder}', split=dev)")
    saved = tmp_path / "saved"
    datasets.Dataset.from_list([{"question": "x?", "answer": "#### 7"}]).save_to_disk(str(saved))
    assert [item.gold for item in load_task(f"jsonl:{saved}")] == ["7"]
    assert load_task(f"gsm8k:path={saved}").items[0].gold == "7"


def test_without_datasets_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(MissingExtra, match=r"thinkharder\[datasets\]"):
        load_task("gsm8k")


def test_without_the_hub_a_file_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    datasets = pytest.importorskip("datasets")

    def none(*_: object, **__: object) -> None:
        raise ConnectionError("no route to the hub")

    monkeypatch.setattr(datasets, "load_dataset", none)
    with pytest.raises(TaskError, match=r"ConnectionError: no route.*path="):
        load_task("gsm8k")


async def test_an_export_is_read_back(tmp_path: Path) -> None:
    sources = [
        "arithmetic:n=4",
        f"gpqa:path={jsonl(tmp_path / 'g.jsonl', GPQA[:3])}",
        f"mbpp:{jsonl(tmp_path / 'm.jsonl', MBPP)}",
        "repair",
    ]
    for spec in sources:
        task = load_task(spec)
        file = tmp_path / "export.jsonl"
        assert write_rows(task, file) == len(task)
        again = load_task(f"jsonl:{file}")
        assert [(i.id, i.problem, i.gold, i.level, i.hidden) for i in again] == [
            (i.id, i.problem, i.gold, i.level, None if spec.startswith("arith") else i.hidden) for i in task
        ]
        assert all([await again.gold_passes(item) for item in again])
    write_rows(load_task("countdown:n=2"), file)
    with pytest.raises(TaskError, match="loaded by its own name"):
        load_task(f"jsonl:{file}")
    with pytest.raises(TaskError, match="cannot write"):
        write_rows(task, tmp_path / "no" / "such" / "folder.jsonl")


def test_a_plugin_is_a_dataclass_or_a_function(monkeypatch: pytest.MonkeyPatch) -> None:
    item = Item("1", Problem.of("2 + 2?", answer_type="number"), "4")

    def made() -> Task:
        return Task("mine", "all", "CC0", "here", "number", (item, Item("2", item.problem, "4")), GoldCheck())

    @dataclass(frozen=True)
    class Mine:
        shift: int = 0

        def load(self, limit: int | None) -> Task:
            return made()

    @dataclass(frozen=True)
    class Nothing:
        pass

    known = {"mine": Mine, "plain": made, "nothing": Nothing}
    monkeypatch.setitem(registry._factories, "task", {**registry._factories["task"], **known})
    assert len(load_task("mine:shift=3", limit=1)) == 1
    assert load_task("mine:3").spec == "mine(3)"
    assert len(load_task("plain")) == 2
    with pytest.raises(BadOption, match="no method load"):
        load_task("nothing")


def test_nothing_of_the_check_is_in_the_problem() -> None:
    for spec in ("countdown:n=3", "arithmetic:n=3", "seating:n=3"):
        for item in load_task(spec):
            assert "hidden" not in repr(item)
            assert item.solution is not None
            assert item.solution.splitlines()[-1] not in item.problem.text


def test_task_values() -> None:
    task = load_task("arithmetic:n=3")
    assert task.item("0-1") is task.items[1]
    with pytest.raises(TaskError, match="no problem 'x'"):
        task.item("x")
    with pytest.raises(TaskError, match="limit=0"):
        task.first(0)
    assert task.first(None) is task
    assert len(task.fingerprint) == 32
    assert task.first(2).fingerprint != task.fingerprint
