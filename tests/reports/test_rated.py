"""Outcomes by problem: replayed and counted ones agree with what can be worked out by hand; live cells are read right."""

import math
from dataclasses import replace

import numpy as np
import pytest

from tests.reports.pools import many
from thinkharder.core.errors import UsageError
from thinkharder.records.cell import Cell
from thinkharder.records.pool import Pool
from thinkharder.records.sample import Sample
from thinkharder.replay.classed import Classed, classed
from thinkharder.reports import gather, outcomes
from thinkharder.reports.rated import Asking, Rated, budgets_of, live, references, replayed
from thinkharder.stats.passk import pass_at_k
from thinkharder.stats.voting import maj_at_k, tally


@pytest.fixture(scope="module")
def pool() -> Classed:
    return classed(Pool.of(many(12, 9), "many"))


def of(rated: list[Rated], name: str, draws: int) -> Rated:
    return next(one for one in rated if one.name == name and one.draws == draws)


def test_replayed_votes_are_the_exact_ones(pool: Classed) -> None:
    found = replayed(pool, Asking(trials=4000))
    votes = tally(pool.classes, pool.right)
    for k in (1, 2, 4, 8, 9):
        exact = maj_at_k(votes.counts, votes.right, k, abstained=votes.abstained)
        vote = of(found, "self-consistency", k)
        assert vote.accuracy == pytest.approx(exact, abs=0.04)
        assert (vote.samples, vote.input_tokens, vote.output_tokens) == pytest.approx((k, 90, 300 * k))
    assert {one.name for one in found} == {
        "direct",
        "self-consistency",
        "self-consistency:until=margin",
        "best-of-n",
        "weighted-vote",
    }
    early = of(found, "self-consistency:until=margin", 9)
    assert 2 < early.samples < 9
    assert early.input_tokens > 90, "several requests, each with the prompt"


def test_direct_has_one_budget(pool: Classed) -> None:
    found = replayed(pool, Asking(strategies=("direct",), trials=10))
    assert [one.draws for one in found] == [1]


def test_references_are_exact(pool: Classed) -> None:
    found = references(pool, Asking())
    right = (pool.right == 1).sum(axis=1)
    for k in (1, 2, 4, 8, 9):
        assert of(found, "oracle", k).accuracy == pytest.approx(pass_at_k(np.full(12, 9), right, k))
        assert of(found, "random pick", k).accuracy == pytest.approx(right / 9)
        assert of(found, "random pick", k).output_tokens == pytest.approx(300 * k)
    assert all(one.oracle == (one.name == "oracle") for one in found)


def test_budgets_are_what_every_problem_has() -> None:
    ragged = classed(Pool.of([*many(3, 5), *many_named("q", 12)], "ragged"))
    assert budgets_of(ragged, Asking()) == (1, 2, 4, 5)
    assert budgets_of(ragged, Asking(budgets=(3, "tokens=900"))) == (3, "tokens=900")
    with pytest.raises(UsageError, match="has 5 recorded"):
        replayed(ragged, Asking(budgets=(6,), strategies=("self-consistency",), trials=2))


def many_named(name: str, samples: int) -> list[Sample]:
    return [Sample(problem=name, sample=i, answer="1", gold="1", completion_tokens=5) for i in range(samples)]


def test_a_strategy_that_cannot_be_replayed_is_refused(pool: Classed) -> None:
    with pytest.raises(UsageError, match="self-refine"):
        replayed(pool, Asking(strategies=("self-refine",), trials=2))


def test_token_budgets_are_kept(pool: Classed) -> None:
    (found,) = replayed(
        pool, Asking(strategies=("self-consistency:n=8",), budgets=("tokens=1000",), trials=20)
    )
    assert found.budget == "tokens=1000"
    assert found.input_tokens + found.output_tokens <= 1000
    assert found.draws == 0


def test_scores_that_are_missing_are_refused_by_name() -> None:
    bare = classed(Pool.of(many_named("q", 3), "bare"))
    with pytest.raises(UsageError, match="best-of-n"):
        replayed(bare, Asking(strategies=("best-of-n",), trials=2))


def test_what_is_not_judged_is_not_known() -> None:
    samples = [Sample(problem=p, sample=i, answer="1") for p in "ab" for i in range(4)]
    unjudged = classed(Pool.of(samples, "unjudged"))
    for one in [*replayed(unjudged, Asking(trials=5)), *references(unjudged, Asking())]:
        assert not one.known.any()
        assert math.isnan(one.output_tokens)
        if not one.oracle and one.name != "random pick":
            assert 0 <= one.agreement <= 1, "agreement needs no gold"


def cell(strategy: str, problem: str, seed: int, **more: object) -> Cell:
    values = {"correct": 1.0, "input_tokens": 10, "output_tokens": 30, "calls": 2, "seconds": 1.5, **more}
    return Cell("t", problem, "m", strategy, {"tokens": 100}, seed, **values)  # type: ignore[arg-type]


def test_live_cells_are_means_over_seeds() -> None:
    cells = [
        cell("self-consistency(n=8)", "a", 0),
        cell("self-consistency(n=8)", "a", 1, correct=0.0, output_tokens=50),
        cell("self-consistency(n=8)", "b", 0, usd=0.5),
        cell("self-consistency(n=16)", "a", 0),
        cell("self-consistency(n=8)", "c", 0, error="ModelTimeout"),
        cell("self-consistency(n=8)", "elsewhere", 0),
    ]
    found = {one.budget: one for one in live(cells, ["a", "b", "c"])}
    assert set(found) == {"n=8, tokens=100", "n=16, tokens=100"}
    eight = found["n=8, tokens=100"]
    assert eight.name == "self-consistency (live)"
    assert eight.accuracy[:2].tolist() == [0.5, 1.0]
    assert math.isnan(eight.accuracy[2]), "a cell that failed is no answer"
    assert eight.output_tokens == pytest.approx((30 + 50 + 30) / 3)
    assert eight.seconds == 1.5
    assert math.isnan(eight.usd), "the price of one of them is not known"
    assert eight.live


def test_live_cells_without_an_answer_known_are_unknown() -> None:
    (one,) = live([cell("cot", "a", 0, correct=None)], ["a"])
    assert not one.known.any()
    assert one.samples == 2


def test_ragged_pools_are_capped_on_request() -> None:
    rows = [s for s in many(12, 9) if s.sample < (4 if s.problem == "p0" else 9)]
    uneven = classed(Pool.of(rows, "uneven"))
    with pytest.raises(UsageError, match="--ragged cap"):
        replayed(uneven, Asking(strategies=("self-consistency",), budgets=(8,), trials=5))
    asked = Asking(strategies=("self-consistency",), budgets=(8,), trials=5, ragged="cap")
    vote = of(replayed(uneven, asked), "self-consistency", 8)
    oracle = of(references(uneven, asked), "oracle", 8)
    least = int(np.argmin(uneven.counts))
    right = uneven.right[least, : uneven.counts[least]]
    assert oracle.samples == vote.samples == (8 * 11 + 4) / 12
    assert oracle.accuracy[least] == float((right >= 1).any())
    assert np.isnan(of(references(uneven, Asking(budgets=(8,))), "oracle", 8).accuracy[least])


def test_one_draw_is_exact(pool: Classed) -> None:
    """Else `direct` and the random pick, which are the same, would differ on one page."""
    found = replayed(pool, Asking(budgets=(1,), trials=3))
    blind = of(references(pool, Asking(budgets=(1,))), "random pick", 1)
    assert len(found) == 5
    assert all(np.array_equal(one.accuracy, blind.accuracy) for one in found)
    (direct, *_) = outcomes.splits(found, pool, 3)
    assert (direct.right, direct.selection) == pytest.approx((blind.mean, 0))


def test_each_of_several_verifiers_has_its_strategies() -> None:
    rows = [replace(s, scores={**s.scores, "rm": 1 - s.scores["judge"]}) for s in many(6, 4)]  # type: ignore[operator]
    both = classed(Pool.of(rows, "both"))
    found = {one.name for one in replayed(both, Asking(budgets=(4,), trials=5))}
    assert {"best-of-n by judge", "best-of-n by rm", "weighted-vote by rm", "direct"} <= found
    (named,) = replayed(both, Asking(strategies=("best-of-n@rm",), budgets=(4,), trials=5))
    (said,) = replayed(both, Asking(strategies=("best-of-n",), budgets=(4,), trials=5, verifier="rm"))
    assert np.array_equal(named.accuracy, said.accuracy)
    assert {one.name for one in replayed(both, Asking(trials=5, verifier="rm"))} >= {
        "best-of-n",
        "weighted-vote",
    }


def test_without_prompt_tokens_the_axis_is_that_of_the_answers() -> None:
    rows = [replace(s, prompt_tokens=None) for s in many(6, 4)]
    bare = classed(Pool.of(rows, "bare"))
    found = outcomes.point(of(replayed(bare, Asking(budgets=(4,), trials=5)), "self-consistency", 4))
    assert math.isnan(found.input_tokens)
    assert found.tokens == found.output_tokens == 1200
    made = gather.part(bare, gather.Wanted(asking=Asking(trials=5)), gather.Known(), lambda _: None)
    assert made.frontier
    assert made.summary[-1].startswith("The record holds no prompt tokens")
