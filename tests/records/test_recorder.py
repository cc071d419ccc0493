"""The recording model: nothing asked twice, everything charged as if new, and replay without the model."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.models.contract import chunks_of, request_of, samples_of
from thinkharder import Budget, Problem, assemble
from thinkharder.api import Options, solve
from thinkharder.core.errors import ReplayMiss, StreamCut
from thinkharder.core.types import Request
from thinkharder.models.loaded import Loaded
from thinkharder.models.toy import Categorical, Faults, ToyModel, ToyOptions, toy_model
from thinkharder.records import job
from thinkharder.records.job import Recording
from thinkharder.records.recorder import Recorded, replayed
from thinkharder.records.store import Store

SPEC = "categorical(answers=[1, 2, 3, 4, 5], tokens=[1, 30], token_seconds=1e-9, chunk_tokens=3)"
HERE = Recording("t", "p", version="1")


@pytest.fixture
def store(tmp_path: Path):  # type: ignore[no-untyped-def]
    """An empty store in a run's folder."""
    with Store.open(tmp_path / "run", create=True, power_safe=False) as opened:
        yield opened


async def said(model: Any, request: Request) -> list[tuple[str, int, str | None]]:
    """Text, tokens and end of each completion."""
    found = samples_of(await chunks_of(model, request))
    return [(s.text, s.tokens, s.finish) for _, s in sorted(found.items())]


async def test_what_is_recorded_is_not_asked_again_and_replays_without_the_model(store: Store) -> None:
    toy = toy_model(SPEC)
    recorded = Recorded(toy, store, recording=HERE)
    request = request_of("q", 8, max_tokens=40)
    first = await said(recorded, request)
    assert first == await said(toy_model(SPEC), request), "recording changes nothing"
    assert await said(recorded, request) == first
    assert (await said(recorded, replace(request, n=12)))[:8] == first
    assert [record.n for record in toy.records] == [8, 4]
    assert await said(replayed(store, toy.name), replace(request, n=12)) == await said(
        recorded, replace(request, n=12)
    )
    assert (await replayed(store, toy.name).count(request)) == await toy.count(request)
    assert replayed(store, toy.name).capabilities == toy.capabilities
    assert store.verify() == []


async def test_a_miss_says_what_was_asked_and_asks_nobody(store: Store) -> None:
    toy = toy_model(SPEC)
    await said(Recorded(toy, store, recording=HERE), request_of("q", 4, max_tokens=40))
    mute = Recorded(toy, store, live=False)
    for request, what in (
        (request_of("q", 6, max_tokens=40), "draw 4 of 'q'"),
        (request_of("other", 1, max_tokens=40), "its prompt of 'other'"),
        (replace(request_of("q", 1, max_tokens=40), seed=99), "seed 99"),
        (request_of("q", 1, max_tokens=40, logprobs=0), "draw 0"),
    ):
        with pytest.raises(ReplayMiss, match=what):
            await said(mute, request)
    assert len(toy.records) == 1
    with pytest.raises(ReplayMiss, match="no model 'none'"):
        replayed(store, "none")


async def test_log_probabilities_are_summed_up_always_and_kept_where_wanted(store: Store) -> None:
    def request(**sampling: Any) -> Request:
        return request_of("q", 2, max_tokens=40, **sampling)

    toy = toy_model(SPEC)
    plain = samples_of(await chunks_of(Recorded(toy, store, recording=HERE), request()))
    assert not plain[0].logprobs, "nobody asked for them"
    assert [sample.logprobs for sample in store.samples()] == [None, None]
    means = [store.find(key, 40, None) for key in _keys(store)]
    assert all(kept is not None and kept.mean_logprob is not None for kept in means)
    full = Recorded(toy, store, recording=replace(HERE, logprobs=2))
    asked = samples_of(await chunks_of(full, request(logprobs=0)))
    assert asked[0].text == plain[0].text
    assert asked[0].logprobs
    assert all(item.top == () for item in asked[0].logprobs)
    again = samples_of(await chunks_of(full, request(logprobs=2)))
    assert len(toy.records) == 2, "the alternatives were kept though nobody had asked for them"
    assert again[0].logprobs == samples_of(await chunks_of(toy_model(SPEC), request(logprobs=2)))[0].logprobs
    pooled = [*store.samples()]
    assert [len(sample.logprobs or ()) for sample in pooled] == [
        sample.completion_tokens for sample in pooled
    ]
    assert pooled[0].tops is not None
    assert store.verify() == []


def _keys(store: Store) -> list[str]:
    """The keys of all draws."""
    return [row[0] for row in store._db.execute("SELECT DISTINCT draw_key FROM generations")]


async def test_a_draw_on_its_way_is_waited_for(store: Store) -> None:
    toy = ToyModel(Categorical(("1", "2", "3"), tokens=(5, 30)), ToyOptions(token_seconds=1e-4))
    models = [Recorded(toy, store, recording=HERE) for _ in range(3)]
    sizes = (8, 4, 12)
    found = await asyncio.gather(
        *(said(m, request_of("q", n, max_tokens=40)) for m, n in zip(models, sizes, strict=True))
    )
    assert found[0][:4] == found[1]
    assert found[2][:8] == found[0]
    assert sorted(record.n for record in toy.records) == [4, 8]
    assert not store.flights


async def test_who_waited_for_a_draw_that_was_cut_off_asks_for_it(store: Store) -> None:
    toy = ToyModel(Categorical(("1", "2", "3"), tokens=(20, 30)), ToyOptions(token_seconds=1e-4))
    first = Recorded(toy, store, recording=HERE).stream(request_of("q", 2, max_tokens=40))
    await anext(first)
    waiting = asyncio.create_task(said(Recorded(toy, store), request_of("q", 2, max_tokens=40)))
    await asyncio.sleep(0.01)
    assert len(toy.records) == 1
    await first.aclose()
    assert [end for _, _, end in await waiting] == ["stop", "stop"]
    assert len(toy.records) == 2


async def test_a_failed_request_records_what_was_finished_and_no_more(store: Store) -> None:
    toy = ToyModel(
        Categorical(("7",), tokens=(30, 30)), ToyOptions(token_seconds=1e-9), faults=Faults(schedule=("cut",))
    )
    recorded = Recorded(toy, store, recording=HERE)
    with pytest.raises(StreamCut):
        await said(recorded, request_of("q", max_tokens=40))
    assert not store.groups()
    assert not _keys(store)
    assert (await said(recorded, request_of("q", max_tokens=40)))[0][2] == "stop"


async def test_what_was_cut_off_replays_to_where_it_was_cut_off(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    toy = toy_model("categorical(answers=[7], tokens=[20, 20], token_seconds=1e-9)")
    request = request_of("q", 1, max_tokens=40)
    live = Recorded(toy, store, recording=HERE).stream(request)
    heard = [await anext(live) for _ in range(5)]
    await live.aclose()
    monkeypatch.setattr(job, "PATIENCE", 0.01)
    again = replayed(store, toy.name).stream(request)
    assert "".join([(await anext(again)).text for _ in range(5)]) == "".join(c.text for c in heard)
    with pytest.raises(ReplayMiss):
        await anext(again)
    assert not [*store.groups()], "it is no sample"
    assert (await said(Recorded(toy, store, recording=HERE), replace(request)))[0][2] == "stop"
    short = await said(replayed(store, toy.name), request_of("q", 1, max_tokens=3))
    assert short[0][1:] == (3, "length")


STRATEGIES = (
    "direct",
    "self-consistency(n=12, until=margin(m=2))",
    "self-consistency(n=12, until=unanimous(k=2))",
    "best-of-n(n=6)",
    "weighted-vote(n=4)",
    "self-refine",
    "adaptive",
    "hybrid",
    "deep-reasoning",
    "multiple-attempts",
)


@pytest.mark.parametrize("strategy", STRATEGIES)
async def test_every_strategy_replays_from_its_own_record(store: Store, strategy: str) -> None:
    toy = toy_model("categorical(answers=[1, 2, 3], tokens=[1, 30], token_seconds=1e-5, chunk_tokens=3)")
    problem = Problem.of("What is 1 + 1?", answer_type="number")
    needs = assemble.build_strategy(strategy).needs
    given: dict[str, Any] = {
        "strategy": strategy,
        "options": Options(seed=5),
        "budget": Budget(tokens=20_000),
        "verifier": "judge" if "verifier" in needs else None,
    }
    live = await solve(problem, model=Loaded(Recorded(toy, store, recording=HERE)), **given)
    asked = len(toy.records)
    again = await solve(problem, model=Loaded(replayed(store, toy.name)), **given)
    assert len(toy.records) == asked
    assert (again.answer, again.votes, again.text) == (live.answer, live.votes, live.text)
    assert store.verify() == []
    if "until" not in strategy:  # what was cut off had gone further, or not as far, when it was
        assert replace(again.usage, seconds=0.0) == replace(live.usage, seconds=0.0)


async def test_a_cell_finds_the_records_of_its_candidates(store: Store) -> None:
    recorded = Recorded(toy_model(SPEC), store, recording=HERE)
    found = await solve(
        Problem.of("What is 1 + 1?", answer_type="number"),
        model=Loaded(recorded),
        strategy="self-consistency(n=4)",
    )
    for candidate in found.candidates:
        draw = recorded.draw_of(candidate, correct=1.0, chosen=candidate.id == found.chosen)
        kept = store.generation(draw.key)
        assert kept is not None
        assert (kept.text, draw.answer, draw.tokens) == (candidate.text, candidate.answer, None)
        part = replace(candidate, text=candidate.text[:3], tokens=1)
        assert (recorded.draw_of(part).key, recorded.draw_of(part).tokens) == (draw.key, 1)
        assert recorded.draw_of(replace(candidate, text="never said")).key == ""
