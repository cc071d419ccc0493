"""The envelope of several plans bounds each of them, and is no larger than it must be in samples."""

from hypothesis import given
from hypothesis import strategies as st

from thinkharder.core.protocols import Step
from thinkharder.core.registry import build
from thinkharder.strategies import Adaptive
from thinkharder.strategies.planning import envelope

steps = st.builds(
    lambda samples, asked, carries, scored, cap: Step(samples, min(samples, asked), carries, scored, cap),
    st.integers(1, 9),
    st.integers(1, 9),
    st.integers(0, 4),
    st.booleans(),
    st.sampled_from([None, 64, 256]),
)
plans = st.lists(st.lists(steps, min_size=1, max_size=4), min_size=1, max_size=4)


def samples(plan: "list[Step] | tuple[Step, ...]", scored: bool = False) -> int:
    """The samples of a plan, or of them those scored."""
    return sum(step.samples for step in plan if step.scored or not scored)


def requests(plan: "list[Step] | tuple[Step, ...]", carries: int = 0) -> int:
    """The requests of a plan whose prompts carry at least so many samples."""
    return sum(step.requests for step in plan if step.carries >= carries)


@given(plans)
def test_it_bounds_every_plan(given_plans: list[list[Step]]) -> None:
    bound = envelope(given_plans)
    assert samples(bound) == max(samples(plan) for plan in given_plans)
    for plan in given_plans:
        assert samples(bound, scored=True) >= samples(plan, scored=True)
        for carries in range(5):
            assert requests(bound, carries) >= requests(plan, carries)
        for cap in (64, 256):
            above = [
                sum(s.samples for s in p if s.max_tokens is None or s.max_tokens >= cap)
                for p in (bound, plan)
            ]
            assert above[0] >= above[1]
    assert all(1 <= step.requests <= max(1, step.samples) for step in bound)


@given(st.lists(steps, min_size=1, max_size=4))
def test_of_one_plan_it_is_that_plan(plan: list[Step]) -> None:
    bound = envelope([plan])
    assert (samples(bound), samples(bound, scored=True)) == (samples(plan), samples(plan, scored=True))
    assert requests(bound) >= requests(plan)


def test_the_default_adaptive_is_bounded_by_its_dearest_tier() -> None:
    plan = Adaptive().plan()
    assert samples(plan) == 4 + samples(build("strategy", "hybrid").plan())
