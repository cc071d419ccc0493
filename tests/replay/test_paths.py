"""The fast path and the strategy objects give the same numbers on the same draws."""

import asyncio
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.replay.pools import any_rules, pools
from thinkharder.core.protocols import Select, StoppingRule, Strategy
from thinkharder.core.usage import Budget
from thinkharder.records.pool import Pool
from thinkharder.records.sample import Sample
from thinkharder.replay.classed import Classed, classed
from thinkharder.replay.model import Replay
from thinkharder.replay.objects import run_once
from thinkharder.replay.one_by_one import Job, agreement, one_by_one, whole_vote, within
from thinkharder.replay.plan import plan_of
from thinkharder.replay.vector import Cell, Outcome, Setting, evaluate
from thinkharder.select import Borda, WeightedVote, first, highest_score, last, majority
from thinkharder.stopping import (
    AdaptiveConsistency,
    Cite,
    Dsc,
    Esc,
    Fixed,
    Margin,
    Mmc,
    Msprt,
    Ppr,
    Sprt,
    Unanimous,
)
from thinkharder.strategies import BestOfN, Direct, SelfConsistency, WeightedVoting

levels = st.sampled_from((0.9, 0.6, 0.3, 0.05))
published = st.one_of(
    st.builds(
        AdaptiveConsistency, st.sampled_from((0.51, 0.7, 0.8, 0.95)), st.sampled_from(("beta", "dirichlet"))
    ),
    st.integers(2, 4).map(Esc),
    st.builds(Dsc, st.integers(1, 3), st.integers(1, 3), st.sampled_from((0.7, 0.8)), st.booleans()),
    st.builds(Ppr, levels, st.integers(2, 4)),
    st.builds(
        Sprt, st.sampled_from((0.5001, 0.6, 0.9)), st.just(0.05), st.sampled_from((0.1, 0.9, 0.949976))
    ),
    st.builds(Msprt, st.sampled_from((1, 5, 10**6)), st.just(0.05), st.sampled_from((0.6, 0.9, 0.94994))),
    st.builds(Cite, levels, st.integers(1, 3), st.sampled_from((None, 2, 3))),
    st.builds(Mmc, levels, st.integers(1, 3), st.sampled_from(("fixed", "leading"))),
)
rules = st.one_of(
    st.none(),
    st.integers(1, 4).map(Margin),
    st.integers(2, 4).map(Unanimous),
    st.integers(1, 9).map(Fixed),
    any_rules,
    published,
)
selects = st.one_of(
    st.sampled_from((majority, highest_score, first, last)),
    st.sampled_from((0.0, 0.5, 1.0, 3.0, 40.0)).map(WeightedVote),
    st.sampled_from((0.0, 0.7, 1.0, 5.0, 60.0)).map(Borda),
)
numbers = st.integers(1, 8)
strategies = st.one_of(
    st.just(Direct()),
    st.builds(SelfConsistency, n=numbers, until=rules, select=selects),
    st.builds(BestOfN, n=numbers, select=selects),
    st.builds(WeightedVoting, n=numbers, select=selects),
)
budgets = st.one_of(st.none(), st.integers(1, 200))


def both(pool: Classed, strategy: Strategy, tokens: int | None, setting: Setting) -> tuple[Outcome, Outcome]:
    """The fast path's numbers, and the objects'."""
    plan = plan_of(strategy)
    assert plan is not None
    scores = "v" if plan.scored else None
    (fast,) = evaluate(pool, [Cell(plan, plan.n, tokens, scores)], setting, workers=1)
    budget = None if tokens is None else Budget(tokens=tokens)
    return fast, one_by_one(pool, Job(strategy, budget, scores), setting)


def assert_same(fast: Outcome, slow: Outcome) -> None:
    for name in ("samples", "requests", "output", "accuracy", "agreement"):
        got, wanted = getattr(fast, name), getattr(slow, name)
        np.testing.assert_allclose(got, wanted, rtol=0, atol=1e-12, err_msg=name)


@pytest.mark.slow
@settings(max_examples=150)
@given(pools(), strategies, budgets, st.integers(1, 8), st.integers(0, 99))
def test_the_same_numbers(pool: Pool, strategy: Strategy, tokens: int | None, cap: int, seed: int) -> None:
    known = classed(pool, "number")
    assert_same(*both(known, strategy, tokens, Setting(2, seed, cap, known.max_tokens)))


@pytest.mark.slow
@settings(max_examples=60)
@given(pools(width=12), published, budgets, st.integers(1, 12), st.integers(0, 99))
def test_published_rules_take_both_paths_alike(
    pool: Pool, rule: StoppingRule, tokens: int | None, n: int, seed: int
) -> None:
    known = classed(pool, "number")
    strategy = SelfConsistency(n=n, until=rule)
    assert_same(*both(known, strategy, tokens, Setting(2, seed, 8, known.max_tokens)))


@settings(max_examples=30)
@given(pools(shares=False), strategies, budgets, st.integers(0, 99))
def test_the_same_numbers_where_the_gold_decides(
    pool: Pool, strategy: Strategy, tokens: int | None, seed: int
) -> None:
    known = classed(pool, "number")
    assert_same(*both(known, strategy, tokens, Setting(2, seed, 8, known.max_tokens)))


@settings(max_examples=30)
@given(pools(), strategies, budgets, st.integers(1, 30))
def test_the_same_numbers_under_a_cap_on_each_draw(
    pool: Pool, strategy: Strategy, tokens: int | None, most: int
) -> None:
    known = classed(pool, "number").capped(most)
    assert_same(*both(known, strategy, tokens, Setting(2, 0, 8, known.max_tokens)))


@settings(max_examples=30)
@given(pools(), strategies, st.integers(0, 9))
def test_the_winners_are_the_same_draws(pool: Pool, strategy: Strategy, seed: int) -> None:
    """Each draw is right in turn, so that the expectations say who won, draw by draw."""
    known, plan = classed(pool, "number"), plan_of(strategy)
    assert plan is not None
    scores = "v" if plan.scored else None
    replay = Replay(known, seed=seed, labels=True)
    for problem, count in enumerate(known.counts.tolist()):
        ended = asyncio.run(run_once(replay, problem, within(strategy, count), scores=scores))
        for place, draw in enumerate(replay.order(problem).tolist()):
            right = np.zeros_like(known.right)
            right[problem, draw] = 1.0
            cell = Cell(plan, plan.n, None, scores)
            (fast,) = evaluate(replace(known, right=right), [cell], Setting(1, seed, 8), workers=1)
            share = 1 / len(ended.winners) if place in ended.winners else 0.0
            assert fast.accuracy[problem] == pytest.approx(share, abs=1e-12)


def rows(*draws: tuple[str | None, float | None], tokens: int = 10) -> Classed:
    """One problem's draws, (answer, score) each; each draw is right to a share of its own."""
    made = [
        Sample(
            "a",
            i,
            answer=a,
            correct=(i + 1) / 16,
            prompt_tokens=3,
            completion_tokens=tokens + i,
            scores={"v": s},
        )
        for i, (a, s) in enumerate(draws)
    ]
    return classed(Pool.of(made, "rows"), "number")


@pytest.mark.parametrize(
    "pool",
    [
        rows(("1", 0.1), ("2", 0.3), ("1", 0.2), ("2", 0.2), ("1", 0.3), ("2", 0.1)),
        rows(("1", 0.1), ("1", 0.6), ("2", 0.2), ("2", 0.5), ("3", 0.3), ("3", 0.4)),
        rows(("1", 0.9), ("1", 0.9), ("2", 0.9), ("2", 0.1), ("3", 0.9), (None, 1.0)),
        rows(("1", 1e-4), ("2", 1e-4), ("1", 0.99), ("2", 0.99), ("3", 1e-3), ("1", None)),
    ],
    ids=["same scores in another order", "same ranks", "several at the top", "far apart"],
)
@pytest.mark.parametrize(
    "select", [highest_score, WeightedVote(), WeightedVote(17.0), Borda(), Borda(1.7), Borda(30.0)], ids=str
)
def test_ties_are_exact(pool: Classed, select: Select) -> None:
    """By the float sums 0.1 + 0.2 + 0.3 is more than 0.3 + 0.2 + 0.1; by the exact ones it is not."""
    for n in (3, 4, 6):
        assert_same(*both(pool, WeightedVoting(n=n, select=select), None, Setting(40, n, 6, pool.max_tokens)))


@pytest.mark.parametrize("select", [majority, highest_score, first, last, WeightedVote(), Borda()], ids=str)
@pytest.mark.parametrize("scores", [(None, None, None), (0.2, None, 0.2), (0.1, 0.2, 0.3)], ids=str)
def test_where_all_abstain_those_that_abstain_win(scores: tuple[float | None, ...], select: Select) -> None:
    pool = rows(*((None, score) for score in scores))
    for tokens in (None, 5, 20, 30, 35):
        for strategy in (WeightedVoting(n=3, select=select), SelfConsistency(n=3, select=select)):
            assert_same(*both(pool, strategy, tokens, Setting(6, 0, 3, pool.max_tokens)))


def test_numbers_depend_on_neither_company_nor_threads() -> None:
    pool = classed(Pool.of(_mixed(), "mixed"), "number")
    setting = Setting(500, 3, 12, pool.max_tokens)
    made = [SelfConsistency(n=n, until=rule) for n in (1, 5, 12) for rule in (None, Margin(2), Unanimous(3))]
    cells = [Cell(plan, plan.n) for plan in map(plan_of, made) if plan is not None]
    together = evaluate(pool, cells, setting, workers=2)
    for cell, outcome in zip(cells, together, strict=True):
        (alone,) = evaluate(pool, [cell], setting, workers=1)
        np.testing.assert_array_equal(alone.samples, outcome.samples)
        np.testing.assert_allclose(alone.accuracy, outcome.accuracy, rtol=0, atol=1e-12)


def test_a_problem_replays_the_same_in_any_pool() -> None:
    pool = Pool.of(_mixed(), "mixed")
    whole, part = classed(pool, "number"), classed(pool.select([2]), "number")
    plan = plan_of(SelfConsistency(n=12, until=Margin(2)))
    assert plan is not None
    setting = Setting(50, 0, 12)
    (all_,), (one,) = (evaluate(c, [Cell(plan, 12)], setting) for c in (whole, part))
    assert one.samples[0] == all_.samples[2]
    assert one.accuracy[0] == pytest.approx(all_.accuracy[2], abs=1e-12)


def _mixed() -> list[Sample]:
    rng = np.random.default_rng(0)
    return [
        Sample(
            str(p),
            i,
            answer=str(rng.integers(0, 2 + p)),
            gold="0",
            completion_tokens=int(rng.integers(5, 50)),
        )
        for p in range(6)
        for i in range(12)
    ]


def test_agreement_counts_sets_of_tied_answers() -> None:
    pool = classed(Pool.of([Sample("a", i, answer=a) for i, a in enumerate("1122")], "ties"), "number")
    replay = Replay(pool, labels=True)
    ended = asyncio.run(run_once(replay, 0, SelfConsistency(n=1)))
    assert agreement(ended, whole_vote(pool, 0, replay.order(0))) == 0.5
    ended = asyncio.run(run_once(replay, 0, SelfConsistency(n=4)))
    assert agreement(ended, whole_vote(pool, 0, replay.order(0))) == 1.0
