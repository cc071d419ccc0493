"""Starts an engine's worker process: `python -P engine_boot.py MODULE` runs MODULE's `main()`.

The worker imports a few modules of this package and an engine, and nothing else: the package's own `__init__` files,
which import far more, are not run. A worker starts the sooner for it.
"""

import contextlib
import importlib
import os
import sys
from pathlib import Path
from types import ModuleType


def boot(module: str) -> None:
    """Run the `main()` of a module of this package, its parents left empty; then end the process at once."""
    here = Path(__file__).resolve().parent
    for name, place in (
        ("thinkharder", here.parent),
        ("thinkharder.core", here.parent / "core"),
        ("thinkharder.models", here),
    ):
        package = ModuleType(name)
        package.__path__ = [str(place)]
        sys.modules[name] = package
    with contextlib.suppress(BrokenPipeError):  # the caller is gone
        importlib.import_module(module).main()
    sys.stderr.flush()
    os._exit(0)  # the engine's own threads must not be waited for


if __name__ == "__main__":
    boot(sys.argv[1])
