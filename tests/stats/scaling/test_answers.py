"""The law of answers: its likelihood is the urn's, its draws have the urn's moments, its fit finds what made the data."""

import itertools
import math

import numpy as np
import pytest

from thinkharder.core.errors import BadOption
from thinkharder.stats.scaling.answers import AnswerLaw, Ballots, fit_answers, fit_pitman_yor
from thinkharder.stats.scaling.rates import BetaRates


def urn(discount: float, concentration: float, draws: int, rng: np.random.Generator) -> list[int]:
    """Class sizes of the two-parameter Chinese restaurant."""
    sizes: list[int] = []
    for m in range(draws):
        weights = [size - discount for size in sizes] + [concentration + discount * len(sizes)]
        at = rng.choice(len(weights), p=np.array(weights) / (m + concentration))
        if at == len(sizes):
            sizes.append(0)
        sizes[at] += 1
    return sorted(sizes, reverse=True)


def padded(rows: list[list[int]]) -> np.ndarray:
    wide = max(len(row) for row in rows)
    return np.array([row + [0] * (wide - len(row)) for row in rows])


def test_counting() -> None:
    seen = Ballots.of(
        [[0, 0, 1, -1], [2, 1, 1, -2], [-1, -1, -2, -2]], [[1, 1, 0, 0], [0, 0, 0, np.nan], [0, 0, 0, 0]]
    )
    assert seen.n.tolist() == [4, 3, 2]
    assert seen.right.tolist() == [2, 0, 0]
    assert seen.abstained.tolist() == [1, 0, 2]
    assert seen.wrong.tolist() == [[1, 0], [2, 1], [0, 0]]


def test_shapes_must_agree() -> None:
    with pytest.raises(BadOption, match="one shape"):
        Ballots.of([[0, 1]], [[1.0]])


@pytest.mark.parametrize(("discount", "concentration"), [(0.0, 0.5), (0.0, 8.0), (0.5, 1.0), (0.7, 3.0)])
def test_the_urn_is_recovered(discount: float, concentration: float) -> None:
    rng = np.random.default_rng(0)
    d, t = fit_pitman_yor(padded([urn(discount, concentration, 40, rng) for _ in range(400)]))
    assert d == pytest.approx(discount, abs=0.08)
    assert t == pytest.approx(concentration, rel=0.35)


@pytest.mark.parametrize("rows", [[[0]], [[1], [1]], [[5], [5]], [[1, 1, 1, 1], [1, 1, 1, 0]]], ids=str)
def test_partitions_without_a_maximum_end_somewhere(rows: list[list[int]]) -> None:
    d, t = fit_pitman_yor(np.array(rows))
    assert 0 <= d < 1
    assert 0 < t < math.inf


def test_more_agreement_means_a_smaller_concentration() -> None:
    same = fit_pitman_yor(np.array([[6, 0]] * 20))
    apart = fit_pitman_yor(np.ones((20, 6), dtype=int))

    def agree(law: tuple[float, float]) -> float:
        return (1 - law[0]) / (1 + law[1])

    assert agree(same) > 0.8
    assert agree(apart) < 0.2


LAW = AnswerLaw(BetaRates(1.0, 2.0), BetaRates(1.0, 3.0), 0.4, 1.5)
SEEN = Ballots(np.array([6, 6]), np.array([2, 0]), np.array([1, 0]), np.array([[2, 1, 0], [3, 2, 1]]))


def test_drawn_distributions_add_up() -> None:
    shares = LAW.draw_given(SEEN, np.random.default_rng(0))
    assert shares.sum(axis=1) == pytest.approx(1.0)
    assert np.all(shares >= 0)
    assert shares[0, 4] == 0  # an answer that was not seen has no class of its own


def test_drawn_distributions_have_the_urns_means() -> None:
    """The next draw: right (a + c) / (a + b + n); of the wrong, class j (m_j - d) / (m + t)."""
    many = LAW.draw_given(SEEN.select(np.repeat([0, 1], 20_000)), np.random.default_rng(0))
    mean = many.reshape(2, 20_000, -1).mean(axis=1)
    right = np.array([3 / 9, 1 / 9])
    silent = np.array([2 / 8, 1 / 10])
    assert mean[:, 0] == pytest.approx(right, abs=0.01)
    assert mean[:, 1] == pytest.approx((1 - right) * silent, abs=0.01)
    lost = (1 - right) * (1 - silent)
    assert mean[0, 2:4] == pytest.approx(lost[0] * np.array([1.6, 0.6]) / 4.5, abs=0.01)
    assert mean[1, 2:5] == pytest.approx(lost[1] * np.array([2.6, 1.6, 0.6]) / 7.5, abs=0.01)
    assert mean[0, 5:].sum() == pytest.approx(lost[0] * (1.5 + 2 * 0.4) / 4.5, abs=0.01)


def test_unseen_answers_agree_as_often_as_the_urn_says() -> None:
    """Two new draws from nothing seen are one answer with chance (1 - d) / (1 + t); of sums over sticks and tail."""
    bare = Ballots(np.array([1]), np.array([0]), np.array([1]), np.array([[0]]))
    shares = LAW.draw_given(bare.select(np.zeros(20_000, dtype=int)), np.random.default_rng(1))
    wrong = shares[:, 3:] / shares[:, 3:].sum(axis=1, keepdims=True)
    assert (wrong**2).sum(axis=1).mean() == pytest.approx((1 - 0.4) / (1 + 1.5), abs=0.01)


def test_all_parts_are_fitted() -> None:
    rng = np.random.default_rng(2)
    n = np.full(600, 24)
    right = rng.binomial(n, rng.beta(0.8, 1.2, 600))
    silent = rng.binomial(n - right, rng.beta(2.0, 8.0, 600))
    wrong = [urn(0.3, 2.0, m, rng) or [0] for m in n - right - silent]
    law = fit_answers(Ballots(n, right, silent, padded(wrong)))
    assert law.rates.parameters["alpha"] == pytest.approx(0.8, rel=0.15)
    assert law.parameters["abstain"] == pytest.approx(0.2, abs=0.02)
    assert law.discount == pytest.approx(0.3, abs=0.12)
    assert law.concentration == pytest.approx(2.0, rel=0.4)


def test_the_partition_function_is_the_urns() -> None:
    """The fitted likelihood adds up to 1 over all partitions of 5 draws (sizes with their number of set partitions)."""
    d, t, m = 0.4, 1.5, 5
    total = 0.0
    for sizes in {
        tuple(sorted(p, reverse=True)) for p in itertools.product(range(m + 1), repeat=m) if sum(p) == m
    }:
        kinds = [size for size in sizes if size]
        value = sum(math.log(t + i * d) for i in range(1, len(kinds))) - sum(
            math.log(t + i) for i in range(1, m)
        )
        value += sum(math.log(i - d) for size in kinds for i in range(1, size))
        ways = math.factorial(m)
        for size in kinds:
            ways //= math.factorial(size)
        for size in set(kinds):
            ways //= math.factorial(kinds.count(size))
        total += ways * math.exp(value)
    assert total == pytest.approx(1.0)
