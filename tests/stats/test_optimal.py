"""The exact optimum, against the enumeration of all sequences of draws."""

from collections.abc import Callable
from functools import cache
from itertools import permutations, product

import numpy as np
import pytest

from thinkharder.core.errors import BadOption
from thinkharder.stats.optimal import Exact
from thinkharder.stats.priors import Prior

POPULATIONS = {
    "two": Prior.of([1], [0], [[0.6, 0.4]], [[1, 1]], [[0.8, 0.2]]),
    "three": Prior.of([1], [0], [[0.5, 0.25]], [[1, 2]], [[0.7, 0.1]]),
    "mixed": Prior.of(
        [0.7, 0.3],
        [0, 0],
        [[0.9, 0.1, 0.0], [0.4, 0.35, 0.25]],
        [[1, 1, 0], [1, 1, 1]],
        [[0.9, 0, 0], [0.4, 0.3, 0.3]],
    ),
}
History = tuple[int, ...]


class Enumerated:
    """A population by its own definition: labels at random, then draws."""

    def __init__(self, population: Prior, cap: int) -> None:
        self.cap, worlds = cap, []
        self.answers = int(population.sizes.sum(axis=1).max())
        for g, weight in enumerate(population.weights):
            kinds = range(population.shares.shape[1])
            each = [
                (population.shares[g, t], population.right[g, t])
                for t in kinds
                for _ in range(population.sizes[g, t])
            ]
            each += [(0.0, 0.0)] * (self.answers - len(each))
            orders = list(permutations(each))
            worlds += [(weight / len(orders), order) for order in orders]
        self.worlds = worlds

    def chance(self, history: History) -> float:
        return sum(w * np.prod([order[x][0] for x in history]) for w, order in self.worlds)

    def leaders(self, history: History) -> list[int]:
        votes = [history.count(x) for x in range(self.answers)]
        return [x for x, count in enumerate(votes) if count == max(votes)] if history else []

    def right(self, history: History) -> float:
        """The chance that the vote is right, given the history."""
        top = self.leaders(history)
        joint = sum(
            w * np.prod([order[x][0] for x in history]) * np.mean([order[x][1] for x in top] or [0.0])
            for w, order in self.worlds
        )
        return float(joint / self.chance(history))

    def agrees(self, history: History) -> float:
        """The chance that the vote at the cap picks the present leader."""
        if len(history) == self.cap:
            return 1.0
        top, found = self.leaders(history), 0.0
        for rest in product(range(self.answers), repeat=self.cap - len(history)):
            end = self.leaders(history + rest)
            picked = np.mean([(x in end) / len(end) for x in top] or [0.0])
            found += self.chance(history + rest) * picked
        return float(found / self.chance(history))

    def best(self, price: float, prompt: float, objective: str) -> float:
        """The value of the best plan: at every history stop, or pay for some more draws at once and see them all."""
        gain: Callable[[History], float] = self.right if objective == "accuracy" else self.agrees

        @cache
        def value(history: History) -> float:
            found = gain(history)
            for more in range(1, self.cap - len(history) + 1):
                found = max(found, paid(history, more) - price * (more + prompt))
            return found

        def paid(history: History, left: int) -> float:
            if left == 0:
                return value(history)
            now = self.chance(history)
            after = [(*history, x) for x in range(self.answers)]
            return sum(
                self.chance(then) / now * paid(then, left - 1) for then in after if self.chance(then) > 0
            )

        return value(())

    def run(self, rule: Callable[[int, np.ndarray], np.ndarray]) -> tuple[float, float, float, float]:
        """A rule on every sequence, as a run draws: waves are paid whole, and asked for again where they end."""
        total = np.zeros(4)
        for draws in product(range(self.answers), repeat=self.cap):
            seen = paid = level = requests = 0
            while seen < self.cap:
                counts = sorted((draws[:seen].count(x) for x in range(self.answers)), reverse=True)
                wants = int(rule(seen, np.array([counts]))[0])
                if wants <= 0:
                    break
                level = min(max(level, seen + wants), self.cap)
                if seen == paid:
                    paid, requests = level, requests + 1
                seen += 1
            history = draws[:seen]
            total += self.chance(draws) * np.array(
                [self.right(history), self.agrees(history), paid, requests]
            )
        return tuple(total.tolist())


@pytest.mark.parametrize("name", POPULATIONS)
@pytest.mark.parametrize("objective", ["accuracy", "agreement"])
@pytest.mark.parametrize(("price", "prompt"), [(0.02, 0.0), (0.005, 0.0), (0.01, 0.5), (0.002, 3.0)])
def test_the_optimum(name: str, objective: str, price: float, prompt: float) -> None:
    population = POPULATIONS[name]
    (found,) = Exact(population, 4).frontier([price], objective, prompt)  # type: ignore[arg-type]
    gain = found.accuracy if objective == "accuracy" else found.agreement
    expected = Enumerated(population, 4).best(price, prompt, objective)
    assert gain - price * (found.samples + prompt * found.requests) == pytest.approx(expected, abs=1e-9)


def odd(n: int, counts: np.ndarray) -> np.ndarray:
    """A rule of waves that stops, shrinks and grows among them."""
    found: np.ndarray = np.array([2, 0, 3, 1])[(counts[:, 0] * 2 + counts[:, 1] + n // 2) % 4]
    return np.where(n == 0, 2, found)


@pytest.mark.parametrize("name", POPULATIONS)
def test_a_rule_is_followed_exactly(name: str) -> None:
    found = Exact(POPULATIONS[name], 5).run(odd)
    expected = Enumerated(POPULATIONS[name], 5).run(odd)
    assert (found.accuracy, found.agreement, found.samples, found.requests) == pytest.approx(expected)


def test_all_draws_in_one_request() -> None:
    whole = Exact(POPULATIONS["three"], 9).whole()
    assert (whole.agreement, whole.samples, whole.requests) == pytest.approx((1, 9, 1))


def test_no_rule_is_better_than_the_optimum() -> None:
    exact = Exact(POPULATIONS["mixed"], 12)
    for margin in (1, 2, 3, 5):
        rule = exact.run(lambda n, counts, m=margin: m - (counts[:, 0] - counts[:, 1]))  # type: ignore[misc]
        for price in (0.02, 0.005, 0.001):
            (best,) = exact.frontier([price])
            assert best.accuracy - price * best.samples >= rule.accuracy - price * rule.samples - 1e-12


def test_what_it_cannot_do_is_refused() -> None:
    with pytest.raises(BadOption, match="abstain"):
        Exact(Prior.of([1], [0.1], [[0.6, 0.4]], [[1, 1]], [[0.8, 0.2]]), 4)
    with pytest.raises(BadOption, match="at most 6"):
        Exact(Prior.of([1], [0], [[0.1]], [[10]], [[0.1]]), 4)
    with pytest.raises(BadOption, match="objective"):
        Exact(POPULATIONS["two"], 4).frontier([0.1], "speed")  # type: ignore[arg-type]
    with pytest.raises(BadOption, match="cap"):
        Exact(POPULATIONS["two"], 0)
