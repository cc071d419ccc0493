"""What the tests of the HTTP backend share: a clean environment, and a server."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.models.fake_server import FakeServer
from tests.models.http.helpers import WORDS


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "THINKHARDER_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("THINKHARDER_CACHE", str(tmp_path / "cache"))


@pytest.fixture
async def server() -> AsyncIterator[FakeServer]:
    """One that answers like vLLM."""
    async with FakeServer("vllm", text=WORDS) as running:
        yield running
