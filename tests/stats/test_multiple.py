"""Holm's correction."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thinkharder.core.errors import BadOption
from thinkharder.stats.multiple import holm


@given(st.lists(st.floats(0, 1), min_size=1, max_size=6))
def test_it_is_the_closure_of_bonferroni(ps: list[float]) -> None:
    """A hypothesis falls when every set of hypotheses that holds it falls by Bonferroni."""
    every = [set(s) for size in range(1, len(ps) + 1) for s in combinations(range(len(ps)), size)]
    for i, found in enumerate(holm(ps)):
        worst = max(min(1.0, len(s) * min(ps[j] for j in s)) for s in every if i in s)
        assert found == pytest.approx(worst)


def test_undefined_tests_do_not_count() -> None:
    found = holm([0.01, float("nan"), 0.04])
    assert found[[0, 2]].tolist() == [0.02, 0.04]
    assert np.isnan(found[1])
    assert holm([]).tolist() == []


def test_what_cannot_be_meant_raises() -> None:
    for ps in ([1.1], [-0.1], [[0.5]]):
        with pytest.raises(BadOption, match="p-values"):
            holm(ps)
