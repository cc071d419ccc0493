"""From outcomes by problem to what is shown: curves, the frontier, difficulty, errors, and comparisons in words."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from thinkharder.core.errors import UsageError
from thinkharder.replay.classed import ABSTAINS, Classed
from thinkharder.reports.findings import REFERENCES, Bin, Comparison, Curve, Point, Split
from thinkharder.reports.rated import Rated
from thinkharder.reports.wording import percent
from thinkharder.stats.compare import compare
from thinkharder.stats.decomposition import decompose
from thinkharder.stats.intervals import mean_interval
from thinkharder.stats.multiple import holm

RATES = ("never right", "under 25%", "25% to 50%", "50% to 75%", "over 75%", "always right")
ALL_PAIRS = 6
"""Strategies of which every pair is compared; more are compared with the first alone."""
GROUPED = 8
"""Strategies that the figures of groups show, at most: the most accurate ones."""
NOISE = 6.0
"""Standard errors by which a resampled accuracy may exceed what is possible."""


def point(rated: Rated) -> Point:
    """The means over the problems that are known, and the interval of the accuracy."""
    found = mean_interval(rated.accuracy[rated.known])
    return Point(
        strategy=rated.name,
        budget=rated.budget,
        samples=rated.samples,
        input_tokens=rated.input_tokens,
        output_tokens=rated.output_tokens,
        accuracy=found.estimate,
        low=found.low,
        high=found.high,
        agreement=rated.agreement,
        seconds=rated.seconds,
        usd=rated.usd,
    )


def curves(rated: Sequence[Rated]) -> tuple[Curve, ...]:
    """One curve a strategy, its points by cost; strategies first, then what was run live, then the references."""
    names = list(dict.fromkeys(one.name for one in rated))
    names.sort(key=lambda name: (name in REFERENCES, name.endswith("(live)")))
    found = []
    for name in names:
        own = [one for one in rated if one.name == name]
        points = sorted(map(point, own), key=lambda p: p.tokens if np.isfinite(p.tokens) else p.samples)
        found.append(Curve(name, tuple(points), live=own[0].live, oracle=own[0].oracle))
    return tuple(found)


def frontier(drawn: Sequence[Curve]) -> tuple[Point, ...]:
    """The points of strategies that nothing cheaper (in tokens, else in samples) equals in accuracy, cheapest first."""
    points = [p for curve in drawn if not curve.reference and not curve.oracle for p in curve.points]
    points = [p for p in points if np.isfinite(p.accuracy) and np.isfinite(p.tokens)]
    best: list[Point] = []
    for p in sorted(points, key=lambda p: (p.tokens, -p.accuracy)):
        if not best or p.accuracy > best[-1].accuracy:
            best.append(p)
    return tuple(best)


def largest(rated: Sequence[Rated]) -> list[Rated]:
    """Each strategy at its largest budget, oracle and other references left out."""
    found: dict[str, Rated] = {}
    for one in rated:
        if one.name not in REFERENCES and not one.oracle:
            found[one.name] = max(found.get(one.name, one), one, key=lambda r: (r.draws, r.samples))
    return list(found.values())


def by_rate(rated: Sequence[Rated], rate: NDArray[np.float64]) -> tuple[Bin, ...]:
    """Accuracy by the share of a problem's samples that are right, [P]."""
    of = np.full(len(rate), -1)
    known = ~np.isnan(rate)
    of[known] = np.select(
        [rate[known] == 0, rate[known] == 1, rate[known] < 0.25, rate[known] < 0.5, rate[known] < 0.75],
        [0, 5, 1, 2, 3],
        default=4,
    )
    return _bins(rated, {name: of == i for i, name in enumerate(RATES)})


def by_level(rated: Sequence[Rated], levels: Mapping[str, str], problems: Sequence[str]) -> tuple[Bin, ...]:
    """Accuracy by the task's level; empty where it has no levels."""
    own = np.array([levels.get(name, "") for name in problems])
    names = sorted({name for name in own.tolist() if name}, key=lambda name: (len(name), name))
    return _bins(rated, {name: own == name for name in names[:12]})


def _bins(rated: Sequence[Rated], groups: Mapping[str, NDArray[np.bool_]]) -> tuple[Bin, ...]:
    shown = sorted(largest(rated), key=lambda one: -one.mean)[:GROUPED]
    shown = [one for one in largest(rated) if one in shown]
    found = []
    for group, inside in groups.items():
        for one in shown:
            values = one.accuracy[inside & one.known]
            if len(values):
                ends = mean_interval(values)
                found.append(Bin(one.name, group, len(values), ends.estimate, ends.low, ends.high))
    return tuple(found)


def splits(rated: Sequence[Rated], classed: Classed, trials: int) -> tuple[Split, ...]:
    """Where each strategy's problems end at its largest budget, and those of the random pick."""
    right = np.where(classed.recorded, classed.right, 0.0)
    good = ((right >= 1) & classed.recorded).sum(axis=1)
    silent = (classed.classes == ABSTAINS) & (right < 1)
    cut = (silent & classed.truncated).sum(axis=1)
    quiet = silent.sum(axis=1) - cut
    wrong = classed.counts - good - cut - quiet
    blind = [one for one in rated if one.name == "random pick"][:1]
    found = []
    for one in [*largest(rated), *blind]:
        if one.draws < 1 or not one.known.all():
            continue
        try:
            drawn, noise = np.minimum(one.draws, classed.counts), NOISE * 0.5 / float(np.sqrt(trials))
            parts = decompose(good, wrong, cut, quiet, one.accuracy, drawn, noise=noise).shares
        except UsageError:
            continue  # partial scores: what "right" means for a sample is not what it means for the pick
        del parts["cut"]
        found.append(Split(one.name, one.budget, **parts))
    return tuple(found)


def comparisons(rated: Sequence[Rated], seed: int) -> tuple[Comparison, ...]:
    """Strategies at their largest budgets, on the problems that both have, corrected for how many are compared (Holm)."""
    own = [one for one in largest(rated) if one.known.any()]
    own.sort(key=lambda one: -one.mean)
    first = next((one for one in own if one.name == "direct"), own[-1] if own else None)
    pairs = (
        list(combinations(own, 2)) if len(own) <= ALL_PAIRS else [(o, first) for o in own if o is not first]
    )
    made = [
        compare(a.accuracy, b.accuracy, names=(_named(a), _named(b)), seed=seed)
        for a, b in pairs
        if b is not None
    ]
    corrected = holm([one.p for one in made]) if made else np.zeros(0)
    tested = int((~np.isnan(corrected)).sum())
    found = []
    for one, p in zip(made, corrected, strict=True):
        whole = replace(one, adjusted=float(p), comparisons=tested)
        words = whole.verdict[:1].upper() + whole.verdict[1:] + "."
        found.append(Comparison(one.a, one.b, one.difference, one.low, one.high, float(p), words))
    return tuple(found)


def _named(one: Rated) -> str:
    return f"{one.name} at {one.budget}" if one.budget else one.name


def summary(drawn: Sequence[Curve], best: Sequence[Point]) -> tuple[str, ...]:
    """What a reader wants to know first."""
    told = []
    by_name = {curve.name: curve for curve in drawn}
    blind, oracle = by_name.get("random pick"), by_name.get("oracle")
    if best:
        top = best[-1]
        told.append(
            f"The most accurate is {top.strategy} at {top.budget}: {percent(top.accuracy)} "
            f"({100 * top.low:.1f} to {100 * top.high:.1f}) for {top.tokens:,.0f} tokens a problem."
        )
    if blind and blind.points and oracle and oracle.points:
        one, most = blind.points[0], oracle.points[-1]
        told.append(
            f"One sample is right in {percent(one.accuracy)}; at least one of {most.budget} is in "
            f"{percent(most.accuracy)}. A perfect selection would gain all between."
        )
        if best and most.accuracy > one.accuracy:
            share = (best[-1].accuracy - one.accuracy) / (most.accuracy - one.accuracy)
            told.append(f"The best strategy here gains {percent(max(0.0, share))} of that.")
    return tuple(told)
