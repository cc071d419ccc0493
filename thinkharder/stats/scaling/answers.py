"""The law of a problem's answers: how often it is right, abstains, and how its wrong answers share what is left.

A vote's result depends on the whole distribution of answers, of which a few draws show little. The law is hierarchical, each
part fitted over all problems together:

- the right rate p has one of the laws of rates.py;
- of what is not right a share abstains, Beta-distributed over problems;
- wrong answers are draws from a Pitman-Yor process (Pitman and Yor 1997) with one discount d and one concentration t for all
  problems: of m wrong draws in K classes the next is a class seen m_j times with chance (m_j - d) / (m + t), else a new one.

What it assumes: draws are independent; the shape of the wrong answers does not depend on how hard the problem is, nor
abstaining; all right draws are one answer.
"""

from dataclasses import dataclass
from typing import Any, final

import numpy as np

from thinkharder.core.errors import BadOption
from thinkharder.stats.scaling.fit import FITS, Tally, fit_beta, minimise
from thinkharder.stats.scaling.lib import Floats, Ints, counts
from thinkharder.stats.scaling.rates import BetaRates, RateLaw

STICKS, TAIL = 24, 24
"""Unseen wrong answers in a drawn distribution: so many by stick-breaking, and the rest in so many equal parts."""


@final
@dataclass(frozen=True, slots=True)
class Ballots:
    """Answers counted: draws n, right ones and abstentions [P], and each problem's wrong answers, most frequent first, [P, M]."""

    n: Ints
    right: Ints
    abstained: Ints
    wrong: Ints

    @classmethod
    def of(cls, classes: Any, right: Any) -> "Ballots":
        """From answer classes [P, N] (-1 abstained, -2 not recorded) and whether each draw is right [P, N] (1, 0, or NaN).

        A draw whose answer is not known to be right counts as wrong; an abstention is never right.
        Raises BadOption where the shapes differ or a problem has no draw.
        """
        kinds, good = np.atleast_2d(np.asarray(classes, dtype=np.int64)), np.atleast_2d(np.asarray(right))
        if kinds.shape != good.shape:
            raise BadOption(
                f"classes {kinds.shape} and right {good.shape} must have one shape, [problems, samples]"
            )
        hit = (good >= 1) & (kinds >= 0)
        there, miss = kinds > -2, (kinds >= 0) & ~hit
        wide = int(kinds.max(initial=0)) + 1
        table = np.zeros((len(kinds), wide), dtype=np.int64)
        rows, columns = np.nonzero(miss)
        np.add.at(table, (rows, kinds[rows, columns]), 1)
        table = -np.sort(-table, axis=1)
        used = max(1, int((table > 0).sum(axis=1).max(initial=0)))
        n, c = counts(there.sum(axis=1), hit.sum(axis=1))
        return cls(n, c, (kinds == -1).sum(axis=1), table[:, :used])

    def select(self, problems: Ints) -> "Ballots":
        """These problems alone, in that order; a problem may come more than once."""
        return Ballots(self.n[problems], self.right[problems], self.abstained[problems], self.wrong[problems])


@final
@dataclass(frozen=True, slots=True)
class AnswerLaw:
    """See the module: the law of the right rate, of abstaining, and of how wrong answers agree."""

    rates: RateLaw
    abstain: BetaRates
    discount: float
    concentration: float

    @property
    def name(self) -> str:
        """What it is called in tables."""
        return f"{self.rates.name} + Pitman-Yor"

    @property
    def parameters(self) -> dict[str, float]:
        """All fitted numbers by name."""
        own = {"discount": self.discount, "concentration": self.concentration}
        share = {"abstain": self.abstain.alpha / (self.abstain.alpha + self.abstain.beta)}
        return {**self.rates.parameters, **share, **own}

    def draw_given(self, seen: Ballots, rng: np.random.Generator) -> Floats:
        """One distribution of answers a problem from the posterior, [P, 2 + M + STICKS + TAIL].

        Column 0 is the right answer, column 1 abstaining, then the wrong answers seen (as in `seen.wrong`), then unseen ones.
        Rows sum to 1.
        """
        p = self.rates.draw_given(seen.n, seen.right, rng)
        lost = seen.n - seen.right
        silent = rng.beta(self.abstain.alpha + seen.abstained, self.abstain.beta + lost - seen.abstained)
        wrong = self._wrong(seen.wrong, rng) * ((1 - p) * (1 - silent))[:, None]
        return np.concatenate([p[:, None], ((1 - p) * silent)[:, None], wrong], axis=1)

    def _wrong(self, seen: Ints, rng: np.random.Generator) -> Floats:
        """Shares of the wrong answers: the classes seen, then new ones, [P, M + STICKS + TAIL]."""
        kinds = (seen > 0).sum(axis=1)
        fresh = self.concentration + self.discount * kinds
        mass = np.where(seen > 0, rng.standard_gamma(np.maximum(seen - self.discount, 1e-12)), 0.0)
        new = rng.standard_gamma(fresh)
        total = mass.sum(axis=1) + new
        order = 1 + np.arange(STICKS)
        breaks = rng.beta(1 - self.discount, fresh[:, None] + order * self.discount)
        left = np.cumprod(1 - breaks, axis=1)
        before = np.concatenate([np.ones((len(seen), 1)), left[:, :-1]], axis=1)
        tail = np.repeat(left[:, -1:] / TAIL, TAIL, axis=1)
        unseen = np.concatenate([breaks * before, tail], axis=1) * (new / total)[:, None]
        return np.concatenate([mass / total[:, None], unseen], axis=1)


def fit_answers(seen: Ballots, law: str = "beta-binomial") -> AnswerLaw:
    """Fit every part by maximum likelihood over the problems."""
    lost = seen.n - seen.right
    some = lost > 0
    if some.any() and seen.abstained.any():
        abstain = fit_beta(Tally.of(lost[some], seen.abstained[some]))
    else:  # never seen to abstain: a rate about one over what was drawn
        abstain = BetaRates(0.5, 0.5 + float(lost.sum()))
    return AnswerLaw(FITS[law](Tally.of(seen.n, seen.right)), abstain, *fit_pitman_yor(seen.wrong))


def fit_pitman_yor(wrong: Ints) -> tuple[float, float]:
    """Discount in [0, 0.95] and concentration > 0 by maximum likelihood of the partitions, from class counts [P, M].

    The likelihood is the exchangeable partition probability function (Pitman 1995), of which the counts "how many problems
    have more than i classes, more than i wrong draws, how many classes more than l draws" are all that it takes. With no
    problem of two wrong draws nothing is known: (0, 1), under which half of all pairs of wrong answers agree.
    """
    draws, kinds = wrong.sum(axis=1), (wrong > 0).sum(axis=1)
    if draws.max(initial=0) < 2:
        return 0.0, 1.0
    i = np.arange(1, int(draws.max()))
    more_draws = (draws[:, None] > i).sum(axis=0)
    more_kinds = (kinds[:, None] > i).sum(axis=0)
    sizes = wrong[wrong > 0]
    bigger = (sizes[:, None] > i).sum(axis=0)

    def loss(x: Floats) -> tuple[float, Floats]:
        d, t = 0.95 / (1 + np.exp(-x[0])), np.exp(x[1])
        value = more_kinds @ np.log(t + i * d) - more_draws @ np.log(t + i) + bigger @ np.log(i - d)
        by_d = more_kinds @ (i / (t + i * d)) - bigger @ (1 / (i - d))
        by_t = more_kinds @ (1 / (t + i * d)) - more_draws @ (1 / (t + i))
        slope = np.array([by_d * d * (1 - d / 0.95), by_t * t])
        # weak pull to (0.3, 1), worth less than one problem, so that all-alike or all-different wrong answers have a maximum
        gap = x - np.array([-0.8, 0.0])
        return 0.05 * float(gap @ gap) - float(value), 0.1 * gap - slope

    best = minimise(loss, np.array([-0.8, 0.0]), [(-6.0, 6.0), (-5.0, 6.0)])
    return float(0.95 / (1 + np.exp(-best[0]))), float(np.exp(best[1]))
