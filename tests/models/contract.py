"""What any Model must do. Subclass it as `TestMyModel(ModelContract)` with a `model` fixture:

    class TestMyModel(ModelContract):
        @pytest.fixture
        async def model(self) -> AsyncIterator[Model]:
            made = MyModel(...)
            yield made
            await made.aclose()

Class attributes adapt it: `PROMPT`, `CAP` (tokens of an ordinary sample), `MANY` (completions of one request; at most
`capabilities.n` are asked for), `CLOSE_SECONDS` (how soon closing must return), `LONG_CAP` (a sample that is still
running when it is closed) and `DETERMINISTIC` (temperature 0 gives the same text twice).
"""

import asyncio
import time
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Any, ClassVar, get_args

import pytest

from thinkharder.core.errors import ContextOverflow
from thinkharder.core.protocols import Model
from thinkharder.core.types import Chunk, Finish, Message, Request, Sampling
from thinkharder.models.collect import Collector, Sample


def request_of(text: str, n: int = 1, prefill: str = "", **sampling: Any) -> Request:
    """A request for a user's text."""
    return Request((Message("user", text),), Sampling(**sampling), n=n, prefill=prefill, seed=7)


async def chunks_of(model: Model, request: Request) -> list[Chunk]:
    """All chunks of a request."""
    async with aclosing(model.stream(request)) as stream:
        return [chunk async for chunk in stream]


def samples_of(chunks: Sequence[Chunk]) -> dict[int, Sample]:
    """The completions that the chunks make."""
    collector = Collector()
    for chunk in chunks:
        collector.take(chunk)
    return collector.samples


class ModelContract:
    """The contract, one test a clause."""

    PROMPT: ClassVar[str] = "Count from one to twenty in words."
    CAP: ClassVar[int] = 12
    LONG_CAP: ClassVar[int] = 200
    MANY: ClassVar[int] = 3
    CLOSE_SECONDS: ClassVar[float] = 0.5
    DETERMINISTIC: ClassVar[bool] = True

    @pytest.fixture
    async def model(self) -> Any:
        """The model under test."""
        raise NotImplementedError("give the model fixture of this suite")

    def ask(self, n: int = 1, **sampling: Any) -> Request:
        """An ordinary request."""
        return request_of(self.PROMPT, n, **{"max_tokens": self.CAP, "temperature": 0.0, **sampling})

    async def test_it_is_a_model_with_consistent_capabilities(self, model: Model) -> None:
        assert isinstance(model, Model)
        can = model.capabilities
        assert model.name
        assert can.n >= 1
        assert can.batch >= 1
        assert can.max_tokens >= 1
        assert can.top_logprobs == 0 or can.logprobs
        assert can.context is None or can.context > 0

    async def test_one_completion_ends_once_within_its_cap(self, model: Model) -> None:
        chunks = await chunks_of(model, self.ask())
        (sample,) = samples_of(chunks).values()
        assert sample.text or sample.thoughts
        assert sample.finish in get_args(Finish)
        assert 1 <= sample.tokens <= self.CAP
        assert sample.reasoning_tokens <= sample.tokens
        assert sum(chunk.finish is not None for chunk in chunks) == 1

    async def test_each_of_n_completions_ends_once_and_nothing_follows_its_end(self, model: Model) -> None:
        n = min(self.MANY, model.capabilities.n)
        ended: set[int] = set()
        for chunk in await chunks_of(model, self.ask(n, temperature=1.0)):
            if chunk.usage is not None and not chunk.finish and not chunk.tokens:
                continue
            assert 0 <= chunk.index < n
            assert chunk.index not in ended, "a chunk after its completion's end"
            if chunk.finish is not None:
                ended.add(chunk.index)
        assert ended == set(range(n))

    async def test_the_cap_cuts_and_says_so(self, model: Model) -> None:
        (sample,) = samples_of(await chunks_of(model, self.ask(max_tokens=1))).values()
        assert sample.tokens == 1
        assert sample.finish == "length"

    async def test_usage_is_what_was_streamed_and_what_was_counted(self, model: Model) -> None:
        n = min(self.MANY, model.capabilities.n)
        request = self.ask(n, temperature=1.0)
        counted = await model.count(request)
        chunks = await chunks_of(model, request)
        usages = [chunk.usage for chunk in chunks if chunk.usage is not None]
        assert len(usages) == 1
        assert chunks[-1].usage is usages[0], "the usage comes last"
        usage = usages[0]
        assert (
            usage.input_tokens == counted.tokens
            if counted.exact
            else 0 < usage.input_tokens <= counted.tokens
        )
        assert usage.cached_tokens <= usage.input_tokens
        streamed = sum(sample.tokens for sample in samples_of(chunks).values())
        assert n <= usage.output_tokens <= n * self.CAP
        assert not all(chunk.exact for chunk in chunks) or streamed == usage.output_tokens

    async def test_a_longer_prompt_counts_more(self, model: Model) -> None:
        short = await model.count(request_of("Hello."))
        long = await model.count(request_of("Hello. " + "And then some more words came. " * 20))
        assert 0 < short.tokens < long.tokens

    async def test_the_same_request_is_answered_the_same_at_temperature_0(self, model: Model) -> None:
        if not self.DETERMINISTIC:
            pytest.skip("this model makes no such promise")
        texts = [samples_of(await chunks_of(model, self.ask()))[0].text for _ in range(2)]
        assert texts[0] == texts[1]

    async def test_unicode_goes_in_and_comes_out(self, model: Model) -> None:
        request = request_of("Grüße, 数学, 😀, עברית: reply.", max_tokens=self.CAP, temperature=0.0)
        (sample,) = samples_of(await chunks_of(model, request)).values()
        sample.text.encode("utf-8")
        assert sample.tokens >= 1

    async def test_a_stop_string_ends_the_text_and_is_not_in_it(self, model: Model) -> None:
        if not model.capabilities.stop or not self.DETERMINISTIC:
            pytest.skip("this model takes no stop strings")
        whole = samples_of(await chunks_of(model, self.ask()))[0].text
        stop = whole[len(whole) // 2 :][:3].strip() or whole.strip()[-1]
        (sample,) = samples_of(await chunks_of(model, self.ask(stop=(stop,)))).values()
        assert stop not in sample.text
        assert sample.text == whole[: whole.index(stop)]
        assert sample.finish == "stop"

    async def test_log_probabilities_are_one_a_token(self, model: Model) -> None:
        if not model.capabilities.logprobs:
            pytest.skip("this model gives no log-probabilities")
        top = min(3, model.capabilities.top_logprobs)
        chunks = await chunks_of(model, self.ask(logprobs=top))
        (sample,) = samples_of(chunks).values()
        if not sample.logprobs:
            assert not model.capabilities.logprobs, (
                "it said it could, and does not say that it learned otherwise"
            )
            return
        assert len(sample.logprobs) <= sample.tokens
        assert all(item.logprob <= 1e-4 for item in sample.logprobs)
        assert all(len(item.top) <= top for item in sample.logprobs)
        for item in sample.logprobs:
            assert list(item.top) == sorted(item.top, key=lambda pair: -pair[1])

    async def test_a_prefill_is_continued_and_not_repeated(self, model: Model) -> None:
        if not model.capabilities.prefill:
            pytest.skip("this model takes no prefill")
        prefill = "One, two, three, four,"
        request = replace(self.ask(), prefill=prefill)
        (sample,) = samples_of(await chunks_of(model, request)).values()
        assert sample.tokens >= 1
        assert not sample.text.lstrip().startswith(prefill)
        assert (await model.count(request)).tokens > (await model.count(self.ask())).tokens

    async def test_closing_a_stream_returns_at_once_and_frees_the_model(self, model: Model) -> None:
        stream = model.stream(self.ask(min(self.MANY, model.capabilities.n), max_tokens=self.LONG_CAP))
        await anext(stream)
        began = time.monotonic()
        await stream.aclose()
        assert time.monotonic() - began < self.CLOSE_SECONDS
        (sample,) = samples_of(await chunks_of(model, self.ask())).values()
        assert sample.finish is not None

    async def test_cancelling_its_task_ends_a_stream_at_once(self, model: Model) -> None:
        arrived = asyncio.Event()

        async def read() -> None:
            async with aclosing(model.stream(self.ask(max_tokens=self.LONG_CAP))) as stream:
                async for _ in stream:
                    arrived.set()
                    await asyncio.sleep(0)
                await asyncio.Event().wait()

        task = asyncio.create_task(read())
        await asyncio.wait_for(arrived.wait(), 30)
        began = time.monotonic()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert time.monotonic() - began < self.CLOSE_SECONDS

    async def test_a_stream_that_is_closed_before_it_began_costs_nothing(self, model: Model) -> None:
        stream = model.stream(self.ask())
        await stream.aclose()
        assert samples_of(await chunks_of(model, self.ask()))

    async def test_requests_run_side_by_side(self, model: Model) -> None:
        results = await asyncio.gather(*(chunks_of(model, self.ask(temperature=1.0)) for _ in range(3)))
        assert all(samples_of(chunks)[0].finish is not None for chunks in results)

    async def test_a_prompt_beyond_the_context_is_refused_as_such(self, model: Model) -> None:
        context = model.capabilities.context
        if context is None or context > 20_000:
            pytest.skip("no context limit that a test can reach")
        with pytest.raises(ContextOverflow):
            await chunks_of(model, request_of("word " * (2 * context), max_tokens=4))
        assert samples_of(await chunks_of(model, self.ask())), "it works on afterwards"

    async def test_closing_the_model_twice_is_harmless(self, model: Model) -> None:
        await model.aclose()
        await model.aclose()
