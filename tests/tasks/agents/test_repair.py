"""Fixing functions: each one fails and can be fixed, special cases win nothing, and what an agent writes is contained."""

import ast
import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from thinkharder.core.errors import BadOption
from thinkharder.sandbox import TestSuite, choose, run_tests
from thinkharder.tasks import Action, Agent, Environment, Item, Observation, Task, Turn, load_task, play
from thinkharder.tasks.agents import SingleEdits, repair
from thinkharder.tasks.agents.baselines import single_edits
from thinkharder.tasks.agents.repair_items import BROKEN

FIXED_BY_SINGLE_EDITS = {
    "compress",
    "find_sorted",
    "roman",
    "digits_product",
    "countdown_steps",
    "running_mean",
}


@pytest.fixture
def task() -> Task:
    return load_task("repair")


def world(task: Task, item: Item) -> Any:
    """Its environment."""
    assert task.environment is not None
    return task.environment(item)


@dataclass(frozen=True)
class Script:
    """An agent that does what it is told."""

    actions: Sequence[Action]

    async def act(
        self, tools: Sequence[Mapping[str, Any]], opening: Observation, turns: Sequence[Turn]
    ) -> Action | None:
        return self.actions[len(turns)] if len(turns) < len(self.actions) else None


async def test_every_function_fails_and_its_fix_passes(task: Task) -> None:
    sandbox = choose()
    assert len(task) == len(BROKEN) == 12
    for item, broken in zip(task, BROKEN, strict=True):
        assert broken.source.count(broken.wrong) == 1, broken.name
        before = await run_tests(sandbox, broken.source, TestSuite(broken.shown))
        assert not before.verdict, broken.name
        assert await task.gold_passes(item), broken.name
        assert await task.right(item, f"```python\n{broken.source}```") == 0.0


async def test_an_episode(task: Task) -> None:
    item = task.item("find_sorted")
    fixed = BROKEN[4].fixed
    actions = [
        Action("show"),
        Action("run", {"code": "print(find_sorted([7], 7))"}),
        Action("test"),
        Action("replace", {"source": "def find_sorted(values, wanted):\n    return"}),
        Action("replace", {"source": fixed}),
    ]
    made = world(task, item)
    assert isinstance(made, Environment)
    assert isinstance(Script(actions), Agent)
    episode = await play(made, Script(actions))
    texts = [turn.observation.text for turn in episode.turns]
    assert "while low < high" in episode.opening.text
    assert "FAILED assert find_sorted([7], 7) == 0" in episode.opening.text
    assert "find_sorted([], 1)" not in episode.opening.text  # hidden
    assert texts[1] == "-1"
    assert texts[2].startswith("1 of 3") or texts[2].startswith("0 of 3") or "FAILED" in texts[2]
    assert texts[3].startswith("0 of 3")
    assert texts[4].startswith("3 of 3")
    assert (episode.reward, episode.ended, [t.observation.done for t in episode.turns]) == (
        1.0,
        "done",
        [False] * 4 + [True],
    )


async def test_answering_the_shown_tests_by_heart_wins_nothing(task: Task) -> None:
    by_heart = "def is_leap_year(year):\n    return year in (2024, 2000)\n"
    episode = await play(
        world(task, task.item("is_leap_year")), Script([Action("replace", {"source": by_heart})])
    )
    assert (episode.reward, episode.ended) == (0.0, "done")


@pytest.mark.parametrize(
    ("action", "said"),
    [
        (Action("delete"), "There is no tool 'delete'; there are: show, test, run, replace."),
        (Action("replace"), "replace needs the argument 'source', a text."),
        (Action("replace", {"source": 3}), "replace needs the argument 'source', a text."),
        (Action("test", {"fast": "yes"}), "test has no argument 'fast'; it takes: none."),
        (Action("run", {"code": "x" * 30_000}), "was not run"),
        (Action("replace", {"source": "#" * 30_000}), "was not taken"),
        (Action("run", {"code": "print(open('/etc/passwd').read())"}), "Error"),
        (Action("run", {"code": "print('a' * 1_000_000)"}), "(ended: output)"),
        (Action("run", {"code": "while True: pass"}), "(ended: timeout)"),
        (Action("run", {"code": ""}), "(nothing printed)"),
        (Action("test", []), "must be an object"),  # type: ignore[arg-type]
    ],
)
async def test_actions_that_make_no_sense_or_do_harm(task: Task, action: Action, said: str) -> None:
    episode = await play(world(task, task.items[0]), Script([action]))
    assert said in episode.turns[0].observation.text
    assert len(episode.turns[0].observation.text) < 6_000
    assert (episode.reward, episode.ended) == (0.0, "gave up")


async def test_turns_run_out(task: Task) -> None:
    episode = await play(world(task, task.items[0]), Script([Action("show")] * 9), most_turns=2)
    assert (len(episode.turns), episode.ended) == (2, "turns")
    with pytest.raises(BadOption, match="most_turns=0"):
        await play(world(task, task.items[0]), Script([]), most_turns=0)


@pytest.mark.slow
async def test_the_baseline_fixes_what_one_edit_fixes(task: Task) -> None:
    """And gives up on two of the others; the rest is left out, because edits that never end take their time."""
    fixed = set()
    for item in task:
        if item.id not in {*FIXED_BY_SINGLE_EDITS, "group_by_length", "balanced"}:
            continue
        episode = await play(world(task, item), SingleEdits(), most_turns=60)
        fixed |= {item.id} if episode.reward == 1.0 else set()
    assert fixed == FIXED_BY_SINGLE_EDITS


def test_edits_are_programs_that_differ() -> None:
    for broken in BROKEN:
        same = ast.unparse(ast.parse(broken.source))
        for edit in single_edits(broken.source):
            assert ast.unparse(ast.parse(edit)) != same
    assert list(single_edits("def f(:")) == []


def test_limits_are_stated_once() -> None:
    assert "LIMITS" in inspect.getsource(repair)
    assert repair.LIMITS.wall_seconds <= 5
