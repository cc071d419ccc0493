"""The two engines on one model: the same prompt, the same stops, the same defaults, the same probabilities."""

import asyncio
import struct
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.models.contract import chunks_of, request_of, samples_of
from tests.models.engine_cases import OPTIONS, PARIS
from thinkharder.core.types import Message, Request, Sampling
from thinkharder.models.engine_sampling import draws
from thinkharder.models.llamacpp import LlamaCppModel
from thinkharder.models.openvino import OpenVINOModel

pytestmark = pytest.mark.model
Pair = tuple[OpenVINOModel, LlamaCppModel]

PROMPTS = [
    Request((Message("user", "Hi"),)),
    Request((Message("system", "Be terse."), Message("user", "What is 2+2?"))),
    Request((Message("developer", "Be terse."), Message("user", "What is 2+2?"))),
    Request((Message("user", "a"), Message("assistant", "b"), Message("user", "c"))),
    Request((Message("user", "Grüße, 数学, 😀 e\u0301, עברית\n\n\ttabs  and   spaces"),)),
    Request((Message("user", "def f(x):\n    return x  # 3.14 1,000,000"),)),
    Request((Message("user", "Hi"),), prefill="Sure! The answer is"),
    Request((Message("user", "Hi"),), prefill="\n\n```python\n"),
    Request((Message("user", " leading and trailing "),)),
]


@pytest.fixture(scope="module")
def pair(default_model_path: Path) -> Iterator[Pair]:
    """Both engines on the default model."""
    models = OpenVINOModel(default_model_path, OPTIONS), LlamaCppModel(default_model_path, OPTIONS)
    yield models
    for model in models:
        asyncio.run(model.aclose())


def ids(prompt: bytes) -> list[int]:
    return list(struct.unpack(f"<{len(prompt) // 8}q", prompt))


@pytest.mark.parametrize("request_", PROMPTS)
async def test_the_same_messages_are_the_same_tokens(pair: Pair, request_: Request) -> None:
    one, other = [ids((await model._prompt(request_))[0]) for model in pair]
    assert one == other


async def test_defaults_are_the_same(pair: Pair) -> None:
    request = request_of("Hi")
    said = [model._config(request, draws(request, 10, 512)) for model in pair]
    for name in ("temperature", "top_p", "top_k", "min_p", "max_tokens", "logprobs"):
        assert bool(said[0][name]) == bool(said[1][name])
        if name != "logprobs":
            assert said[0][name] == said[1][name]


@pytest.mark.parametrize(
    "sampling",
    [
        Sampling(temperature=0.0, max_tokens=24),
        Sampling(temperature=0.0, max_tokens=4),
        Sampling(temperature=0.0, max_tokens=24, stop=("France",)),
        Sampling(temperature=0.0, max_tokens=24, stop=(" is Par", "never")),
        Sampling(temperature=0.0, max_tokens=24, stop=("T",)),
        Sampling(temperature=0.0, max_tokens=24, stop=("",)),
    ],
)
async def test_text_end_and_count_are_the_same(pair: Pair, sampling: Sampling) -> None:
    request = replace(request_of(PARIS), sampling=sampling)
    seen = [samples_of(await chunks_of(model, request))[0] for model in pair]
    assert seen[0].text == seen[1].text
    assert seen[0].finish == seen[1].finish
    assert seen[0].tokens == seen[1].tokens


@pytest.mark.parametrize("temperature", [0.0, 0.5, 1.5])
async def test_log_probabilities_are_the_model_s_own_on_both(pair: Pair, temperature: float) -> None:
    """Whatever the temperature and top_k, a token's log-probability is that of the whole distribution at temperature 1."""
    request = request_of(PARIS, temperature=0.0, max_tokens=1, logprobs=5)
    likeliest = {
        t: p for item in samples_of(await chunks_of(pair[1], request))[0].logprobs for t, p in item.top
    }
    request = replace(
        request_of(PARIS, 8), sampling=Sampling(temperature=temperature, max_tokens=1, logprobs=0)
    )
    for model in pair:
        for sample in samples_of(await chunks_of(model, request)).values():
            (item,) = sample.logprobs
            if item.token in likeliest:
                assert item.logprob == pytest.approx(likeliest[item.token], abs=0.45)


async def test_prefill_is_continued_alike(pair: Pair) -> None:
    request = replace(request_of(PARIS, temperature=0.0, max_tokens=12), prefill="The capital of France")
    texts = {samples_of(await chunks_of(model, request))[0].text for model in pair}
    assert texts == {" is Paris."}
