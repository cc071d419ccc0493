"""Forecasts of votes: the counting is the vote's, expectations are enumerated ones, limits are modes."""

import itertools
import math

import numpy as np
import pytest

from thinkharder.core.errors import BadOption
from thinkharder.stats.scaling.answers import Ballots
from thinkharder.stats.scaling.votes import (
    fit_answers_bootstrap,
    forecast_vote,
    fresh_votes,
    vote_limit,
    wins,
)
from thinkharder.stats.voting import maj_at_k, tally


def enumerated(shares: list[float], k: int) -> float:
    """maj@k over all sequences of answers 0 (right), 1 (abstains), 2 …"""
    total = 0.0
    for draw in itertools.product(range(len(shares)), repeat=k):
        votes = [draw.count(i) for i in range(len(shares)) if i != 1]
        top = max(votes)
        if top and votes[0] == top:
            total += math.prod(shares[i] for i in draw) / votes.count(top)
    return total


@pytest.mark.parametrize(
    "shares", [[0.4, 0.1, 0.3, 0.2], [0.3, 0.0, 0.35, 0.35], [0.2, 0.7, 0.1, 0.0]], ids=str
)
def test_votes_are_the_enumerated_ones(shares: list[float]) -> None:
    rng = np.random.default_rng(0)
    k = np.array([1, 2, 3, 5])
    found = fresh_votes(np.tile(shares, (40_000, 1)), k, rng)
    assert found == pytest.approx([enumerated(shares, int(one)) for one in k], abs=0.01)


def test_the_order_of_budgets_does_not_matter() -> None:
    shares = np.tile([0.5, 0.1, 0.4], (2000, 1))
    first = fresh_votes(shares, np.array([9, 1, 3]), np.random.default_rng(1))
    second = fresh_votes(shares, np.array([1, 3, 9]), np.random.default_rng(1))
    assert first[[1, 2, 0]] == pytest.approx(second)


def test_winning() -> None:
    right, wrong = np.array([2, 2, 1, 0, 0]), np.array([[1, 0], [2, 2], [2, 0], [0, 0], [1, 0]])
    assert wins(right, wrong).tolist() == [1.0, pytest.approx(1 / 3), 0.0, 0.0, 0.0]


def answers(problems: int, draws: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Classes (0 is right) of problems with a strong wrong answer, some with several, and abstentions."""
    rng = np.random.default_rng(seed)
    p, silent = rng.beta(1.0, 1.0, problems), rng.beta(1.0, 9.0, problems)
    wrong = rng.dirichlet(np.full(6, 0.5), problems) * ((1 - p) * (1 - silent))[:, None]
    shares = np.concatenate([p[:, None], ((1 - p) * silent)[:, None], wrong], axis=1)
    picks = np.array([rng.choice(8, draws, p=row / row.sum()) for row in shares])
    return np.where(picks == 1, -1, np.where(picks == 0, 0, picks - 1)), shares


def test_a_pool_that_is_complete_is_what_was_seen() -> None:
    classes, _ = answers(60, 12, 0)
    right = (classes == 0).astype(float)
    fitted = fit_answers_bootstrap(Ballots.of(classes, right), times=5)
    told = forecast_vote(fitted, [3, 12], pool=12)
    seen = tally(classes, right)
    for i, k in enumerate((3, 12)):
        exact = maj_at_k(seen.counts, seen.right, k, abstained=seen.abstained).mean()
        assert told.value[i] == pytest.approx(exact, abs=0.01 if k == 3 else 1e-9)


def test_a_few_draws_foresee_the_votes_of_many() -> None:
    """maj@24 of the known distributions lies in the interval from 6 draws, at least 5 of 8 times, without a bias."""
    held, off = 0, []
    for seed in range(8):
        classes, shares = answers(60, 6, seed)
        fitted = fit_answers_bootstrap(Ballots.of(classes, (classes == 0).astype(float)), times=20, seed=seed)
        value, low, high = forecast_vote(fitted, [24], seed=seed).at(24)
        rng = np.random.default_rng(seed)
        truth = float(np.mean([fresh_votes(shares, np.array([24]), rng) for _ in range(50)]))
        held += low <= truth <= high
        off.append(value - truth)
    assert held >= 5
    assert abs(np.mean(off)) < 0.03


def test_the_limit_is_the_share_of_right_modes() -> None:
    classes, shares = answers(100, 60, 3)
    limit = vote_limit(fit_answers_bootstrap(Ballots.of(classes, (classes == 0).astype(float)), times=30))
    mode = shares[:, 0] > shares[:, 2:].max(axis=1)
    assert limit.low <= mode.mean() <= limit.high
    assert mode[limit.always()].mean() > 0.9
    assert mode[limit.never()].mean() < 0.1
    assert not set(limit.always()) & set(limit.never())
    assert len(limit.always()) + len(limit.never()) > 50


def test_more_samples_do_not_save_a_vote_whose_mode_is_wrong() -> None:
    classes = np.tile([1, 1, 1, 1, 1, 0, 0, 0, 2, 3], (20, 3))
    fitted = fit_answers_bootstrap(Ballots.of(classes, (classes == 0).astype(float)), times=10)
    told = forecast_vote(fitted, [1, 16, 1024])
    assert told.value[0] == pytest.approx(0.3, abs=0.03)
    assert told.value[2] < 0.1
    assert len(vote_limit(fitted).always()) == 0


def test_everything_right_and_everything_silent() -> None:
    right = fit_answers_bootstrap(Ballots.of(np.zeros((12, 8), int), np.ones((12, 8))), times=5)
    silent = fit_answers_bootstrap(Ballots.of(np.full((12, 8), -1), np.zeros((12, 8))), times=5)
    assert forecast_vote(right, [16]).value[0] > 0.97
    assert forecast_vote(silent, [16]).value[0] < 0.05


def test_what_cannot_be_is_refused() -> None:
    classes, _ = answers(20, 6, 0)
    fitted = fit_answers_bootstrap(Ballots.of(classes, (classes == 0).astype(float)), times=3)
    with pytest.raises(BadOption, match="smaller"):
        forecast_vote(fitted, [4], pool=5)
    with pytest.raises(BadOption, match="at least 1"):
        forecast_vote(fitted, [0])
