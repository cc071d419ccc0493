"""Laws compared: the true one wins on data that were held back, whatever wins on those that were fitted to."""

import numpy as np
import pytest

from thinkharder.core.errors import BadOption
from thinkharder.stats.scaling.compare import _choose, compare, extrapolations, goodness, held_out
from thinkharder.stats.scaling.fit import fit


def made(rates: np.ndarray, samples: int = 32, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    return np.full(len(rates), samples), np.random.default_rng(seed).binomial(samples, rates)


def beta(problems: int = 200) -> np.ndarray:
    return np.random.default_rng(1).beta(0.5, 1.2, problems)


def inflated(problems: int = 200) -> np.ndarray:
    rng = np.random.default_rng(2)
    return np.where(rng.random(problems) < 0.3, 0.0, rng.beta(1.5, 1.5, problems))


@pytest.mark.parametrize(
    ("rates", "law"),
    [(beta(), "beta-binomial"), (inflated(), "zero-inflated"), (np.full(200, 0.3), "exponential")],
    ids=["beta", "inflated", "equal"],
)
def test_the_law_that_made_the_data_is_chosen(rates: np.ndarray, law: str) -> None:
    found = compare(*made(rates))
    assert found.chosen == law
    assert found.chosen in found.why
    by_name = {row.law: row for row in found.rows}
    assert by_name[law].behind <= 2 * by_name[law].behind_error + 1e-12
    assert by_name[law].extrapolation < 0.04


def test_two_kinds_of_problems_want_the_mixture() -> None:
    assert compare(*made(np.repeat([0.05, 0.85], 100))).chosen == "mixture"


def test_held_out_is_not_in_sample() -> None:
    """The mixture fits best in sample; out of it, it pays for its freedom."""
    n, c = made(beta(80), 16)
    inside = {law: fit(law, n, c).log_likelihood(n, c).mean() for law in ("beta-binomial", "mixture")}
    outside = held_out(n, c, ["beta-binomial", "mixture"]).mean(axis=1)
    assert inside["mixture"] > inside["beta-binomial"]
    assert outside[1] < outside[0]


def test_a_fold_does_not_see_itself() -> None:
    """Each problem's likelihood is that of a law fitted without its fold."""
    n, c = made(beta(40), 16)
    found = held_out(n, c, ["exponential"], folds=5, seed=3)[0]
    fold = np.random.default_rng(3).permutation(40) % 5
    out = fold == fold[0]
    law = fit("exponential", n[~out], c[~out])
    assert found[out] == pytest.approx(law.log_likelihood(n[out], c[out]))


def test_extrapolations_hold_draws_back() -> None:
    n, c = made(beta(), 32)
    errors, few, reach = extrapolations(n, c, ["beta-binomial", "exponential"])
    assert (few, reach) == (8, 24)
    assert errors.shape[:2] == (2, 8)
    assert np.abs(errors[0]).mean() < 0.03 < np.abs(errors[1]).mean()
    assert errors[1].mean() > 0  # one rate for all promises too much


def test_few_draws_hold_nothing_back_and_still_compare() -> None:
    found = compare(*made(beta(), 4))
    assert found.fitted_draws == 0
    assert all(np.isnan(row.extrapolation) for row in found.rows)
    assert found.chosen != "exponential"
    assert "simplest" in found.why


def test_too_few_problems_are_refused() -> None:
    with pytest.raises(BadOption, match="too few"):
        compare([8] * 9, [4] * 9)


def test_fit_is_tested_against_what_the_law_makes() -> None:
    n, c = made(beta(), 32)
    _, good = goodness(fit("beta-binomial", n, c), n, c, times=40)
    distance, bad = goodness(fit("exponential", n, c), n, c, times=40)
    assert good > 0.05
    assert bad == pytest.approx(1 / 41)
    assert distance > 0.2


def test_the_p_of_a_true_law_is_not_small_more_often_than_it_says() -> None:
    small = 0
    for seed in range(20):
        n, c = made(np.random.default_rng(100 + seed).beta(0.8, 1.5, 60), 8, seed)
        small += goodness(fit("beta-binomial", n, c), n, c, times=30, seed=seed)[1] < 0.1
    assert small <= 6  # 2 expected; more than 6 has a chance of 1 in 400


def test_only_laws_that_the_likelihood_cannot_tell_apart_compete() -> None:
    rows = compare(*made(inflated())).rows[:4]
    winner, _ = _choose(rows)
    far = [row.law for row in rows if row.behind > 2 * row.behind_error + 1e-12]
    assert "exponential" in far
    assert winner not in far
