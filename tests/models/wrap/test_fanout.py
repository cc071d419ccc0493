"""Splitting, and requests of more completions than the endpoint gives at once."""

from contextlib import aclosing
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.models.contract import chunks_of, request_of, samples_of
from tests.models.wrap.told import Told, end
from tests.virtual_clock import run_virtual
from thinkharder.core.errors import (
    BudgetExhausted,
    StreamCut,
)
from thinkharder.core.types import Capabilities, Chunk
from thinkharder.models.toy import Faults, Scripted, ToyModel, ToyOptions, toy_model
from thinkharder.models.wrap import (
    FanOut,
)
from thinkharder.models.wrap.base import split


@given(st.sets(st.integers(0, 40)), st.integers(1, 9), st.integers(0, 5))
def test_split_covers_each_wanted_completion_once_at_its_draw(
    wanted: set[int], most: int, first: int
) -> None:
    request = replace(request_of("q", 41), first_draw=first)
    parts = split(request, wanted, most)
    covered = [part.first + i for part in parts for i in range(part.request.n)]
    assert sorted(covered) == sorted(wanted) == covered
    assert all(part.request.n <= most for part in parts)
    assert all(part.request.first_draw == first + part.first for part in parts)


@given(st.integers(1, 20), st.integers(1, 7))
@settings(max_examples=40, deadline=None)
def test_fan_out_gives_the_same_completions_as_one_request(n: int, most: int) -> None:
    async def both() -> None:
        whole = toy_model("categorical(answers=[1, 2, 3, 4, 5, 6, 7, 8, 9], tokens=[1, 5])")
        parts = toy_model(
            f"categorical(answers=[1, 2, 3, 4, 5, 6, 7, 8, 9], tokens=[1, 5], max_n={most}, token_seconds=1.0)"
        )
        first = await chunks_of(whole, request_of("q", n))
        second = await chunks_of(FanOut(parts), request_of("q", n))
        texts = [{i: s.text for i, s in samples_of(chunks).items()} for chunks in (first, second)]
        assert texts[0] == texts[1]
        assert sorted(texts[0]) == list(range(n))
        usage = second[-1].usage
        assert usage is not None
        assert usage.output_tokens == parts.true_usage.output_tokens
        assert usage.requests == -(-n // most)
        assert parts.open_requests == 0

    run_virtual(both())


async def test_a_failing_part_leaves_the_others_their_completions() -> None:
    toy = ToyModel(Scripted(("a b c",)), ToyOptions(max_n=1), faults=Faults(schedule=("ok", "cut", "ok")))
    seen: list[Chunk] = []

    async def read() -> None:
        async with aclosing(FanOut(toy).stream(request_of("q", 3))) as stream:
            async for chunk in stream:
                seen.append(chunk)

    with pytest.raises(StreamCut):
        await read()
    assert sorted(i for i, s in samples_of(seen).items() if s.finish) == [0, 2]
    assert not any(chunk.usage for chunk in seen)


async def test_exhaustion_is_told_before_other_errors() -> None:
    inner = Told([StreamCut("cut")], [BudgetExhausted("tokens")], [end(0)])
    inner.capabilities = Capabilities(n=1)
    with pytest.raises(BudgetExhausted):
        await chunks_of(FanOut(inner), request_of("q", 3))
