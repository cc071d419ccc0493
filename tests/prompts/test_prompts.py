"""Prompts are data: filled once, overridable, and every mistake is told."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thinkharder import prompts
from thinkharder.core.errors import BadOption, UnknownName


def test_places_are_filled() -> None:
    assert prompts.text("cot.extract", marker="M") == "Therefore, what is the final answer? M"
    assert prompts.places("refine.feedback") == {"feedback", "marker"}


@given(st.text(max_size=60))
def test_values_are_never_read_again(value: str) -> None:
    assert value in prompts.text("refine.feedback", feedback=value, marker="$feedback {x} \\boxed{}")


def test_values_with_places_in_them_stay_as_they_are() -> None:
    filled = prompts.text("refine.feedback", feedback="$marker $$ ${marker}", marker="\\g<0>")
    assert "$marker $$ ${marker}" in filled
    assert filled.endswith("\\g<0>")


def test_an_unknown_prompt_names_the_nearest() -> None:
    with pytest.raises(UnknownName, match=r"did you mean cot\.trigger"):
        prompts.text("cot.triger")


@pytest.mark.parametrize("values", [{}, {"marker": "m", "more": "x"}, {"makrer": "m"}])
def test_the_values_must_be_those_of_the_prompt(values: dict[str, str]) -> None:
    with pytest.raises(BadOption, match=r"takes \$marker"):
        prompts.text("cot.extract", **values)


def test_override_holds_within_the_block_and_nests() -> None:
    with prompts.override({"cot.trigger": "Go."}):
        with prompts.override({"cot": {"extract": "So? ${marker}, $$5"}}):
            assert prompts.text("cot.trigger") == "Go."
            assert prompts.text("cot.extract", marker="m") == "So? m, $5"
        assert prompts.text("cot.extract", marker="m").startswith("Therefore")
    assert prompts.text("cot.trigger") == "Let's think step by step."


def test_an_override_may_leave_places_out() -> None:
    with prompts.override({"cot.extract": "Answer?"}):
        assert prompts.text("cot.extract", marker="m") == "Answer?"


@pytest.mark.parametrize(
    ("mapping", "error", "words"),
    [
        ({"cot.triggr": "x"}, UnknownName, "did you mean"),
        ({"cot": {"nothing": "x"}}, UnknownName, "unknown prompt"),
        ({"cot.trigger": 3}, BadOption, "must be text"),
        ({"cot.extract": "$makrer"}, BadOption, r"has no place \$makrer; it takes \$marker"),
    ],
)
def test_a_wrong_override_is_refused(mapping: dict[str, object], error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words), prompts.override(mapping):
        pass
    assert prompts.text("cot.trigger") == "Let's think step by step."


async def test_tasks_started_in_the_block_see_it_and_others_do_not() -> None:
    async def read() -> str:
        await asyncio.sleep(0)
        return prompts.text("cot.trigger")

    with prompts.override({"cot.trigger": "Go."}):
        inside = asyncio.create_task(read())
    assert await read() == "Let's think step by step."
    assert await inside == "Go."


def test_every_prompt_has_text_or_is_meant_to_be_empty() -> None:
    empty = [name for name in prompts.names() if not prompts.template(name)]
    assert empty == ["answer.text", "marker.text"]
