"""What both embedded engines must do beyond the contract of every model. Subclassed by test_openvino and test_llamacpp."""

import asyncio
import json
import re
import threading
from collections.abc import Iterator
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.models.contract import chunks_of, request_of, samples_of
from tests.models.engine_ends import Embedded, EngineEnds
from thinkharder.core.errors import (
    BadOption,
    CapabilityError,
    ContextOverflow,
)
from thinkharder.core.types import Message, Request
from thinkharder.models.options import EngineOptions

OPTIONS = EngineOptions(context=512, parallel=8)
PARIS = "What is the capital of France? Answer in a few words."


def shared_engine(make: Any) -> Any:
    """The fixture `engine` of a test module: one model for all its tests."""

    @pytest.fixture(scope="module")
    def engine(default_model_path: Path) -> Iterator[Embedded]:
        made: Embedded = make(default_model_path, OPTIONS)
        yield made
        asyncio.run(made.aclose())

    return engine


@pytest.mark.model
class EngineCases(EngineEnds):
    """One loaded engine serves all tests (each on an event loop of its own); those that end it load another."""

    CLOSE_SECONDS = 0.5

    @pytest.fixture
    def model(
        self, engine: Embedded, request: pytest.FixtureRequest, default_model_path: Path
    ) -> Iterator[Embedded]:
        ends = "closing_the_model" in request.node.name or "dead_engine" in request.node.name
        if not ends:
            yield engine
            return
        made: Embedded = self.MAKE(default_model_path, OPTIONS)
        yield made
        asyncio.run(made.aclose())

    async def test_capabilities_are_those_of_an_embedded_engine(self, model: Embedded) -> None:
        can = model.capabilities
        assert can.local
        assert can.cancels
        assert can.exact_input
        assert can.logprobs
        assert can.prefill
        assert can.json_schema
        assert not can.tools
        assert can.context == OPTIONS.context

    async def test_the_count_is_the_chat_template_s(self, model: Embedded) -> None:
        plain = await model.count(request_of("a"))
        assert plain.exact
        assert (await model.count(request_of("a b"))).tokens == plain.tokens + 1
        system = Request((Message("system", "a"), Message("user", "a")))
        assert (
            await model.count(system)
        ).tokens < plain.tokens  # in place of the template's own system message
        assert (await model.count(replace(system, prefill=" b c"))).tokens == (
            await model.count(system)
        ).tokens + 2

    async def test_characters_are_never_cut(self, model: Embedded) -> None:
        request = replace(
            self.ask(3, temperature=1.0, max_tokens=60),
            response_format={"type": "regex", "regex": "(😀|世界|é){4}"},
        )
        chunks = await chunks_of(model, request)
        assert not any("\ufffd" in chunk.text for chunk in chunks)
        for sample in samples_of(chunks).values():
            assert re.fullmatch("(😀|世界|é){4}", sample.text)

    async def test_a_stop_string_is_never_emitted_in_part(self, model: Embedded) -> None:
        chunks = await chunks_of(
            model, request_of(PARIS, temperature=0.0, max_tokens=20, stop=("France is",))
        )
        assert "".join(chunk.text for chunk in chunks) == "The capital of "
        assert sum(chunk.tokens for chunk in chunks) == 5  # The| capital| of| France| is

    async def test_the_end_token_is_counted_and_not_shown(self, model: Embedded) -> None:
        (sample,) = samples_of(
            await chunks_of(model, request_of(PARIS, temperature=0.0, max_tokens=20, logprobs=0))
        ).values()
        assert sample.text == "The capital of France is Paris."
        assert sample.finish == "stop"
        assert sample.tokens == 8
        assert "".join(item.token for item in sample.logprobs) == sample.text

    async def test_json_schema_and_object(self, model: Embedded) -> None:
        schema = {
            "type": "object",
            "properties": {"n": {"type": "integer"}, "ok": {"type": "boolean"}},
            "required": ["n", "ok"],
            "additionalProperties": False,
        }
        form = {"type": "json_schema", "json_schema": {"name": "x", "schema": schema}}
        request = replace(request_of("Give n and ok.", max_tokens=60), response_format=form)
        (sample,) = samples_of(await chunks_of(model, request)).values()
        value = json.loads(sample.text)
        assert set(value) == {"n", "ok"}
        assert isinstance(value["ok"], bool)

    @pytest.mark.parametrize(
        "form", [{"type": "yaml"}, {"type": "json_schema"}, {"type": "regex", "regex": "(["}]
    )
    async def test_unknown_formats_are_refused(self, model: Embedded, form: dict[str, Any]) -> None:
        with pytest.raises(BadOption, match="response_format"):
            await chunks_of(model, replace(self.ask(), response_format=form))

    async def test_what_it_cannot_do_is_refused(self, model: Embedded) -> None:
        with pytest.raises(CapabilityError, match="tools"):
            await chunks_of(model, replace(self.ask(), tools=({"type": "function"},)))
        image = Message("user", ({"type": "image_url", "image_url": {"url": "data:,"}},))
        with pytest.raises(CapabilityError, match="text only"):
            await model.count(Request((image,)))
        with pytest.raises(CapabilityError, match="effort"):
            await chunks_of(model, self.ask(effort="high"))

    async def test_the_cap_is_cut_to_the_room_in_the_context(self, model: Embedded) -> None:
        context = model.capabilities.context
        assert context is not None
        text = "word " * 430
        counted = (await model.count(request_of(text))).tokens
        assert context - 60 < counted < context
        form = {"type": "regex", "regex": "[ab]{500}"}
        request = replace(request_of(text, max_tokens=300), response_format=form)
        (sample,) = samples_of(await chunks_of(model, request)).values()
        assert sample.finish == "length"
        assert sample.tokens == context - counted
        with pytest.raises(ContextOverflow, match="context is 512"):
            await chunks_of(model, request_of("word " * 600))

    async def test_more_samples_than_run_at_once(self, model: Embedded) -> None:
        samples = samples_of(await chunks_of(model, self.ask(20, temperature=1.0, max_tokens=5)))
        assert sorted(samples) == list(range(20))
        assert all(sample.finish is not None and sample.tokens <= 5 for sample in samples.values())

    async def test_samples_differ(self, model: Embedded) -> None:
        samples = samples_of(await chunks_of(model, self.ask(6, temperature=1.2, max_tokens=16)))
        assert len({sample.text for sample in samples.values()}) > 1

    async def test_a_seed_repeats_a_draw_and_another_does_not(self, model: Embedded) -> None:
        request = self.ask(temperature=1.0, max_tokens=16)
        texts = [
            samples_of(await chunks_of(model, replace(request, seed=s)))[0].text for s in (1, 1, 2, 3, 4)
        ]
        assert texts[0] == texts[1]
        assert len(set(texts)) > 1

    def test_two_event_loops_use_one_engine(self, model: Embedded) -> None:
        found: dict[int, str] = {}

        def work(which: int) -> None:
            request = request_of(PARIS, temperature=0.0, max_tokens=20)
            found[which] = samples_of(asyncio.run(chunks_of(model, request)))[0].text

        threads = [threading.Thread(target=work, args=(i,)) for i in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert found == dict.fromkeys(range(2), "The capital of France is Paris.")

    async def test_closing_frees_the_sequences(self, model: Embedded) -> None:
        freed: asyncio.Queue[list[int]] = asyncio.Queue()
        loop = asyncio.get_running_loop()
        model._link.on_freed = lambda numbers: loop.call_soon_threadsafe(freed.put_nowait, numbers) and None
        request = replace(
            self.ask(4, max_tokens=300), response_format={"type": "regex", "regex": "[ab]{400}"}
        )
        stream = model.stream(request)
        await anext(stream)
        await stream.aclose()
        count = 0
        while count < 4:
            count += len(await asyncio.wait_for(freed.get(), 10))
        model._link.on_freed = None
        assert not model._link._inboxes

    async def test_a_slow_reader_loses_nothing(self, model: Embedded) -> None:
        text = ""
        async with aclosing(model.stream(request_of(PARIS, temperature=0.0, max_tokens=20))) as stream:
            async for chunk in stream:
                text += chunk.text
                await asyncio.sleep(0.05)
        assert text == "The capital of France is Paris."

    async def test_the_event_loop_is_not_held_by_the_engine(self, model: Embedded) -> None:
        lags: list[float] = []

        async def tick() -> None:
            clock = asyncio.get_running_loop().time
            while True:
                began = clock()
                await asyncio.sleep(0.005)
                lags.append(clock() - began)

        ticking = asyncio.create_task(tick())
        await chunks_of(model, self.ask(8, temperature=1.0, max_tokens=12))
        ticking.cancel()
        assert sorted(lags)[len(lags) // 2] < 0.03
