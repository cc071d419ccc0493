"""N*: from where on more samples are not worth their tokens."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from thinkharder.core.errors import BadOption
from thinkharder.stats.scaling.lib import Floats, Ints


@final
@dataclass(frozen=True, slots=True)
class Saturation:
    """Where the marginal gain falls under `threshold` (accuracy per 1,000 tokens).

    `n_star` is the last budget that is still worth its tokens; None where the curve is still worth them at its last point.
    `low` and `high` hold it with the interval's level, None for beyond the curve. `accuracy` and `tokens` are those at n_star
    (at the curve's end where n_star is None).
    """

    threshold: float
    n_star: int | None
    low: int | None
    high: int | None
    accuracy: float
    tokens: float


def envelope(x: Floats, y: Floats) -> Ints:
    """Indices of the upper concave envelope of a curve, from its first point to its highest, x rising.

    Marginal gains are taken along it: a vote of 2 is no better than a vote of 1 and a vote of 3 is, so the gain of one more
    sample goes up and down, and "where it first falls under the threshold" would be 1.
    """
    kept: list[int] = []
    for i in range(int(np.argmax(y)) + 1):
        while len(kept) >= 2:
            a, b = kept[-2], kept[-1]
            if (y[b] - y[a]) * (x[i] - x[a]) > (y[i] - y[a]) * (x[b] - x[a]):
                break
            kept.pop()
        kept.append(i)
    return np.asarray(kept, dtype=np.int64)


def worth(tokens: Floats, accuracy: Floats, threshold: float) -> int:
    """Index of the last point of the envelope that is reached by a gain of at least `threshold` per 1,000 tokens."""
    hull = envelope(tokens, accuracy)
    gains = 1000 * np.diff(accuracy[hull]) / np.diff(tokens[hull])
    enough = np.flatnonzero(gains >= threshold)
    return int(hull[enough[-1] + 1]) if len(enough) else int(hull[0])


def saturation(
    k: Any,
    accuracy: Any,
    tokens: Any,
    threshold: float,
    again: Sequence[Floats] | Floats = (),
    level: float = 0.95,
) -> Saturation:
    """N* of a curve: budgets k, accuracy and expected tokens a problem, all [K] and k rising; `again` are resampled curves.

    Raises BadOption for a threshold that is not above 0, fewer than two points, or tokens that do not rise.
    """
    budgets, value, cost = (
        np.asarray(k, dtype=np.int64),
        np.asarray(accuracy, dtype=np.float64),
        np.asarray(tokens, dtype=np.float64),
    )
    if not (np.isfinite(threshold) and threshold > 0):
        raise BadOption(
            f"the threshold {threshold!r} must be an accuracy per 1,000 tokens above 0, such as 0.01"
        )
    if not (budgets.shape == value.shape == cost.shape and budgets.ndim == 1 and len(budgets) >= 2):
        raise BadOption("a saturation point takes at least two budgets, with an accuracy and tokens for each")
    if np.any(np.diff(cost) <= 0):
        raise BadOption("tokens must rise with the budget")
    end = len(budgets) - 1
    at = worth(cost, value, threshold)
    places = [worth(cost, np.asarray(one), threshold) for one in again]
    ends = (
        np.quantile(places, [(1 - level) / 2, (1 + level) / 2], method="nearest").astype(int)
        if places
        else None
    )

    def named(i: int) -> int | None:
        return None if i == end else int(budgets[i])

    low, high = (named(int(i)) for i in ends) if ends is not None else (named(at), named(at))
    return Saturation(threshold, named(at), low, high, float(value[at]), float(cost[at]))
