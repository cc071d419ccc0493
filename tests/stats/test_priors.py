"""Priors: what is refused, what a file keeps, and what is learned from recorded runs."""

from pathlib import Path

import numpy as np
import pytest

from thinkharder.core.errors import BadOption
from thinkharder.stats.priors import Prior, default_prior, leader_grid, read_prior
from thinkharder.stats.priors_fit import learn_prior


def recorded(
    shares: list[float], right: list[float], problems: int, draws: int, abstains: float = 0.0, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Draws of problems that are all alike but for their labels."""
    rng = np.random.default_rng(seed)
    classes = rng.choice(len(shares), (problems, draws), p=shares)
    truth = rng.choice(len(shares) + 1, problems, p=[*right, 1 - sum(right)])
    good = (classes == truth[:, None]).astype(float)
    labels = np.argsort(rng.random((problems, len(shares))), axis=1)
    named = np.take_along_axis(labels, classes, axis=1)
    away = rng.random(classes.shape) < abstains
    return np.where(away, -1, named), np.where(away, 0.0, good)


def leader_share(prior: Prior) -> float:
    """The mean share of the leading answer."""
    return float(prior.weights @ prior.shares[:, 0])


def test_the_default_is_a_prior() -> None:
    prior = default_prior()
    assert prior.weights.sum() == pytest.approx(1)
    assert (prior.shares * prior.sizes).sum(axis=1) == pytest.approx(1)
    assert (np.diff(prior.shares, axis=1) <= 1e-12).all()
    assert leader_share(prior) == pytest.approx(2 / 3, abs=0.02)
    assert prior.sizes.sum(axis=1).max() < 80


def test_every_grid_adds_up() -> None:
    for _, shares, sizes in leader_grid((0.03, 0.5, 0.999), (0.15, 0.98), (1, 2, 5)):
        assert np.dot(shares, sizes) == pytest.approx(1)
        assert shares[0] >= shares[1] >= shares[2] >= 0


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"weights": [0.0]}, "weights"),
        ({"weights": [-1.0]}, "weights"),
        ({"abstains": [1.5]}, "abstains"),
        ({"shares": [[0.5, 0.4]]}, "add up"),
        ({"right": [[2.0, 0.0]]}, "right"),
        ({"sizes": [[1, 1, 1]]}, "shares"),
        ({"prompt": -1.0}, "prompt"),
        ({"weights": [0.5, 0.5]}, "weights"),
    ],
)
def test_what_is_no_prior(change: dict[str, object], named: str) -> None:
    good: dict[str, object] = {
        "weights": [1.0],
        "abstains": [0.1],
        "shares": [[0.6, 0.4]],
        "sizes": [[1, 1]],
        "right": [[0.7, 0.1]],
    }
    Prior.of(**good)  # type: ignore[arg-type]
    with pytest.raises(BadOption, match=named):
        Prior.of(**(good | change))  # type: ignore[arg-type]


def test_a_file_keeps_it(tmp_path: Path) -> None:
    classes, right = recorded([0.7, 0.2, 0.1], [0.8, 0.1, 0.0], 20, 12, abstains=0.1)
    prior = learn_prior(classes, right, prompt=0.5, learned={"task": "made up"})
    path = tmp_path / "prior.json"
    path.write_text(prior.to_json())
    again = read_prior(path)
    assert path.stat().st_size < 60_000
    for name in ("weights", "abstains", "shares", "right"):
        assert getattr(again, name) == pytest.approx(getattr(prior, name), rel=1e-4)
    assert (again.sizes == prior.sizes).all()
    assert again.prompt == 0.5
    assert again.learned == {"problems": 20, "draws": 240, "strength": 10.0, "task": "made up"}


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", "not JSON"),
        ("[]", "no prior"),
        ('{"format": "thinkharder-prior", "version": 99}', "version"),
        ('{"format": "thinkharder-prior", "version": 1}', "field"),
        (
            '{"format": "thinkharder-prior", "version": 1, "answers": [], "profiles": [], "prompt": 1}',
            "field",
        ),
    ],
)
def test_a_file_that_is_no_prior(tmp_path: Path, text: str, named: str) -> None:
    path = tmp_path / "prior.json"
    path.write_text(text)
    with pytest.raises(BadOption, match=named):
        read_prior(path)
    with pytest.raises(BadOption, match="cannot be read"):
        read_prior(tmp_path / "none.json")


def test_it_learns_the_shares_and_what_is_right() -> None:
    classes, right = recorded([0.55, 0.15, 0.15, 0.15], [1.0, 0.0, 0.0, 0.0], 150, 24)
    prior = learn_prior(classes, right)
    near = np.abs(prior.shares[:, 0] - 0.55) < 0.11
    assert prior.weights[near].sum() > 0.85
    assert prior.weights[near] @ prior.right[near, 0] / prior.weights[near].sum() > 0.95
    assert prior.weights[near] @ prior.right[near, 1] / prior.weights[near].sum() < 0.05


def test_a_coin_flip_is_one_whatever_is_right_elsewhere() -> None:
    classes, right = recorded([0.5, 0.48, 0.02], [0.5, 0.48, 0.0], 120, 32)
    prior = learn_prior(classes, right)
    even = prior.shares[:, 0] - prior.shares[:, 1] < 0.06
    gap = prior.right[even, 0] - prior.right[even, 1]
    assert prior.weights[even].sum() > 0.6
    assert prior.weights[even] @ gap / prior.weights[even].sum() < 0.1


def test_it_learns_how_often_samples_abstain() -> None:
    classes, right = recorded([0.8, 0.2], [0.8, 0.2], 100, 20, abstains=0.35)
    prior = learn_prior(classes, right)
    assert prior.weights @ prior.abstains == pytest.approx(0.35, abs=0.05)


def test_one_problem_hardly_moves_the_default() -> None:
    classes, right = recorded([1.0], [1.0], 1, 8)
    assert abs(leader_share(learn_prior(classes, right)) - 2 / 3) < 0.12


def test_nothing_is_impossible_and_the_right_ones_may_be_unknown() -> None:
    ids = np.array([[0, 0, 1, -2], [-1, -1, -1, -1], [3, 3, 3, 3]])
    prior = learn_prior(ids)
    assert len(prior.weights) > 500
    given = prior.shares * (prior.sizes > 0)
    assert prior.right == pytest.approx(given)


def test_bad_draws_are_refused() -> None:
    with pytest.raises(BadOption, match="no recorded draw"):
        learn_prior(np.full((2, 3), -2))
    with pytest.raises(BadOption, match="strength"):
        learn_prior(np.zeros((2, 3), int), strength=0.0)
    with pytest.raises(BadOption, match="one shape"):
        learn_prior(np.zeros((2, 3), int), np.zeros((2, 4)))
