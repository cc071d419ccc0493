"""The HTTP backend keeps the contract on every kind of server."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.models.contract import ModelContract
from tests.models.fake_server import FakeServer
from tests.models.http.helpers import WORDS
from thinkharder.core.protocols import Model
from thinkharder.models.openai_http import OpenAIModel


class HttpContract(ModelContract):
    KIND = "openai"

    @pytest.fixture
    async def model(self) -> AsyncIterator[Model]:
        async with FakeServer(self.KIND, text=WORDS, pace=0.0005) as server:
            server.context = 3000
            made = OpenAIModel("m", server.url)
            await made.prepare()
            yield made
            await made.aclose()
            await asyncio.sleep(0.01)
            assert server.open_streams == 0


class TestUnknownKeepsTheContract(HttpContract):
    KIND = "somebody"


class TestVllmKeepsTheContract(HttpContract):
    KIND = "vllm"


class TestLlamaCppKeepsTheContract(HttpContract):
    KIND = "llamacpp"


class TestOllamaKeepsTheContract(HttpContract):
    KIND = "ollama"
