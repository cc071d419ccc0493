"""What a recorded draw costs: what it cost when it was drawn, whichever of its request's draws are recorded."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.models.contract import request_of
from tests.records.made import drawn
from tests.records.test_recorder import HERE, SPEC, _keys, said
from thinkharder import Budget
from thinkharder.core.ledger import Ledger
from thinkharder.core.types import Candidate, Capabilities, Chunk, Request, TokenCount
from thinkharder.core.usage import Price, Usage
from thinkharder.models.loaded import Loaded
from thinkharder.models.toy import toy_model
from thinkharder.records.generation import Asked, Generation, Origin
from thinkharder.records.pool import read_pool
from thinkharder.records.recorder import Recorded
from thinkharder.records.store import Store


@pytest.fixture
def store(tmp_path: Path):  # type: ignore[no-untyped-def]
    """An empty store in a run's folder."""
    with Store.open(tmp_path / "run", create=True, power_safe=False) as opened:
        yield opened


async def test_a_draw_from_the_store_is_charged_like_a_new_one(store: Store) -> None:
    def bound(ledger: Ledger) -> Any:
        return Loaded(Recorded(toy_model(SPEC), store, recording=HERE), price=Price(1.0, 2.0)).bind(ledger)

    spent = []
    for _ in range(2):
        ledger = Ledger(Budget(tokens=10_000))
        await said(bound(ledger), request_of("q", 8, max_tokens=40))
        spent.append(ledger.spent)
    assert spent[0] == spent[1]
    assert spent[0].calls == 8
    assert spent[0].output_tokens > 8


class Endpoint:
    """A model that bills thinking which it does not stream, and knows its prompt only afterwards."""

    name, capabilities = "remote", Capabilities(n=8)

    async def count(self, request: Request) -> TokenCount:
        """An upper bound."""
        return TokenCount(500, exact=False)

    async def stream(self, request: Request):  # type: ignore[no-untyped-def]
        """Two tokens a completion, then the bill."""
        for index in range(request.n):
            yield Chunk(index, "a", tokens=1)
            yield Chunk(index, "b", tokens=1, finish="stop")
        yield Chunk(usage=Usage(input_tokens=40, cached_tokens=8, output_tokens=request.n * 10 + 1))

    async def aclose(self) -> None:
        """Nothing."""


async def test_the_endpoints_own_bill_is_recorded(store: Store) -> None:
    spent = []
    for _ in range(2):
        ledger = Ledger(Budget(tokens=10_000))
        model = Loaded(Recorded(Endpoint(), store, recording=HERE), price=Price(1.0, 2.0, 0.5))
        assert await said(model.bind(ledger), request_of("q", 3)) == [("ab", 2, "stop")] * 3
        spent.append(ledger.spent)
    assert spent[0] == spent[1]
    assert (spent[0].input_tokens, spent[0].cached_tokens, spent[0].output_tokens) == (40, 8, 31)


async def test_a_model_without_log_probabilities_has_none_recorded(store: Store) -> None:
    model = Recorded(Endpoint(), store, recording=replace(HERE, logprobs=5))
    await said(model, request_of("q", 2))
    assert "logprobs" not in read_pool(store.path).has
    assert [sample.logprobs for sample in store.samples()] == [None, None]


async def test_a_request_of_which_parts_are_recorded_costs_what_it_costs_whole(store: Store) -> None:
    request = request_of("q", 5)
    for first in (1, 3):
        await said(Recorded(Endpoint(), store, recording=HERE), replace(request, n=1, first_draw=first))
    spent = []
    for _ in range(2):
        ledger = Ledger(Budget(tokens=10_000))
        await said(Loaded(Recorded(Endpoint(), store, recording=HERE)).bind(ledger), request)
        spent.append((ledger.spent.input_tokens, ledger.spent.cached_tokens, ledger.spent.output_tokens))
    assert spent[0] == spent[1] == (40, 8, 2 * 11 + 3 * 11), (
        "the prompt once; three requests bill one more token each"
    )
    assert {sample.prompt_tokens for sample in store.samples()} == {40}


class Raced(Endpoint):
    """While it answers, another process stores the same draw."""

    def __init__(self, store: Store, text: str) -> None:
        self.store, self.text = store, text

    async def stream(self, request: Request):  # type: ignore[no-untyped-def]
        """The text "ab"; meanwhile another one is stored."""
        self.store.put(Generation(Asked(Origin(self.name), request), 0, drawn(self.text), at=1.0))
        yield Chunk(0, "ab", tokens=2, finish="stop")


@pytest.mark.parametrize(("text", "known"), [("ab", True), ("other", False)])
async def test_a_draw_that_another_process_stored_first_is_told_apart(
    store: Store, text: str, known: bool
) -> None:
    model = Recorded(Raced(store, text), store, recording=HERE)
    await said(model, request_of("q"))
    candidate = Candidate("c", "ab", prompt=request_of("q").messages, tokens=2)
    assert (model.draw_of(candidate).key != "") is known
    assert len(_keys(store)) == 1
    assert store.verify() == []
