"""The toy models: deterministic, fast, with true books."""

import asyncio
import time
from collections import Counter
from contextlib import aclosing
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.models.contract import ModelContract, chunks_of, request_of, samples_of
from tests.virtual_clock import run_virtual
from thinkharder.core.errors import (
    BadOption,
    RequestRefused,
    UnknownName,
    UnknownOption,
)
from thinkharder.core.protocols import Model
from thinkharder.core.types import Request, TokenLogprob
from thinkharder.models.toy import (
    Categorical,
    Distribution,
    Draft,
    Scripted,
    ToyModel,
    ToyOptions,
    toy_model,
    toy_tokens,
)

LONG = " ".join(f"word{i}" for i in range(300))


class TestScriptedKeepsTheContract(ModelContract):
    @pytest.fixture
    async def model(self) -> Model:
        return ToyModel(Scripted((LONG,)), ToyOptions(token_seconds=0.0001, context=4000))


class TestInstantCategoricalKeepsTheContract(ModelContract):
    @pytest.fixture
    async def model(self) -> Model:
        return toy_model("categorical(answers=[18, 20], tokens=[30, 60], thinking=3)")


class TestBlindToyKeepsTheContract(ModelContract):
    """One that only bounds its input and does not stop when it is left."""

    @pytest.fixture
    async def model(self) -> Model:
        return toy_model(
            "scripted(texts=['" + LONG + "'], token_seconds=0.0001, cancels=false, exact_input=false)"
        )


def test_tokens_join_to_their_text() -> None:
    for text in ("", "a", "  two  words ", "supercalifragilistic\n\n", "数学 😀 "):
        assert "".join(toy_tokens(text)) == text


async def test_scripted_goes_through_its_texts_by_draw_number() -> None:
    model = toy_model('scripted(texts=["a", "b", "c"])')
    samples = samples_of(await chunks_of(model, replace(request_of("x", 2), first_draw=2)))
    assert [samples[i].text for i in (0, 1)] == ["c", "a"]


async def test_scripted_by_prompt_takes_the_longest_key() -> None:
    model = ToyModel(Scripted(("other",), {"egg": ("1",), "eggs": ("2", "3")}))
    assert samples_of(await chunks_of(model, request_of("how many eggs?")))[0].text == "2"
    assert samples_of(await chunks_of(model, request_of("nothing")))[0].text == "other"


async def test_categorical_draws_its_distribution() -> None:
    model = toy_model("categorical(answers=[18, 20, 16], weights=[0.5, 0.3, 0.2], max_n=5000)")
    samples = samples_of(await chunks_of(model, request_of("q", 4000)))
    counts = Counter(sample.text for sample in samples.values())
    assert counts["The answer is \\boxed{18}."] == pytest.approx(2000, abs=150)
    assert counts["The answer is \\boxed{20}."] == pytest.approx(1200, abs=150)


async def test_categorical_by_problem() -> None:
    model = ToyModel(Categorical(problems={"sum": Distribution(("4",)), "product": Distribution(("6",))}))
    assert "{6}" in samples_of(await chunks_of(model, request_of("the product")))[0].text
    with pytest.raises(BadOption):
        await chunks_of(model, request_of("something else"))


@given(st.lists(st.integers(1, 9), min_size=1, max_size=6), st.integers(0, 2**31), st.text(max_size=4))
@settings(max_examples=60, deadline=None)
def test_the_same_draws_however_they_are_grouped(sizes: list[int], seed: int, branch: str) -> None:
    """A recording of many is an exact prefix of fewer, and a retry draws the same sample."""
    model = toy_model("categorical(answers=[1, 2, 3, 4, 5], tokens=[1, 9])")

    async def texts(request: Request) -> list[str]:
        samples = samples_of(await chunks_of(model, request))
        return [samples[i].text for i in sorted(samples)]

    async def both() -> tuple[list[str], list[str]]:
        whole = replace(request_of("q", sum(sizes)), seed=seed, branch=branch)
        parts: list[str] = []
        for size in sizes:
            parts += await texts(replace(whole, n=size, first_draw=len(parts)))
        return await texts(whole), parts

    whole, parts = asyncio.run(both())
    assert whole == parts


async def test_other_seeds_branches_and_prompts_draw_differently() -> None:
    model = toy_model("categorical(answers=[1, 2, 3, 4, 5, 6, 7, 8])")
    base = request_of("q", 30)
    variants = [base, replace(base, seed=8), replace(base, branch="0"), request_of("r", 30)]
    texts = [tuple(s.text for s in samples_of(await chunks_of(model, v)).values()) for v in variants]
    assert len(set(texts)) == 4


async def test_lengths_thinking_and_the_cap() -> None:
    model = toy_model("categorical(answers=[18], tokens=[20, 40], thinking=5)")
    for sample in samples_of(await chunks_of(model, request_of("q", 50, max_tokens=100))).values():
        assert 25 <= sample.tokens <= 45
        assert sample.reasoning_tokens == 5
        assert sample.finish == "stop"
        assert sample.text.endswith("\\boxed{18}.")
    (cut,) = samples_of(await chunks_of(model, request_of("q", max_tokens=10))).values()
    assert (cut.tokens, cut.finish) == (10, "length")
    assert "18" not in cut.text
    (less,) = samples_of(await chunks_of(model, request_of("q", max_tokens=100, thinking_tokens=2))).values()
    assert less.reasoning_tokens == 2


async def test_logprobs_tell_how_likely_the_answer_was() -> None:
    model = toy_model("categorical(answers=[18, 20], weights=[0.75, 0.25], tokens=[20])")
    for sample in samples_of(await chunks_of(model, request_of("q", 20, logprobs=2))).values():
        likely = -0.2877 if "18" in sample.text else -1.3863
        assert min(item.logprob for item in sample.logprobs) == pytest.approx(likely, abs=1e-3)
        assert len(sample.logprobs) == sample.tokens


async def test_a_draft_can_state_its_logprobs_and_tool_calls() -> None:
    call = {"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    drafts = (
        Draft("7", logprobs=(TokenLogprob("7", -0.5, (("7", -0.5), ("8", -1.0))),), tool_calls=(call,)),
    )
    (sample,) = samples_of(await chunks_of(ToyModel(Scripted(drafts)), request_of("q", logprobs=1))).values()
    assert sample.logprobs == [TokenLogprob("7", -0.5, (("7", -0.5),))]
    assert (sample.finish, sample.tool_calls) == ("tool_calls", [call])


def test_time_passes_on_the_loop_alone() -> None:
    async def timed() -> tuple[float, float]:
        model = toy_model("categorical(answers=[1], tokens=[100], token_seconds=0.5, first_seconds=10)")
        loop = asyncio.get_running_loop()
        began = loop.time()
        async with aclosing(model.stream(request_of("q", 4))) as stream:
            await anext(stream)
            first = loop.time() - began
            async for _ in stream:
                pass
        return first, loop.time() - began

    assert run_virtual(timed()) == (10.5, 60.0)


@pytest.mark.parametrize(("cancels", "lag", "billed"), [(True, 0, 6), (True, 2, 12), (False, 0, 300)])
async def test_what_a_closed_stream_is_billed(cancels: bool, lag: int, billed: int) -> None:
    model = ToyModel(Scripted(("x " * 100,)), ToyOptions(token_seconds=1e-4, cancels=cancels, lag_tokens=lag))
    stream = model.stream(request_of("q", 3, max_tokens=100))
    for _ in range(6):
        await anext(stream)
    assert model.open_requests == 1
    await stream.aclose()
    assert model.open_requests == 0
    assert model.true_usage.output_tokens == billed
    assert model.records[-1].ended == "closed"
    assert model.capabilities.cancels is cancels


@pytest.mark.parametrize(("words", "lag"), [(50, 4), (5, 2)])
async def test_lag_is_billed_for_unfinished_completions_only(words: int, lag: int) -> None:
    """And for no more tokens than they have left."""
    drafts = ("a", "b", "x " * (words - 1) + "x")
    model = ToyModel(Scripted(drafts), ToyOptions(token_seconds=1e-4, lag_tokens=4))
    stream = model.stream(request_of("q", 3, max_tokens=100))
    for _ in range(5):  # a, b, and three tokens of the long one
        await anext(stream)
    await stream.aclose()
    assert model.true_usage.output_tokens == 5 + lag


async def test_too_many_completions_are_refused() -> None:
    with pytest.raises(RequestRefused, match="n=3"):
        await chunks_of(toy_model("scripted(texts=[a], max_n=2)"), request_of("q", 3))


@pytest.mark.parametrize(
    ("spec", "error", "message"),
    [
        ("scripted(text=[a])", UnknownOption, "texts"),
        ("scriptet(texts=[a])", UnknownName, "scripted"),
        ("categorical(answers=[])", BadOption, "needs answers"),
        ("categorical(answers=[1, 2], weights=[1])", BadOption, "one for each of the 2"),
        ("categorical(answers=[1], weights=[-1])", BadOption, "none negative"),
        ("categorical(answers=[1], tokens=[0])", BadOption, "from 1"),
        ("categorical(answers=[1], template=x)", BadOption, "must hold"),
        ("categorical(answers=[1], problems=x)", UnknownOption, "no option 'problems'"),
        ("failing(rate=0.5)", BadOption, "inner"),
        ("failing(inner=scripted(texts=[a]), kinds=[fire])", BadOption, "'fire' is unknown"),
        ("failing(inner=scripted(texts=[a]), rate=2)", BadOption, "in \\[0, 1\\]"),
        ("scripted(texts=[a], token_seconds=-1)", BadOption, "0 or more"),
        ("scripted(texts=[a], chunk_tokens=0)", BadOption, "1 or more"),
    ],
)
def test_bad_specs_are_refused_with_the_reason(spec: str, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        toy_model(spec)


def test_shorthand_and_names() -> None:
    assert toy_model("scripted:hello").name == "toy:scripted(hello)"
    assert toy_model("categorical:answers=7").capabilities.n == 128


async def test_the_instant_path_is_fast() -> None:
    model = toy_model("categorical(answers=[18, 20, 16], weights=[0.5, 0.3, 0.2])")
    request = request_of("What is it? " * 20, 100, max_tokens=200)
    await chunks_of(model, request)
    best = 0.0
    for _ in range(5):
        began = time.perf_counter()
        for _ in range(10):
            await chunks_of(model, request)
        best = max(best, 1000 / (time.perf_counter() - began))
    assert best > 10_000, f"{best:,.0f} samples/s"
