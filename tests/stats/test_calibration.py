"""Calibration measures against their definitions."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thinkharder.core.errors import BadOption
from thinkharder.stats.calibration import auroc, brier, ece, reliability

NAN = float("nan")
TENTHS = st.integers(0, 10).map(lambda i: i / 10)
ANSWERS = st.lists(st.tuples(TENTHS, st.booleans()), min_size=1, max_size=30)


@given(ANSWERS)
def test_auroc_is_the_share_of_pairs_in_order(answers: list[tuple[float, bool]]) -> None:
    confidence, right = zip(*answers, strict=True)
    pairs = [
        1.0 if c > d else 0.5 if c == d else 0.0 for c, r in answers if r for d, wrong in answers if not wrong
    ]
    found = auroc(confidence, right)
    assert np.isnan(found) if not pairs else found == pytest.approx(np.mean(pairs))


@given(ANSWERS)
def test_brier_and_ece_by_hand(answers: list[tuple[float, bool]]) -> None:
    confidence, right = (np.array(side, dtype=float) for side in zip(*answers, strict=True))
    assert brier(confidence, right) == pytest.approx(((confidence - right) ** 2).mean())
    total = 0.0
    for b in range(10):
        low, high = b / 10, (b + 1) / 10
        inside = ((confidence > low) & (confidence <= high)) | ((b == 0) & (confidence == 0))
        if inside.any():
            total += inside.mean() * abs(right[inside].mean() - confidence[inside].mean())
    assert ece(confidence, right) == pytest.approx(total)


@given(st.lists(st.tuples(TENTHS, st.booleans(), st.integers(0, 3)), min_size=1, max_size=12))
def test_a_weight_is_a_repetition(answers: list[tuple[float, bool, int]]) -> None:
    confidence, right, weights = zip(*answers, strict=True)
    repeated = [(c, r) for c, r, w in answers for _ in range(w)]
    if not repeated:
        assert np.isnan(brier(confidence, right, weights=weights))
        return
    longer = tuple(zip(*repeated, strict=True))
    for measure in (brier, auroc, ece):
        assert measure(confidence, right, weights=weights) == pytest.approx(measure(*longer), nan_ok=True)


def test_a_share_is_so_much_of_a_right_and_of_a_wrong_answer() -> None:
    confidence, right = [0.9, 0.4, 0.7], [0.25, 0.5, 1.0]
    split = [0.9, 0.9, 0.4, 0.4, 0.7], [1, 0, 1, 0, 1]
    weights = [0.25, 0.75, 0.5, 0.5, 1.0]
    assert brier(confidence, right) == pytest.approx(brier(*split, weights=weights))
    assert auroc(confidence, right) == pytest.approx(auroc(*split, weights=weights))
    assert ece(confidence, right) == pytest.approx(ece(*split, weights=weights))


def test_an_honest_confidence_is_calibrated_and_a_constant_knows_nothing() -> None:
    rng = np.random.default_rng(0)
    chance = rng.random(50_000)
    right = rng.random(50_000) < chance
    assert ece(chance, right) < 0.02
    assert brier(chance, right) == pytest.approx(1 / 6, abs=0.005)
    assert auroc(np.full(50_000, 0.5), right) == 0.5
    assert auroc(-chance, right) == pytest.approx(1 - auroc(chance, right))


def test_the_diagram() -> None:
    found = reliability([0.05, 0.95, 1.0, NAN], [0, 1, 0, 1])
    assert found.weight.tolist() == [1, 0, 0, 0, 0, 0, 0, 0, 0, 2]
    assert found.confidence[9] == pytest.approx(0.975)
    assert found.accuracy[9] == 0.5
    assert np.isnan(found.accuracy[1:9]).all()
    assert found.stated == 0.75


def test_bins_of_equal_mass() -> None:
    rng = np.random.default_rng(1)
    chance = rng.random(1000) ** 4
    found = reliability(chance, rng.random(1000) < chance, by="mass")
    assert found.weight.min() == pytest.approx(100, abs=1)
    assert found.weight.max() == pytest.approx(100, abs=1)
    assert len(reliability([0.5] * 9, [1] * 9, by="mass").weight) <= 2


def test_nothing_stated_is_undefined() -> None:
    for measure in (ece, brier, auroc):
        assert np.isnan(measure([NAN, NAN], [1, 0]))
        assert np.isnan(measure([], []))


def test_what_cannot_be_meant_raises() -> None:
    with pytest.raises(BadOption, match="confidence must lie in"):
        ece([1.5], [1])
    with pytest.raises(BadOption, match="right known"):
        brier([0.5], [NAN])
    with pytest.raises(BadOption, match="one shape"):
        brier([0.5], [1, 0])
    with pytest.raises(BadOption, match="weights"):
        brier([0.5], [1], weights=[-1])
    with pytest.raises(BadOption, match="by='size'"):
        reliability([0.5], [1], by="size")  # type: ignore[arg-type]
