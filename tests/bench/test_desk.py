"""The desk: who gets what, what is counted, what happens when a worker is lost."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.bench.places import TOY, grid_of, sums
from thinkharder.bench.desk import FAILURES_IN_A_ROW, LocalDesk, Progress
from thinkharder.bench.grid import Group, groups
from thinkharder.records.cell import Cell
from thinkharder.tasks.load import load_task


class Kept:
    """A store that only remembers."""

    def __init__(self) -> None:
        self.cells: list[Cell] = []

    def put_cell(self, cell: Cell) -> None:
        self.cells.append(cell)


def desk_of(tmp_path: Path, count: int = 3) -> tuple[LocalDesk, Kept]:
    spec = sums(tmp_path, count)
    made = groups([grid_of(spec, "direct", "cot")], {(spec, None): load_task(spec)}, set())
    kept = Kept()
    return LocalDesk.of(kept, made, 2 * count), kept


def cell_of(group: Group, row: int = 0, **more: object) -> Cell:
    blank = Cell(problem=group.item.id, correct=1.0, output_tokens=10, usd=0.5, **group.rows[row].identity())
    return replace(blank, **more)  # type: ignore[arg-type]


def test_every_group_is_handed_out_once(tmp_path: Path) -> None:
    desk, _ = desk_of(tmp_path)
    taken = []
    while group := desk.take("a" if len(taken) % 2 else "b", TOY):
        taken.append(group.number)
    assert taken == [0, 1, 2]
    assert desk.take("a", "another model") is None


def test_a_lost_workers_unfinished_cells_are_handed_out_again(tmp_path: Path) -> None:
    desk, kept = desk_of(tmp_path)
    first, second = desk.take("a", TOY), desk.take("b", TOY)
    assert first is not None
    assert second is not None
    desk.put_cell(cell_of(first))
    assert desk.lost("a") == 1
    assert desk.lost("a") == 0
    again = desk.take("b", TOY)
    assert again is not None
    assert (again.number, again.rows) == (first.number, first.rows[1:])
    desk.finish("a", first.number)
    assert desk.progress.groups_done == 0, "the lost worker's word does not count any more"
    desk.put_cell(cell_of(first))
    assert desk.progress.done == 1, "a cell counts once"
    desk.finish("b", again.number)
    desk.finish("b", second.number)
    assert desk.progress.groups_done == 2
    assert len(kept.cells) == 2


def test_it_counts(tmp_path: Path) -> None:
    desk, _ = desk_of(tmp_path)
    group = desk.take("a", TOY)
    assert group is not None
    desk.put_cell(cell_of(group))
    desk.put_cell(cell_of(group, 1, correct=None, error="gone", usd=None, output_tokens=5))
    desk.tell(100, 3, 2)
    found = desk.progress
    assert (found.done, found.failed, found.checked, found.right) == (2, 1, 1, 1.0)
    assert (found.output_tokens, found.usd, found.last_error) == (15, None, "gone")
    assert (found.streamed, found.fresh, found.served) == (100, 3, 2)
    assert (found.total, found.before, found.groups) == (6, 0, 3)


def test_too_many_failures_in_a_row_stop_it(tmp_path: Path) -> None:
    desk, _ = desk_of(tmp_path, FAILURES_IN_A_ROW + 2)
    for number in range(FAILURES_IN_A_ROW):
        group = desk.take("a", TOY)
        assert group is not None, number
        desk.put_cell(cell_of(group, correct=None, error="gone"))
    assert desk.take("a", TOY) is None
    assert "20 cells in a row failed, the last with gone" in desk.stopped


def test_a_success_between_failures_starts_the_count_again(tmp_path: Path) -> None:
    desk, _ = desk_of(tmp_path, 2 * FAILURES_IN_A_ROW)
    for number in range(2 * FAILURES_IN_A_ROW):
        group = desk.take("a", TOY)
        assert group is not None, number
        worked = number % (FAILURES_IN_A_ROW - 1) == 0
        desk.put_cell(cell_of(group, error=None if worked else "gone"))
    assert desk.stopped == ""


def test_the_time_left_is_that_of_the_groups_so_far() -> None:
    now = Progress(groups=10, groups_done=4, began=100.0, at=120.0, streamed=500)
    assert now.left == pytest.approx(30.0)
    assert now.rate == pytest.approx(25.0)
    assert replace(now, groups_done=0).left is None
    assert Progress().rate is None
