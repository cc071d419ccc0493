"""Models on Hugging Face: single GGUF files and folders of converted OpenVINO models (extra `hf`).

Files lie in Hugging Face's own cache (`HF_HOME`), so that other programs share them; huggingface_hub resumes what was
cut off. A token is read from the environment (`HF_TOKEN`) and from nowhere else. What is in the cache is used without
asking the network; `refresh` asks.
"""

import os
from collections.abc import Callable, Mapping
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from thinkharder.core.errors import MissingExtra, ModelLoadError, ThinkharderError
from thinkharder.models.cachedir import disk_error
from thinkharder.models.engines import OPENVINO_FILE, parts_of
from thinkharder.models.fetch import Progress

_FOLDER_FILES = ("*.xml", "*.bin", "*.json", "*.jinja", "*.txt", "*.model")
_FOLDER_NEEDS = (
    OPENVINO_FILE,
    "openvino_model.bin",
    "openvino_tokenizer.xml",
    "openvino_tokenizer.bin",
    "openvino_detokenizer.xml",
    "openvino_detokenizer.bin",
)


def installed() -> bool:
    """Whether huggingface_hub can be imported."""
    return find_spec("huggingface_hub") is not None


def cached(repo: str, file: str | None, revision: str | None = None) -> Path | None:
    """The local path of a file (all its parts), or of an OpenVINO folder (`file` None); None where not complete."""
    if not installed():
        return None
    if file is None:
        return _cached_folder(repo, revision)
    from huggingface_hub import try_to_load_from_cache

    found = [try_to_load_from_cache(repo, part, revision=revision) for part in parts_of(file)]
    return Path(found[0]) if found and all(isinstance(path, str) for path in found) else None  # type: ignore[arg-type]


def pull_hub(
    repo: str,
    file: str | None,
    revision: str | None = None,
    progress: Progress | None = None,
    *,
    refresh: bool = False,
) -> Path:
    """The local path of a file in a repository, or of its OpenVINO folder (`file` None); downloaded where needed.

    Raises MissingExtra without huggingface_hub, ModelLoadError where it cannot be had (and why).
    """
    if not installed():
        raise MissingExtra(f"a model from Hugging Face ({repo})", "hf")
    if not refresh and (found := cached(repo, file, revision)):
        return found
    options = {
        "revision": revision,
        "token": os.environ.get("HF_TOKEN") or False,
        "tqdm_class": _bar_class(progress),
    }
    return _explained(repo, file, lambda: _download(repo, file, options))


def _download(repo: str, file: str | None, options: Mapping[str, Any]) -> Path:
    from huggingface_hub import hf_hub_download, snapshot_download

    if file is not None:
        paths = [hf_hub_download(repo, part, **options) for part in parts_of(file)]
        return Path(paths[0])
    folder = Path(snapshot_download(repo, allow_patterns=list(_FOLDER_FILES), **options))
    missing = [name for name in _FOLDER_NEEDS if not (folder / name).is_file()]
    if missing:
        raise ModelLoadError(
            f"{repo} on Hugging Face holds no converted OpenVINO model ({missing[0]} is missing); "
            f"name one of its GGUF files: hf:{repo}/FILE.gguf"
        )
    return folder


def _cached_folder(repo: str, revision: str | None) -> Path | None:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    try:
        wanted = list(_FOLDER_FILES)
        folder = Path(
            snapshot_download(repo, revision=revision, allow_patterns=wanted, local_files_only=True)
        )
    except (LocalEntryNotFoundError, FileNotFoundError):
        return None
    return folder if all((folder / name).is_file() for name in _FOLDER_NEEDS) else None


def _explained(repo: str, file: str | None, download: Callable[[], Path]) -> Path:
    """Run the download; each way it can fail becomes one line. No error text of the client is passed on: it can hold
    signed addresses."""
    from huggingface_hub import constants, errors

    where = f"{repo} on Hugging Face"
    try:
        return download()
    except ThinkharderError:
        raise
    except errors.GatedRepoError as error:
        why = f"{where} asks for an account: accept its terms on its page and set HF_TOKEN"
        cause: Exception = error
    except errors.RepositoryNotFoundError as error:
        why = f"there is no {where}, or it is private; check the name, or set HF_TOKEN"
        cause = error
    except errors.RevisionNotFoundError as error:
        why, cause = f"{where} has no such revision; check what follows '@'", error
    except errors.RemoteEntryNotFoundError as error:
        why, cause = f"{where} has no file {file}; check the name on its page", error
    except (errors.LocalEntryNotFoundError, errors.OfflineModeIsEnabled, ConnectionError) as error:
        why = (
            f"{where} is not in the cache, and the hub did not answer: check the network (and HF_HUB_OFFLINE)"
        )
        cause = error
    except errors.HfHubHTTPError as error:
        status = getattr(error.response, "status_code", "no status")
        why, cause = f"{where} answered with HTTP {status}; try again later", error
    except OSError as error:
        clear = disk_error(error, Path(constants.HF_HUB_CACHE), where)
        why = f"the download of {where} failed ({error.strerror or type(error).__name__}); try again: it resumes"
        if clear is not error:
            why = str(clear).replace("THINKHARDER_CACHE", "HF_HOME")
        cause = error
    except Exception as error:  # whatever HTTP client is below
        why = f"the download of {where} broke off ({type(error).__name__}); try again: it resumes"
        cause = error
    raise ModelLoadError(why) from cause


def _bar_class(progress: Progress | None) -> type[Any]:
    """A progress bar for huggingface_hub that draws nothing and tells `progress` instead."""
    base: Any = import_module("tqdm").tqdm

    def start(bar: Any, *args: Any, **kwargs: Any) -> None:
        bar.counts_bytes = kwargs.get("unit") == "B"
        kwargs.pop("name", None)
        base.__init__(bar, *args, **(kwargs | {"file": _Nowhere(), "disable": False}))

    def update(bar: Any, n: float | None = 1) -> Any:
        moved = base.update(bar, n)
        if progress is not None and bar.counts_bytes:
            progress("downloading", int(bar.n), int(bar.total or 0))
        return moved

    return type("Bar", (base,), {"__init__": start, "update": update})


class _Nowhere:
    """A text stream that keeps nothing."""

    def write(self, text: str) -> int:
        return len(text)

    def flush(self) -> None:
        """Nothing is held back."""
