"""Where downloaded and converted model files lie: the user's cache directory, or `THINKHARDER_CACHE`.

The directory follows the platform's convention (platformdirs: XDG on Linux, Library/Caches on macOS, LocalAppData on
Windows). Everything in it can be deleted at any time; it is fetched or made again when it is needed.
"""

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from platformdirs import user_cache_path

from thinkharder.core.errors import ConfigError, ModelLoadError

VARIABLE = "THINKHARDER_CACHE"
_MOVE = f"set {VARIABLE} to a directory on another disk"
_READ_ONLY = {errno.EROFS, errno.EACCES, errno.EPERM}
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def cache_path(*parts: str) -> Path:
    """The absolute path of the cache directory, or of `parts` in it. Nothing is created.

    Raises ConfigError where THINKHARDER_CACHE names something that is not a directory.
    """
    named = os.environ.get(VARIABLE, "").strip()
    if not named:
        return user_cache_path("thinkharder", appauthor=False).joinpath(*parts)
    root = Path(named).expanduser().absolute()
    if root.exists() and not root.is_dir():
        raise ConfigError(f"{VARIABLE}={named} is a file; set it to a directory, or unset it")
    return root.joinpath(*parts)


@contextmanager
def writing(directory: Path, what: str, needs: int = 0) -> Iterator[Path]:
    """Create `directory` and yield it; what goes wrong with the disk inside becomes one clear ModelLoadError.

    `what` is what is being stored (for the message), `needs` the bytes that it takes: too little free space is
    reported before any work is done.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
        if not os.access(directory, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, "no permission to write", str(directory))
        free = shutil.disk_usage(directory).free
        if free < needs:
            raise OSError(errno.ENOSPC, f"{needs / 1e6:,.0f} MB needed, {free / 1e6:,.0f} MB free")
        yield directory
    except OSError as error:
        clear = disk_error(error, directory, what)
        if clear is error:
            raise
        raise clear from error


def disk_error(error: OSError, directory: Path, what: str) -> Exception:
    """The ModelLoadError that says what the disk refused; another error than the disk's is returned as it is."""
    reason = error.strerror or str(error)
    if error.errno in _READ_ONLY:
        return ModelLoadError(
            f"cannot store {what}: the cache directory {directory} is not writable ({reason}); "
            f"make it writable, or {_MOVE}"
        )
    if error.errno in _FULL:
        return ModelLoadError(
            f"cannot store {what}: the disk of the cache directory {directory} is full ({reason}); "
            f"free some space, or {_MOVE}"
        )
    if error.errno in {errno.ENOTDIR, errno.EEXIST}:
        return ModelLoadError(
            f"cannot store {what}: a file stands where the cache directory {directory} belongs; "
            f"remove that file, or {_MOVE}"
        )
    return error


def sync_directory(directory: Path) -> None:
    """Make a rename in `directory` survive a power cut, where the platform can (not Windows)."""
    if os.name == "nt":
        return
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
