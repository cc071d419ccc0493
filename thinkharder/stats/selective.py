"""Answering only where confident: the risk-coverage curve and its area."""

from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import ArrayLike

from thinkharder.core.errors import BadOption
from thinkharder.stats.checks import Floats, floats, same_shape, shares


@final
@dataclass(frozen=True, slots=True)
class RiskCoverage:
    """Error among what is answered, against how much is answered, most confident first.

    Point i of the arrays [answers] answers i + 1 questions: `coverage` (i + 1)/n, `risk` the expected share of wrong among
    them, and `threshold` the confidence of the last one (NaN: none stated). Inside a tie the order is random, so
    there `risk` is an expectation; only at `attainable` points does a threshold give that coverage.
    """

    coverage: Floats
    risk: Floats
    threshold: Floats
    attainable: "np.ndarray[tuple[int], np.dtype[np.bool_]]"

    @property
    def aurc(self) -> float:
        """The area under the curve: the mean risk over all coverages 1/n … 1; lower is better, NaN without answers.

        Reference: Geifman, Uziel and El-Yaniv 2019, arXiv:1805.08206, section 3.
        """
        return float(self.risk.mean()) if len(self.risk) else float("nan")

    @property
    def excess(self) -> float:
        """The AURC above that of the best order for the same answers (all right ones first); 0 is perfect.

        Reference: E-AURC, the same paper, section 3.
        """
        n = len(self.risk)
        if not n:
            return float("nan")
        wrong = float(self.risk[-1]) * n
        counts = np.arange(1, n + 1)
        best = np.maximum(counts - (n - wrong), 0) / counts
        return self.aurc - float(best.mean())

    def at(self, coverage: float) -> float:
        """The risk at the least number of answers that is at least this coverage; NaN without answers.

        BadOption where `coverage` is not in (0, 1].
        """
        if not 0 < coverage <= 1:
            raise BadOption(f"coverage={coverage} must lie in (0, 1]")
        if not len(self.risk):
            return float("nan")
        # The small step back is for coverages such as 3 * 0.1 that rounding puts above 0.3.
        return float(self.risk[int(np.ceil(coverage * len(self.risk) - 1e-9)) - 1])


def risk_coverage(confidence: ArrayLike, right: ArrayLike) -> RiskCoverage:
    """The curve for `confidence` [answers] (any scale; NaN, none stated, is answered last) and `right` [answers] in [0, 1].

    Reference: El-Yaniv and Wiener 2010, Journal of Machine Learning Research 11, 1605-1641.
    """
    stated, good = floats("confidence", confidence), shares("right", right)
    same_shape(confidence=stated, right=good)
    if stated.ndim != 1 or np.isnan(good).any():
        raise BadOption(
            "confidence and right must be lists [answers], and right known for each: leave out the others"
        )
    n = len(stated)
    levels, of = np.unique(-stated, return_inverse=True)  # most confident first; NaN last, as one level
    sizes = np.bincount(of, minlength=len(levels))
    wrong = np.bincount(of, 1 - good, minlength=len(levels)) / np.maximum(sizes, 1)
    counts = np.arange(1, n + 1)
    risk = np.cumsum(np.repeat(wrong, sizes)) / counts
    attainable = np.isin(counts, np.cumsum(sizes))
    return RiskCoverage(counts / max(n, 1), risk, np.repeat(-levels, sizes), attainable)
