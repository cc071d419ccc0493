"""Forecasts of best-of-k: the highest of k scores is a right answer's.

Of draws at one level of the score a share is right, and the top of k draws lies at level l with chance M_l^k - M_(l-1)^k, M
the cumulative mass of the levels; the winner is then a random one of that level. So with a_l and b_l the chances that a
right and a wrong draw score level l, best@k of a problem with right rate p is

    sum over l of (M_l^k - M_(l-1)^k) p a_l / m_l,     m_l = p a_l + (1 - p) b_l.

A scorer with few values (tests passed, a grade) has these as its levels, with the same a and b for all problems. Any other is
binormal within a problem: scores are turned into normal scores (their order is all that counts); a problem has a centre of its
own; right draws lie `gap` above its wrong ones, and the gap differs from problem to problem: Normal(gap, between). Where it is
negative the scorer prefers a wrong answer, and best@k falls with k.

What is assumed: the spreads are the same for all problems, the gap of a problem does not depend on its rate, and in the tails,
which decide at large k, the normal form holds. No pool of moderate size can test the last.
"""

from dataclasses import dataclass
from typing import Any, final

import numpy as np

from thinkharder.core.errors import BadOption
from thinkharder.stats.scaling.forecast import Fitted, Forecast
from thinkharder.stats.scaling.lib import Floats, Ints, special, whole_budgets

FEW = 12
"""Scorers with at most so many values are taken as they are."""
LEVELS = 140
_ODDS = np.linspace(-14, 14, 43)
"""Log odds of the rates at which best@k is computed; between them it is interpolated."""
GAPS = 15


@final
@dataclass(frozen=True, slots=True)
class Pairs:
    """What problems with both kinds of draw show of the gap: estimate and its sampling variance, [J]; NaN where there is
    one kind only, [P]."""

    gap: Floats
    variance: Floats


@final
@dataclass(frozen=True, slots=True)
class ScoreLaw:
    """How a scorer ranks right draws among wrong ones. Scores are in spreads of the wrong draws, their centre at 0."""

    form: str
    """discrete or binormal."""
    right: Floats
    wrong: Floats
    """Chances of the levels, lowest first, [L], of a discrete scorer; empty for a binormal one."""
    gap: float = 0.0
    between: float = 0.0
    """Standard deviation of the gap over problems."""
    spread: float = 1.0
    """Standard deviation of right draws' scores."""
    bare: tuple[float, float] = (0.0, 0.0)
    """Shares of right and of wrong draws without a score or an answer to score: they rank below all others."""

    @property
    def auroc(self) -> float:
        """The chance that a scored right draw lies above a scored wrong one of the same problem, ties half."""
        if self.form == "discrete":
            below = np.cumsum(self.wrong) - self.wrong
            return float(self.right @ (below + self.wrong / 2))
        total = np.sqrt(1 + self.spread**2 + self.between**2)
        return float(special().ndtr(self.gap / total))

    def levels(self, gap: float) -> tuple[Floats, Floats]:
        """Chances of every level for right and for wrong draws of a problem with this gap, [L] each."""
        if self.form == "discrete":
            right, wrong = self.right, self.wrong
        else:
            sp = special()
            low, high = min(-5.0, gap - 5 * self.spread), max(5.0, gap + 5 * self.spread)
            edges = np.linspace(low, high, LEVELS - 1)
            places = ((edges - gap) / self.spread, edges)
            right, wrong = (np.diff(sp.ndtr(e), prepend=0.0, append=1.0) for e in places)
        first, second = self.bare
        return np.concatenate([[first], (1 - first) * right]), np.concatenate(
            [[second], (1 - second) * wrong]
        )

    def best(self, p: Floats, k: Ints, gap: float | None = None) -> Floats:
        """best@k of problems with right rates p [R] and one gap (the mean one by default), at budgets k [K]: [R, K]."""
        right, wrong = self.levels(self.gap if gap is None else gap)
        mass = p[:, None] * right + (1 - p[:, None]) * wrong
        share = np.divide(p[:, None] * right, mass, out=np.zeros_like(mass), where=mass > 0)
        upto = np.minimum(np.cumsum(mass, axis=1), 1.0)
        before = np.concatenate([np.zeros((len(p), 1)), upto[:, :-1]], axis=1)
        with np.errstate(divide="ignore"):
            high, low = np.log(upto), np.log(before)
        return np.stack([((np.exp(one * high) - np.exp(one * low)) * share).sum(axis=1) for one in k], axis=1)


def fit_scores(scores: Any, right: Any) -> tuple[ScoreLaw, Pairs]:
    """Fit to scores and rightness, both [P, N]. A score of NaN ranks below every score; a rightness of NaN is no draw.

    Raises BadOption where scored draws of one kind are missing altogether, or no problem has both (binormal).
    """
    value, good = np.atleast_2d(np.asarray(scores, dtype=np.float64)), np.atleast_2d(np.asarray(right))
    if value.shape != good.shape:
        raise BadOption(
            f"scores {value.shape} and right {good.shape} must have one shape, [problems, samples]"
        )
    judged, hits = np.isfinite(good), good >= 1
    there = judged & np.isfinite(value)
    hit, miss = there & hits, there & ~hits
    if not (hit.any() and miss.any()):
        raise BadOption(
            "best-of-k takes scored draws of both kinds, right and wrong; this pool has one kind only"
        )
    kinds = (judged & hits, judged & ~hits)
    bare = (float(1 - hit.sum() / kinds[0].sum()), float(1 - miss.sum() / kinds[1].sum()))
    known = np.unique(value[there])
    if len(known) <= FEW:
        level = np.searchsorted(known, np.where(there, value, known[0]))
        # half a draw over all levels, so that none is held for impossible
        tables = [np.bincount(level[one], minlength=len(known)) + 0.5 / len(known) for one in (hit, miss)]
        none = np.full(len(value), np.nan)
        right_levels, wrong_levels = (table / table.sum() for table in tables)
        return ScoreLaw("discrete", right_levels, wrong_levels, bare=bare), Pairs(none, none)
    return _binormal(_normal_scores(value, there), hit, miss, bare)


def _normal_scores(value: Floats, there: Any) -> Floats:
    """Ranks over all draws as normal quantiles, ties sharing their mean rank, [P, N]; NaN where not scored."""
    flat = value[there]
    _, where, many = np.unique(flat, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(many) - (many - 1) / 2)[where]
    found = np.full(value.shape, np.nan)
    found[there] = special().ndtri((ranks - 0.5) / len(flat))
    return found


def _binormal(order: Floats, hit: Any, miss: Any, bare: tuple[float, float]) -> tuple[ScoreLaw, Pairs]:
    counts, means, spreads = [], [], []
    for kind in (hit, miss):
        count = kind.sum(axis=1)
        mean = np.where(kind, order, 0).sum(axis=1) / np.maximum(count, 1)
        square = (np.where(kind, order - mean[:, None], 0) ** 2).sum()
        free = int(np.maximum(count - 1, 0).sum())
        counts.append(count)
        means.append(mean)
        spreads.append(float(np.sqrt(square / free)) if free and square > 0 else float("nan"))
    both = (counts[0] > 0) & (counts[1] > 0)
    if not both.any():
        raise BadOption("best-of-k takes problems with both right and wrong scored draws; this pool has none")
    usual = float(np.nanmean(spreads)) if np.isfinite(spreads).any() else 1.0
    up, down = (one if np.isfinite(one) else usual for one in spreads)
    gap = np.where(both, (means[0] - means[1]) / down, np.nan)
    noise = (up / down) ** 2 / np.maximum(counts[0], 1) + 1 / np.maximum(counts[1], 1)
    seen = Pairs(gap, np.where(both, noise, np.nan))
    mean, between = random_effects(seen.gap[both], seen.variance[both])
    empty = np.empty(0)
    return ScoreLaw("binormal", empty, empty, mean, between, up / down, bare), seen


def random_effects(estimate: Floats, variance: Floats) -> tuple[float, float]:
    """Mean and standard deviation over problems of what was estimated with known variances, [J].

    Reference: DerSimonian and Laird 1986, Controlled Clinical Trials 7, 177-188 (moments).
    """
    weight = 1 / variance
    mean = float(weight @ estimate / weight.sum())
    free = float(weight.sum() - (weight**2).sum() / weight.sum())
    excess = float(weight @ (estimate - mean) ** 2) - (len(estimate) - 1)
    square = max(0.0, excess / free) if free > 1e-12 else 0.0
    weight = 1 / (variance + square)
    return float(weight @ estimate / weight.sum()), float(np.sqrt(square))


def forecast_best(
    fitted: Fitted, scores: Any, right: Any, k: Any, *, level: float = 0.95, seed: int = 0
) -> Forecast:
    """best@k at budgets k [K] on the sampled problems: the law of the rates, and a score law from scores, right [P, N].

    The interval holds the law's numbers, the gap's over problems (both by resampling problems), and each problem's rate and
    gap given its draws. Raises BadOption as `fit_scores` does.
    """
    budgets = whole_budgets(k)
    rng = np.random.default_rng(seed)
    laws = fitted.again or (fitted.law,)
    law, seen = fit_scores(scores, right)
    both = np.flatnonzero(np.isfinite(seen.gap))
    gaps = _grid(law, seen)
    table = np.stack([law.best(1 / (1 + np.exp(-_ODDS)), budgets, float(gap)) for gap in gaps])

    def gap_law() -> tuple[float, float]:
        pick = rng.choice(both, len(both)) if len(both) else both
        return random_effects(seen.gap[pick], seen.variance[pick]) if len(both) else (0.0, 0.0)

    def once(rates: Any, mean: float, between: float) -> Floats:
        p = rates.draw_given(fitted.n, fitted.c, rng)
        return _mean_at(p, _gaps_given(seen, mean, between, rng), table, gaps)

    point = np.mean([once(fitted.law, law.gap, law.between) for _ in range(100)], axis=0)
    drawn = np.array([once(one, *gap_law()) for one in laws])
    told = Forecast.of_draws("best", f"{fitted.law.name} + {law.form} scores", budgets, point, drawn, level)
    return told.at_the_edge(fitted.n, fitted.c, level)


def _grid(law: ScoreLaw, seen: Pairs) -> Floats:
    """Gaps at which best@k is computed."""
    if law.form == "discrete":
        return np.zeros(1)
    far = max(3 * law.between, float(np.nanmax(np.abs(seen.gap - law.gap))), 0.5)
    return np.linspace(law.gap - far, law.gap + far, GAPS)


def _gaps_given(seen: Pairs, mean: float, between: float, rng: np.random.Generator) -> Floats:
    """One gap a problem from its posterior, [P]; from the law over problems where it showed one kind only."""
    trust = np.where(
        np.isfinite(seen.gap), between**2 / (between**2 + np.nan_to_num(seen.variance, nan=1.0) + 1e-300), 0.0
    )
    centre = mean + trust * (np.nan_to_num(seen.gap, nan=mean) - mean)
    return np.asarray(centre + np.sqrt(1 - trust) * between * rng.standard_normal(len(trust)))


def _mean_at(p: Floats, gap: Floats, table: Floats, gaps: Floats) -> Floats:
    """Mean best@k over problems with rates p and gaps [P], interpolated in the table [G, odds, K] both ways, [K]."""
    with np.errstate(divide="ignore"):
        odds = np.clip(np.log(p) - np.log1p(-p), _ODDS[0], _ODDS[-1])
    found = np.zeros(table.shape[2])
    for weight, g in _between(gap, gaps):
        for share, o in _between(odds, _ODDS):
            found += (weight * share) @ table[g, o]
    return found / len(p)


def _between(values: Floats, nodes: Floats) -> list[tuple[Floats, Ints]]:
    """The two neighbouring nodes of each value, each with its weight."""
    if len(nodes) == 1:
        return [(np.ones(len(values)), np.zeros(len(values), dtype=np.int64))]
    place = np.clip(np.interp(values, nodes, np.arange(len(nodes), dtype=np.float64)), 0, len(nodes) - 1)
    low = np.minimum(place.astype(np.int64), len(nodes) - 2)
    return [(1 - (place - low), low), (place - low, low + 1)]
