"""Many comparisons in one table: corrected p-values."""

import numpy as np
from numpy.typing import ArrayLike

from thinkharder.core.errors import BadOption
from thinkharder.stats.checks import Floats, floats


def holm(ps: ArrayLike) -> Floats:
    """Adjusted p-values [comparisons]: the chance of even one false finding in the table stays under the level that they
    are held against, however the tests depend on one another.

    NaN (a test that could not be made) stays NaN and does not count as a comparison. BadOption outside [0, 1].

    Reference: Holm 1979, Scandinavian Journal of Statistics 6, 65-70.
    """
    p = floats("ps", ps)
    if p.ndim != 1 or ((p < 0) | (p > 1)).any():
        raise BadOption("p-values must be a list of numbers in [0, 1], NaN where there is none")
    found = np.full(p.shape, np.nan)
    tested = np.flatnonzero(~np.isnan(p))
    order = tested[np.argsort(p[tested], kind="stable")]
    left = len(order) - np.arange(len(order))
    found[order] = np.minimum(1.0, np.maximum.accumulate(left * p[order]))
    return found
