"""Budgets, usage, problems, identity: small values that everything trusts."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thinkharder.core import errors
from thinkharder.core.errors import BadOption, BadProblem, ThinkharderError
from thinkharder.core.identity import canonical_json, content_hash, draw_seed
from thinkharder.core.types import Message, Problem, Request, Sampling
from thinkharder.core.usage import Budget, Price, Usage


@pytest.mark.parametrize(
    "wrong",
    [
        {"tokens": 0},
        {"tokens": -1},
        {"tokens": 1.5},
        {"tokens": True},
        {"seconds": math.nan},
        {"usd": math.inf},
        {"calls": "3"},
    ],
)
def test_a_budget_refuses_what_is_no_limit(wrong: dict[str, object]) -> None:
    with pytest.raises(BadOption, match=f"budget {next(iter(wrong))}="):
        Budget(**wrong)  # type: ignore[arg-type]


def test_tighten_takes_the_smaller_of_both() -> None:
    both = Budget(tokens=10, seconds=3.0).tighten(Budget(tokens=20, calls=4))
    assert both == Budget(tokens=10, calls=4, seconds=3.0)


usages = st.builds(
    Usage, *[st.integers(0, 1000)] * 6, st.floats(0, 10), st.one_of(st.none(), st.floats(0, 1))
)


@given(usages, usages)
def test_usage_adds_up(a: Usage, b: Usage) -> None:
    both = a + b
    assert both.tokens == a.tokens + b.tokens
    assert both.calls == a.calls + b.calls
    assert (both.usd is None) == (a.usd is None or b.usd is None)


def test_prices() -> None:
    assert Price(2.0, 8.0, 0.5).usd(1_000_000, 500_000, 400_000) == pytest.approx(1.2 + 0.2 + 4.0)


@pytest.mark.parametrize("wrong", ["", "   \n", "x" * 4_000_001, "\ud800"])
def test_a_problem_must_be_text_of_a_size_that_can_be_sent(wrong: str) -> None:
    with pytest.raises(BadProblem):
        Problem.of(wrong)


def test_problem_text_is_what_the_user_says() -> None:
    problem = Problem.of("What is 1+1?", system="Be brief.")
    assert problem.text == "What is 1+1?"
    assert [m.role for m in problem.messages] == ["system", "user"]


def request(text: str = "hi", **changes: object) -> Request:
    return replace(Request((Message("user", text),), seed=3), **changes)  # type: ignore[arg-type]


def test_identity_ignores_what_does_not_change_what_is_sampled() -> None:
    base = content_hash(request())
    assert content_hash(request(n=64, seed=9, first_draw=5, branch="b1/", deadline=3.0)) == base
    assert content_hash(request(sampling=Sampling(max_tokens=7))) == base
    assert content_hash(request(sampling=Sampling(temperature=0.5))) != base
    assert content_hash(request("ho")) != base
    assert content_hash(request(prefill="x")) != base


def test_draw_seeds_depend_on_the_draw_not_on_the_batch() -> None:
    whole = [draw_seed(request(n=8), i) for i in range(8)]
    assert [draw_seed(request(first_draw=4, n=4), i) for i in range(4)] == whole[4:]
    assert len(set(whole)) == 8
    assert all(0 <= seed < 2**31 for seed in whole)
    assert draw_seed(request(branch="b1/"), 0) != whole[0]


@given(st.dictionaries(st.text(), st.one_of(st.integers(), st.text(), st.lists(st.integers()))))
def test_canonical_json_does_not_depend_on_order(value: dict[str, object]) -> None:
    assert canonical_json(dict(reversed(value.items()))) == canonical_json(value)


def test_the_error_tree_at_the_top_of_the_file_is_complete() -> None:
    tree = errors.__doc__ or ""
    found = [v for v in vars(errors).values() if isinstance(v, type) and issubclass(v, ThinkharderError)]
    assert all(error.__name__ in tree for error in found)
    assert {error.exit_code for error in found} == {1, 2, 3, 4}
