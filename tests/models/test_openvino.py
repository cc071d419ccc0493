"""OpenVINO GenAI on the default model: the contract, the engines' common cases, and what is its own."""

import asyncio
from pathlib import Path

import pytest

from tests.models.contract import chunks_of, request_of, samples_of
from tests.models.engine_cases import PARIS, EngineCases, shared_engine
from thinkharder.core.errors import ModelLoadError
from thinkharder.models import engine_link
from thinkharder.models.engine_openvino import BLOCK, Source, cache_blocks, prepare, sizes
from thinkharder.models.engine_openvino_worker import SHARED, Worker, _common
from thinkharder.models.engine_start import Started, start
from thinkharder.models.openvino import OpenVINOModel
from thinkharder.models.options import EngineOptions

engine = shared_engine(OpenVINOModel)


@pytest.mark.model
class TestOpenVINO(EngineCases):
    """The whole contract."""

    MAKE = OpenVINOModel

    async def test_the_tokenizer_lies_in_the_cache_and_not_beside_the_model(
        self, model: OpenVINOModel, default_model_path: Path
    ) -> None:
        assert not list(default_model_path.parent.glob("openvino_*"))
        assert Path(model._parts.order["tokenizer"]).is_dir()

    async def test_samples_stream_one_by_one_as_they_end(self, model: OpenVINOModel) -> None:
        ends = [
            at
            for at, chunk in enumerate(
                await chunks_of(model, request_of(PARIS, 4, temperature=1.0, max_tokens=30))
            )
            if chunk.finish is not None
        ]
        assert len(ends) == 4
        assert ends[-1] - ends[0] > 4, "the first end is told while others still run"


class FakePipeline:
    """Records what starts; nothing is computed."""

    def has_non_finished_requests(self) -> bool:
        return False


class FakeHandle:
    def cancel(self) -> None: ...


def test_samples_of_one_prompt_wait_until_it_is_computed() -> None:
    started: list[int] = []
    worker = Worker(FakePipeline(), [], set(), None)  # type: ignore[arg-type]

    def launch(sequence: object) -> None:
        started.append(sequence.id)  # type: ignore[attr-defined]
        worker.running[sequence.id] = sequence  # type: ignore[attr-defined, assignment]

    worker.launch = launch  # type: ignore[method-assign]
    long = b"\x01" * 8 * SHARED
    config = {"stops": [], "logprobs": False}
    worker.take(("add", long + b"a" * 8, [(1, 0), (2, 0)], config))
    worker.take(("add", long + b"b" * 8, [(3, 0)], config))
    worker.take(("add", b"other   ", [(4, 0)], config))
    worker.start()
    assert started == [1, 4]
    worker.start()
    assert started == [1, 4], "the prompt of 1 is still being computed"
    worker.running[1].handle = FakeHandle()
    worker.take(("cancel", [1]))
    assert worker.leaving == [1]
    assert 1 not in worker.running
    worker.start()
    assert started == [1, 4, 2], "the next one goes ahead in place of a cancelled one"
    worker.running[2].warm = True
    worker.take(("add", long + b"a" * 8, [(5, 0), (6, 0)], config))
    worker.fresh.add(long + b"a" * 8)
    worker.start()
    assert started == [1, 4, 2, 3, 5, 6], "right after its prompt is computed all of that prompt start"
    worker.running[3].warm = worker.running[5].warm = worker.running[6].warm = True
    worker.take(("add", long + b"a" * 8, [(7, 0), (8, 0)], config))
    worker.start()
    assert started[-1] == 7, "later ones are led again"


def test_common_beginnings() -> None:
    long = b"\x01" * 8 * SHARED
    assert _common(b"same    ", b"same    ")
    assert not _common(b"same    ", b"other   ")
    assert _common(long + b"a", long + b"b")
    assert not _common(long, b"\x02" + long)


def test_sizes_keep_a_step_short() -> None:
    assert sizes(None, 700) == (64, 64 + 256)
    assert sizes(None, 150) == (64, 64 + 64)
    assert sizes(None, 10) == (8, 8 + BLOCK)
    assert sizes(4, 150) == (4, 4 + 128)


def test_the_cache_holds_at_least_one_sequence() -> None:
    source = Source(Path("m"), Path("t"), 4096, 10**8, 1e4)
    assert cache_blocks(EngineOptions(memory_gb=1.0), source, 512, 8, "m") == int(1e9 / 1e4 / BLOCK)
    with pytest.raises(ModelLoadError, match=r"memory_gb=0\.05 holds"):
        cache_blocks(EngineOptions(memory_gb=0.05), source, 8192, 8, "m")
    assert cache_blocks(EngineOptions(), source, 512, 8, "m") * BLOCK >= 512


def test_folders_without_a_model(tmp_path: Path) -> None:
    with pytest.raises(ModelLoadError, match=r"has no openvino_model\.xml"):
        prepare(tmp_path, EngineOptions(), "m", None)


@pytest.mark.parametrize("broken", [(), ("model", "tokenizer", "detokenizer")], ids=["no model", "tokenizer"])
def test_no_worker_is_left_where_loading_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: tuple[str, ...]
) -> None:
    pytest.importorskip("openvino_genai")
    started: list[Started] = []

    def seen(module: str) -> Started:
        started.append(start(module))
        return started[-1]

    monkeypatch.setattr(engine_link, "start", seen)
    for name in broken:
        (tmp_path / f"openvino_{name}.xml").write_text("<net/>")
        (tmp_path / f"openvino_{name}.bin").write_bytes(b"")
    with pytest.raises(ModelLoadError, match="the tokenizer of m" if broken else "has no openvino_model"):
        OpenVINOModel(tmp_path, name="m")
    process = started[0].process
    assert len(started) == 1
    assert process.returncode is not None, "it is ended and waited for"
    assert process.stdin is not None
    assert process.stdin.closed


@pytest.mark.model
def test_a_converted_folder_that_is_broken(tmp_path: Path) -> None:
    for name in ("openvino_model", "openvino_tokenizer", "openvino_detokenizer"):
        (tmp_path / f"{name}.xml").write_text("<net/>")
    (tmp_path / "openvino_model.bin").write_bytes(b"0")
    with pytest.raises(ModelLoadError, match="cannot be loaded"):
        OpenVINOModel(tmp_path)


@pytest.mark.model
@pytest.mark.slow
def test_a_file_with_tensors_that_the_reader_does_not_take(
    tmp_path: Path, default_model_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.models.test_requantise import as_q5_0

    monkeypatch.setenv("THINKHARDER_CACHE", str(tmp_path / "cache"))
    source = tmp_path / "q5.gguf"
    as_q5_0(default_model_path, source)
    told: list[tuple[float, str]] = []
    model = OpenVINOModel(source, EngineOptions(context=256), progress=lambda *now: told.append(now))
    assert told[-1][0] > 0.95
    assert "Q8_0" in told[-1][1]
    (sample,) = samples_of(
        asyncio.run(chunks_of(model, request_of(PARIS, temperature=0.0, max_tokens=12)))
    ).values()
    asyncio.run(model.aclose())
    assert "Paris" in sample.text
    told.clear()
    assert (
        prepare(source, EngineOptions(), "m", lambda *now: told.append(now))
        .order["model"]
        .endswith("q8_0.gguf")
    )
    assert not told, "the second time it is there"
