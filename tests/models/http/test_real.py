"""The HTTP backend against a real server: llama.cpp's, on the default 135M model."""

import asyncio
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.models.contract import ModelContract, chunks_of, request_of, samples_of
from tests.models.http import real_server
from thinkharder.core.errors import ContextOverflow
from thinkharder.core.ledger import Ledger
from thinkharder.core.protocols import Model
from thinkharder.core.usage import Budget
from thinkharder.models.loaded import Loaded
from thinkharder.models.openai_http import OpenAIModel
from thinkharder.models.wrap import standard_layers, timed

pytestmark = [pytest.mark.model, pytest.mark.slow]


@pytest.fixture(scope="module")
def address(default_model_path: Path) -> Iterator[str]:
    """The base URL of a running server."""
    pytest.importorskip("xllamacpp")
    command = [sys.executable, real_server.__file__, str(default_model_path)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("ADDRESS "):
                break
        else:
            pytest.fail("the server did not start")
        yield line.removeprefix("ADDRESS ").strip() + "/v1"
        assert process.stdin is not None
        process.stdin.close()
        process.wait(10)


async def busy(model: OpenAIModel) -> int:
    """How many sequences the server is working on."""
    return sum(slot["is_processing"] for slot in await model._way.get(f"{model._way.root}/slots"))


class TestRealServerKeepsTheContract(ModelContract):
    LONG_CAP = 600
    CLOSE_SECONDS = 1.0

    @pytest.fixture
    async def model(self, address: str) -> AsyncIterator[Model]:
        made = OpenAIModel("m", address)
        await made.prepare()
        yield made
        await made.aclose()


async def test_it_is_known_for_what_it_is(address: str) -> None:
    model = OpenAIModel("m", address)
    await model.prepare()
    can = model.capabilities
    assert model.facts.kind == "llamacpp"
    assert (can.n, can.context, can.cancels, can.exact_input, can.prefill) == (4, 1024, True, True, True)
    await model.aclose()


async def test_tokens_are_exact_under_n_and_with_emoji(address: str) -> None:
    """Several tokens make one emoji, and its events hold several: the counts are llama.cpp's own."""
    model = OpenAIModel("m", address)
    request = request_of("Emoji 😀 please, many of them", 3, max_tokens=40, temperature=1.3)
    chunks = await chunks_of(model, request)
    samples = samples_of(chunks)
    usage = chunks[-1].usage
    assert usage is not None
    assert usage.exact
    assert usage.output_tokens == sum(sample.tokens for sample in samples.values())
    assert all(sample.tokens == 40 for sample in samples.values() if sample.finish == "length")
    assert usage.input_tokens == (await model.count(request)).tokens
    await model.aclose()


async def test_a_prefill_is_counted_and_continued(address: str) -> None:
    model = OpenAIModel("m", address)
    request = replace(request_of("What is 2 + 2?", max_tokens=8, temperature=0.0), prefill="The answer is")
    chunks = await chunks_of(model, request)
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.input_tokens == (await model.count(request)).tokens
    assert "The answer is" not in samples_of(chunks)[0].text
    await model.aclose()


async def test_closing_frees_every_sequence_within_half_a_second(address: str) -> None:
    model = OpenAIModel("m", address)
    stream = model.stream(request_of("Tell a long story.", 4, max_tokens=600, temperature=1.0))
    while (await anext(stream)).index >= 0 and await busy(model) < 4:
        pass
    began = time.monotonic()
    await stream.aclose()
    while await busy(model):
        await asyncio.sleep(0.02)
    assert time.monotonic() - began < 0.5 * slack()
    await model.aclose()


async def test_sixteen_samples_through_the_whole_stack_on_a_budget(address: str) -> None:
    model = OpenAIModel("m", address)
    loaded = Loaded(timed(model), standard_layers(model))
    ledger = Ledger(Budget(tokens=5000))
    chunks = await chunks_of(loaded.bind(ledger), request_of("Say a number.", 10, max_tokens=6))
    assert sorted(samples_of(chunks)) == list(range(10))
    assert ledger.spent.requests == 3
    assert ledger.spent.calls == 10
    assert ledger.spent.output_tokens == sum(s.tokens for s in samples_of(chunks).values())
    assert ledger.spent.exact
    await loaded.aclose()


async def test_an_overflow_is_told_from_other_refusals(address: str) -> None:
    model = OpenAIModel("m", address)
    with pytest.raises(ContextOverflow, match="1024"):
        await chunks_of(model, request_of("word " * 3000, max_tokens=4))
    await model.aclose()


def slack() -> float:
    """Twice the time where other work keeps the processors busy."""
    import os

    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    return 1.0 if load <= (os.cpu_count() or 1) else 4.0
