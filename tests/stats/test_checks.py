"""What is refused everywhere, and what works without the optional package."""

import sys

import numpy as np
import pytest

from thinkharder.core.errors import BadOption, MissingExtra
from thinkharder.stats.bootstrap import cluster_bootstrap
from thinkharder.stats.checks import class_ids, floats, level_of, shares, whole
from thinkharder.stats.compare import compare
from thinkharder.stats.intervals import mean_interval
from thinkharder.stats.proportions import jeffreys, mid_p


def test_rounding_is_clipped_and_more_is_refused() -> None:
    assert shares("x", [1 + 1e-12, -1e-12]).tolist() == [1.0, 0.0]
    assert np.isnan(shares("x", [float("nan")])).all()
    with pytest.raises(BadOption, match=r"x must lie in \[0, 1\].*one of them is 1.1"):
        shares("x", [0.5, 1.1])


def test_numbers_are_numbers() -> None:
    assert floats("x", [True, 2]).tolist() == [1.0, 2.0]
    for wrong in (["a"], [[1], [2, 3]], [object()]):
        with pytest.raises(BadOption, match="x must be numbers"):
            floats("x", wrong)  # type: ignore[arg-type]
    with pytest.raises(BadOption, match="one of them is inf"):
        whole("x", [np.inf])
    with pytest.raises(BadOption, match="-2 or more"):
        class_ids([[0.5]])
    with pytest.raises(BadOption, match="level=1"):
        level_of(1)


def test_without_scipy_accuracies_still_have_intervals_and_comparisons(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "scipy", None)
    assert mean_interval([0.5, 1.0, 0.0]).low > 0
    assert mean_interval([400.0, 900.0, 500.0, 700.0, 650.0], bounds=None).low > 0
    assert compare([1, 0, 1], [0, 0, 1]).p == 1.0 - 0.5
    for call in (
        lambda: jeffreys(1, 2),
        lambda: mid_p(1, 2),
        lambda: cluster_bootstrap(([1.0, 2.0],), np.mean),
    ):
        with pytest.raises(MissingExtra, match=r"thinkharder\[bench\]"):
            call()
