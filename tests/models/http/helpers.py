"""What the tests of the HTTP backend share."""

from typing import Any

from tests.models.fake_server import FakeServer
from thinkharder.models.openai_http import OpenAIModel

KEY = "sk-test-9f8e7d6c5b4a39281706f5e4d3c2b1a0"
WORDS = " ".join(f"number{i}" for i in range(60))


async def model_on(server: FakeServer, **options: Any) -> OpenAIModel:
    """A fresh model on a server."""
    return OpenAIModel("m", server.url, **options)
