"""Branches of a run: their own randomness and draws, and what happens when the budget ends one of them."""

import asyncio
from typing import Any

import pytest

from tests.helpers import EGGS, context_on
from tests.virtual_clock import run_virtual
from thinkharder.core.errors import BadOption, BadReply, BudgetExhausted
from thinkharder.core.types import Candidate
from thinkharder.models.toy import ToyModel, toy_model
from thinkharder.run import Run

EVEN = "categorical(answers=[7, 8, 9], weights=[0.5, 0.3, 0.2], tokens=[5, 60], token_seconds=0.01)"


def test_branches_have_their_own_randomness_and_draws_and_are_repeatable() -> None:
    async def go() -> list[list[str]]:
        async def branch(run: Run) -> list[str]:
            found = await run.sample(EGGS, 5)
            return [*(c.id for c in found), *(str(c.answer) for c in found), str(run.rng.integers(10**9))]

        return await Run(context_on(EVEN)).parallel([branch, branch, branch])

    first, again = run_virtual(go()), run_virtual(go())
    assert first == again
    assert len({tuple(b) for b in first}) == 3


def test_samples_of_one_prompt_that_run_at_once_are_different_draws() -> None:
    async def go() -> tuple[list[Candidate], list[Candidate], list[Candidate]]:
        run = Run(context_on(EVEN))
        first, second = await asyncio.gather(run.sample(EGGS, 4), run.sample(EGGS, 4))
        twins = await run.extend([first[0], first[0]], [2, 2], max_tokens=5)
        drafts = await run.role("draft").sample(EGGS, 4)
        return first + second, twins, drafts

    both, twins, drafts = run_virtual(go())
    assert len({c.id for c in both}) == 8
    assert len({c.id for c in twins}) == 4
    assert not {c.id for c in drafts} & {c.id for c in both}


def test_every_fork_is_its_own_branch_whatever_role_forks() -> None:
    async def go() -> list[str]:
        async def branch(run: Run) -> str:
            return (await run.sample(EGGS, 1))[0].id

        run = Run(context_on(EVEN))
        parts = [run, run.role("generator"), run.role("draft"), run.role("draft")]
        return [name for part in parts for name in await part.parallel([branch])]

    assert len(set(run_virtual(go()))) == 4


def test_a_backend_that_ends_without_a_completion_is_an_error_not_a_loop() -> None:
    class Silent(ToyModel):  # type: ignore[misc]
        async def stream(self, request: Any) -> Any:
            return
            yield

    async def go() -> None:
        toy = toy_model(EVEN)
        await Run(context_on(Silent(toy.source))).sample(EGGS, 3)

    with pytest.raises(BadReply, match="without finishing"):
        run_virtual(go())


@pytest.mark.parametrize(
    "wrong", [{"max_tokens": 0}, {"max_tokens": -5}, {"temperature": -1.0}, {"top_p": 2.0}]
)
def test_sampling_out_of_range_is_refused(wrong: dict[str, Any]) -> None:
    async def go() -> None:
        await Run(context_on(EVEN)).sample(EGGS, **wrong)

    with pytest.raises(BadOption, match=next(iter(wrong))):
        run_virtual(go())


def test_one_exhausted_branch_leaves_its_siblings_alone() -> None:
    async def go() -> list[Any]:
        async def dear(run: Run) -> list[Candidate]:
            found = await run.sample(EGGS, 1, max_tokens=5)
            await asyncio.sleep(5)
            raise BudgetExhausted("tokens")
            return found

        async def cheap(run: Run) -> list[Candidate]:
            await asyncio.sleep(10)
            return await run.sample(EGGS, 2)

        return await Run(context_on(EVEN)).parallel([dear, cheap])

    ended = run_virtual(go())
    assert [len(b) for b in ended] == [1, 2]


def test_when_every_branch_is_exhausted_the_driver_hears_of_it() -> None:
    async def go() -> None:
        async def branch(run: Run) -> None:
            raise BudgetExhausted("calls")

        await Run(context_on(EVEN)).parallel([branch, branch])

    with pytest.raises(BudgetExhausted, match="calls"):
        run_virtual(go())
