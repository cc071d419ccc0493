"""The exact optimum of stopping a vote on a known population, by dynamic programming over all counts: a yardstick.

Nothing can do better on the population than a rule that knows its profiles (not which answer is which) and all counts.
Only for few answers: there is a state for every way to share the votes.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias, final

import numpy as np

from thinkharder.core.errors import BadOption
from thinkharder.stats.checks import Floats, Ints, at_least
from thinkharder.stats.optimal_states import Layer, layers
from thinkharder.stats.priors import Prior

Objective: TypeAlias = Literal["accuracy", "agreement"]
Wants = Callable[[int, Ints], Ints]
"""A rule: from the draws so far and their counts [states, answers], most first, to how many more it wants [states]."""
WAVE = 16
"""The most draws that the optimum asks for at once where requests cost something."""


@final
@dataclass(frozen=True, slots=True)
class Outcome:
    """What a rule brings on a population: `accuracy`, and the `agreement` with the vote at the cap (a tie counts as a
    random pick), in [0, 1]; `samples` paid and `requests` made, means a problem."""

    accuracy: float
    agreement: float
    samples: float
    requests: float


@final
class Exact:
    """A population (a Prior that never abstains, at most 6 answers) under a cap on draws."""

    def __init__(self, population: Prior, cap: int) -> None:
        self.cap = at_least("cap", cap, 1)
        self.layers: Sequence[Layer] = layers(population, cap)
        self.agree = self._agreement()

    def whole(self) -> Outcome:
        """All draws up to the cap, in one request."""
        return self.run(lambda n, counts: np.full(len(counts), self.cap - n))

    def run(self, rule: Wants) -> Outcome:
        """A rule, exactly. What it asks for at once is one request, paid whole; it sees the draws one by one, and may ask
        for more or stop among them; what it asked for in the meantime is asked for when they are all seen."""
        found = np.zeros(4)
        now: dict[tuple[int, int], Floats] = {(0, 0): np.ones(1)}
        for n, layer in enumerate(self.layers):
            gone = len(self.layers) - 1 - n
            wants = np.minimum(np.asarray(rule(n, layer.counts)), gone)
            then: dict[tuple[int, int], Floats] = {}
            for (paid, level), chance in now.items():
                stops = np.where(wants <= 0, chance, 0.0)
                found[:3] += stops @ layer.right, stops @ self.agree[n], stops.sum() * (n + paid)
                asked = np.maximum(wants, level)
                for upto in np.unique(asked[(wants > 0) & (chance > 0)]).tolist():
                    goes = np.where((wants > 0) & (asked == upto), chance, 0.0)
                    found[3] += goes.sum() * (paid == 0)
                    key = ((paid or upto) - 1, upto - 1)
                    moved = self._moved(n, goes)
                    then[key] = then[key] + moved if key in then else moved
            now = then
        return Outcome(*map(float, found))

    def frontier(
        self, prices: Sequence[float], objective: Objective = "accuracy", prompt: float = 0.0
    ) -> list[Outcome]:
        """The optimum at each price of a sample; a request costs `prompt` samples' price more."""
        if objective not in ("accuracy", "agreement"):
            raise BadOption(f"objective={objective!r} must be accuracy or agreement")
        return [self._best(price, objective, prompt) for price in prices]

    def _best(self, price: float, objective: Objective, prompt: float) -> Outcome:
        """Backward: for j draws that are paid already, [j, states]: the value, and what it is made of. With paid draws
        left it goes on: to look at them costs nothing."""
        most = WAVE if prompt else 1
        after = self._stopped(self.cap)[None]
        values = self._worth(after, price, objective, prompt)
        for n in range(self.cap - 1, -1, -1):
            coming, ahead = self._back(n, after), self._back(n, values)
            stop = self._stopped(n)
            best, value = stop, self._worth(stop, price, objective, prompt)
            for more in range(1, min(len(ahead), most) + 1):
                cost = np.array([0.0, 0.0, more, 1.0])
                worth = ahead[more - 1] - price * (more + prompt)
                better = worth > value + 1e-13
                best = np.where(better[:, None], coming[more - 1] + cost, best)
                value = np.where(better, worth, value)
            after = np.concatenate([best[None], coming[: most - 1]])
            values = np.concatenate([value[None], ahead[: most - 1]])
        return Outcome(*map(float, after[0, 0]))

    def _stopped(self, n: int) -> Floats:
        size = len(self.layers[n].right)
        return np.stack([self.layers[n].right, self.agree[n], np.zeros(size), np.zeros(size)], axis=1)

    @staticmethod
    def _worth(parts: Floats, price: float, objective: Objective, prompt: float) -> Floats:
        found: Floats = parts[..., 0 if objective == "accuracy" else 1] - price * (
            parts[..., 2] + prompt * parts[..., 3]
        )
        return found

    def _back(self, n: int, values: Floats) -> Floats:
        """Means over the next draw of `values` [j, states of n + 1, …], [j, states of n, …]."""
        layer = self.layers[n]
        shape = (1, -1) + (1,) * (values.ndim - 2)
        found = np.zeros((len(values), len(layer.counts), *values.shape[2:]))
        for i in range(layer.counts.shape[1]):
            found += layer.next[:, i].reshape(shape) * values[:, layer.after[:, i]]
        return found

    def _moved(self, n: int, chance: Floats) -> Floats:
        if n == self.cap:
            return np.zeros(0)
        layer = self.layers[n]
        flow = (layer.next * chance[:, None]).ravel()
        found: Floats = np.bincount(layer.after.ravel(), flow, len(self.layers[n + 1].counts)).astype(
            np.float64
        )
        return found

    def _agreement(self) -> list[Floats]:
        """The chance that the vote at the cap picks the leader of each state, [states] for each layer."""
        wins = self.layers[-1].top
        found = [np.ones(len(wins))]
        for layer in reversed(self.layers[:-1]):
            states, answers = layer.counts.shape
            now = np.zeros((states, answers))
            rows = np.arange(states)
            for i in range(answers):
                for mine in range(answers):
                    there = np.where(
                        mine == i, layer.place[:, i], np.where(mine == layer.place[:, i], i, mine)
                    )
                    now[rows, mine] += layer.next[:, i] * wins[layer.after[:, i], there]
            wins = now
            found.append((wins * layer.top).sum(axis=1) if layer.counts.any() else np.zeros(1))
        return found[::-1]
