"""Scaling laws of sampling: fits with intervals, their comparison, forecasts, limits, and what compute is worth.

`study` does all of it for one recorded task (`Evidence`); the parts can be used alone. See docs/scaling.md.
"""

from thinkharder.stats.scaling.answers import AnswerLaw, Ballots, fit_answers
from thinkharder.stats.scaling.compare import Comparison, Scored, compare, goodness
from thinkharder.stats.scaling.compute import Machine, PerSample, Spend
from thinkharder.stats.scaling.curves import CurveLaw, fit_curve, fit_curve_bootstrap
from thinkharder.stats.scaling.evidence import Evidence
from thinkharder.stats.scaling.fit import FITS, fit
from thinkharder.stats.scaling.forecast import Fitted, Forecast, fit_bootstrap, forecast_pass
from thinkharder.stats.scaling.matched import Curve, Matched, exchange, matched
from thinkharder.stats.scaling.rates import BetaRates, OneRate, RateLaw, RateMixture, ZeroInflated
from thinkharder.stats.scaling.saturation import Saturation, saturation
from thinkharder.stats.scaling.scores import ScoreLaw, fit_scores, forecast_best
from thinkharder.stats.scaling.study import Study, study
from thinkharder.stats.scaling.votes import (
    FittedAnswers,
    VoteLimit,
    fit_answers_bootstrap,
    forecast_vote,
    vote_limit,
)

__all__ = [
    "FITS",
    "AnswerLaw",
    "Ballots",
    "BetaRates",
    "Comparison",
    "Curve",
    "CurveLaw",
    "Evidence",
    "Fitted",
    "FittedAnswers",
    "Forecast",
    "Machine",
    "Matched",
    "OneRate",
    "PerSample",
    "RateLaw",
    "RateMixture",
    "Saturation",
    "ScoreLaw",
    "Scored",
    "Spend",
    "Study",
    "VoteLimit",
    "ZeroInflated",
    "compare",
    "exchange",
    "fit",
    "fit_answers",
    "fit_answers_bootstrap",
    "fit_bootstrap",
    "fit_curve",
    "fit_curve_bootstrap",
    "fit_scores",
    "forecast_best",
    "forecast_pass",
    "forecast_vote",
    "goodness",
    "matched",
    "saturation",
    "study",
    "vote_limit",
]
