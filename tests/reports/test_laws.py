"""Laws as a report shows them: observed values are the exact ones, forecasts have bands, and refusals have reasons."""

import numpy as np
import pytest

from tests.reports.pools import many
from thinkharder.records.pool import Pool
from thinkharder.records.sample import Sample
from thinkharder.replay.classed import classed
from thinkharder.reports.laws import Laws, evidence, laws
from thinkharder.stats.passk import pass_at_k
from thinkharder.stats.voting import maj_at_k, tally

POOL = classed(Pool.of(many(24, 8), "many"))


@pytest.fixture(scope="module")
def found() -> Laws:
    return laws(POOL, times=8)


def test_every_metric_has_a_law_and_one_is_the_best(found: Laws) -> None:
    assert {fit.metric for fit in found.fits} == {"pass@k", "maj@k", "best@k by judge"}
    assert [fit.metric for fit in found.fits if fit.best] == ["pass@k"]
    assert len({fit.law for fit in found.fits if fit.metric == "pass@k"}) == 3
    assert all(fit.parameters and fit.quality for fit in found.fits if fit.metric == "pass@k")


def test_observed_values_are_exact(found: Laws) -> None:
    n, c = np.full(24, 8), (POOL.right == 1).sum(axis=1)
    votes = tally(POOL.classes, POOL.right)
    for fit in found.fits:
        for point in fit.observed:
            k = int(point.k)
            if fit.metric == "pass@k":
                assert point.value == pytest.approx(pass_at_k(n, c, k).mean())
            elif fit.metric == "maj@k":
                exact = maj_at_k(votes.counts, votes.right, k, abstained=votes.abstained).mean()
                assert point.value == pytest.approx(exact)
        assert max(point.k for point in fit.observed) == 8


def test_forecasts_go_beyond_with_bands(found: Laws) -> None:
    best = next(fit for fit in found.fits if fit.best)
    assert max(point.k for point in best.curve) == 128
    assert all(0 <= p.low <= p.value <= p.high <= 1 for p in best.curve)
    values = [p.value for p in best.curve]
    assert values == sorted(values)
    assert any("pass@k at 128 samples is forecast at" in line for line in found.words)


def test_a_sample_without_an_answer_has_the_lowest_score() -> None:
    samples = [
        Sample(
            problem=p,
            sample=i,
            answer=None if i == 0 else "1",
            gold="1",
            scores={"judge": 0.9 if i == 0 else 0.2},
        )
        for p in "ab"
        for i in range(2)
    ]
    held = evidence(classed(Pool.of(samples, "silent")))
    assert held.scores["judge"].tolist() == [[-1.0, 0.2]] * 2


def test_too_few_problems_give_a_reason() -> None:
    few = laws(classed(Pool.of(many(5, 4), "few")))
    assert few.fits == ()
    assert "too few problems to fit a law over problems: 5" in few.missing["fits"]
