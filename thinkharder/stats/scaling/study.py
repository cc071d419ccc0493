"""Everything that the laws say of one recorded task: fits, their comparison, forecasts, limits."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import final

import numpy as np

from thinkharder.core.errors import BadOption
from thinkharder.stats.best import best_at_k
from thinkharder.stats.passk import pass_at_k
from thinkharder.stats.scaling.answers import Ballots
from thinkharder.stats.scaling.compare import Comparison, compare, goodness
from thinkharder.stats.scaling.compute import PerSample
from thinkharder.stats.scaling.curves import CurveLaw, fit_curve_bootstrap
from thinkharder.stats.scaling.evidence import Evidence
from thinkharder.stats.scaling.fit import FITS
from thinkharder.stats.scaling.forecast import Fitted, Forecast, fit_bootstrap, forecast_pass
from thinkharder.stats.scaling.lib import Floats, Ints, grid
from thinkharder.stats.scaling.saturation import Saturation, saturation
from thinkharder.stats.scaling.scores import forecast_best
from thinkharder.stats.scaling.votes import (
    FittedAnswers,
    VoteLimit,
    fit_answers_bootstrap,
    forecast_vote,
    vote_limit,
)
from thinkharder.stats.voting import maj_at_k, tally

FEWEST = 10
"""Problems under which no law is fitted: a resampling of them says nothing."""
CURVE_TIMES = 50
PASS_CURVES = ("exponential", "coverage-power", "failure-power")


@final
@dataclass(frozen=True)
class CurveFit:
    """A curve law, what it was fitted to (pass or vote against samples or tokens), and intervals of its numbers."""

    of: str
    against: str
    law: CurveLaw
    intervals: Mapping[str, tuple[float, float]]


@final
@dataclass(frozen=True)
class Study:
    """What is known of a task and model: see the fields. Forecasts are on these problems, at `k` [K]."""

    evidence: Evidence
    k: Ints
    near: Ints
    """Budgets [S] that every problem has the draws for."""
    seen: Mapping[str, Floats]
    """Estimates there from the recorded draws alone, each problem's, [P, S], by the same names as the forecasts."""
    comparison: Comparison
    rates: Fitted
    fit_distance: float
    fit_p: float
    curves: tuple[CurveFit, ...]
    forecasts: Mapping[str, Forecast]
    """pass, vote, and best:SCORER for each scorer."""
    answers: FittedAnswers | None
    limit: VoteLimit | None
    sample: PerSample | None
    """Tokens of a sample; None where the record holds none."""
    notes: tuple[str, ...]

    def tokens(self) -> Floats:
        """Expected tokens a problem at k, [K]. Raises BadOption where tokens were not recorded."""
        if self.sample is None:
            raise BadOption("the record holds no token counts; give the prompt's and the completion's")
        return self.sample.spend(self.k).tokens

    def saturation(self, of: str, threshold: float) -> Saturation:
        """N* of a forecast by name, at a threshold in accuracy per 1,000 tokens. Raises BadOption."""
        if of not in self.forecasts:
            raise BadOption(f"no forecast of {of!r}; there are: {', '.join(self.forecasts)}")
        told = self.forecasts[of]
        return saturation(self.k, told.value, self.tokens(), threshold, told.draws)


def study(
    evidence: Evidence,
    *,
    most: int | None = None,
    law: str | None = None,
    sample: PerSample | None = None,
    times: int = 100,
    seed: int = 0,
) -> Study:
    """Fit, compare and forecast up to `most` samples (16 times those recorded by default).

    `law` forces a law of the rates by name, else the comparison chooses; `sample` overrules the recorded token counts;
    `times` bootstrap fits. Raises BadOption for under 10 problems, UnknownName for a law that does not exist.
    """
    n, c = evidence.n, evidence.c
    if len(n) < FEWEST:
        raise BadOption(f"too few problems to fit a law over problems: {len(n)}; record at least {FEWEST}")
    far = most or 16 * int(n.max())
    k = np.union1d(grid(far), 2 ** np.arange(int(np.log2(far)) + 1))
    compared = compare(n, c, seed=seed)
    chosen = law or compared.chosen
    rates = fit_bootstrap(chosen, n, c, times, seed)
    distance, p = goodness(rates.law, n, c, times, seed)
    forecasts = {"pass": forecast_pass(rates, k, seed=seed)}
    answers, limit = None, None
    if evidence.votes:
        answers = fit_answers_bootstrap(Ballots.of(evidence.classes, evidence.right), chosen, times, seed)
        forecasts["vote"] = forecast_vote(answers, k, seed=seed)
        limit = vote_limit(answers, seed=seed)
    best, notes = _best(evidence, rates, k, seed)
    forecasts |= best
    sample = sample or _sample(evidence)
    near, seen = _recorded(evidence)
    return Study(
        evidence=evidence,
        k=k,
        near=near,
        seen=seen,
        comparison=compared,
        rates=rates,
        fit_distance=distance,
        fit_p=p,
        curves=_curves(near, seen, sample, seed),
        forecasts=forecasts,
        answers=answers,
        limit=limit,
        sample=sample,
        notes=(*notes, *_warnings(evidence, chosen, p)),
    )


def _best(evidence: Evidence, rates: Fitted, k: Ints, seed: int) -> tuple[dict[str, Forecast], list[str]]:
    """The forecast of best-of-k by each scorer, and why there is none by some."""
    found, notes = {}, []
    for name, scores in evidence.scores.items():
        try:
            answered = evidence.answered(scores)
            found[f"best:{name}"] = forecast_best(rates, answered, evidence.right, k, seed=seed)
        except BadOption as error:
            notes.append(f"best-of-k by {name}: {error}")
    return found, notes


def _sample(evidence: Evidence) -> PerSample | None:
    completion, prompt = evidence.completion, evidence.prompt
    if math.isnan(completion):
        return None
    return PerSample(0.0 if math.isnan(prompt) else prompt, completion)


def _recorded(evidence: Evidence) -> tuple[Ints, dict[str, Floats]]:
    """Some budgets that every problem has the draws for, and each problem's pass@k, maj@k and best@k there, [P, K]."""
    near = grid(int(evidence.n.min()), dense=4, ratio=1.5)
    found = {"pass": pass_at_k(evidence.n[:, None], evidence.c[:, None], near[None, :])}
    known = np.where(np.isfinite(evidence.right), evidence.right >= 1, np.nan)
    there = np.where(np.isfinite(known), 0, -2) if evidence.classes is None else evidence.classes
    if evidence.votes:
        votes = tally(there, known)
        each = [maj_at_k(votes.counts, votes.right, int(one), abstained=votes.abstained) for one in near]
        found["vote"] = np.stack(each, axis=1)
    for name, scores in evidence.scores.items():
        each = [best_at_k(evidence.answered(scores), known, int(one), classes=there) for one in near]
        found[f"best:{name}"] = np.stack(each, axis=1)
    return near, found


def _curves(
    near: Ints, seen: Mapping[str, Floats], sample: PerSample | None, seed: int
) -> tuple[CurveFit, ...]:
    """The curves of the literature through what was recorded: forms of pass@k, and the saturating ones of tokens."""
    if len(near) < 4:
        return ()
    k = near.astype(np.float64)
    found = [
        CurveFit("pass", "samples", *fit_curve_bootstrap(name, k, seen["pass"], CURVE_TIMES, seed))
        for name in PASS_CURVES
    ]
    if "vote" in seen:
        fitted = fit_curve_bootstrap("ceiling-exponential", k, seen["vote"], CURVE_TIMES, seed)
        found.append(CurveFit("vote", "samples", *fitted))
    if sample is not None:
        spent = sample.spend(near).tokens
        for of in [name for name in ("pass", "vote") if name in seen]:
            fitted = fit_curve_bootstrap("plateau-power", spent, seen[of], CURVE_TIMES, seed)
            found.append(CurveFit(of, "tokens", *fitted))
    return tuple(found)


def _warnings(evidence: Evidence, law: str, p: float) -> list[str]:
    """What a reader of the forecasts has to know."""
    found = []
    n, c = evidence.n, evidence.c
    if p < 0.05:
        found.append(
            f"the {law} law does not fit these counts (p = {p:.2f}): forecasts far beyond the recorded draws are doubtful"
        )
    if n.max() < 8:
        found.append(
            f"{n.max()} draws a problem are too few to hold some back: no law was tried at extrapolating"
        )
    if not c.any() or (c == n).all():
        found.append(
            f"{'not one' if not c.any() else 'every one'} of the {n.sum():,} draws was right: intervals are exact bounds, fits"
            " and N* say nothing; record more, or other problems"
        )
    never = int((c == 0).sum())
    if never and law in FITS:
        found.append(
            f"{never} of {len(n)} problems were never solved; how many of them can be is what the law assumes, not what was seen"
        )
    return found
