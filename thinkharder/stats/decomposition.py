"""Why a strategy was wrong: never sampled, sampled but not selected, cut short, or no answer at all."""

from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import ArrayLike

from thinkharder.core.errors import BadOption
from thinkharder.stats.checks import ROUNDING, Floats, Ints, same_shape, shares, whole
from thinkharder.stats.passk import none_of


@final
@dataclass(frozen=True, slots=True)
class Decomposition:
    """What became of each problem; chances [problems], of which right + selection + coverage + truncated + abstained = 1.

    `right`: the selected answer is right.
    `selection`: a right answer was sampled, and another was selected.
    `coverage`: answers were sampled, none of them right.
    `truncated`: no sample gave an answer, and at least one was cut at its cap: more tokens might have.
    `abstained`: no sample gave an answer, and none was cut.
    `cut`: of `coverage`, the part where at least one sample was cut as well (so it is no term of the sum).
    NaN in a row where it is not known.
    """

    right: Floats
    selection: Floats
    coverage: Floats
    truncated: Floats
    abstained: Floats
    cut: Floats

    @property
    def shares(self) -> dict[str, float]:
        """The mean over problems of each, by name; NaN where a problem's is."""
        names = ("right", "selection", "coverage", "truncated", "abstained", "cut")
        return {name: float(v.mean()) if len(v := getattr(self, name)) else float("nan") for name in names}


def decompose(
    right: ArrayLike,
    wrong: ArrayLike,
    truncated: ArrayLike,
    abstained: ArrayLike,
    selected: ArrayLike,
    k: ArrayLike | None = None,
    noise: float = ROUNDING,
) -> Decomposition:
    """Split the error of a strategy that selects among samples.

    `right`, `wrong`, `truncated`, `abstained` [problems]: how many of a problem's samples gave a right answer, gave a wrong
    one, were cut at their cap without an answer, and ended without one. `selected` [problems]: the chance that the
    selected answer is right (ties shared; e.g. from `voting.maj_at_k`), NaN where unknown.
    With `k` (one for all, or [problems]): for k of those samples drawn without replacement, exact, where `selected` is meant for k, too; NaN where
    fewer are recorded. Without: for all of them; NaN where there is none.
    BadOption where `selected` exceeds the chance that a right answer was sampled by more than `noise` (that of a
    resampled `selected`; up to it the excess is taken off): then it was not selected from these samples.
    """
    good, bad = whole("right", right), whole("wrong", wrong)
    cut, quiet, chosen = (
        whole("truncated", truncated),
        whole("abstained", abstained),
        shares("selected", selected),
    )
    same_shape(right=good, wrong=bad, truncated=cut, abstained=quiet, selected=chosen)
    n = good + bad + cut + quiet
    drawn = n if k is None else np.broadcast_to(whole("k", k), n.shape)
    if k is not None and (drawn == 0).any():
        raise BadOption("k=0 must be 1 or more")

    missed, silent, empty = (_none(n, marked, drawn) for marked in (good, good + bad, good + bad + cut))
    _check(chosen, 1 - missed, noise)
    unknown = np.where(np.isnan(chosen) | np.isnan(missed), np.nan, 0.0)
    chosen = np.fmin(chosen, 1 - missed)
    return Decomposition(
        right=chosen + unknown,
        selection=np.maximum(1 - chosen - missed, 0.0) + unknown,
        coverage=missed - silent + unknown,
        truncated=silent - empty + unknown,
        abstained=empty + unknown,
        cut=np.maximum(missed - silent - (_none(n, good + cut, drawn) - empty), 0.0) + unknown,
    )


def _none(n: Ints, marked: Ints, drawn: Ints) -> Floats:
    """The chance that no sample drawn is one of so many; NaN where there is no sample."""
    found: Floats = np.where(n > 0, none_of(n, marked, drawn), np.nan)
    return found


def _check(selected: Floats, sampled: Floats, noise: float) -> None:
    over = selected > sampled + noise
    if over.any():
        at = int(np.argmax(over))
        raise BadOption(
            f"problem {at}: selected={selected[at]:.6g} exceeds the chance that a right answer was sampled, "
            f"{sampled[at]:.6g}; count the samples that it was selected from"
        )
