"""Comparisons of a run's rows, and of two runs."""

import math
from pathlib import Path

import pytest

from tests.bench.places import TOY, grid_of, ran, sums
from thinkharder.bench.compare import Side, compare_rows, compare_runs, sides
from thinkharder.bench.status import read
from thinkharder.core.errors import BadOption, UnknownName, UsageError

GOOD = "toy:categorical(answers=[18, 20, 16], weights=[0.9, 0.05, 0.05], tokens=[20, 60])"


def side(strategy: str, scores: list[float], task: str = "t", model: str = "m", budget: str = "") -> Side:
    return Side("r", task, model, strategy, budget, {str(i): value for i, value in enumerate(scores)}, 10.0)


def test_a_clear_difference_is_shown_and_none_is_said_to_be_none() -> None:
    rows = [side("direct", [0.0] * 20), side("better", [1.0] * 20), side("same", [0.0] * 19 + [1.0])]
    better, same = compare_rows(rows)
    assert better.found.shown
    assert (better.a.strategy, better.b.strategy, better.found.difference) == ("better", "direct", 1.0)
    assert better.found.comparisons == 2
    assert better.found.verdict.startswith("better is above direct")
    assert not same.found.shown
    assert same.found.verdict.startswith("no difference shown")


def test_the_more_comparisons_the_more_is_asked_of_each() -> None:
    base, one = side("base", [0.0] * 10), side("one", [1.0] * 6 + [0.0] * 4)
    (alone,) = compare_rows([base, one])
    crowd = compare_rows([base, one, *(side(f"s{i}", [0.0] * 10) for i in range(5))])
    assert alone.found.shown
    assert not crowd[0].found.shown
    assert crowd[0].found.p == alone.found.p
    assert crowd[0].found.adjusted == pytest.approx(6 * alone.found.p)


def test_rows_of_two_runs_are_paired_by_what_they_share() -> None:
    first = [side("direct", [0, 1], model="small"), side("cot", [0, 0], model="small")]
    second = [side("direct", [1, 1], model="large"), side("cot", [1, 0], model="large")]
    assert [(p.a.strategy, p.b.strategy) for p in compare_runs(first, second)] == [
        ("direct",) * 2,
        ("cot",) * 2,
    ]
    other = [side("best-of-n", [1, 1], model="small")]
    assert [p.b.strategy for p in compare_runs(first, other)] == ["best-of-n", "best-of-n"]
    with pytest.raises(UsageError, match="no task in common"):
        compare_runs(first, [side("direct", [1], task="another")])


def test_problems_of_one_side_only_are_left_out() -> None:
    (pair,) = compare_rows([side("direct", [0, 1, 1]), side("cot", [1, 1])])
    assert (pair.found.problems, pair.found.left_out) == (2, 1)
    assert (pair.a_score, pair.b_score) == (1.0, 0.5)
    (none,) = compare_rows([side("direct", []), side("cot", [1, 1])])
    assert math.isnan(none.b_score)
    assert "cannot be compared" in none.found.verdict


def test_the_row_to_compare_with_may_be_named() -> None:
    rows = [
        side("cot", [1]),
        side("direct", [0]),
        side("cot", [1], model="n"),
        side("direct", [0], model="n"),
    ]
    pairs = compare_rows(rows, "direct")
    assert [(p.a.model, p.b.model, p.b.strategy) for p in pairs] == [
        ("m", "m", "direct"),
        ("n", "n", "direct"),
    ]
    with pytest.raises(UnknownName, match="direct"):
        compare_rows(rows, "dirct")
    with pytest.raises(UsageError, match="one row only"):
        compare_rows(rows[:1])
    with pytest.raises(BadOption, match="alpha"):
        compare_rows(rows, alpha=2.0)


async def test_two_runs_and_their_status(tmp_path: Path) -> None:
    spec = sums(tmp_path, 6)
    await ran(tmp_path / "a", grid_of(spec, "direct", "self-consistency:n=3", seeds=(1, 2)))
    await ran(tmp_path / "b", grid_of(spec, "direct", "self-consistency:n=3", model=GOOD))
    pairs = compare_runs(sides(tmp_path / "a"), sides(tmp_path / "b"))
    assert [(p.a.model, p.b.model) for p in pairs] == [(TOY, GOOD)] * 2
    assert all(pair.found.problems == 6 for pair in pairs)
    status = read(tmp_path / "a")
    assert (status.cells, status.done, status.failed, status.complete, status.running) == (
        24,
        24,
        0,
        True,
        False,
    )
    assert [line.cells for line in status.lines] == [12, 12]
    for line, pair in zip(status.lines, pairs, strict=True):
        assert line.accuracy == pytest.approx(pair.a_score)
        assert line.input_tokens + line.output_tokens == pytest.approx(pair.a.tokens)
    # Direct and self-consistency sample at other temperatures: 2 seeds of 6 problems, 1 + 3 samples, not shared.
    assert status.samples == 2 * 6 * (1 + 3)
