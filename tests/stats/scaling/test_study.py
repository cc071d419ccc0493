"""Evidence, and a whole study of it."""

import dataclasses

import numpy as np
import pytest

from tests.stats.scaling.pool import evidence
from thinkharder.core.errors import BadOption, UnknownName
from thinkharder.stats.passk import pass_at_k
from thinkharder.stats.scaling import Evidence, PerSample, Study, study


@pytest.fixture(scope="module")
def done() -> Study:
    return study(evidence(), times=30)


def test_everything_is_there(done: Study) -> None:
    assert set(done.forecasts) == {"pass", "vote", "best:guess"} == set(done.seen)
    assert done.rates.law.name == done.comparison.chosen
    assert done.k[-1] == 16 * 16
    assert {1, 2, 4, 8, 16, 32, 64, 128, 256} <= set(done.k.tolist())
    assert {(one.of, one.against) for one in done.curves} == {
        ("pass", "samples"),
        ("vote", "samples"),
        ("pass", "tokens"),
        ("vote", "tokens"),
    }
    assert done.limit is not None
    assert done.forecasts["vote"].value[-1] == pytest.approx(done.limit.value, abs=0.03)


@pytest.mark.parametrize("of", ["pass", "vote", "best:guess"])
def test_forecasts_agree_with_what_was_recorded(done: Study, of: str) -> None:
    for i, k in enumerate(done.near.tolist()):
        if k <= 8:  # estimates from few distinct subsets are noise themselves
            assert done.forecasts[of].at(int(k))[0] == pytest.approx(done.seen[of][:, i].mean(), abs=0.035)


def test_forecasts_are_ordered(done: Study) -> None:
    """At least one right is never below what any selection makes of it; intervals hold their value."""
    passed = done.forecasts["pass"].value
    for told in done.forecasts.values():
        assert np.all(told.low <= told.value)
        assert np.all(told.value <= told.high)
        assert np.all(told.value <= passed + 0.02)


def test_where_it_ends(done: Study) -> None:
    dear, cheap = (done.saturation("vote", threshold) for threshold in (0.1, 0.005))
    assert dear.n_star is not None
    assert cheap.n_star is None or cheap.n_star > dear.n_star
    assert done.tokens()[0] == pytest.approx(80 + done.evidence.completion)
    with pytest.raises(BadOption, match="no forecast of 'oracle'"):
        done.saturation("oracle", 0.1)


def test_a_law_can_be_asked_for_and_tokens_be_given() -> None:
    found = study(evidence(), law="mixture", sample=PerSample(1000, 10), most=20, times=5)
    assert found.rates.law.name == "mixture"
    assert found.tokens()[1] == 1020
    assert found.k[-1] == 20
    with pytest.raises(UnknownName):
        study(evidence(), law="normal")


def test_what_is_missing_is_left_out() -> None:
    bare = dataclasses.replace(evidence(20, 6), classes=None, completion_tokens=None, scores={})
    found = study(bare, times=5)
    assert set(found.forecasts) == {"pass"}
    assert found.limit is None
    assert any("too few to hold some back" in note for note in found.notes)
    with pytest.raises(BadOption, match="no token counts"):
        found.tokens()


def test_programs_are_not_voted_over_by_their_text() -> None:
    code = dataclasses.replace(evidence(20, 8), votable=False)
    assert "vote" not in study(code, times=5).forecasts


def test_few_problems_are_refused() -> None:
    with pytest.raises(BadOption, match="at least 10"):
        study(evidence(9))


def test_thinning_takes_each_problems_own_draws() -> None:
    whole = evidence(30, 12)
    part = whole.thin(4, np.random.default_rng(0))
    assert part.right.shape == (30, 4)
    assert part.classes is not None
    assert np.array_equal(part.right == 1, part.classes == 0)
    many = np.mean(
        [pass_at_k(p.n, p.c, 2).mean() for p in (whole.thin(4, np.random.default_rng(i)) for i in range(200))]
    )
    assert many == pytest.approx(pass_at_k(whole.n, whole.c, 2).mean(), abs=0.01)


def test_thinning_knows_what_is_recorded() -> None:
    right = np.array([[1.0, np.nan, 0.0, np.nan], [0.0, 1.0, 1.0, 0.0]])
    made = Evidence(("a", "b"), right)
    assert made.n.tolist() == [2, 4]
    assert np.isfinite(made.thin(2, np.random.default_rng(0)).right).all()
    with pytest.raises(BadOption, match="fewest has 2"):
        made.thin(3, np.random.default_rng(0))


def test_a_partial_score_is_not_right() -> None:
    assert Evidence(("a",), np.array([[1.0, 0.99, 0.0]])).c.tolist() == [1]


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda: Evidence(("a",), np.zeros((2, 3))), "for 1 problems"),
        (lambda: Evidence(("a",), np.full((1, 3), np.nan)), "'a' has no draw"),
        (lambda: Evidence(("a",), np.zeros((1, 3)), classes=np.zeros((1, 2), dtype=np.int64)), "classes"),
        (lambda: Evidence(("a",), np.zeros((1, 3)), prompt_tokens=np.zeros(2)), "prompt_tokens"),
    ],
)
def test_evidence_that_does_not_fit_is_refused(make: object, why: str) -> None:
    with pytest.raises(BadOption, match=why):
        make()  # type: ignore[operator]
