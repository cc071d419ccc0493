"""Retry: only what can help, only what is missing, never past the deadline."""

import asyncio
import random
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.models.contract import chunks_of, request_of, samples_of
from tests.models.wrap.told import Told, end
from tests.virtual_clock import run_virtual
from thinkharder.core.errors import (
    BadOption,
    BudgetExhausted,
    RateLimited,
    ServerError,
    StreamCut,
    Unauthorized,
)
from thinkharder.core.ledger import Ledger
from thinkharder.core.types import Chunk
from thinkharder.core.usage import Budget, Usage
from thinkharder.models.loaded import Loaded
from thinkharder.models.toy import Categorical, Faults, ToyModel, ToyOptions, toy_model
from thinkharder.models.wrap import (
    Retry,
    RetryPolicy,
    standard_layers,
)


@given(
    st.integers(1, 8),
    st.lists(st.tuples(st.floats(0, 1), st.booleans()), max_size=6),
    st.integers(0, 1000),
)
@settings(max_examples=80, deadline=None)
def test_retry_delivers_every_draw_once_whatever_fails(
    n: int, faults: list[tuple[float, bool]], seed: int
) -> None:
    """Each completion ends once, with the text of its own draw, whichever attempts were cut and where."""
    kinds = tuple(
        random.Random(seed).choice(("cut", "malformed", "server_error", "late_error")) for _ in faults
    )

    async def both() -> None:
        text = Categorical(tuple(map(str, range(50))), tokens=(1, 9))
        plain = await chunks_of(ToyModel(text), request_of("q", n))
        toy = ToyModel(
            text, ToyOptions(token_seconds=0.1), faults=Faults(schedule=kinds, seed=seed, seconds=0.1)
        )
        chunks = await chunks_of(Retry(toy, RetryPolicy(attempts=20)), request_of("q", n))
        ends = [chunk.index for chunk in chunks if chunk.finish is not None]
        assert sorted(ends) == list(range(n))
        assert {i: s.text for i, s in samples_of(chunks).items()} == {
            i: s.text for i, s in samples_of(plain).items()
        }
        asked = sum(record.n for record in toy.records)
        assert asked <= n * (1 + len(toy.records))
        assert toy.open_requests == 0

    run_virtual(both())


async def test_only_the_missing_are_asked_for_again_at_their_own_draws() -> None:
    inner = Told(
        [Chunk(1, "par"), end(0, "zero"), Chunk(3, "t"), end(2, "two"), StreamCut("cut")],
        [end(0, "one")],
        [end(0, "three")],
    )
    chunks = await chunks_of(Retry(inner, RetryPolicy(base=0)), replace(request_of("q", 4), first_draw=10))
    assert [(one.n, one.first_draw) for one in inner.asked] == [(4, 10), (1, 11), (1, 13)]
    assert {i: s.text for i, s in samples_of(chunks).items()} == {0: "zero", 1: "one", 2: "two", 3: "three"}
    assert [(c.index, c.restart) for c in chunks if c.restart] == [(1, True), (3, True)]


async def test_what_the_meter_did_not_admit_is_not_a_failure() -> None:
    inner = Told([end(0), end(1)])
    chunks = await chunks_of(Retry(inner), request_of("q", 5))
    assert len(inner.asked) == 1
    assert len(chunks) == 2


@pytest.mark.parametrize("error", [Unauthorized("no"), BudgetExhausted("tokens"), TypeError("bug")])
async def test_what_cannot_succeed_is_not_asked_again(error: Exception) -> None:
    inner = Told([error], [end(0)])
    with pytest.raises(type(error)):
        await chunks_of(Retry(inner), request_of("q"))
    assert len(inner.asked) == 1


def test_attempts_are_capped_and_the_last_error_is_raised() -> None:
    toy = toy_model("failing(inner=scripted(texts=[a]), kinds=[server_error], rate=1.0)")
    with pytest.raises(ServerError):
        run_virtual(chunks_of(Retry(toy, RetryPolicy(attempts=4)), request_of("q")))
    assert len(toy.records) == 4


def test_retry_after_is_honoured_and_the_deadline_too() -> None:
    async def waited(deadline: float | None) -> float:
        toy = toy_model("failing(inner=scripted(texts=[a]), schedule=[rate_limited], seconds=20.0)")
        request = replace(request_of("q"), deadline=deadline)
        loop = asyncio.get_running_loop()
        try:
            await chunks_of(Retry(toy, RetryPolicy(base=0.5)), request)
        except RateLimited:
            assert deadline is not None
        return loop.time()

    assert 20 <= run_virtual(waited(None)) <= 20.5
    assert 20 <= run_virtual(waited(30.0)) <= 20.5
    assert run_virtual(waited(20.0)) == 0.0, (
        "it does not sleep past the deadline: the error is raised at once"
    )


@given(
    st.integers(1, 80), st.floats(0, 100), st.floats(0, 1, exclude_max=True), st.none() | st.floats(0, 1e4)
)
def test_delays_are_full_jitter_within_their_bounds(
    attempt: int, base: float, chance: float, asked: float | None
) -> None:
    delay = RetryPolicy(base=base, most=30).delay(attempt, asked, chance)
    assert (asked or 0.0) <= delay <= (asked or 0.0) + 30
    if asked is None:
        assert delay <= base * 2.0 ** (attempt - 1)
    if asked == 0:
        assert delay == 0


async def test_all_finished_before_the_cut_is_success() -> None:
    inner = Told([end(0), end(1), StreamCut("cut")])
    assert len(await chunks_of(Retry(inner), request_of("q", 2))) == 2


async def test_a_retried_request_reports_no_usage_of_its_own() -> None:
    usage = Chunk(usage=Usage(1, 0, 1))
    retried = Told([StreamCut("cut")], [end(0), usage])
    whole = Told([end(0), usage])
    assert not any(c.usage for c in await chunks_of(Retry(retried, RetryPolicy(base=0)), request_of("q")))
    assert any(c.usage for c in await chunks_of(Retry(whole), request_of("q")))


@pytest.mark.parametrize("options", [{"attempts": 0}, {"base": -1.0}, {"most": float("nan")}])
def test_bad_retry_policies(options: dict[str, Any]) -> None:
    with pytest.raises(BadOption):
        RetryPolicy(**options)


def waits(loaded: Loaded) -> list[float]:
    """The first jitter of each of four runs on an endpoint."""
    found = list[float]()
    for _ in range(4):
        model: Any = loaded.bind(Ledger(Budget()))
        while not isinstance(model, Retry):
            model = model.inner
        found.append(model._chance.random())
    return found


def test_runs_on_one_endpoint_and_endpoints_of_two_processes_wait_differently() -> None:
    toy = toy_model("scripted(texts=[a])")
    one, other = waits(Loaded(toy, standard_layers(toy))), waits(Loaded(toy, standard_layers(toy)))
    assert len({*one, *other}) == 8
    alone = {Retry(toy)._chance.random() for _ in range(4)}
    assert len(alone) == 4
    seeded = [waits(Loaded(toy, standard_layers(toy, retries=RetryPolicy(seed=3)))) for _ in range(2)]
    assert seeded[0] == seeded[1]
    assert len(set(seeded[0])) == 4


async def test_a_clean_end_in_the_middle_of_a_completion_is_a_cut() -> None:
    usage = Chunk(usage=Usage(7, 0, 3))
    inner = Told([Chunk(1, "par", tokens=1), end(0, "zero"), usage], [end(0, "one"), usage])
    chunks = await chunks_of(Retry(inner, RetryPolicy(base=0)), request_of("q", 4))
    assert [(one.n, one.first_draw) for one in inner.asked] == [(4, 0), (1, 1)], "2 and 3 were not admitted"
    assert {i: s.text for i, s in samples_of(chunks).items()} == {0: "zero", 1: "one"}
    assert [c.index for c in chunks if c.restart] == [1]
    assert not any(c.usage for c in chunks), "neither attempt's usage is the whole request's"


async def test_the_end_and_the_usage_may_come_in_one_chunk() -> None:
    usage = Usage(7, 0, 1)
    chunks = await chunks_of(Retry(Told([replace(end(0), usage=usage)])), request_of("q"))
    assert [(c.finish, c.usage) for c in chunks] == [("stop", None), (None, usage)]


@pytest.mark.parametrize("row", [[], [Chunk(usage=Usage(7, 0, 0))], [Chunk(1, "half", tokens=1)]])
async def test_a_clean_end_without_any_completion_is_a_cut_too(row: list[Chunk]) -> None:
    inner = Told(row, [end(0), end(1)])
    chunks = await chunks_of(Retry(inner, RetryPolicy(base=0)), request_of("q", 2))
    assert [one.n for one in inner.asked] == [2, 2]
    assert sorted(c.index for c in chunks if c.finish) == [0, 1]


async def test_clean_ends_without_completions_are_bounded_by_the_attempts() -> None:
    inner = Told()
    with pytest.raises(StreamCut, match="2 of its completions did not end"):
        await chunks_of(Retry(inner, RetryPolicy(attempts=3, base=0)), request_of("q", 2))
    assert len(inner.asked) == 3
    half = Told([end(0, "zero"), Chunk(1, "a")], [Chunk(0, "b")])
    seen = list[Chunk]()

    async def collect() -> None:
        async for chunk in Retry(half, RetryPolicy(attempts=2, base=0)).stream(request_of("q", 2)):
            seen.append(chunk)

    with pytest.raises(StreamCut):
        await collect()
    assert samples_of(seen)[0].text == "zero", "what finished was delivered before the error"


@pytest.mark.parametrize("admitted", [1, 2, 3])
async def test_what_a_real_meter_cuts_off_is_not_asked_for_again(admitted: int) -> None:
    toy = toy_model("categorical(answers=[1], tokens=[5])")
    ledger = Ledger(Budget(calls=admitted))
    model = Loaded(toy, standard_layers(toy)).bind(ledger)
    chunks = await chunks_of(model, request_of("q", 5, max_tokens=20))
    assert sorted(samples_of(chunks)) == list(range(admitted))
    assert len(toy.records) == 1
