"""scipy, imported where it is first needed, and what every part of this package shares."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from thinkharder.core.errors import BadOption, MissingExtra

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def special() -> Any:
    """The module scipy.special. Raises MissingExtra."""
    try:
        import scipy.special as found  # type: ignore[import-untyped, unused-ignore]
    except ImportError:
        raise MissingExtra("fitting a scaling law", "bench") from None
    return found


def optimize() -> Any:
    """The module scipy.optimize. Raises MissingExtra."""
    try:
        import scipy.optimize as found  # type: ignore[import-untyped, unused-ignore]
    except ImportError:
        raise MissingExtra("fitting a scaling law", "bench") from None
    return found


def counts(n: Any, c: Any) -> tuple[Ints, Ints]:
    """Draws and right draws per problem as whole numbers, both [P].

    Raises BadOption where they differ in length, are empty, are not whole, or where 0 <= c <= n or n >= 1 fails.
    """
    drawn, right = np.atleast_1d(np.asarray(n)), np.atleast_1d(np.asarray(c))
    if drawn.shape != right.shape or drawn.ndim != 1 or not drawn.size:
        raise BadOption(
            f"draws {drawn.shape} and right draws {right.shape} must be two lists of the same length, one entry a problem"
        )
    whole = [np.rint(one).astype(np.int64) for one in (drawn, right)]
    if not (np.array_equal(whole[0], drawn) and np.array_equal(whole[1], right)):
        raise BadOption(
            "draws and right draws must be whole numbers; count a partial score as right or wrong first"
        )
    wrong = (whole[0] < 1) | (whole[1] < 0) | (whole[1] > whole[0])
    if wrong.any():
        at = int(np.flatnonzero(wrong)[0])
        raise BadOption(
            f"problem {at} has {whole[1][at]} right of {whole[0][at]} draws; it takes at least one draw, and 0 to all right"
        )
    return whole[0], whole[1]


def whole_budgets(k: Any) -> Ints:
    """Budgets in samples as whole numbers of at least 1, [K]. Raises BadOption otherwise."""
    given = np.atleast_1d(np.asarray(k, dtype=np.float64))
    if (
        given.ndim != 1
        or not np.all(np.isfinite(given))
        or np.any(given < 1)
        or np.any(given != np.rint(given))
    ):
        raise BadOption(f"k={k!r} must be whole numbers of samples, at least 1")
    return given.astype(np.int64)


def grid(most: int, dense: int = 16, ratio: float = 1.2) -> Ints:
    """Budgets from 1 to `most`: every one up to `dense`, then each about `ratio` times the last; `most` is the last."""
    found = [*range(1, min(dense, most) + 1)]
    while found[-1] < most:
        found.append(min(most, max(found[-1] + 1, round(found[-1] * ratio))))
    return np.asarray(found, dtype=np.int64)
