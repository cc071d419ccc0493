"""Curve laws: exact data give their numbers back."""

import numpy as np
import pytest

from thinkharder.core.errors import BadOption, UnknownName
from thinkharder.stats.scaling.curves import SHAPES, fit_curve, fit_curve_bootstrap

X = np.array([1, 2, 3, 4, 6, 9, 14, 21, 32, 48, 64], dtype=np.float64)
TRUE = {
    "exponential": {"c": 0.05},
    "coverage-power": {"a": 1.2, "b": 0.4},
    "failure-power": {"a": 0.8, "b": 0.3},
    "plateau-power": {"a": 0.3, "alpha": 0.25, "stop": 20.0},
    "ceiling-exponential": {"top": 0.8, "start": 0.5, "c": 0.2},
}


@pytest.mark.parametrize("name", SHAPES)
def test_exact_data_give_the_numbers_back(name: str) -> None:
    law = fit_curve(name, X, SHAPES[name](X, **TRUE[name]))
    assert law.rmse < 1e-4
    for key, value in TRUE[name].items():
        assert law.parameters[key] == pytest.approx(value, rel=0.01), key


@pytest.mark.parametrize("name", SHAPES)
def test_noise_moves_them_little_and_the_interval_holds_them(name: str) -> None:
    rng = np.random.default_rng(0)
    truth = SHAPES[name](X, **TRUE[name])
    values = np.clip(truth + rng.normal(0, 0.02, (300, len(X))), 0, 1)
    law, spread = fit_curve_bootstrap(name, X, values, times=30, level=0.999)
    assert law(X) == pytest.approx(truth, abs=0.01)
    for key, value in TRUE[name].items():
        low, high = spread[key]
        assert low - 0.02 * value <= value <= high + 0.02 * value, key


def test_points_that_are_not_known_are_left_out() -> None:
    y = SHAPES["failure-power"](X, a=0.8, b=0.3)
    y[3] = np.nan
    assert fit_curve("failure-power", X, y).parameters["b"] == pytest.approx(0.3)


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("level", [0.0, 0.4, 1.0])
def test_flat_curves_are_fitted_as_flat(name: str, level: float) -> None:
    law = fit_curve(name, X, np.full(len(X), level))
    if name != "exponential" or level == 0:
        assert law(X[-3:]) == pytest.approx(np.full(3, level), abs=0.01)


@pytest.mark.parametrize("name", SHAPES)
def test_no_curve_leaves_the_accuracies(name: str) -> None:
    law = fit_curve(name, X, SHAPES[name](X, **TRUE[name]))
    far = law(np.array([1e-3, 1e6]))
    assert np.all((far >= 0) & (far <= 1))


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(UnknownName, match="coverage-power"):
        fit_curve("coverage", X, X / 100)
    with pytest.raises(BadOption, match="3 numbers to fit and got 2"):
        fit_curve("plateau-power", X[:2], X[:2] / 100)
    with pytest.raises(BadOption, match="accuracies"):
        fit_curve("exponential", X, X)
    with pytest.raises(BadOption, match="above 0"):
        fit_curve("exponential", X - 1, X / 100)
