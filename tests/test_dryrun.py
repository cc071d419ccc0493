"""The worst case bounds what is really spent."""

import pytest

from thinkharder import assemble, dryrun, prompts
from thinkharder.api import Options, solve
from thinkharder.core.ledger import Ledger
from thinkharder.core.registry import names
from thinkharder.core.types import Capabilities, Problem
from thinkharder.core.usage import Budget, Price
from thinkharder.models.loaded import Loaded

PROBLEM = Problem.of("How many is 6 * 3?")
MODELS = {
    "split": "categorical(answers=[18, 20, 16, 5, 6, 7], tokens=[5, 60])",
    "long": "categorical(answers=[18, 20, 16, 5, 6, 7], tokens=[300, 400])",
    "small-n": "categorical(answers=[18, 20, 16], tokens=[5, 60], max_n=2)",
    "judging": 'scripted(texts=["Score: 7", "The answer is 3.", "It is wrong. The answer is 4."])',
}


def load(model: str) -> Loaded:
    return assemble.load_model(f"toy:{model}")


def templates() -> list[str]:
    return [prompts.template(name) for name in prompts.names()]


async def bound(
    spec: str, model: str, verifier: str | None, budget: Budget | None = None
) -> dryrun.WorstCase:
    strategy = assemble.build_strategy(spec)
    toy = load(model)
    inputs = await dryrun.measure(toy, PROBLEM, templates(), None)
    setup = assemble.Setup(strategy, assemble.build_problem(PROBLEM), {"generator": toy}, verifier)
    deciding = setup.context(Ledger(Budget())).deciding
    worst = dryrun.worst_case(strategy, inputs, deciding, price=Price(1, 2), judge_price=Price(1, 2))
    return worst if budget is None else dryrun.within(worst, budget)


assemble.load_built_in()


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("spec", names("strategy"))
@pytest.mark.parametrize("verifier", [None, "judge"])
async def test_no_run_costs_more(spec: str, model: str, verifier: str | None) -> None:
    worst = await bound(spec, MODELS[model], verifier)
    for seed in range(3):
        result = await solve(
            PROBLEM,
            model=load(MODELS[model]),
            strategy=spec,
            verifier=verifier,
            options=Options(seed=seed),
        )
        spent = result.usage
        assert spent.calls <= worst.calls
        assert spent.requests <= worst.requests
        assert spent.input_tokens <= worst.input_tokens
        assert spent.output_tokens <= worst.output_tokens


async def test_direct_is_exact() -> None:
    worst = await bound("direct", MODELS["split"], None)
    assert (worst.calls, worst.requests, worst.output_tokens) == (1, 1, 256)
    assert worst.usd == pytest.approx((worst.input_tokens + 2 * 256) / 1e6)


@pytest.mark.parametrize(
    ("budget", "limited"),
    [
        (Budget(tokens=500), ("tokens",)),
        (Budget(calls=3, output_tokens=100), ("output_tokens", "calls")),
        (Budget(usd=1e-4), ("usd",)),
        (Budget(tokens=10**9), ()),
        (Budget(seconds=5), ()),
    ],
)
async def test_limits_bound_it(budget: Budget, limited: tuple[str, ...]) -> None:
    worst = await bound("self-consistency", MODELS["split"], None, budget)
    assert worst.limited == limited
    for name in ("tokens", "output_tokens", "calls", "usd", "seconds"):
        limit = getattr(budget, name)
        assert limit is None or getattr(worst, name) <= limit
    assert worst.input_tokens <= worst.tokens


async def test_an_unknown_price_stays_unknown() -> None:
    toy = load(MODELS["split"])
    inputs = await dryrun.measure(toy, PROBLEM, templates(), None)
    assert dryrun.worst_case(assemble.build_strategy("direct"), inputs).usd is None


async def test_bytes_bound_tokens() -> None:
    problem = Problem.of("日本語 " * 50 + "🎉" * 20)
    counted = await dryrun.measure(load(MODELS["split"]), problem, templates(), None)
    sized = dryrun.measured_by_size(problem, templates(), Capabilities(), None)
    assert sized.problem_tokens >= counted.problem_tokens
    assert sized.instruction_tokens >= counted.instruction_tokens
    assert not sized.exact


def test_a_cap_of_the_user_counts() -> None:
    inputs = dryrun.Inputs(10, 10, True, Capabilities(context=100), 50)
    assert dryrun.worst_case(assemble.build_strategy("direct"), inputs).output_tokens == 50
    tight = dryrun.Inputs(10, 10, True, Capabilities(context=40), 50)
    assert dryrun.worst_case(assemble.build_strategy("direct"), tight).output_tokens == 39
