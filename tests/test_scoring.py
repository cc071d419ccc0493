"""How verification meets the budget: scores on arrival or jointly, and a share that sampling cannot eat."""

import contextlib
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.helpers import EGGS, context_on
from tests.virtual_clock import run_virtual
from thinkharder.core.errors import BudgetExhausted, CapabilityError
from thinkharder.core.protocols import Effort
from thinkharder.core.types import Candidate, Problem, Score
from thinkharder.core.usage import Budget
from thinkharder.models.loaded import Loaded
from thinkharder.models.toy import toy_model
from thinkharder.models.wrap import RetryPolicy, standard_layers
from thinkharder.run import Run

EVEN = "categorical(answers=[7, 8, 9], weights=[0.5, 0.3, 0.2], tokens=[5, 60], token_seconds=0.01)"


class Scorer:
    """Scores by answer; asks the judge once a candidate when `asks`."""

    name, logprobs, joint = "scorer", None, False

    def __init__(self, asks: bool = False, joint: bool = False) -> None:
        self.asks, self.joint, self.batches = asks, joint, []  # type: ignore[misc]

    def effort(self, problem_tokens: int, candidate_tokens: int) -> Effort:
        return Effort(1, problem_tokens + 4 * candidate_tokens, 20) if self.asks else Effort()

    async def score(self, problem: Problem, candidates: Sequence[Candidate], sampler: Any) -> list[Score]:
        self.batches.append(len(candidates))  # type: ignore[attr-defined]
        if self.asks:
            for candidate in candidates:
                await sampler.role("judge").sample(f"Rate {candidate.text}", kind="judgement", max_tokens=20)
        return [Score({"7": 0.9, "8": 0.5}.get(c.answer or "", 0.1), "said") for c in candidates]


@pytest.mark.parametrize("joint", [False, True])
def test_scores_are_put_on_candidates_on_arrival_or_jointly(joint: bool) -> None:
    async def go() -> tuple[list[Candidate], list[int]]:
        scorer: Any = Scorer(joint=joint)
        found = await Run(context_on(EVEN, verifiers=[scorer])).sample(EGGS, 10, score=True)
        return found, scorer.batches

    found, batches = run_virtual(go())
    assert all(c.score == {"7": 0.9, "8": 0.5, "9": 0.1}[c.answer or ""] for c in found)
    assert all(c.scores == {"scorer": c.score} and c.notes == {"scorer": "said"} for c in found)
    assert batches == ([10] if joint else [1] * 10)


@pytest.mark.parametrize("joint", [False, True])
@given(tokens=st.integers(60, 3000))
def test_sampling_cannot_eat_the_verifiers_share(joint: bool, tokens: int) -> None:
    async def go() -> tuple[dict[str, Candidate], int]:
        context = context_on(EVEN, budget=Budget(tokens=tokens), verifiers=[Scorer(asks=True, joint=joint)])
        with contextlib.suppress(BudgetExhausted):
            await Run(context).sample(EGGS, 40, score=True, max_tokens=60)
        return context.seen, context.ledger.spent.tokens

    seen, spent = run_virtual(go())
    found = [c for c in seen.values() if c.kind == "answer"]
    assert spent <= tokens
    if len(found) > 1:
        assert all(c.score is not None for c in found)


def test_a_verifier_that_fails_leaves_the_samples_unscored_and_says_so() -> None:
    class Wrong(Scorer):
        async def score(self, problem: Problem, candidates: Sequence[Candidate], sampler: Any) -> list[Score]:
            return [Score(10.0) for _ in candidates]

    async def go() -> tuple[list[Candidate], list[str]]:
        context = context_on(EVEN, verifiers=[Wrong()])
        return await Run(context).sample(EGGS, 2, score=True), context.decisions

    found, decisions = run_virtual(go())
    assert [c.score for c in found] == [None, None]
    assert len(decisions) == 1
    assert "not in [0, 1]" in decisions[0]


def test_a_judge_may_retry_beyond_its_share() -> None:
    async def go() -> list[Candidate]:
        judge = toy_model(f"failing(inner={EVEN}, schedule=[rate_limited, server_error])")
        stack = Loaded(judge, standard_layers(judge, retries=RetryPolicy(seed=0)))
        context = context_on(EVEN, verifiers=[Scorer(asks=True)], roles={"judge": stack})
        return await Run(context).sample(EGGS, 3, score=True)

    assert all(c.score is not None for c in run_virtual(go()))


@pytest.mark.parametrize("max_n", [1, 128])
def test_a_budget_for_all_is_spent_on_all(max_n: int) -> None:
    async def go() -> tuple[int, int]:
        model = toy_model(f"categorical(answers=[7, 8], tokens=[20, 60], token_seconds=0.01, max_n={max_n})")
        stack = Loaded(model, standard_layers(model, retries=RetryPolicy(seed=0)))
        context = context_on(stack, budget=Budget(tokens=9000), verifiers=[Scorer(asks=True)])
        found = await Run(context).sample(EGGS, 12, score=True)
        return len(found), context.ledger.spent.tokens

    count, _ = run_virtual(go())
    assert count == 12


def test_an_unaffordable_judge_is_told_in_the_result() -> None:
    async def go() -> Any:
        context = context_on(EVEN, budget=Budget(calls=1), verifiers=[Scorer(asks=True)])
        (candidate,) = await Run(context).sample(EGGS, 1, score=True)
        return candidate, context.limit, context.decisions

    candidate, limit, decisions = run_virtual(go())
    assert candidate.score is None
    assert limit == "calls"
    assert any("could not score" in words for words in decisions)


def test_score_by_name_leaves_the_deciding_score() -> None:
    async def go() -> Candidate:
        first, second = Scorer(), Scorer()
        second.name = "second"  # type: ignore[misc]
        run = Run(context_on(EVEN, verifiers=[first, second]))
        (candidate,) = await run.sample(EGGS, 1)
        (candidate,) = await run.score([candidate], by="second")
        assert candidate.score is None
        (candidate,) = await run.score([candidate])
        with pytest.raises(CapabilityError, match="thirrd"):
            await run.score([candidate], by="thirrd")
        return candidate

    candidate = run_virtual(go())
    assert candidate.scores == {"second": candidate.score, "scorer": candidate.score}
