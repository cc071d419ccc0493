"""What an engine makes of a model file once and keeps: a requantised copy, a converted tokenizer."""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from filelock import FileLock

from thinkharder.core.errors import ModelLoadError
from thinkharder.models.cachedir import cache_path, disk_error, writing

_PROBE = 1 << 16


def source_key(path: Path) -> str:
    """24 hex digits that change when the file does: its size, time of change, beginning and end.

    Hashing all of a file of gigabytes at every start would take longer than loading it.
    """
    stat = path.stat()
    digest = hashlib.sha256(f"{stat.st_size}|{stat.st_mtime_ns}|".encode())
    with path.open("rb") as file:
        digest.update(file.read(_PROBE))
        file.seek(max(0, stat.st_size - _PROBE))
        digest.update(file.read(_PROBE))
    return digest.hexdigest()[:24]


def kept(key: str, name: str, make: Callable[[Path], None], what: str) -> Path:
    """The cached file or folder `name` of a source; made by `make(target)` where it is not there yet.

    `make` writes to a path that is not there; the result is moved into place at once, so no other process sees half of
    it, and a lock lets only one of several processes do the work. Raises ModelLoadError where the disk refuses.
    """
    target = cache_path("openvino", key, name)
    if target.exists():
        return target
    with writing(target.parent, what) as directory:
        try:
            lock = FileLock(directory / f"{name}.lock")
            with lock:
                if not target.exists():
                    _make(directory, target, make)
        except NotImplementedError as error:
            raise ModelLoadError(
                f"the file system of {directory} has no file locks; set THINKHARDER_CACHE to a local directory"
            ) from error
    return target


def _make(directory: Path, target: Path, make: Callable[[Path], None]) -> None:
    work = Path(tempfile.mkdtemp(prefix=".part-", dir=directory))
    try:
        make(work / target.name)
        os.replace(work / target.name, target)
    except RuntimeError as error:  # the engine's libraries report a full disk as one
        free = shutil.disk_usage(directory).free
        if free < _PROBE:
            raise disk_error(OSError(28, "no space left"), directory, target.name) from error
        raise
    finally:
        shutil.rmtree(work, ignore_errors=True)
