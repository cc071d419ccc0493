"""Models on one axis."""

import numpy as np
import pytest

from thinkharder.core.errors import BadOption
from thinkharder.stats.scaling.matched import Curve, best_of_all, exchange, matched

RNG = np.random.default_rng(0)


def curve(name: str, compute: list[float], means: list[float], problems: int = 200) -> Curve:
    values = np.random.default_rng(1).random(problems)[:, None] * 0.2 - 0.1 + np.array(means)
    return Curve(name, np.array(compute), values)


def test_between_points_in_log_compute() -> None:
    one = curve("a", [1.0, 100.0], [0.2, 0.6])
    assert one.at(10.0).mean() == pytest.approx((one.at(1.0).mean() + one.at(100.0).mean()) / 2)
    assert one.at(1e6).mean() == one.at(100.0).mean()
    assert np.isnan(one.at(0.5)).all()


def test_the_same_compute_is_compared() -> None:
    small, large = curve("small", [1, 4, 16], [0.3, 0.5, 0.6]), curve("large", [4, 16], [0.45, 0.7])
    found = matched(small, large)
    assert [one.compute for one in found] == [4, 16]
    assert [one.verdict for one in found] == ["first", "second"]
    assert found[0].difference == pytest.approx(0.05)
    assert found[0].low <= 0.05 <= found[0].high


def test_what_the_data_do_not_support_is_none() -> None:
    values = RNG.integers(0, 2, (40, 1)).astype(float)
    other = RNG.integers(0, 2, (40, 1)).astype(float)
    found = matched(Curve("a", np.array([1.0]), values), Curve("b", np.array([1.0]), other))[0]
    assert found.low <= 0 <= found.high
    assert found.verdict == "none"


def test_below_the_cheapest_point_nothing_is_said() -> None:
    found = matched(curve("small", [10, 20], [0.3, 0.5]), curve("large", [1, 40], [0.1, 0.7]))
    assert [one.verdict for one in found] == ["unreachable", "second"]


def test_the_best_of_several() -> None:
    curves = [curve("a", [1, 4], [0.3, 0.4]), curve("b", [2, 4], [0.2, 0.6])]
    assert best_of_all(curves, 1.0)[0] == "a"
    assert best_of_all(curves, 4.0)[0] == "b"
    with pytest.raises(BadOption, match="cheapest point is at 1"):
        best_of_all(curves, 0.5)


@pytest.mark.parametrize(("scale", "served"), [(14.0, 0.16), (2.0, 1.0), (1.0, 5.0)])
def test_the_exchange_balances_the_flops(scale: float, served: float) -> None:
    """6 N T + 2 N S x = scale (6 N T + 2 N S), S = served T."""
    x = exchange(scale, served)
    assert 6 + 2 * served * x == pytest.approx(scale * (6 + 2 * served))


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(BadOption, match="rise"):
        curve("a", [2, 1], [0.1, 0.2])
    with pytest.raises(BadOption, match="problems"):
        Curve("a", np.array([1.0, 2.0]), np.zeros((3, 3)))
    with pytest.raises(BadOption, match="same ones"):
        matched(curve("a", [1], [0.1], 10), curve("b", [1], [0.1], 11))
    with pytest.raises(BadOption, match="at least 1"):
        exchange(0.5, 1.0)
