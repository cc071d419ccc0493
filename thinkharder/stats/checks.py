"""Reading arguments: what cannot be meant raises, with the value and what to do."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from thinkharder.core.errors import BadOption, MissingExtra

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

ROUNDING = 1e-9
"""How far outside [0, 1] a share may lie by rounding alone; it is then clipped."""


def floats(name: str, values: ArrayLike) -> Floats:
    """The values as a float array; masks, text and objects raise BadOption."""
    try:
        return np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise BadOption(f"{name} must be numbers, NaN where undefined: {error}") from None


def whole(name: str, values: ArrayLike) -> Ints:
    """The values as integers of at least 0; a fraction, NaN or a negative number raises BadOption."""
    found = floats(name, values)
    wrong = ~(np.isfinite(found) & (found >= 0) & (found == np.floor(found)))
    if wrong.any():
        raise BadOption(f"{name} must be whole numbers, 0 or more; one of them is {found[wrong].flat[0]}")
    return found.astype(np.int64)


def shares(name: str, values: ArrayLike) -> Floats:
    """The values as shares in [0, 1] or NaN; rounding errors are clipped, anything farther out raises BadOption."""
    found = floats(name, values)
    wrong = (found < -ROUNDING) | (found > 1 + ROUNDING)
    if wrong.any():
        raise BadOption(
            f"{name} must lie in [0, 1], NaN where unknown; one of them is {found[wrong].flat[0]}"
        )
    return np.clip(found, 0.0, 1.0)


def class_ids(values: ArrayLike) -> Ints:
    """Answer classes [problems, samples]: 0 and up, -1 abstains, -2 nothing recorded; anything else raises BadOption."""
    found = floats("classes", values)
    if found.ndim != 2 or not (np.isfinite(found) & (found >= -2) & (found == np.floor(found))).all():
        raise BadOption(
            f"classes must be whole numbers [problems, samples], -2 or more; their shape is {found.shape}"
        )
    return found.astype(np.int64)


def at_least(name: str, value: int, least: int) -> int:
    """The value where it is a whole number of at least `least`, else BadOption."""
    if value != int(value) or value < least:
        raise BadOption(f"{name}={value} must be a whole number, {least} or more")
    return int(value)


def level_of(level: float) -> float:
    """The level where it lies strictly between 0 and 1, else BadOption."""
    if not 0 < level < 1:
        raise BadOption(f"level={level} must lie between 0 and 1, such as 0.95")
    return float(level)


def same_shape(**arrays: NDArray[Any]) -> None:
    """Raise BadOption where the arrays differ in shape."""
    if len({array.shape for array in arrays.values()}) > 1:
        told = ", ".join(f"{name} {array.shape}" for name, array in arrays.items())
        raise BadOption(f"these must have one shape: {told}")


def scipy_stats() -> Any:
    """scipy.stats, or MissingExtra."""
    try:
        from scipy import stats  # type: ignore[import-untyped, unused-ignore]
    except ImportError:
        raise MissingExtra("this statistic", "bench") from None
    return stats
