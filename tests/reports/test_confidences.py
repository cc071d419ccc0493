"""Calibration of votes and scores, and intervals of bins whose samples are alike."""

import numpy as np
import pytest

from tests.reports.pools import many
from thinkharder.records.pool import Pool
from thinkharder.records.sample import Sample
from thinkharder.replay.classed import classed
from thinkharder.reports.confidences import calibrations, clustered
from thinkharder.stats.proportions import wilson


def test_votes_are_one_case_a_problem_and_scores_one_a_sample() -> None:
    votes, judge = calibrations(classed(Pool.of(many(40, 8), "many")))
    assert (votes.name, judge.name) == ("vote share", "score of judge")
    assert sum(b.count for b in votes.bins) == 40
    assert sum(b.count for b in judge.bins) == 320
    assert 0.6 < judge.auroc < 0.95
    assert judge.risk[-1][0] == 1
    assert len(judge.risk) <= 60
    for b in (*votes.bins, *judge.bins):
        assert 0 <= b.low <= b.accuracy <= b.high <= 1


def test_a_vote_that_is_always_right_is_so() -> None:
    samples = [
        Sample(problem=p, sample=i, answer="1" if i else "2", gold="1") for p in "abc" for i in range(4)
    ]
    (votes,) = calibrations(classed(Pool.of(samples, "sure")))
    assert [(b.confidence, b.accuracy, b.count) for b in votes.bins] == [(0.75, 1.0, 3)]
    assert votes.brier == pytest.approx(0.0625)
    assert np.isnan(votes.auroc)


def test_nothing_known_gives_nothing() -> None:
    assert (
        calibrations(classed(Pool.of([Sample(problem="a", sample=i, answer="1") for i in range(3)], "x")))
        == ()
    )


def test_alike_samples_count_as_their_problems() -> None:
    """200 samples that are all the same within each of 20 problems say as much as 20 samples."""
    right = np.repeat(np.array([1.0] * 10 + [0.0] * 10), 10)
    problem = np.repeat(np.arange(20), 10)
    low, high = clustered(right, problem)
    few = [float(end) for end in wilson(10, 20)]
    assert (low, high) == pytest.approx(tuple(few), abs=0.02)
    free = clustered(right, np.arange(200))
    assert free == pytest.approx([float(end) for end in wilson(100, 200)], abs=0.002)


@pytest.mark.parametrize("right", [[1.0], [0.0, 0.0], [1.0] * 5])
def test_certain_bins_have_wide_intervals(right: list[float]) -> None:
    low, high = clustered(np.array(right), np.arange(len(right)))
    assert high - low > 0.3
    assert np.isnan(clustered(np.zeros(0), np.zeros(0, np.int64))).all()
