"""Choosing the engine by the file, the platform and what is installed."""

import contextlib
import platform
import struct
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thinkharder.core.errors import MissingExtra, ModelLoadError
from thinkharder.models import engines
from thinkharder.models.engines import architecture_of, choose_engine, parts_of


def text(value: str) -> bytes:
    return struct.pack("<Q", len(value.encode())) + value.encode()


def header(architecture: str) -> bytes:
    """A GGUF file without tensors."""
    start = b"GGUF" + struct.pack("<IQQ", 3, 0, 1)
    return start + text("general.architecture") + struct.pack("<I", 8) + text(architecture)


@pytest.fixture
def at(tmp_path: Path) -> Path:
    return tmp_path / "m.gguf"


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> "set[str]":
    """An x86-64 Linux; the set is what can be imported."""
    importable = {"openvino_genai", "xllamacpp"}
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    monkeypatch.setattr(engines, "find_spec", lambda name: name in importable or None)
    return importable


@given(st.binary(max_size=400))
def test_any_bytes_give_a_header_or_the_one_error(
    tmp_path_factory: pytest.TempPathFactory, tail: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "fuzz.gguf"
    path.write_bytes(b"GGUF\x03\0\0\0" + tail)
    with contextlib.suppress(ModelLoadError):
        assert isinstance(architecture_of(path), str)


@pytest.mark.parametrize("architecture", ["llama", "qwen2", "qwen3"])
def test_openvino_where_it_reads_the_file(architecture: str, at: Path, machine: set[str]) -> None:
    at.write_bytes(header(architecture))
    assert choose_engine(at) == "openvino"
    machine.remove("openvino_genai")
    assert choose_engine(at) == "llamacpp"
    machine.clear()
    with pytest.raises(MissingExtra, match=r"thinkharder\[local\]"):
        choose_engine(at)


def test_llama_cpp_for_the_rest(at: Path, machine: set[str], monkeypatch: pytest.MonkeyPatch) -> None:
    at.write_bytes(header("gemma3"))
    assert choose_engine(at) == "llamacpp"
    at.write_bytes(header("llama"))
    split = at.with_name("m-00001-of-00002.gguf")
    at.rename(split)
    assert choose_engine(split) == "llamacpp"
    split.rename(at)
    for system, processor in [("darwin", "arm64"), ("darwin", "x86_64"), ("linux", "aarch64")]:
        monkeypatch.setattr(sys, "platform", system)
        monkeypatch.setattr(platform, "machine", lambda processor=processor: processor)
        assert choose_engine(at) == "llamacpp"
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr(platform, "machine", lambda: "AMD64")
    assert choose_engine(at) == "openvino"


def test_a_folder_is_openvinos(tmp_path: Path, machine: set[str]) -> None:
    with pytest.raises(ModelLoadError, match="is a folder without openvino_model"):
        choose_engine(tmp_path)
    (tmp_path / "openvino_model.xml").touch()
    assert choose_engine(tmp_path) == "openvino"
    machine.remove("openvino_genai")
    with pytest.raises(MissingExtra):
        choose_engine(tmp_path)


def test_parts_of_split_files() -> None:
    assert parts_of("a.gguf") == ("a.gguf",)
    assert parts_of("d/a-00001-of-00003.gguf") == tuple(f"d/a-0000{i}-of-00003.gguf" for i in (1, 2, 3))
