"""Curves, frontier, groups, errors and comparisons, from outcomes that are known."""

import numpy as np
import pytest

from tests.reports.pools import many
from thinkharder.records.pool import Pool
from thinkharder.replay.classed import Classed, classed
from thinkharder.reports import outcomes
from thinkharder.reports.findings import NAN, Curve, Point
from thinkharder.reports.rated import Asking, Rated, references, replayed
from thinkharder.stats.intervals import mean_interval


def rated(name: str, draws: int, accuracy: list[float], tokens: float = 10.0) -> Rated:
    return Rated(name, str(draws), draws, np.array(accuracy), draws, tokens * draws, tokens * draws)


@pytest.fixture(scope="module")
def pool() -> Classed:
    return classed(Pool.of(many(30, 8), "many"))


def test_a_point_is_the_mean_with_its_interval() -> None:
    values = [1.0, 0.0, 0.5, 1.0]
    found = outcomes.point(rated("a", 4, [*values, NAN]))
    wanted = mean_interval(values)
    assert (found.accuracy, found.low, found.high) == (wanted.estimate, wanted.low, wanted.high)
    assert found.tokens == 80


def test_nothing_known_is_nan_and_not_zero() -> None:
    found = outcomes.point(rated("a", 4, [NAN, NAN]))
    assert np.isnan([found.accuracy, found.low, found.seconds]).all()


def test_strategies_come_first_and_references_last() -> None:
    drawn = outcomes.curves([rated(n, k, [1.0]) for n in ("oracle", "b (live)", "a") for k in (4, 1)])
    assert [curve.name for curve in drawn] == ["a", "b (live)", "oracle"]
    assert [p.samples for p in drawn[0].points] == [1, 4]


def test_the_frontier_rises_and_holds_no_reference() -> None:
    def curve(name: str, *pairs: tuple[float, float]) -> Curve:
        return Curve(name, tuple(Point(name, "", 1, 0, t, a) for t, a in pairs), oracle=name == "oracle")

    drawn = [
        curve("a", (10, 0.5), (20, 0.6), (40, 0.55)),
        curve("b", (20, 0.7), (90, 0.7)),
        curve("oracle", (1, 1)),
    ]
    assert [(p.strategy, p.tokens) for p in outcomes.frontier(drawn)] == [("a", 10), ("b", 20)]


def test_groups_hold_every_problem_once() -> None:
    rate = np.array([0, 0.1, 0.3, 0.6, 0.8, 1.0, NAN, 0.25, 0.5, 0.75])
    found = outcomes.by_rate([rated("a", 1, [0.5] * 10)], rate)
    assert {b.group: b.problems for b in found} == {
        "never right": 1,
        "under 25%": 1,
        "25% to 50%": 2,
        "50% to 75%": 2,
        "over 75%": 2,
        "always right": 1,
    }


def test_levels_come_in_their_order() -> None:
    levels = {"a": "Level 10", "b": "Level 2", "c": "Level 2"}
    found = outcomes.by_level([rated("x", 1, [1.0, 0.0, 1.0, 1.0])], levels, ["a", "b", "c", "d"])
    assert [(b.group, b.problems, b.accuracy) for b in found] == [("Level 2", 2, 0.5), ("Level 10", 1, 1.0)]
    assert outcomes.by_level([rated("x", 1, [1.0])], {}, ["a"]) == ()


def test_errors_add_up(pool: Classed) -> None:
    asking = Asking(trials=500)
    every = replayed(pool, asking) + references(pool, asking)
    found = {s.strategy: s for s in outcomes.splits(every, pool, 500)}
    for one in found.values():
        parts = (one.right, one.selection, one.coverage, one.truncated, one.abstained)
        assert sum(parts) == pytest.approx(1)
        assert min(parts) >= 0
    missed = float(((pool.right == 1).sum(axis=1) == 0).mean())
    assert found["self-consistency"].coverage == pytest.approx(missed)
    assert found["random pick"].selection == pytest.approx(0, abs=1e-9)
    assert set(found) >= {"direct", "best-of-n", "weighted-vote"}


def test_a_difference_that_is_there_is_said_and_one_that_is_not_is_said_to_be_none() -> None:
    rng = np.random.default_rng(1)
    low = rng.random(100) * 0.4
    rows = [rated("good", 8, list(low + 0.5)), rated("bad", 8, list(low)), rated("same", 8, list(low))]
    words = {(c.first, c.second): c for c in outcomes.comparisons(rows, seed=0)}
    assert words["good at 8", "bad at 8"].words.startswith("Good at 8 is above bad at 8")
    none = words.get(("bad at 8", "same at 8")) or words["same at 8", "bad at 8"]
    assert none.words.startswith("No difference shown between")
    assert none.p == 1
    assert "Holm over 3" in none.words


def test_many_strategies_are_compared_with_one() -> None:
    rows = [rated("direct", 1, [0.5, 0.4])] + [rated(f"s{i}", 8, [0.6, 0.4]) for i in range(9)]
    found = outcomes.comparisons(rows, seed=0)
    assert len(found) == 9
    assert {c.second for c in found} == {"direct at 1"}


def test_one_strategy_is_compared_with_nothing() -> None:
    assert outcomes.comparisons([rated("direct", 1, [0.5, 0.4])], seed=0) == ()
    assert outcomes.comparisons([], seed=0) == ()
