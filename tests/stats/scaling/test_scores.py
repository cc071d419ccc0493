"""Forecasts of best-of-k: the formula is the enumeration, the fit finds what made the scores, the forecast what comes."""

import itertools

import numpy as np
import pytest

from thinkharder.core.errors import BadOption
from thinkharder.stats.scaling.forecast import fit_bootstrap
from thinkharder.stats.scaling.scores import ScoreLaw, fit_scores, forecast_best, random_effects

EMPTY = np.empty(0)


def enumerated(p: float, right: list[float], wrong: list[float], k: int) -> float:
    """Over all draws of (right or wrong, level): the share of right ones among those at the top level."""
    kinds = [(p * a, level, 1) for level, a in enumerate(right)] + [
        ((1 - p) * b, level, 0) for level, b in enumerate(wrong)
    ]
    total = 0.0
    for draw in itertools.product(kinds, repeat=k):
        top = max(level for _, level, _ in draw)
        at_top = [good for _, level, good in draw if level == top]
        total += float(np.prod([chance for chance, _, _ in draw])) * sum(at_top) / len(at_top)
    return total


@pytest.mark.parametrize("p", [0.0, 0.3, 0.9, 1.0])
@pytest.mark.parametrize("k", [1, 2, 4])
def test_the_formula_is_the_enumeration(p: float, k: int) -> None:
    right, wrong = [0.2, 0.3, 0.5], [0.5, 0.4, 0.1]
    law = ScoreLaw("discrete", np.array(right), np.array(wrong))
    assert law.best(np.array([p]), np.array([k]))[0, 0] == pytest.approx(enumerated(p, right, wrong, k))


def test_unscored_draws_rank_below_all() -> None:
    law = ScoreLaw("discrete", np.array([0.4, 0.6]), np.array([0.7, 0.3]), bare=(0.1, 0.5))
    right, wrong = [0.1, 0.36, 0.54], [0.5, 0.35, 0.15]
    assert law.best(np.array([0.4]), np.array([3]))[0, 0] == pytest.approx(enumerated(0.4, right, wrong, 3))


def test_a_scorer_that_knows_nothing_picks_at_random() -> None:
    law = ScoreLaw("binormal", EMPTY, EMPTY, gap=0.0)
    assert law.best(np.array([0.3]), np.array([1, 8, 64]))[0] == pytest.approx([0.3, 0.3, 0.3], abs=1e-6)
    assert law.auroc == pytest.approx(0.5)


def test_a_scorer_that_prefers_wrong_answers_gets_worse() -> None:
    found = ScoreLaw("binormal", EMPTY, EMPTY, gap=-1.0).best(np.array([0.5]), np.array([1, 4, 64]))[0]
    assert np.all(np.diff(found) < 0)


def scored(
    problems: int, draws: int, seed: int, between: float = 0.6
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Scores, rightness, rates and gaps: problem-dependent centres, right draws 1 ± `between` above, spread 0.8."""
    rng = np.random.default_rng(seed)
    rates, gaps = rng.beta(0.8, 0.8, problems), rng.normal(1.0, between, problems)
    right = (rng.random((problems, draws)) < rates[:, None]).astype(float)
    noise = rng.standard_normal((problems, draws)) * np.where(right > 0, 0.8, 1.0)
    raw = rng.normal(0, 1, problems)[:, None] + gaps[:, None] * right + noise
    return 1 / (1 + np.exp(-raw)), right, rates, gaps


def test_the_scorer_is_recovered() -> None:
    scores, right, _, _ = scored(800, 24, 0)
    law, seen = fit_scores(scores, right)
    assert law.form == "binormal"
    assert law.gap == pytest.approx(1.0, abs=0.12)
    assert law.between == pytest.approx(0.6, abs=0.12)
    assert law.spread == pytest.approx(0.8, abs=0.08)
    assert np.isnan(seen.gap[right.mean(axis=1) == 1]).all()


def test_the_order_of_scores_is_all_that_counts() -> None:
    scores, right, _, _ = scored(100, 12, 1)
    one, two = fit_scores(scores, right)[0], fit_scores(np.exp(9 * scores), right)[0]
    assert (one.gap, one.between) == pytest.approx((two.gap, two.between))


def simulated(
    rates: np.ndarray, gaps: np.ndarray, k: int, rng: np.random.Generator, rounds: int = 60
) -> float:
    total = 0.0
    for _ in range(rounds):
        right = rng.random((len(rates), k)) < rates[:, None]
        raw = gaps[:, None] * right + rng.standard_normal((len(rates), k)) * np.where(right, 0.8, 1.0)
        total += np.take_along_axis(right, raw.argmax(axis=1)[:, None], 1).mean()
    return total / rounds


def test_a_few_draws_foresee_the_best_of_many() -> None:
    held, off = 0, []
    for seed in range(10):
        scores, right, rates, gaps = scored(120, 8, seed)
        fitted = fit_bootstrap("beta-binomial", np.full(120, 8), right.sum(axis=1), 30, seed)
        value, low, high = forecast_best(fitted, scores, right, [64], seed=seed).at(64)
        truth = simulated(rates, gaps, 64, np.random.default_rng(seed))
        held += low <= truth <= high
        off.append(value - truth)
    assert held >= 7
    assert abs(np.mean(off)) < 0.02


def test_few_values_are_levels() -> None:
    scores, right, _, _ = scored(300, 16, 3)
    law, _ = fit_scores(np.round(4 * scores), right)
    assert law.form == "discrete"
    assert law.right.sum() == pytest.approx(1.0)
    assert law.auroc > 0.6


def test_effects_that_differ_more_than_their_noise() -> None:
    rng = np.random.default_rng(0)
    variance = rng.uniform(0.1, 0.5, 4000)
    estimate = rng.normal(0.7, np.sqrt(0.25 + variance))
    assert random_effects(estimate, variance) == pytest.approx((0.7, 0.5), abs=0.03)
    assert random_effects(np.full(5, 0.3), np.full(5, 1.0)) == pytest.approx((0.3, 0.0))
    assert random_effects(np.array([0.3]), np.array([1.0])) == pytest.approx((0.3, 0.0))


@pytest.mark.parametrize("right", [np.ones((12, 4)), np.zeros((12, 4))], ids=["all right", "all wrong"])
def test_one_kind_of_draws_says_nothing_of_a_scorer(right: np.ndarray) -> None:
    with pytest.raises(BadOption, match="one kind only"):
        fit_scores(np.random.default_rng(0).random((12, 4)), right)


def test_shapes_must_agree() -> None:
    with pytest.raises(BadOption, match="one shape"):
        fit_scores(np.zeros((3, 4)), np.zeros((3, 5)))


def test_no_problem_with_both_kinds_is_refused() -> None:
    right = np.repeat([[1.0], [0.0]], 10, axis=1)
    with pytest.raises(BadOption, match="both right and wrong"):
        fit_scores(np.random.default_rng(0).random((2, 10)), right)
