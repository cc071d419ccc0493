"""A budget is hard: random programs, budgets, latencies and faults, on a virtual clock, against the toy's true books."""

import asyncio
from dataclasses import dataclass, field
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.virtual_clock import run_virtual
from thinkharder import select
from thinkharder.answers import Classes, answer_type
from thinkharder.context import Context
from thinkharder.core.errors import ModelError, NothingFound
from thinkharder.core.ledger import Ledger
from thinkharder.core.protocols import Effort
from thinkharder.core.types import Problem, Result, Score
from thinkharder.core.usage import Budget, Price
from thinkharder.driver import GRACE, drive
from thinkharder.models.loaded import Loaded
from thinkharder.models.toy import KINDS, toy_model
from thinkharder.models.wrap import RetryPolicy, standard_layers
from thinkharder.stopping import Margin, Unanimous

PRICE = Price(1.0, 4.0)
CAP = 40


@dataclass(frozen=True)
class Program:
    """A strategy that does what it is told: a tree of samples, scores and branches."""

    steps: tuple[Any, ...]
    needs: ClassVar[tuple[str, ...]] = ()
    select: Any = field(default=staticmethod(select.majority))

    async def search(self, problem: Problem, run: Any) -> list[Any]:
        return await self._all(self.steps, problem, run)

    async def _all(self, steps: tuple[Any, ...], problem: Problem, run: Any) -> list[Any]:
        pool: list[Any] = []
        for step in steps:
            pool += await self._one(step, problem, run)
            run.offer(pool)
        return pool

    async def _one(self, step: Any, problem: Problem, run: Any) -> list[Any]:
        name, *rest = step
        if name == "sample":
            n, score, until, cap = rest
            return await run.sample(problem, n, score=score, until=until, max_tokens=cap)
        if name == "critique":
            await run.sample("What is wrong with it?", rest[0], kind="critique", max_tokens=rest[1])
            return []
        branches = [lambda child, inner=inner: self._all(inner, problem, child) for inner in rest[0]]
        return [c for found in await run.parallel(branches) for c in found]


class Judge:
    """A verifier that asks the model once a candidate."""

    name, logprobs = "judge", None

    def __init__(self, joint: bool = False) -> None:
        self.joint = joint

    def effort(self, problem_tokens: int, candidate_tokens: int) -> Effort:
        return Effort(1, problem_tokens + 8 * candidate_tokens + 200, 10)

    async def score(self, problem: Problem, candidates: Any, sampler: Any) -> list[Score]:
        scores = []
        for candidate in candidates:
            asked = f"Rate: {candidate.text}"
            judged = await sampler.role("judge").sample(asked, 1, kind="judgement", max_tokens=10)
            scores.append(Score(0.5 if judged else None))
        return scores


rules = st.one_of(st.none(), st.builds(Margin, st.integers(1, 4)), st.builds(Unanimous, st.integers(2, 4)))
sample = st.tuples(
    st.just("sample"), st.integers(1, 12), st.booleans(), rules, st.one_of(st.none(), st.integers(1, CAP))
)
critique = st.tuples(st.just("critique"), st.integers(1, 3), st.integers(1, CAP))
leaf = st.lists(st.one_of(sample, critique), min_size=1, max_size=3).map(tuple)
branch = st.tuples(st.just("parallel"), st.lists(leaf, min_size=1, max_size=4))
programs = st.lists(st.one_of(sample, critique, branch), min_size=1, max_size=4).map(tuple).map(Program)
budgets = st.builds(
    Budget,
    tokens=st.one_of(st.none(), st.integers(1, 1500)),
    output_tokens=st.one_of(st.none(), st.integers(1, 800)),
    calls=st.one_of(st.none(), st.integers(1, 30)),
    seconds=st.one_of(st.none(), st.floats(0.01, 20.0)),
    usd=st.one_of(st.none(), st.floats(1e-6, 4e-3)),
)


@st.composite
def toys(draw: Any) -> Any:
    honest = draw(st.booleans())
    kinds = [k for k in KINDS if honest is False or not k.startswith("usage")]
    chosen = draw(st.lists(st.sampled_from(kinds), min_size=1, max_size=4))
    rate = draw(st.sampled_from([0.0, 0.0, 0.2, 0.6]))
    seconds = draw(st.sampled_from([0.0, 0.001, 0.05]))
    inner = (
        f"categorical(answers=[1, 2, 3], weights=[0.5, 0.3, 0.2], tokens=[5, 60], token_seconds={seconds},"
        f" cancels={str(draw(st.booleans())).lower()}, lag_tokens={draw(st.sampled_from([0, 3]))},"
        f" exact_input={str(draw(st.booleans())).lower()}, max_n={draw(st.sampled_from([1, 4, 128]))})"
    )
    seed = draw(st.integers(0, 10_000))
    model = toy_model(f"failing(inner={inner}, kinds=[{', '.join(chosen)}], rate={rate}, seed={seed})")
    return Loaded(model, standard_layers(model, retries=RetryPolicy(seed=0)), PRICE)


async def _solve(
    program: Program, model: Loaded, budget: Budget, interrupt_at: float | None, seed: int
) -> Any:
    loop = asyncio.get_running_loop()
    problem = Problem.of("How many eggs are 3 and 4?", answer_type="number")
    kind = answer_type("number", problem)
    judge = Judge(joint=seed % 3 == 0)
    context = Context(
        problem=problem,
        models={"generator": model},
        ledger=Ledger(budget) if seed % 2 else Ledger(Budget(), Ledger(budget)),
        answer_type=kind,
        classes=Classes(kind),
        verifiers={"judge": judge},
        seed=seed,
        started=loop.time(),
        deadline=None if budget.seconds is None else loop.time() + budget.seconds,
    )
    interrupt = asyncio.Event()
    timer = loop.call_later(interrupt_at, interrupt.set) if interrupt_at is not None else None
    try:
        return await drive(program, context, interrupt), context, loop.time()
    except (NothingFound, ModelError) as error:
        return error, context, loop.time()
    finally:
        if timer is not None:
            timer.cancel()


def check(program: Program, model: Loaded, budget: Budget, interrupt_at: float | None, seed: int) -> None:
    """One run: limits kept by the true count, nothing left behind, a result or one of the two documented errors."""
    ended, context, elapsed = run_virtual(_solve(program, model, budget, interrupt_at, seed))
    toy: Any = model.backend
    true, ledger = toy.true_usage, context.ledger
    assert isinstance(ended, (Result, NothingFound, ModelError))
    assert toy.open_requests == 0
    assert ledger.streams == 0
    assert ledger.spent.calls == true.calls
    assert ledger.spent.input_tokens >= true.input_tokens
    assert ledger.spent.output_tokens >= true.output_tokens
    for value in (ledger._held.tokens, ledger._held.output_tokens, ledger._held.calls):
        assert value == 0
    assert ledger._held.usd == pytest.approx(0, abs=1e-9)
    if budget.tokens is not None:
        assert true.tokens <= budget.tokens
    if budget.output_tokens is not None:
        assert true.output_tokens <= budget.output_tokens
    if budget.calls is not None:
        assert true.calls <= budget.calls
    if budget.usd is not None:
        assert PRICE.usd(true.input_tokens, true.output_tokens) <= budget.usd + 1e-9
    if budget.seconds is not None:
        assert elapsed <= budget.seconds + GRACE
    if isinstance(ended, Result):
        assert ended.text is not None
        if ended.exhausted is not None:
            assert ended.stopped_by == "budget"


@settings(
    max_examples=600, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
@given(programs, toys(), budgets, st.one_of(st.none(), st.floats(0.0, 5.0)), st.integers(0, 1000))
def test_spending_never_exceeds_any_limit(
    program: Program, model: Loaded, budget: Budget, interrupt_at: float | None, seed: int
) -> None:
    check(program, model, budget, interrupt_at, seed)


@pytest.mark.bench
@settings(
    max_examples=10_000,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(programs, toys(), budgets, st.one_of(st.none(), st.floats(0.0, 5.0)), st.integers(0, 1000))
def test_spending_never_exceeds_any_limit_in_ten_thousand_runs(
    program: Program, model: Loaded, budget: Budget, interrupt_at: float | None, seed: int
) -> None:
    check(program, model, budget, interrupt_at, seed)
