"""reasoning-gym: every data set's own answer is right, rubbish is wrong, and an answer that is a program does no harm."""

import os
import subprocess
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import pytest

from thinkharder.core.errors import BadOption, MissingExtra, SandboxUnavailable, UnknownName
from thinkharder.core.spec import Spec
from thinkharder.tasks import load_task
from thinkharder.tasks.gym import EXACT, UNSTABLE, ReasoningGym, dataset_names, request
from thinkharder.tasks.gym_process import own_score

needed = pytest.mark.skipif(find_spec("reasoning_gym") is None, reason="reasoning-gym is not installed")


@needed
@pytest.mark.slow
async def test_every_data_sets_own_answer_is_right() -> None:
    none = set()
    for name in dataset_names():
        task = load_task(f"reasoning-gym({name}, n=1, seed=3)")
        item = task.items[0]
        assert task.licence == "Apache-2.0"
        if item.solution is None:
            none.add(name)
        else:
            assert await task.gold_passes(item), name
            assert item.gold is None or item.gold == item.hidden.entry["answer"]
    assert none <= {"boxnet", "graph_color", "propositional_logic", "rubiks_cube", "rush_hour"}


async def rubbish(names: Sequence[str]) -> list[str]:
    """The data sets that call it right; one process scores all of it."""
    tasks = [load_task(f"reasoning-gym({name}, n=1, seed=3)") for name in names]
    return [task.name for task in tasks if await task.right(task.items[0], "<answer>no idea</answer>")]


@needed
async def test_rubbish_is_wrong() -> None:
    """Among them one that calls it right itself, one whose scorer fails on it, and one without an answer of its own."""
    several = [
        "game_of_life_halting",
        "prime_factorization",
        "propositional_logic",
        "n_queens",
        "leg_counting",
    ]
    assert await rubbish(several) == []


@needed
@pytest.mark.bench
async def test_rubbish_is_wrong_in_every_data_set() -> None:
    assert await rubbish(dataset_names()) == []


@needed
async def test_its_own_score_decides_where_several_are_right() -> None:
    task = load_task("reasoning-gym(countdown, n=3, seed=3)")
    item = task.items[0]
    answer = item.hidden.entry["answer"]
    assert item.gold is None
    assert await task.right(item, f"<answer>({answer}) + 0 * 1</answer>") == 0.0  # a number too many
    assert await task.right(item, f"<answer>({answer})</answer>") == 1.0
    partial = ReasoningGym("countdown", n=3, seed=3, partial=True).load(None)
    score = await partial.right(partial.items[0], "<answer>1 + 1</answer>")
    assert 0 < score < 1
    assert await own_score(request(item.hidden, answer)) == 1.0
    single = load_task("reasoning-gym(leg_counting, n=1)").items[0]
    assert single.gold == single.hidden.entry["answer"]


@needed
async def test_an_answer_that_is_a_program_is_contained(tmp_path: Path) -> None:
    """spiral_matrix passes what looks like a list to Python's eval."""
    task = load_task("reasoning-gym(spiral_matrix, n=1, seed=3)")
    item = task.items[0]
    mark = tmp_path / "mark"
    tmp_path.chmod(0o777)
    for program in (
        f"[open({str(mark)!r}, 'w')]",
        "[__import__('os').kill(__import__('os').getpid(), 9)]",
        "[__import__('os').kill(__import__('os').getppid(), 9)]",
        "[print('S\\x00\\x00\\x00\\x031.0', flush=True)]",
        "[open('/etc/passwd').read()]",
        "[__import__('socket').create_connection(('127.0.0.1', 1))]",
    ):
        assert await task.right(item, f"<answer>{program}</answer>") == 0.0
    assert not mark.exists()
    assert await own_score(request(item.hidden, item.hidden.entry["answer"])) == 1.0  # it goes on


@needed
async def test_without_a_sandbox_for_packages_it_says_so() -> None:
    task = load_task("reasoning-gym(countdown, n=1, sandbox=monty)")
    if find_spec("pydantic_monty") is None:
        pytest.skip("pydantic-monty is not installed")
    with pytest.raises(SandboxUnavailable, match="installed packages"):
        await task.right(task.items[0], "<answer>1</answer>")


@needed
def test_options_reach_the_data_set() -> None:
    task = load_task("reasoning-gym(chain_sum(min_terms=2, max_terms=2), n=20, seed=1)")
    assert all(item.hidden.entry["metadata"]["num_terms"] == 2 for item in task)
    assert task.spec == "reasoning-gym(chain_sum(min_terms=2, max_terms=2), n=20, seed=1)"
    assert load_task(task.spec).fingerprint == task.fingerprint
    with pytest.raises(BadOption, match="chain_sum"):
        load_task("reasoning-gym(chain_sum(nonsense=2))")
    with pytest.raises(UnknownName, match="leg_counting"):
        load_task("reasoning-gym:leg_countin")
    with pytest.raises(BadOption, match="n=0"):
        ReasoningGym(Spec("leg_counting"), n=0)


@needed
@pytest.mark.slow
def test_problems_do_not_depend_on_the_process() -> None:
    spec = "reasoning-gym(isomorphic_strings, n=3, seed=1)"
    program = f"from thinkharder.tasks import load_task; print(load_task({spec!r}).fingerprint)"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program],
        env={**os.environ, "PYTHONHASHSEED": "12345"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[-1] == load_task(spec).fingerprint
    assert set(dataset_names()) >= EXACT | UNSTABLE


def test_without_the_package_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "reasoning_gym", None)
    with pytest.raises(MissingExtra, match=r"thinkharder\[reasoning-gym\]"):
        load_task("reasoning-gym:leg_counting")
