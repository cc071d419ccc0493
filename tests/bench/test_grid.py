"""A grid's rows, labels and groups."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.bench.places import TOY, grid_of, sums
from thinkharder.bench.grid import Entry, Grid, entries, groups
from thinkharder.core.errors import BadOption, UnknownOption
from thinkharder.tasks.load import load_task


def test_n_goes_where_it_is_open() -> None:
    made = entries(["self-consistency", "best-of-n:n=3", "cot"], ns=[1, 4])
    assert [one.label for one in made] == [
        "self-consistency(n=1)",
        "self-consistency(n=4)",
        "best-of-n(n=3)",
        "cot",
    ]
    assert [one.samples for one in made] == [1, 4, 3, 2]
    assert [one.build().n for one in made[:3]] == [1, 4, 3]  # type: ignore[attr-defined]


def test_n_without_a_place_is_refused() -> None:
    with pytest.raises(UnknownOption, match="cot"):
        entries(["cot", "self-consistency:4"], ns=[2])


def test_a_spec_keeps_its_meaning_when_a_default_changes() -> None:
    (one,) = entries(["self-consistency:n=4"], temperature=0.3)
    assert one.label == "self-consistency(n=4, temperature=0.3)"
    assert "temperature=0.3" in one.spec
    assert "until=null" in one.spec
    (plain,) = entries(["self-consistency"])
    assert plain.label == "self-consistency(n=16)", "n is said also where it is the default"


def test_a_verifier_is_part_of_the_label_of_what_scores() -> None:
    made = entries(["best-of-n:n=2", "direct"], verifier="judge:samples=2")
    assert [one.label for one in made] == ["best-of-n(n=2, verifier=judge(samples=2))", "direct"]
    assert made[0].build() == entries(["best-of-n:n=2"])[0].build()


def test_the_same_row_stands_once() -> None:
    assert len(entries(["direct", "direct", "self-consistency:n=2", "self-consistency:2"])) == 2


def test_groups_share_problem_model_and_seed_largest_first(tmp_path: Path) -> None:
    spec = sums(tmp_path)
    grid = grid_of(spec, "self-consistency", ns=(1, 8, 2), seeds=(1, 2), budgets=({}, {"tokens": 500}))
    tasks = {(spec, None): load_task(spec)}
    found = groups([grid], tasks, set())
    assert len(found) == 3 * 2
    assert [row.entry.samples for row in found[0].rows] == [8, 8, 2, 2, 1, 1]
    assert {row.seed for row in found[0].rows} == {1}
    assert [group.number for group in found] == list(range(6))


def test_done_cells_and_doubles_are_left_out(tmp_path: Path) -> None:
    spec = sums(tmp_path)
    grid, same = grid_of(spec, "direct", "cot"), grid_of(spec, "direct", limit=2)
    tasks = {(spec, None): load_task(spec), (spec, 2): load_task(spec, 2)}
    done = {row.key(tasks[spec, None].items[0].id) for row in grid.rows()}
    found = groups([grid, same], tasks, done)
    assert [len(group.rows) for group in found] == [2, 2]


def test_models_come_one_after_another(tmp_path: Path) -> None:
    spec = sums(tmp_path)
    first, second = grid_of(spec, "direct"), grid_of(spec, "cot")
    both = Grid((spec,), ("toy:scripted", TOY), first.strategies)
    found = groups([both, second], {(spec, None): load_task(spec)}, set())
    assert [group.model for group in found] == ["toy:scripted"] * 3 + [TOY] * 3


@pytest.mark.parametrize(
    "wrong", [{"tasks": ()}, {"seeds": ()}, {"limit": 0}, {"budgets": ({"tokens": -1},)}]
)
def test_a_grid_that_cannot_be_is_refused(wrong: dict[str, object]) -> None:
    given = {"tasks": ("t",), "models": ("m",), "strategies": (Entry("direct", "direct", 1),), **wrong}
    with pytest.raises(BadOption):
        Grid(**given)  # type: ignore[arg-type]


@given(
    limit=st.none() | st.integers(1, 9),
    seeds=st.lists(st.integers(0, 2**31), min_size=1, max_size=3, unique=True),
    tokens=st.lists(st.integers(1, 10**6), max_size=3),
    verifier=st.none() | st.just("judge"),
)
def test_a_grid_comes_back_from_its_document(
    limit: int | None, seeds: list[int], tokens: list[int], verifier: str | None
) -> None:
    budgets = tuple({"tokens": n} for n in tokens) or ({},)
    grid = Grid(("t",), ("m",), (Entry("direct", "direct", 1),), budgets, tuple(seeds), limit, verifier)
    assert Grid.of(grid.document()) == grid
