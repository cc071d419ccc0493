"""Many problems on one budget, on toy models: the budget holds by the toy's own count, and everyone gets a share."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from thinkharder.api import Options
from thinkharder.context import Context
from thinkharder.core.errors import BadOption, CapabilityError, NothingFound, ServerError, UsageError
from thinkharder.core.ledger import Ledger
from thinkharder.core.protocols import Sampler
from thinkharder.core.types import Candidate, Problem, Sampling, Score
from thinkharder.core.usage import Budget, Usage
from thinkharder.many import Many, Solved, solve_many
from thinkharder.many.batch import Batch
from thinkharder.models.toy import ToyModel, toy_model

TOY = "categorical(answers=[18, 20, 16], weights=[0.6, 0.3, 0.1], tokens=[20, 60])"
SLOW = TOY[:-1] + ", token_seconds=0.001)"
SOLVE = Options(seed=3, answer_type="number", sampling=Sampling(max_tokens=64))


def problems(n: int) -> list[str]:
    return [f"How many eggs are {i} and {i}? Number {i}." for i in range(n)]


def paid(model: ToyModel) -> int:
    """Tokens by the toy's own books."""
    return sum(record.input_tokens + record.output_tokens for record in model.records)


class Eighteen:
    """A checker: 18 is right."""

    name, logprobs, joint = "eighteen", None, False

    def effort(self, problem_tokens: int, candidate_tokens: int) -> Any:
        from thinkharder.core.protocols import Effort

        return Effort()

    async def score(self, problem: Problem, candidates: Any, sampler: Sampler) -> list[Score]:
        return [Score(1.0 if c.answer == "18" else 0.0) for c in candidates]


def samples(solved: list[Solved]) -> list[int]:
    return [0 if one.result is None else len(one.result.candidates) for one in solved]


async def test_everyone_is_answered() -> None:
    model = toy_model(TOY)
    told: list[int] = []
    options = Many(solve=SOLVE, told=lambda one: told.append(one.number))
    solved = await solve_many(problems(10), model=model, budget=Budget(tokens=20_000), options=options)
    assert [one.number for one in solved] == list(range(10))
    assert sorted(told) == list(range(10))
    assert all(one.result is not None and one.final for one in solved)
    assert all(one.result and one.result.strategy == "self-consistency(n=64)" for one in solved)
    assert {one.result.stopped_by for one in solved if one.result} <= {"allocator", "cap"}
    assert min(samples(solved)) >= 1


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    tokens=st.integers(1, 3000),
    n=st.integers(1, 8),
    allocator=st.sampled_from(["uniform", "greedy", "elimination", "blend", "greedy(objective=agreement)"]),
    wave=st.sampled_from([None, 1, 3, 50]),
    seed=st.integers(0, 99),
)
def test_the_budget_holds_by_the_toys_own_count(
    tokens: int, n: int, allocator: str, wave: int | None, seed: int
) -> None:
    model = toy_model(TOY)
    options = Many(solve=replace(SOLVE, seed=seed), wave=wave)
    solved = asyncio.run(
        solve_many(
            problems(n), model=model, allocator=allocator, budget=Budget(tokens=tokens), options=options
        )
    )
    assert paid(model) <= tokens
    assert sum(one.spent.tokens for one in solved) == paid(model)
    assert all((one.result is None) == (one.error is not None) for one in solved)


@pytest.mark.parametrize("allocator", ["uniform", "greedy", "elimination", "blend"])
async def test_no_problem_starves_below_its_floor(allocator: str) -> None:
    model = toy_model(TOY)
    budget = Budget(calls=30)
    solved = await solve_many(
        problems(10), model=model, allocator=allocator, budget=budget, options=Many(solve=SOLVE, floor=2)
    )
    assert min(samples(solved)) >= 2
    assert sum(samples(solved)) <= 30
    assert sum(one.spent.calls for one in solved) <= 30


@pytest.mark.parametrize("strategy", ["self-consistency(n=9)", "best-of-n(n=9)"])
async def test_the_same_seed_gives_the_same(strategy: str) -> None:
    found = []
    for spec in (TOY, SLOW, SLOW):
        solved = await solve_many(
            problems(7),
            model=toy_model(spec),
            strategy=strategy,
            verifier=Eighteen() if "best" in strategy else None,
            budget=Budget(calls=40),
            options=Many(solve=SOLVE),
        )
        found.append(
            [(one.result and one.result.answer, n) for one, n in zip(solved, samples(solved), strict=True)]
        )
    assert found[0] == found[1] == found[2]


async def test_solved_problems_leave() -> None:
    model = toy_model(TOY)
    solved = await solve_many(
        problems(12),
        model=model,
        strategy="best-of-n(n=30)",
        verifier=Eighteen(),
        options=Many(solve=SOLVE, wave=4),
    )
    assert all(
        one.result and one.result.answer == "18" and one.result.stopped_by == "checker" for one in solved
    )
    assert sum(samples(solved)) < 60  # 12 / 0.6, and what was under way


async def test_a_rule_holds_for_each_problem() -> None:
    solved = await solve_many(
        problems(6),
        model=toy_model("categorical(answers=[18], weights=[1.0], tokens=[20, 20])"),
        strategy="self-consistency(n=40, until=margin(m=3))",
        allocator="uniform",
        options=Many(solve=SOLVE, wave=6),
    )
    assert all(one.result and one.result.stopped_by == "margin" for one in solved)
    assert max(samples(solved)) <= 5  # one more wave is under way


async def test_limits_of_each_problem() -> None:
    model = toy_model(TOY)
    options = Many(solve=SOLVE, each=Budget(calls=3))
    solved = await solve_many(problems(5), model=model, allocator="uniform", options=options)
    assert samples(solved) == [3] * 5
    assert all(one.result and one.result.exhausted == "calls" and not one.final for one in solved)
    capped = await solve_many(problems(5), model=model, allocator="uniform", options=Many(solve=SOLVE, cap=2))
    assert samples(capped) == [2] * 5
    assert all(one.final for one in capped)


async def test_a_parents_budget_and_what_was_spent_before_hold() -> None:
    model = toy_model(TOY)
    parent = Ledger(Budget(tokens=1000))
    options = Many(solve=replace(SOLVE, ledger=parent))
    await solve_many(problems(4), model=model, options=options)
    assert 0 < paid(model) == parent.spent.tokens <= 1000
    model = toy_model(TOY)
    before = Usage(input_tokens=600, output_tokens=300, requests=9, calls=9)
    await solve_many(
        problems(4), model=model, budget=Budget(tokens=1000), options=Many(solve=SOLVE, spent=before)
    )
    assert paid(model) <= 100


async def test_an_interrupt_gives_the_best_so_far() -> None:
    interrupt = asyncio.Event()
    asyncio.get_running_loop().call_later(0.4, interrupt.set)
    options = Many(solve=replace(SOLVE, interrupt=interrupt), wave=4)
    solved = await solve_many(
        problems(30),
        model=toy_model(SLOW),
        strategy="self-consistency(n=500)",
        allocator="uniform",
        options=options,
    )
    begun = [one for one in solved if one.result is not None]
    assert begun
    assert all(one.result and one.result.stopped_by == "interrupt" for one in begun)
    assert not any(one.final for one in solved)
    for one in solved:
        assert one.result is not None or isinstance(one.error, NothingFound)


async def test_a_deadline_ends_all() -> None:
    began = asyncio.get_running_loop().time()
    solved = await solve_many(
        problems(40),
        model=toy_model(SLOW),
        strategy="self-consistency(n=500)",
        budget=Budget(seconds=0.5),
        options=Many(solve=SOLVE, wave=4),
    )
    assert asyncio.get_running_loop().time() - began < 3
    assert len(solved) == 40
    assert any(one.result is not None for one in solved)
    assert not any(one.final for one in solved)


async def test_failures_end_one_problem_or_all_alike() -> None:
    model = toy_model(f"failing(inner={TOY}, kinds=[server_error], rate=0.3, seed=1)")
    solved = await solve_many(problems(12), model=model, budget=Budget(calls=60), options=Many(solve=SOLVE))
    assert len(solved) == 12
    assert any(one.result is not None for one in solved)
    dead = toy_model(f"failing(inner={TOY}, kinds=[server_error], rate=1.0, seed=1)")
    solved = await solve_many(problems(3), model=dead, options=Many(solve=SOLVE))
    assert all(isinstance(one.error, ServerError) for one in solved)


async def test_a_checker_that_breaks_ends_the_batch_with_its_error() -> None:
    class Broken(Eighteen):
        name = "broken"

        async def score(self, problem: Problem, candidates: Any, sampler: Sampler) -> list[Score]:
            raise RuntimeError("a bug")

    with pytest.raises(RuntimeError, match="a bug"):
        await solve_many(
            problems(5),
            model=toy_model(TOY),
            strategy="best-of-n",
            verifier=Broken(),
            options=Many(solve=SOLVE),
        )


async def test_what_does_not_fit_one_problem_fails_it_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = Batch._context

    def picky(batch: Batch, problem: Problem) -> Context:
        if "Number 2" in problem.text:
            raise CapabilityError("not this one")
        return whole(batch, problem)

    monkeypatch.setattr(Batch, "_context", picky)
    solved = await solve_many(problems(4), model=toy_model(TOY), options=Many(solve=SOLVE, cap=3))
    assert [one.result is None for one in solved] == [False, False, True, False]
    assert isinstance(solved[2].error, CapabilityError)


async def test_what_is_wrong_is_refused_before_anything_is_spent() -> None:
    model = toy_model(TOY)
    for arguments in (
        {"strategy": "adaptive"},
        {"strategy": "best-of-n", "verifier": "nothing-like-this"},
        {"allocator": "predicted"},
        {"options": Many(chances=[0.1])},
    ):
        with pytest.raises(UsageError):
            await solve_many(problems(3), model=model, **{"options": Many(solve=SOLVE), **arguments})  # type: ignore[arg-type]
    with pytest.raises(UsageError):
        await solve_many(["What?", " "], model=model)
    for wrong in ({"floor": -1}, {"cap": 0}, {"wave": 0}, {"solved": 0.0}, {"solve": Options(trace="t")}):
        with pytest.raises(BadOption):
            Many(**wrong)  # type: ignore[arg-type]
    assert not model.records
    assert await solve_many([], model=model) == []


async def test_draws_are_those_of_a_plain_solve() -> None:
    """Draw k of a problem is the same whoever orders it, so that best-of-8 is a prefix here too."""
    from thinkharder.api import solve

    (one,) = await solve_many(
        problems(1),
        model=toy_model(TOY),
        strategy="self-consistency(n=6)",
        allocator="uniform",
        options=Many(solve=SOLVE, wave=2),
    )
    plain = await solve(problems(1)[0], model=toy_model(TOY), strategy="self-consistency(n=6)", options=SOLVE)
    assert one.result is not None
    assert _texts(one.result.candidates) == _texts(plain.candidates)
    assert one.result.answer == plain.answer


def _texts(found: tuple[Candidate, ...]) -> list[str]:
    return [c.text for c in sorted(found, key=lambda c: c.draw)]
