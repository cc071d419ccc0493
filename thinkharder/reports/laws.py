"""Scaling laws of a classed pool, as a report shows them: what was observed, each law, its forecast and band."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import final

import numpy as np
from numpy.typing import NDArray

from thinkharder.core.errors import UsageError
from thinkharder.replay.classed import ABSTAINS, Classed
from thinkharder.reports.findings import NAN, Fit, FitPoint
from thinkharder.reports.wording import count, percent, spread
from thinkharder.stats.scaling.evidence import Evidence
from thinkharder.stats.scaling.study import Study, study

CURVES = {"coverage-power": "power law of log coverage", "failure-power": "power law of failure"}
"""Curve laws that are shown beside the law of the rates."""
LOWEST = -1.0
"""Below every score, which lies in [0, 1]."""
PER_PROBLEM = ("classes", "right", "counts", "input_tokens", "output_tokens", "truncated")
MOST_PROBLEMS = 1000
"""Problems that laws are fitted to; of more a random part is taken, which moves a law by far less than its band."""


@final
@dataclass(frozen=True, slots=True)
class Laws:
    """The fits, what they say in words, and why there are none."""

    fits: tuple[Fit, ...] = ()
    words: tuple[str, ...] = ()
    missing: dict[str, str] = field(default_factory=dict)


def evidence(classed: Classed) -> Evidence:
    """A classed pool as the laws read it: a sample without an answer has the lowest score of all, as in a selection.

    Raises BadOption where a problem has no draw known to be right or wrong.
    """
    there, silent = classed.recorded, classed.classes == ABSTAINS
    prompt = np.where(classed.input_tokens >= 0, classed.input_tokens, np.nan).astype(np.float64)
    output = np.where(classed.output_tokens >= 0, classed.output_tokens, np.nan).astype(np.float64)
    return Evidence(
        problems=classed.problems,
        right=np.where(there, classed.right, np.nan),
        classes=classed.classes.astype(np.int64),
        prompt_tokens=prompt,
        completion_tokens=np.where(there, output, np.nan),
        scores={
            name: np.where(there, np.where(silent, LOWEST, column), np.nan)
            for name, column in classed.scores.items()
        },
    )


def laws(classed: Classed, seed: int = 0, times: int = 100) -> Laws:
    """Fit what can be fitted; where nothing can, `missing` says why."""
    try:
        found = study(evidence(_some(classed)), seed=seed, times=times)
    except UsageError as error:
        return Laws(missing={"fits": f"No law was fitted: {error}."})
    fits = [_rates(found), *_curves(found)]
    fits += [_forecast(found, name) for name in found.forecasts if name != "pass"]
    return Laws(tuple(fits), _words(found))


def metric(name: str) -> str:
    """The name of a forecast as the field writes it."""
    return {"pass": "pass@k", "vote": "maj@k"}.get(name) or f"best@k by {name.removeprefix('best:')}"


def _some(classed: Classed) -> Classed:
    """At most MOST_PROBLEMS of the problems, evenly taken."""
    size = len(classed.problems)
    if size <= MOST_PROBLEMS:
        return classed
    kept = np.linspace(0, size - 1, MOST_PROBLEMS).astype(np.int64)
    return replace(
        classed,
        pool=classed.pool.select(kept.tolist()),
        answers=tuple(classed.answers[p] for p in kept),
        scores={name: column[kept] for name, column in classed.scores.items()},
        **{name: getattr(classed, name)[kept] for name in PER_PROBLEM},
    )


def _rates(found: Study) -> Fit:
    """pass@k by the law of the rates that the comparison chose."""
    law, intervals = found.rates.law, found.rates.intervals()
    row = next(row for row in found.comparison.rows if row.law == law.name)
    told = f"held-out log-likelihood {row.held_out:.3f} a problem; goodness of fit p = {found.fit_p:.2f}"
    if math.isfinite(row.extrapolation):
        told += f"; extrapolation error {100 * row.extrapolation:.1f} points"
    made = _forecast(found, "pass")
    return replace(made, parameters=_numbers(law.parameters, intervals), quality=told, best=True)


def _curves(found: Study) -> list[Fit]:
    """The curves of the literature, without bands."""
    made = []
    for fit in found.curves:
        if fit.of != "pass" or fit.against != "samples" or fit.law.name not in CURVES:
            continue
        row = next((row for row in found.comparison.rows if row.law == fit.law.name), None)
        told = f"error where fitted {100 * fit.law.rmse:.2f} points"
        if row is not None and math.isfinite(row.extrapolation):
            told = f"extrapolation error {100 * row.extrapolation:.1f} points; " + told
        curve = _points(found.k, fit.law(found.k.astype(np.float64)))
        numbers = _numbers(fit.law.parameters, fit.intervals)
        made.append(Fit("pass@k", CURVES[fit.law.name], _observed(found, "pass"), curve, numbers, told))
    return made


def _forecast(found: Study, name: str) -> Fit:
    told = found.forecasts[name]
    return Fit(
        metric(name), told.law, _observed(found, name), _points(told.k, told.value, told.low, told.high)
    )


def _points(
    k: NDArray[np.int64], value: NDArray[np.float64], *ends: NDArray[np.float64]
) -> tuple[FitPoint, ...]:
    """The values that are known."""
    low, high = ends if ends else (np.full(len(k), NAN), np.full(len(k), NAN))
    rows = zip(k, value, low, high, strict=True)
    return tuple(FitPoint(*map(float, row)) for row in rows if math.isfinite(row[1]))


def _observed(found: Study, name: str) -> tuple[FitPoint, ...]:
    """What the recorded draws alone say, at the budgets that every problem has draws for."""
    values = found.seen.get(name)
    return () if values is None else _points(found.near, np.asarray(values).mean(axis=0))


def _numbers(values: Mapping[str, float], intervals: Mapping[str, tuple[float, float]]) -> str:
    told = []
    for name, value in values.items():
        ends = intervals.get(name)
        told.append(f"{name} = {value:.3g}" + (f" ({ends[0]:.3g} to {ends[1]:.3g})" if ends else ""))
    return ", ".join(told) if len(told) <= 6 else f"{len(told)} numbers"


def _words(found: Study) -> tuple[str, ...]:
    """What the laws say."""
    told = [found.comparison.why[:1].upper() + found.comparison.why[1:] + "."]
    for name, forecast in found.forecasts.items():
        end = int(forecast.k[-1])
        value, low, high = forecast.at(end)
        told.append(
            f"{metric(name)} at {count(end)} samples is forecast at {percent(value)}{spread(low, high)}."
        )
    if found.limit is not None:
        never, always = len(found.limit.never()), len(found.limit.always())
        told.append(
            f"With ever more samples the majority vote tends to {percent(found.limit.value)}"
            f"{spread(found.limit.low, found.limit.high)}: with 95% certainty it gets {always} problems,"
            f" and {never} it never gets, because there a wrong answer is the most frequent one."
        )
    return (*told, *(note[:1].upper() + note[1:] + "." for note in found.notes))
