"""Comparisons and what they say."""

import numpy as np
import pytest

from thinkharder.core.errors import BadOption
from thinkharder.stats.compare import compare, compare_all, corrected
from thinkharder.stats.multiple import holm
from thinkharder.stats.paired import mcnemar, permutation_test

NAN = float("nan")


def outcomes(seed: int, rate: float, n: int = 200) -> np.ndarray:
    return (np.random.default_rng(seed).random(n) < rate).astype(float)


def test_a_supported_difference_is_said_with_its_size() -> None:
    found = compare(outcomes(1, 0.8), outcomes(2, 0.5), names=("vote", "direct"))
    assert found.shown
    assert found.p == mcnemar(outcomes(1, 0.8), outcomes(2, 0.5)).p
    assert found.verdict.startswith(
        f"vote is above direct ({100 * found.difference:+.1f} points, 95% interval +"
    )
    assert "p < 0.001" in found.verdict
    other = compare(outcomes(2, 0.5), outcomes(1, 0.8), names=("direct", "vote"))
    assert other.verdict.startswith("direct is below vote (-")


def test_an_unsupported_one_is_said_to_be_none() -> None:
    found = compare(outcomes(1, 0.5), outcomes(2, 0.5), names=("vote", "direct"))
    assert not found.shown
    assert found.verdict.startswith("no difference shown between vote and direct (")
    same = compare([1, 0, 1], [1, 0, 1])
    assert (same.p, same.difference) == (1.0, 0.0)
    assert same.verdict.startswith("no difference shown")


def test_shares_are_tested_by_permutation_and_tokens_have_no_bounds() -> None:
    rng = np.random.default_rng(0)
    one, two = rng.random(50), rng.random(50)
    assert compare(one, two).p == permutation_test(one, two).p
    tokens = compare(900 * one + 400, 500 * two, bounds=None, names=("a", "b"))
    assert not tokens.points
    assert "points" not in tokens.verdict
    assert tokens.shown


def test_problems_without_a_value_are_left_out_and_counted() -> None:
    found = compare([1, NAN, 0, 1], [1, 1, NAN, 0])
    assert (found.problems, found.left_out) == (2, 2)
    assert "2 left out" in found.verdict
    none = compare([NAN], [1.0], names=("x", "y"))
    assert none.verdict == "x and y cannot be compared: they have no problem in common"
    assert not none.shown
    assert np.isnan(none.low)


def test_a_table_is_corrected() -> None:
    rows = {
        "base": outcomes(0, 0.5),
        **{f"row {i}": outcomes(i, 0.5) for i in range(1, 8)},
        "far": np.ones(200),
        "none": np.full(200, NAN),
    }
    found = compare_all(rows, "base")
    assert list(found) == [name for name in rows if name != "base"]
    assert [one.adjusted for one in found.values()] == pytest.approx(
        holm([one.p for one in found.values()]), nan_ok=True
    )
    assert found["far"].comparisons == 8
    assert "Holm over 8" in found["far"].verdict
    assert found["far"].shown
    assert np.isnan(found["none"].adjusted)


def test_pairs_of_ones_own_are_corrected_alike() -> None:
    rows = {f"row {i}": outcomes(i, 0.4 + i / 20) for i in range(4)}
    pairs = [compare(rows[name], rows["row 0"], names=(name, "row 0")) for name in list(rows)[1:]]
    assert corrected(pairs) == list(compare_all(rows, "row 0").values())
    assert corrected([]) == []


def test_many_rows_that_are_all_equal_show_nothing() -> None:
    """Without correction one of forty would be found by chance."""
    rows = {f"row {i}": outcomes(100 + i, 0.6) for i in range(41)}
    found = compare_all(rows, "row 0")
    assert any(one.p < 0.05 for one in found.values())
    assert not any(one.shown for one in found.values())


def test_what_cannot_be_meant_raises() -> None:
    with pytest.raises(BadOption, match="'b' is no row; rows: a"):
        compare_all({"a": [1.0]}, "b")
    with pytest.raises(BadOption, match="in one order"):
        compare([1.0], [1.0, 0.0])
    with pytest.raises(BadOption, match="alpha=5"):
        compare([1.0], [1.0], alpha=5)
