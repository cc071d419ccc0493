"""Which of the two embedded engines runs a model file: OpenVINO GenAI where it can, llama.cpp everywhere else."""

import platform
import re
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from thinkharder.core.errors import MissingExtra, ModelLoadError
from thinkharder.models.engine_gguf import read_gguf

Engine = Literal["openvino", "llamacpp"]

OPENVINO_ARCHITECTURES = frozenset({"llama", "qwen2", "qwen3"})
"""GGUF architectures that OpenVINO GenAI's reader takes (2026.4, its default reader)."""
OPENVINO_FILE = "openvino_model.xml"
_PART = re.compile(r"-(\d{5})-of-(\d{5})\.gguf$")


def choose_engine(path: Path) -> Engine:
    """The engine that runs `path` (a .gguf file or a folder of an OpenVINO model) on this machine.

    OpenVINO GenAI where its wheel is installed on x86-64 Linux or Windows and it reads the architecture: it decodes
    many samples 4 to 5 times as fast (see docs). Raises ModelLoadError where the file is missing or broken,
    MissingExtra where no engine for it is installed.
    """
    if is_openvino_folder(path):
        if not _importable("openvino_genai"):
            raise MissingExtra(f"the OpenVINO model {path.name}", "local")
        return "openvino"
    architecture = architecture_of(path)
    if (
        architecture in OPENVINO_ARCHITECTURES
        and not _PART.search(path.name)
        and openvino_by_default()
        and _importable("openvino_genai")
    ):
        return "openvino"
    if _importable("xllamacpp"):
        return "llamacpp"
    raise MissingExtra(f"the local model {path.name} ({architecture})", "local")


def openvino_by_default() -> bool:
    """Whether this platform is one where OpenVINO GenAI is the faster choice: x86-64 Linux or Windows."""
    return sys.platform in {"linux", "win32"} and platform.machine().lower() in {"x86_64", "amd64"}


def is_openvino_folder(path: Path) -> bool:
    """Whether `path` is a folder that holds a converted OpenVINO model."""
    return (path / OPENVINO_FILE).is_file()


def architecture_of(path: Path) -> str:
    """A GGUF file's architecture, such as `llama`, once its header and its length are seen to be sound (about 0.1 s).

    Raises ModelLoadError where the file is missing, unreadable, a folder, cut short or no GGUF.
    """
    if path.is_dir():
        raise ModelLoadError(
            f"{path} is a folder without {OPENVINO_FILE}; name a .gguf file or a folder of a converted OpenVINO model"
        )
    return read_gguf(path).architecture


def parts_of(name: str) -> tuple[str, ...]:
    """All file names of a model that is split over several GGUF files; just `name` where it is not.

    >>> parts_of("m-00001-of-00002.gguf")
    ('m-00001-of-00002.gguf', 'm-00002-of-00002.gguf')
    """
    match = _PART.search(name)
    if match is None:
        return (name,)
    stem, count = name[: match.start()], int(match[2])
    return tuple(f"{stem}-{part:05d}-of-{count:05d}.gguf" for part in range(1, count + 1))


def _importable(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except (ImportError, ValueError):
        return False
