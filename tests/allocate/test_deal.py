"""Who gets the next samples: floors first, then the best, always the same."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thinkharder.allocate import ALLOCATORS, Board, Greedy, Uniform, build_allocator, deal
from thinkharder.core.errors import BadOption, UnknownName, UnknownOption

NAMES = [name for name in ALLOCATORS if name != "predicted"]


def filled(size: int, draws: int, seed: int, **more: object) -> Board:
    """A board after random draws."""
    rng = np.random.default_rng(seed)
    board = Board(size, cost=1.0, **more)  # type: ignore[arg-type]
    rows = rng.integers(0, size, draws)
    board.order(np.bincount(rows, minlength=size))
    board.tell(rows, rng.integers(-1, 4, draws), right=rng.random(draws) < 0.1, scores=rng.random(draws))
    return board


def test_uniform_is_round_robin() -> None:
    board = Board(5)
    for _ in range(4):
        counts = deal(Uniform(), board.state(), 5).counts
        assert counts.tolist() == [1] * 5
        board.order(counts)
        board.tell(np.arange(5), np.zeros(5, int))
    assert deal(Uniform(), board.state(), 12).counts.tolist() == [3, 3, 2, 2, 2]


def test_floors_come_first_the_fewest_before_others() -> None:
    board = Board(4, floor=3, checked=True)
    board.tell([0, 0, 1, 3, 3, 3], np.zeros(6, int))
    board.pending[:] = 0
    assert deal(Greedy(), board.state(), 1).counts.tolist() == [0, 0, 1, 0]
    assert deal(Greedy(), board.state(), 2).counts.tolist() == [0, 1, 1, 0]
    assert deal(Greedy(), board.state(), 9).counts.tolist() == [1, 1, 1, 1]  # no second round behind floors


def test_who_is_done_leaves() -> None:
    board = filled(6, 40, 1)
    board.first[:], board.second[:], board.voted[:], board.drawn[:] = 20, 0, 20, 20
    board.first[2], board.second[2] = 10, 10
    board.pending[4] = 1
    dealt = deal(Greedy(), board.state(), 3)
    assert dealt.leaves.tolist() == [True, True, False, True, False, True]
    assert dealt.counts.tolist() == [0, 0, 3, 0, 0, 0]


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=40, deadline=None)
@given(
    size=st.integers(1, 30),
    draws=st.integers(0, 150),
    n=st.integers(1, 40),
    seed=st.integers(0, 9),
    floor=st.integers(0, 4),
    checked=st.booleans(),
)
def test_every_allocator_deals_by_the_rules(
    name: str, size: int, draws: int, n: int, seed: int, floor: int, checked: bool
) -> None:
    allocator = build_allocator(name)
    board = filled(size, draws, seed, floor=floor, cap=20, checked=checked)
    state = board.state(0.3)
    room = np.where(state.open, 20 - state.begun, 0)
    dealt = deal(allocator, state, n)
    assert (dealt.counts >= 0).all()
    assert dealt.counts.sum() <= n
    assert (dealt.counts <= room).all()
    assert not (dealt.counts[dealt.leaves] > 0).any()
    assert not (dealt.leaves & state.open & (state.begun < state.floor)).any()
    short = state.open & (state.begun < state.floor)
    if short.any():  # nobody is fed beyond a right while others lack theirs
        fed = int(dealt.counts[short].sum())
        assert fed == min(n, int(short.sum())) or dealt.counts.sum() == n
        if n < short.sum():
            assert dealt.counts[~short].sum() == 0
    again = deal(
        build_allocator(name), filled(size, draws, seed, floor=floor, cap=20, checked=checked).state(0.3), n
    )
    assert (again.counts == dealt.counts).all()
    assert (again.leaves == dealt.leaves).all()


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 1000), checked=st.booleans())
def test_the_order_of_problems_changes_nothing(name: str, seed: int, checked: bool) -> None:
    """An allocator's worth belongs to the state, not to the place."""
    state = filled(25, 120, seed, checked=checked).state(0.5)
    turned = np.random.default_rng(seed).permutation(25)
    moved = Board(25, checked=checked, cost=1.0)
    for field in ("drawn", "pending", "first", "second", "voted", "distinct", "solved"):
        getattr(moved, field)[:] = getattr(state, field)[turned]
    moved._scores[:], moved._scored[:] = np.nan_to_num(state.mean[turned]), 1
    other = moved.state(0.5)
    allocator = build_allocator(name)
    np.testing.assert_allclose(
        np.asarray(allocator.worth(other)), np.asarray(allocator.worth(state))[turned], rtol=1e-9
    )


def test_no_problem_starves_below_its_floor() -> None:
    """Whatever the draws, a whole batch first gives each problem its floor."""
    for name in NAMES:
        board, rng = Board(40, floor=3, cap=9), np.random.default_rng(0)
        for _ in range(30):
            counts = deal(build_allocator(name), board.state(), 4).counts
            rows = np.repeat(np.arange(40), counts)
            board.order(counts)
            board.tell(rows, rng.integers(0, 3, len(rows)))
        assert board.drawn.sum() == 120
        assert (board.drawn == 3).all()


def test_specs() -> None:
    assert build_allocator("greedy(objective=agreement,hopeless=0)") == Greedy(
        objective="agreement", hopeless=0.0
    )
    assert build_allocator(Uniform()) == Uniform()
    with pytest.raises(UnknownName, match="did you mean uniform"):
        build_allocator("unifrom")
    with pytest.raises(UnknownOption):
        build_allocator("greedy(profiles=1)")
    for wrong in ("greedy(alpha=0)", "elimination(confidence=0.4)", "blend(stop=1)", "predicted(least=2)"):
        with pytest.raises(BadOption):
            build_allocator(wrong)
    with pytest.raises(BadOption):
        deal(Uniform(), Board(2).state(), 0)


def test_a_decision_on_ten_thousand_problems_is_quick() -> None:
    """Far below what a sample takes; the 1 ms that is claimed is measured in docs/results/allocation.md."""
    import time

    state = filled(10_000, 60_000, 2).state(0.3)
    for name in NAMES:
        allocator = build_allocator(name)
        deal(allocator, state, 16)  # tables are made once
        took = []
        for _ in range(5):
            began = time.perf_counter()
            deal(allocator, state, 16)
            took.append(time.perf_counter() - began)
        assert min(took) < 0.02, name
