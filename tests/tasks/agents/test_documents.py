"""Questions over documents: the archive, a folder of one's own, the search tool in its sandbox, and the baseline."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.tasks.agents.test_repair import Script
from tests.tasks.helpers import jsonl
from thinkharder.core.errors import BadOption
from thinkharder.tasks import Action, Environment, Item, Task, TaskError, load_task, play
from thinkharder.tasks.agents import ArchiveReader, DocumentWorld, search_tool
from thinkharder.tasks.agents.archive import archive
from thinkharder.tasks.agents.documents import read_folder


def world(task: Task, item: Item) -> Any:
    """Its environment."""
    assert task.environment is not None
    return task.environment(item)


async def test_the_baseline_answers_questions_of_every_depth() -> None:
    task = load_task("documents:n=9,seed=4,documents=30")
    assert Counter(item.level for item in task) == {f"hops={n}": 3 for n in (1, 2, 3)}
    for item in task:
        made = world(task, item)
        assert isinstance(made, Environment)
        episode = await play(made, ArchiveReader(), most_turns=8)
        assert (episode.reward, episode.ended) == (1.0, "done"), item.problem.text
        read = sum(turn.action.tool == "read" for turn in episode.turns)
        assert item.level is not None
        assert read >= int(item.level[-1])


async def test_a_folder_of_ones_own(tmp_path: Path) -> None:
    folder = tmp_path / "papers"
    (folder / "more").mkdir(parents=True)
    (folder / "ducks.txt").write_text("Ducks lay sixteen eggs a day.", "utf-8")
    (folder / "more" / "geese.md").write_text("Geese lay one egg in two days. Ünïcode: ß.", "utf-8")
    (folder / "picture.png").write_bytes(b"\x89PNG")
    (tmp_path / "secret.txt").write_text("the secret", "utf-8")
    (folder / "link.txt").symlink_to(tmp_path / "secret.txt")
    asked = jsonl(
        tmp_path / "asked.jsonl",
        [{"question": "How many eggs do ducks lay?", "answer": "16", "answer_type": "number"}],
    )
    task = load_task(f"documents(folder='{folder}', questions='{asked}')")
    assert set(read_folder(str(folder))) == {"ducks.txt", "more/geese.md"}
    actions = [
        Action("search", {"query": "eggs of geese"}),
        Action("read", {"document": "more/geese.md"}),
        Action("read", {"document": "../secret.txt"}),
        Action("read", {"document": "/etc/passwd"}),
        Action("search", {"query": "zebra"}),
        Action("search", {"query": "("}),
        Action("answer", {"text": "16"}),
    ]
    episode = await play(world(task, task.items[0]), Script(actions))
    texts = [turn.observation.text for turn in episode.turns]
    assert "There are 2 documents." in episode.opening.text
    assert texts[0].startswith("more/geese.md: Geese")
    assert "Ünïcode: ß" in texts[1]
    assert texts[2].startswith("There is no document")
    assert texts[3].startswith("There is no document")
    assert texts[4] == texts[5] == "No document holds any of these words."
    assert (episode.reward, episode.ended) == (1.0, "done")
    wrong = await play(world(task, task.items[0]), Script([Action("answer", {"text": "17"})]))
    assert (wrong.reward, wrong.ended) == (0.0, "done")
    assert await task.gold_passes(task.items[0])


async def test_actions_that_make_no_sense() -> None:
    task = load_task("documents:n=1,documents=10")
    for action, said in (
        (Action("open", {"document": "x"}), "There is no tool 'open'"),
        (Action("search", {}), "search needs the argument 'query'"),
        (Action("answer", {"text": "x" * 100_000}), "The answer was taken."),
        (Action("search", {"query": "\ud800 \x00 town"}), "town"),
    ):
        episode = await play(world(task, task.items[0]), Script([action]))
        assert said in episode.turns[0].observation.text
        assert episode.reward == 0.0


def test_mistakes_are_named(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    asked = jsonl(tmp_path / "asked.jsonl", [{"question": "x?", "answer": "y"}])
    for folder, said in (("empty", "holds no document"), ("nowhere", "no folder")):
        task = load_task(f"documents(folder='{tmp_path / folder}', questions='{asked}')")
        with pytest.raises(TaskError, match=said):
            world(task, task.items[0])
    for spec in ("documents:n=0", "documents:hops=4", "documents:documents=3", "documents:questions=x"):
        with pytest.raises(BadOption):
            load_task(spec)


def test_an_archive_holds_what_its_questions_need() -> None:
    made = archive(3, 60, 60, (1, 2, 3))
    assert len(made.documents) == 60
    assert len({text.partition("\n")[0] for text in made.documents.values()}) == 60
    everything = " ".join(made.documents.values())
    for question, answer, _ in made.questions:
        assert answer in everything
        assert answer not in question
    assert archive(3, 60, 5, (1, 2, 3)).questions == made.questions[:5]
    assert len(archive(0, 900, 1, (1,)).documents) == 900


def test_search_ranks_rare_words_first() -> None:
    documents = {"a": "the mill by the river", "b": "the river the river the river", "c": "a mill a kite"}
    assert search_tool.search(documents, "mill kite").startswith("c:")
    assert search_tool.search(documents, "river").splitlines()[0].startswith("b:")
    assert len(search_tool.read({"x": "y" * 20_000}, "x")) < 12_100


def test_the_documents_are_the_worlds_alone() -> None:
    task = load_task("documents:n=2")
    item = task.items[0]
    assert item.gold is not None
    assert not item.problem.tools
    made = world(task, item)
    assert isinstance(made, DocumentWorld)
    assert {t["function"]["name"] for t in made.tools} == {"search", "read", "answer"}
