"""The request cache: identity, the prefix property, the disk."""

import asyncio
import os
import stat
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.models.contract import chunks_of, request_of, samples_of
from thinkharder.core.errors import BadOption, StreamCut
from thinkharder.core.types import Chunk, Request, TokenLogprob
from thinkharder.models.toy import Categorical, Faults, ToyModel, ToyOptions, toy_model
from thinkharder.models.wrap.cache import Cached, CachePolicy, CacheStore
from thinkharder.models.wrap.drawn import Drawn

SPEC = "categorical(answers=[1, 2, 3, 4, 5, 6, 7], tokens=[1, 30], token_seconds=1e-9, chunk_tokens={})"


def drawn(model: Cached, request: Request) -> dict[int, tuple[str, int, str | None]]:
    """Text, tokens and end of each completion."""

    async def run() -> dict[int, tuple[str, int, str | None]]:
        samples = samples_of(await chunks_of(model, request))
        return {i: (s.text, s.tokens, s.finish) for i, s in sorted(samples.items())}

    return asyncio.run(run())


@given(
    st.lists(st.tuples(st.integers(1, 9), st.integers(0, 9), st.integers(1, 40)), min_size=1, max_size=5),
    st.sampled_from([1, 3]),
)
@settings(max_examples=60, deadline=None)
def test_a_cached_answer_is_what_the_model_would_say(
    asks: list[tuple[int, int, int]], chunk_tokens: int
) -> None:
    """Whatever was asked before, at whichever caps and draws: the same texts as without a cache."""
    cached = Cached(toy_model(SPEC.format(chunk_tokens)), CacheStore())
    for n, first, cap in asks:
        request = replace(request_of("q", n, max_tokens=cap), first_draw=first)
        plain = Cached(toy_model(SPEC.format(chunk_tokens)), CacheStore())
        assert drawn(cached, request) == drawn(plain, request)


def test_what_was_drawn_is_not_drawn_again_and_more_asks_for_the_rest_only() -> None:
    toy = toy_model(SPEC.format(1))
    cached = Cached(toy, CacheStore())
    drawn(cached, request_of("q", 64, max_tokens=40))
    drawn(cached, request_of("q", 8, max_tokens=40))
    assert [record.n for record in toy.records] == [64]
    drawn(cached, request_of("q", 70, max_tokens=40))
    assert [record.n for record in toy.records] == [64, 6]


def test_a_smaller_cap_is_cut_and_a_larger_one_is_a_miss_for_what_was_cut() -> None:
    toy = ToyModel(Categorical(("7",), tokens=(30, 30)), ToyOptions(token_seconds=1e-9))
    cached = Cached(toy, CacheStore())
    whole = drawn(cached, request_of("q", max_tokens=20))[0]
    assert whole[1:] == (20, "length")
    cut = drawn(cached, request_of("q", max_tokens=7))[0]
    assert cut[1:] == (7, "length")
    assert whole[0].startswith(cut[0])
    assert len(toy.records) == 1
    assert drawn(cached, request_of("q", max_tokens=60))[0][2] == "stop"
    assert len(toy.records) == 2
    drawn(cached, request_of("q", max_tokens=20))
    assert len(toy.records) == 2, "the longer record serves the smaller caps too"


def test_other_content_branches_seeds_and_models_are_other_draws() -> None:
    toy = toy_model(SPEC.format(1))
    store = CacheStore()
    base = request_of("q", max_tokens=40)
    variants = [
        base,
        request_of("r", max_tokens=40),
        request_of("q", max_tokens=40, temperature=0.5),
        replace(base, branch="1"),
        replace(base, seed=99),
        replace(base, first_draw=3),
        replace(base, prefill="So"),
    ]
    for request in variants:
        drawn(Cached(toy, store), request)
    assert len(toy.records) == len(variants)
    shared = CacheStore(CachePolicy(by_seed=False))
    drawn(Cached(toy, shared), base)
    drawn(Cached(toy, shared), replace(base, seed=99))
    assert len(toy.records) == len(variants) + 1


def test_a_whole_chunk_is_cut_by_its_log_probabilities_or_not_at_all() -> None:
    blind = ToyModel(Categorical(("7",), tokens=(30, 30)))
    drawn(Cached(blind, store := CacheStore()), request_of("q", max_tokens=40))
    drawn(Cached(blind, store), request_of("q", max_tokens=7))
    assert len(blind.records) == 2
    seeing = ToyModel(Categorical(("7",), tokens=(30, 30)))
    drawn(Cached(seeing, store := CacheStore()), request_of("q", max_tokens=40, logprobs=0))
    assert drawn(Cached(seeing, store), request_of("q", max_tokens=7, logprobs=0))[0][1:] == (7, "length")
    assert len(seeing.records) == 1


def test_inexact_counts_are_not_cut() -> None:
    chunks = (Chunk(text="a", tokens=1, exact=False), Chunk(text="b", tokens=1, finish="stop", exact=False))
    assert Drawn(chunks).at(1) is None
    assert Drawn(chunks).at(2) == chunks


async def test_failed_and_partial_draws_are_not_recorded() -> None:
    toy = ToyModel(
        Categorical(("7",), tokens=(30, 30)), ToyOptions(token_seconds=1e-9), faults=Faults(schedule=("cut",))
    )
    cached = Cached(toy, CacheStore())
    with pytest.raises(StreamCut):
        await chunks_of(cached, request_of("q", max_tokens=40))
    stream = cached.stream(request_of("q", max_tokens=40))
    await anext(stream)
    await stream.aclose()
    samples = samples_of(await chunks_of(cached, request_of("q", max_tokens=40)))
    assert samples[0].finish == "stop"
    assert len(toy.records) == 3


def test_the_disk_keeps_draws_between_processes_for_their_owner_alone(tmp_path: Path) -> None:
    policy = CachePolicy(directory=tmp_path / "cache")
    request = request_of("q 数学 😀", 3, max_tokens=40, logprobs=2)
    first = toy_model(SPEC.format(1))
    said = drawn(Cached(first, CacheStore(policy)), request)
    second = toy_model(SPEC.format(1))
    store = CacheStore(policy)
    assert drawn(Cached(second, store), request) == said
    assert len(second.records) == 0
    assert (store.hits, store.misses) == (3, 0)
    paths = [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]
    assert len(paths) == 3
    if os.name == "posix":
        assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in paths)
    for path, broken in zip(
        paths, ("", '{"format": 99}', '{"format": 1, "chunks": [{"text": 3}]}'), strict=True
    ):
        path.write_text(broken)
    assert drawn(Cached(second, CacheStore(policy)), request) == said
    assert len(second.records) > 0, "a torn record is a miss"


async def test_log_probabilities_and_tool_calls_survive_the_disk(tmp_path: Path) -> None:
    store = CacheStore(CachePolicy(directory=tmp_path))
    chunk = Chunk(
        text="a",
        reasoning="r",
        tokens=2,
        reasoning_tokens=1,
        logprobs=(TokenLogprob("a", -0.5, (("a", -0.5), ("b", -1.5))),),
        tool_calls=({"id": "1", "function": {"name": "f"}},),
        finish="tool_calls",
        exact=False,
    )
    store.put("ab12", [chunk])
    assert CacheStore(CachePolicy(directory=tmp_path)).get("ab12", 9) == (chunk,)


def test_a_disk_that_cannot_be_written_is_no_failure(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    store = CacheStore(CachePolicy(directory=tmp_path / "file"))
    toy = toy_model(SPEC.format(1))
    drawn(Cached(toy, store), request_of("q", max_tokens=40))
    drawn(Cached(toy, store), request_of("q", max_tokens=40))
    assert len(toy.records) == 1


def test_memory_is_bounded() -> None:
    store = CacheStore(CachePolicy(entries=5))
    for number in range(20):
        store.put(str(number), [Chunk(text="x", tokens=1, finish="stop")])
    assert store.get("0", 9) is None
    assert store.get("19", 9) is not None
    with pytest.raises(BadOption):
        CachePolicy(entries=0)
