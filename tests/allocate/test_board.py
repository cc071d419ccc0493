"""The board counts what a plain count counts."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thinkharder.allocate import Board
from thinkharder.core.errors import BadOption

DRAW = st.tuples(st.integers(0, 4), st.integers(-1, 9), st.booleans())


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(DRAW, max_size=8), max_size=6))
def test_counts(waves: list[list[tuple[int, int, bool]]]) -> None:
    board = Board(5, checked=True)
    votes: list[Counter[int]] = [Counter() for _ in range(5)]
    drawn, solved = [0] * 5, [False] * 5
    for wave in waves:
        rows = [row for row, _, _ in wave]
        board.order(np.bincount(rows, minlength=5).astype(np.int64))
        board.tell(rows, [c for _, c, _ in wave], right=[r for *_, r in wave])
        for row, answer, right in wave:
            drawn[row] += 1
            solved[row] |= right
            if answer >= 0:
                votes[row][answer] += 1
    state = board.state()
    ranked = [[n for _, n in [*found.most_common(2), (0, 0), (0, 0)]] for found in votes]
    assert state.drawn.tolist() == drawn
    assert state.pending.tolist() == [0] * 5
    assert state.first.tolist() == [row[0] for row in ranked]
    assert state.second.tolist() == [row[1] for row in ranked]
    assert state.voted.tolist() == [found.total() for found in votes]
    assert state.distinct.tolist() == [len(found) for found in votes]
    assert state.open.tolist() == [not one for one in solved]


def test_cost_is_learned_from_all_and_each() -> None:
    board = Board(3, prompt=[10.0, 20.0, 30.0], cost=100.0)
    assert board.cost().tolist() == [110.0, 120.0, 130.0]
    board.tell([0, 0, 0, 1], [0] * 4, tokens=[40, 40, 40, 80])
    assert board.cost().tolist() == [10 + (120 + 50) / 4, 20 + (80 + 50) / 2, 30 + 50.0]


def test_caps_floors_and_closing() -> None:
    board = Board(4, cap=[1, 2, 3, 4], floor=9)
    assert board.state().floor.tolist() == [1, 2, 3, 4]
    board.order(np.array([1, 1, 0, 0]))
    board.close([3])
    assert board.state().open.tolist() == [False, True, True, False]
    board.cancel(0, 1)
    assert board.state().open[0]


@pytest.mark.parametrize(
    "wrong", [{"cap": 0}, {"floor": -1}, {"floor": 0.5}, {"chance": [2.0, 0, 0]}, {"chance": [0.1]}]
)
def test_what_is_wrong_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(BadOption):
        Board(3, **wrong)  # type: ignore[arg-type]
