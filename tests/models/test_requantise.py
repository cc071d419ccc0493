"""GGUF headers and requantising, on small files made here and on the default model."""

import struct
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import pytest

from thinkharder.core.errors import ModelLoadError
from thinkharder.models.engine_cache import kept, source_key
from thinkharder.models.engine_gguf import read_gguf
from thinkharder.models.requantise import needs_requantising, requantise

Q5_0, Q8_0, F32 = (gguf.GGMLQuantizationType[name] for name in ("Q5_0", "Q8_0", "F32"))


def small(path: Path, kind: Any = Q5_0) -> dict[str, np.ndarray[Any, Any]]:
    """A small file with a matrix of `kind`, one Q8_0 and a vector; their values."""
    rng = np.random.default_rng(0)
    values = {
        "token_embd.weight": rng.normal(size=(64, 96)).astype(np.float32),
        "blk.0.ffn_up.weight": rng.normal(size=(40, 64)).astype(np.float32),
        "blk.0.attn_norm.weight": rng.normal(size=64).astype(np.float32),
    }
    kinds = {"token_embd.weight": kind, "blk.0.ffn_up.weight": Q8_0, "blk.0.attn_norm.weight": F32}
    writer = gguf.GGUFWriter(path, "qwen2")
    writer.add_context_length(2048)
    writer.add_block_count(3)
    writer.add_embedding_length(64)
    writer.add_head_count(4)
    writer.add_head_count_kv(2)
    writer.add_token_list([f"<{i}>" for i in range(64)])
    for name, value in values.items():
        writer.add_tensor(name, gguf.quants.quantize(value, kinds[name]), raw_dtype=kinds[name])
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return values


def as_q5_0(source: Path, target: Path) -> None:
    """The default model with its matrices as Q5_0, written with the gguf package."""
    reader = gguf.GGUFReader(source)
    file = read_gguf(source)
    out = bytearray()
    with source.open("rb") as raw:
        raw.seek(file.keys[0])
        keys = raw.read(file.keys[1] - file.keys[0])
    head = bytearray(b"GGUF" + struct.pack("<IQQ", 3, len(file.tensors), file.key_count) + keys)
    for tensor in reader.tensors:
        data, kind = np.asarray(tensor.data), tensor.tensor_type
        if kind == gguf.GGMLQuantizationType.Q4_1:
            data, kind = gguf.quants.quantize(gguf.quants.dequantize(data, kind), Q5_0), Q5_0
        name = tensor.name.encode()
        shape = [int(size) for size in tensor.shape]
        head += struct.pack("<Q", len(name)) + name + struct.pack("<I", len(shape))
        head += struct.pack(f"<{len(shape)}QIQ", *shape, int(kind), len(out))
        out += data.tobytes()
        out += bytes(-len(out) % 32)
    head += bytes(-len(head) % 32)
    target.write_bytes(head + out)


def test_the_header_is_read_as_the_gguf_package_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "m.gguf"
    small(path)
    file = read_gguf(path)
    reader = gguf.GGUFReader(path)
    assert file.architecture == "qwen2"
    assert file.number("context_length", 0) == 2048
    assert file.cache_values == 3 * 2 * (16 + 16)
    assert file.data == reader.data_offset
    assert [(t.name, t.type_name, t.values) for t in file.tensors] == [
        (t.name, t.tensor_type.name, int(t.n_elements)) for t in reader.tensors
    ]


def test_requantised_values_are_those_of_the_source(tmp_path: Path) -> None:
    source, target = tmp_path / "m.gguf", tmp_path / "out" / "q8.gguf"
    small(source)
    told: list[float] = []
    assert needs_requantising(read_gguf(source))
    requantise(read_gguf(source), target, lambda done, _: told.append(done))
    assert not needs_requantising(read_gguf(target))
    assert told == sorted(told)
    assert told[-1] > 0.9
    assert [p.name for p in target.parent.iterdir()] == ["q8.gguf"]
    before, after = gguf.GGUFReader(source), gguf.GGUFReader(target)
    assert set(before.fields) == set(after.fields)
    for old, new in zip(before.tensors, after.tensors, strict=True):
        assert (old.name, list(old.shape)) == (new.name, list(new.shape))
        was = gguf.quants.dequantize(np.asarray(old.data), old.tensor_type)
        now = gguf.quants.dequantize(np.asarray(new.data), new.tensor_type)
        assert np.abs(was - now).max() < 0.02


def test_a_file_that_is_readable_needs_nothing(tmp_path: Path) -> None:
    small(tmp_path / "m.gguf", Q8_0)
    assert not needs_requantising(read_gguf(tmp_path / "m.gguf"))


@pytest.mark.parametrize("size", [3, 20, 100, 1500])
def test_cut_files_are_told(tmp_path: Path, size: int) -> None:
    path = tmp_path / "m.gguf"
    small(path)
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(ModelLoadError):
        read_gguf(path)


def test_a_file_cut_in_its_data_is_told(tmp_path: Path) -> None:
    path = tmp_path / "m.gguf"
    small(path)
    path.write_bytes(path.read_bytes()[:-500])
    with pytest.raises(ModelLoadError, match="cut short"):
        read_gguf(path)


def test_a_full_disk_is_told_before_the_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small(tmp_path / "m.gguf")
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("Usage", (), {"free": 1000})())
    with pytest.raises(ModelLoadError, match=r"disk .* is full"):
        requantise(read_gguf(tmp_path / "m.gguf"), tmp_path / "out.gguf")
    assert not (tmp_path / "out.gguf").exists()


def test_a_failure_leaves_nothing_behind(tmp_path: Path) -> None:
    small(tmp_path / "m.gguf")

    def fail(done: float, text: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        requantise(read_gguf(tmp_path / "m.gguf"), tmp_path / "out" / "q.gguf", fail)
    assert not list((tmp_path / "out").iterdir())


def test_the_key_changes_with_the_file(tmp_path: Path) -> None:
    path = tmp_path / "m.gguf"
    small(path)
    key = source_key(path)
    assert source_key(path) == key
    path.write_bytes(path.read_bytes() + b"x")
    assert source_key(path) != key


def test_what_is_kept_is_made_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THINKHARDER_CACHE", str(tmp_path))
    made: list[Path] = []

    def make(target: Path) -> None:
        made.append(target)
        target.write_text("x")

    first = kept("k", "thing", make, "a thing")
    assert kept("k", "thing", make, "a thing") == first
    assert len(made) == 1
    assert first.read_text() == "x"
    assert not list(first.parent.glob(".part-*"))


def test_a_failed_making_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THINKHARDER_CACHE", str(tmp_path))

    def make(target: Path) -> None:
        target.write_text("half")
        raise ModelLoadError("no")

    with pytest.raises(ModelLoadError):
        kept("k", "thing", make, "a thing")
    assert not (tmp_path / "openvino" / "k" / "thing").exists()
    assert not list((tmp_path / "openvino" / "k").glob(".part-*"))
