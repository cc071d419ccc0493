"""Tests of two strategies on the same problems."""

from dataclasses import dataclass
from math import comb
from typing import final

import numpy as np
from numpy.typing import ArrayLike

from thinkharder.core.errors import BadOption
from thinkharder.stats.checks import Floats, at_least
from thinkharder.stats.intervals import problem_means

MOST_EXACT = 20
"""Problems that differ up to which every assignment of signs is counted (2 to the 20th)."""
_TIE = 1e-9
_NUMBERS = 4_000_000


@final
@dataclass(frozen=True, slots=True)
class PairedTest:
    """The mean of a - b, the two-sided p-value (NaN where nothing can be tested), problems compared and how many of them
    differ, and the test."""

    difference: float
    p: float
    problems: int
    differ: int
    method: str


def permutation_test(a: ArrayLike, b: ArrayLike, *, resamples: int = 20_000, seed: int = 0) -> PairedTest:
    """Could a - b be as far from 0 as it is if the two strategies were exchangeable on every problem?

    `a` and `b` [problems] or [problems, samples] (averaged by problem), the same problems in the same order. The signs of
    the differences are flipped: all assignments where at most 20 problems differ or all differ by the same amount (exact),
    else `resamples` random ones (seeded; p counts the observed one among them, so it is never 0). Equal sums count as
    extreme. Two sides. No difference at all gives p = 1; no problem, or a NaN, gives NaN.

    Reference: Fisher 1935, The Design of Experiments, section 21; counting the observed: Phipson and Smyth 2010,
    Statistical Applications in Genetics and Molecular Biology 9(1), article 39.
    """
    at_least("resamples", resamples, 1)
    d = _differences(a, b)
    if len(d) == 0 or np.isnan(d).any():
        return PairedTest(np.nan, np.nan, len(d), 0, "undefined")
    sizes = np.abs(d)
    some = sizes > _TIE
    left, mean = d[some], float(d.mean())
    n = len(left)
    if n == 0:
        return PairedTest(mean, 1.0, len(d), 0, "no problem differs")
    if np.ptp(np.abs(left)) <= _TIE:
        fewer = int(min((left > 0).sum(), (left < 0).sum()))
        return PairedTest(mean, _binomial_p(fewer, n), len(d), n, "permutation of signs, exact")
    if n <= MOST_EXACT:
        return PairedTest(mean, _all_signs(left), len(d), n, "permutation of signs, exact")
    p = _some_signs(left, resamples, np.random.default_rng(seed))
    return PairedTest(mean, p, len(d), n, f"permutation of signs, {resamples:,} drawn")


def mcnemar(a: ArrayLike, b: ArrayLike) -> PairedTest:
    """The exact McNemar test with mid-p, for 0/1 outcomes [problems] of two strategies on the same problems.

    Only problems that one of the two solves count; under the null hypothesis each falls to either side by a fair coin.
    Mid-p counts the observed split half: close to its level, where the plain exact test is far below it. Two sides.
    p = 1 where no problem differs; NaN without problems or with a NaN. Anything but 0 and 1 raises BadOption.

    Reference: McNemar 1947, Psychometrika 12, 153-157; mid-p: Fagerland, Lydersen and Laake 2013, BMC Medical Research
    Methodology 13:91.
    """
    d, known = _differences(a, b), np.concatenate([problem_means(a), problem_means(b)])
    if len(d) == 0 or np.isnan(d).any():
        return PairedTest(np.nan, np.nan, len(d), 0, "undefined")
    if not np.isin(known, (0.0, 1.0)).all():
        raise BadOption(
            "McNemar's test takes one 0/1 outcome a problem; for means of samples use permutation_test"
        )
    gains, losses = int((d > 0).sum()), int((d < 0).sum())
    n, fewer = gains + losses, min(gains, losses)
    p = 1.0 if gains == losses else _binomial_p(fewer, n) - comb(n, fewer) / (1 << n)
    return PairedTest(float(d.mean()), p, len(d), n, "McNemar, exact, mid-p")


def _differences(a: ArrayLike, b: ArrayLike) -> Floats:
    one, two = problem_means(a), problem_means(b)
    if one.shape != two.shape:
        raise BadOption(
            f"a has {len(one)} problems and b {len(two)}: compare the same problems in the same order"
        )
    found: Floats = one - two
    return found


def _binomial_p(fewer: int, n: int) -> float:
    """Two-sided p of a fair coin that fell `fewer` times on its rarer side of n."""
    return min(1.0, 2 * sum(comb(n, i) for i in range(fewer + 1)) / (1 << n))


def _all_signs(d: Floats) -> float:
    sums = np.zeros(1)
    for one in d:
        sums = np.concatenate([sums + one, sums - one])
    return float((np.abs(sums) >= _bar(d)).mean())


def _some_signs(d: Floats, resamples: int, rng: np.random.Generator) -> float:
    extreme, rows = 0, max(1, _NUMBERS // len(d))
    for start in range(0, resamples, rows):
        signs = rng.integers(2, size=(min(rows, resamples - start), len(d)), dtype=np.int8) * 2.0 - 1.0
        extreme += int((np.abs(signs @ d) >= _bar(d)).sum())
    return (1 + extreme) / (1 + resamples)


def _bar(d: Floats) -> float:
    """The observed sum, less what rounding may take off an equal one."""
    return abs(float(d.sum())) - _TIE * float(np.abs(d).sum())
