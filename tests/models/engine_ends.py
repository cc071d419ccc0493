"""How embedded engines end and fail: broken files, a dead process, closing, leaving, forking. Part of EngineCases."""

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any, ClassVar

import pytest

from tests.models.contract import ModelContract, chunks_of
from thinkharder.core.errors import ModelLoadError, ModelUnavailable
from thinkharder.models.llamacpp import LlamaCppModel
from thinkharder.models.openvino import OpenVINOModel

Embedded = OpenVINOModel | LlamaCppModel


class EngineEnds(ModelContract):
    """What an engine does when it, its file or its process is at an end."""

    MAKE: ClassVar[Any]

    async def test_a_dead_engine_is_an_error_and_not_a_hang(self, model: Embedded) -> None:
        stream = model.stream(self.ask(2, max_tokens=300))
        await anext(stream)
        os.kill(model._link.pid, signal.SIGKILL)

        async def drain() -> None:
            async for _ in stream:
                pass

        with pytest.raises(ModelUnavailable, match="died"):
            await asyncio.wait_for(drain(), 10)
        with pytest.raises(ModelUnavailable, match="load the model again"):
            await chunks_of(model, self.ask())

    async def test_closing_the_model_ends_what_runs(self, model: Embedded) -> None:
        stream = model.stream(self.ask(2, max_tokens=300))
        await anext(stream)
        await model.aclose()
        with pytest.raises(ModelUnavailable, match="was closed"):
            async for _ in stream:
                pass

    @pytest.mark.parametrize(
        ("content", "match"),
        [
            (b"", "not a GGUF"),
            (b"GGML" + bytes(60), "not a GGUF"),
            (b"GGUF\x03\x00\x00\x00\xff", "damaged"),
        ],
    )
    def test_broken_files(self, tmp_path: Path, content: bytes, match: str) -> None:
        path = tmp_path / "broken.gguf"
        path.write_bytes(content)
        with pytest.raises(ModelLoadError, match=match):
            self.MAKE(path)

    def test_missing_and_cut_files(self, tmp_path: Path, default_model_path: Path) -> None:
        with pytest.raises(ModelLoadError, match="no file"):
            self.MAKE(tmp_path / "none.gguf")
        cut = tmp_path / "cut.gguf"
        with default_model_path.open("rb") as source:
            cut.write_bytes(source.read(20_000_000))
        with pytest.raises(ModelLoadError, match="cut short: it has 20,000,000 bytes"):
            self.MAKE(cut)

    @pytest.mark.slow
    def test_leaving_without_closing_is_clean(self, default_model_path: Path) -> None:
        """Exit in the middle of a generation: status 0, nothing on standard error, no process left, a fork is refused."""
        script = f"""
            import asyncio, os, sys
            from {self.MAKE.__module__} import {self.MAKE.__name__}
            from thinkharder.core.errors import ModelUnavailable
            from thinkharder.core.types import Message, Request, Sampling
            from thinkharder.models.options import EngineOptions

            model = {self.MAKE.__name__}({str(default_model_path)!r}, EngineOptions(context=512, parallel=4))
            request = Request((Message("user", "Count to 100."),), Sampling(max_tokens=300), n=4)

            async def first():
                await anext(model.stream(request))

            async def main():
                stream = model.stream(request)
                await anext(stream)
                child = os.fork()
                if not child:
                    try:
                        asyncio.run(first())
                    except ModelUnavailable as error:
                        os._exit(7 if "forked" in str(error) else 8)
                    finally:
                        os._exit(9)
                assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
                await anext(stream)
                print(model._link.pid, flush=True)

            asyncio.run(main())
        """
        ended = subprocess.run(
            [
                sys.executable,
                "-W",
                "error",
                "-W",
                "ignore:This process:DeprecationWarning",
                "-c",
                textwrap.dedent(script),
            ],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert (ended.returncode, ended.stderr) == (0, "")
        with pytest.raises(ProcessLookupError):
            os.kill(int(ended.stdout), 0)
