"""Comparisons of strategies on the same problems, said in words: a difference that the data do not support is none."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import final

import numpy as np
from numpy.typing import ArrayLike

from thinkharder.core.errors import BadOption
from thinkharder.stats.checks import Floats
from thinkharder.stats.intervals import difference_interval, problem_means
from thinkharder.stats.multiple import holm
from thinkharder.stats.paired import mcnemar, permutation_test


@final
@dataclass(frozen=True, slots=True)
class Comparison:
    """Two strategies on the same problems.

    `difference` is the mean of a - b over the `problems` where both have a value (`left_out`: the others); `low`, `high`
    its 95% interval, of this difference alone; `p` of the paired test `method`; `adjusted` that p corrected by Holm over
    the `comparisons` of the table; `alpha` what it is held against. Shares in [0, 1] where `points`, else plain numbers.
    """

    a: str
    b: str
    difference: float
    low: float
    high: float
    p: float
    adjusted: float
    problems: int
    left_out: int
    method: str
    comparisons: int = 1
    alpha: float = 0.05
    points: bool = True

    @property
    def shown(self) -> bool:
        """Whether the data support a difference: the corrected p is under alpha."""
        return bool(self.adjusted < self.alpha)

    @property
    def verdict(self) -> str:
        """One sentence: which is better and by how much, or that no difference is shown."""
        if np.isnan(self.p):
            return f"{self.a} and {self.b} cannot be compared: they have no problem in common"
        unit = " points" if self.points else ""
        low, high = self._number(self.low), self._number(self.high)
        found = f"{self._number(self.difference)}{unit}, 95% interval {low} to {high}"
        many = f", Holm over {self.comparisons}" if self.comparisons > 1 else ""
        given = f"p {_rounded(self.adjusted)}{many}, {self.problems} problems"
        if self.left_out:
            given += f", {self.left_out} left out"
        if not self.shown:
            return f"no difference shown between {self.a} and {self.b} ({found}; {given})"
        return f"{self.a} is {'above' if self.difference > 0 else 'below'} {self.b} ({found}; {given})"

    def _number(self, value: float) -> str:
        return f"{100 * value:+.1f}" if self.points else f"{value:+,.4g}"


def compare(
    a: ArrayLike,
    b: ArrayLike,
    *,
    names: tuple[str, str] = ("a", "b"),
    bounds: tuple[float, float] | None = (0.0, 1.0),
    alpha: float = 0.05,
    seed: int = 0,
) -> Comparison:
    """Compare two strategies; `a` and `b` [problems] or [problems, samples], the same problems in the same order.

    Problems where either is NaN are left out, and counted. Test: McNemar's exact mid-p where all values are 0 or 1, else the
    permutation of signs by problem; two sides. `bounds=None` for tokens or seconds.
    """
    if not 0 < alpha < 1:
        raise BadOption(f"alpha={alpha} must lie between 0 and 1, such as 0.05")
    one, two = problem_means(a), problem_means(b)
    if one.shape != two.shape:
        raise BadOption(
            f"{names[0]} has {len(one)} problems and {names[1]} {len(two)}: give the same, in one order"
        )
    both = ~(np.isnan(one) | np.isnan(two))
    left, one, two = int((~both).sum()), one[both], two[both]
    test = mcnemar(one, two) if _binary(one) and _binary(two) else permutation_test(one, two, seed=seed)
    found = difference_interval(one, two, bounds=bounds, seed=seed)
    return Comparison(
        *names,
        found.estimate,
        found.low,
        found.high,
        test.p,
        test.p,
        test.problems,
        left,
        test.method,
        alpha=alpha,
        points=bounds == (0.0, 1.0),
    )


def compare_all(
    rows: Mapping[str, ArrayLike],
    baseline: str,
    *,
    bounds: tuple[float, float] | None = (0.0, 1.0),
    alpha: float = 0.05,
    seed: int = 0,
) -> dict[str, Comparison]:
    """Compare every row of a table with one of them, corrected by Holm over the table; the result lacks the baseline.

    `rows` name -> values over the same problems in the same order, as in `compare`.
    """
    if baseline not in rows:
        raise BadOption(f"baseline {baseline!r} is no row; rows: {', '.join(rows)}")
    names = [name for name in rows if name != baseline]
    made = [
        compare(rows[name], rows[baseline], names=(name, baseline), bounds=bounds, alpha=alpha, seed=seed)
        for name in names
    ]
    return dict(zip(names, corrected(made), strict=True))


def corrected(made: Sequence[Comparison]) -> list[Comparison]:
    """The comparisons of one table, each with its p corrected by Holm over all of them that could be tested."""
    ps = holm([one.p for one in made])
    tested = int((~np.isnan(ps)).sum())
    return [replace(one, adjusted=float(p), comparisons=tested) for one, p in zip(made, ps, strict=True)]


def _binary(values: Floats) -> bool:
    return bool(np.isin(values, (0.0, 1.0)).all())


def _rounded(p: float) -> str:
    return "< 0.001" if p < 0.001 else f"= {p:.3f}" if p < 0.1 else f"= {p:.2f}"
