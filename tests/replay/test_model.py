"""The pool as a model: strategies run on it as they are, and what is not recorded is never made up."""

import pytest

from thinkharder.api import Options, solve
from thinkharder.core.errors import ReplayMiss, UnknownName
from thinkharder.core.types import Message, Request
from thinkharder.core.usage import Budget
from thinkharder.records.pool import Pool
from thinkharder.records.sample import Sample
from thinkharder.replay import Replay, classed
from thinkharder.strategies import Direct

SAMPLES = [
    Sample(
        name,
        i,
        answer=answer,
        gold="7",
        prompt_tokens=11,
        completion_tokens=5 + i,
        scores={"v": i / 10},
        logprobs=(-0.1, -0.2),
        finish="stop",
    )
    for name, given in (("a", ("7", "8", "7", None)), ("b", ("9", "9", "7", "9")))
    for i, answer in enumerate(given)
]
POOL = Pool.of(SAMPLES, "four")


async def test_solve_runs_on_a_pool() -> None:
    replay = Replay(POOL)
    result = await solve(replay.problem("b"), model=replay, strategy="self-consistency(n=4)")
    assert result.answer == "9"
    assert result.agreement == 0.75
    assert result.model == "replay:four"
    assert (result.usage.calls, result.usage.requests) == (4, 1)
    assert (result.usage.input_tokens, result.usage.output_tokens) == (11, 26)


async def test_recorded_scores_are_a_verifier() -> None:
    replay = Replay(POOL)
    result = await solve(
        replay.problem("b"), model=replay, strategy="best-of-n(n=4)", verifier=replay.verifier("v")
    )
    assert result.answer == "9"
    assert max(c.score for c in result.candidates if c.score is not None) == 0.3


async def test_recorded_log_probabilities_are_given() -> None:
    replay = Replay(POOL)
    result = await solve(
        replay.problem("a"),
        model=replay,
        strategy="best-of-n(n=2)",
        verifier="confidence",
        options=Options(seed=1),
    )
    assert all(c.score == pytest.approx(0.8607, abs=1e-4) for c in result.candidates)


async def test_draws_come_without_replacement_and_trials_differ() -> None:
    replay, orders = Replay(POOL, seed=5), set()
    for trial in range(30):
        order = replay.at(trial).order(0).tolist()
        assert sorted(order) == [0, 1, 2, 3]
        assert order == Replay(POOL, seed=5, trial=trial).order(0).tolist()
        orders.add(tuple(order))
    assert len(orders) > 10
    assert [Replay(POOL, seed=6, trial=t).order(0).tolist() for t in range(9)] != [
        replay.at(t).order(0).tolist() for t in range(9)
    ]


async def test_a_draw_beyond_the_record_is_a_miss() -> None:
    replay = Replay(POOL)
    with pytest.raises(ReplayMiss, match="problem 'a' has 4 recorded samples, and draw 5 was asked for"):
        await solve(replay.problem("a"), model=replay, strategy="self-consistency(n=5)")


@pytest.mark.parametrize("strategy", ["cot", "self-refine", "multiple-attempts", "deep-reasoning"])
async def test_what_was_not_recorded_is_a_miss(strategy: str) -> None:
    replay = Replay(POOL)
    with pytest.raises(ReplayMiss, match="the strategy asks for"):
        await solve(replay.problem("a"), model=replay, strategy=strategy, verifier=replay.verifier("v"))


async def test_another_prompt_is_a_miss() -> None:
    replay = Replay(POOL)
    for messages in ((Message("user", "What is 3 + 4?"),), (Message("user", "Problem zzz"),)):
        with pytest.raises(ReplayMiss, match="not that of a recorded problem"):
            await replay.count(Request(messages))
    with pytest.raises(UnknownName, match="problem"):
        replay.problem("c")
    with pytest.raises(UnknownName, match="recorded verifier"):
        replay.verifier("judge")


async def test_a_draw_that_the_budget_cuts_abstains_and_is_paid_up_to_it() -> None:
    replay = Replay(POOL)
    result = await solve(replay.problem("a"), model=replay, strategy=Direct(), budget=Budget(tokens=15))
    assert result.answer is None
    assert result.usage.tokens == 15
    assert result.candidates[0].finish == "length"


async def test_texts_are_streamed_as_recorded() -> None:
    made = [
        Sample(
            "a", 0, text="So \\boxed{7}", reasoning="hm", gold="7", reasoning_tokens=1, completion_tokens=4
        )
    ]
    replay = Replay(Pool.of(made, "texts"))
    result = await solve(replay.problem("a"), model=replay, strategy="direct")
    assert result.answer == "7"
    assert result.text == "So \\boxed{7}"
    assert result.candidates[0].reasoning == "hm"
    assert result.usage.reasoning_tokens == 1


async def test_missing_counts_are_not_called_exact() -> None:
    replay = Replay(classed(Pool.of([Sample("a", 0, answer="7")], "bare")))
    result = await solve(replay.problem("a"), model=replay, strategy="direct")
    assert result.answer == "7"
    assert not result.usage.exact
