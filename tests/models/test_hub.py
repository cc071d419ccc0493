"""Hugging Face with the real client, against a hub on loopback."""

import hashlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("huggingface_hub")

COMMIT = "a" * 40
GGUF = b"GGUF" + bytes(500_000)
FOLDER = {
    f"openvino_{part}.{end}": part.encode() * 50
    for part in ("model", "tokenizer", "detokenizer")
    for end in ("xml", "bin")
}
REPOS: dict[str, dict[str, bytes]] = {
    "o/files": {"m.gguf": GGUF, "s-00001-of-00002.gguf": b"GGUF1", "s-00002-of-00002.gguf": b"GGUF2"},
    "o/folder": {**FOLDER, "config.json": b"{}", "weights.safetensors": b"not wanted"},
    "o/other": {"config.json": b"{}"},
}

# huggingface_hub reads its settings when it is imported: each case is a process of its own.
CALL = """
import json, sys
from thinkharder.core.errors import ThinkharderError
from thinkharder.models import hub
repo, file, revision, refresh = json.loads(sys.argv[1])
seen = []
try:
    path = hub.pull_hub(repo, file, revision, lambda *step: seen.append(step), refresh=refresh)
    print(json.dumps({"path": str(path), "seen": seen, "cached": str(hub.cached(repo, file, revision))}))
except ThinkharderError as error:
    print(json.dumps({"error": str(error), "type": type(error).__name__}))
"""


class Handler(BaseHTTPRequestHandler):
    def do_HEAD(self) -> None:
        self.do_GET(body=False)

    def do_GET(self, body: bool = True) -> None:
        server: Any = self.server
        server.asked.append((self.command, self.path, self.headers.get("Authorization")))
        parts = self.path.partition("?")[0].strip("/").split("/")
        if parts[:2] == ["api", "models"]:
            self.info("/".join(parts[2:4]), parts[4:])
        elif len(parts) >= 5 and parts[2] == "resolve":
            self.file("/".join(parts[:2]), "/".join(parts[4:]), body)
        else:
            self.answer(404, b"")

    def info(self, repo: str, rest: list[str]) -> None:
        if repo not in REPOS:
            self.answer(404, b"{}", {"X-Error-Code": "RepoNotFound"})
        elif rest[:1] == ["tree"]:
            tree = [
                {"type": "file", "path": n, "size": len(d), "oid": "0" * 40} for n, d in REPOS[repo].items()
            ]
            self.answer(200, json.dumps(tree).encode())
        else:
            siblings = [{"rfilename": name} for name in REPOS[repo]]
            self.answer(200, json.dumps({"id": repo, "sha": COMMIT, "siblings": siblings}).encode())

    def file(self, repo: str, name: str, body: bool) -> None:
        if repo == "o/gated":
            self.answer(403, b"", {"X-Error-Code": "GatedRepo"})
        elif repo == "o/broken":
            self.answer(500, b"")
        elif repo not in REPOS:
            self.answer(404, b"", {"X-Error-Code": "RepoNotFound"})
        elif name not in REPOS[repo]:
            self.answer(404, b"", {"X-Error-Code": "EntryNotFound", "X-Repo-Commit": COMMIT})
        else:
            data = REPOS[repo][name]
            etag = hashlib.sha256(data).hexdigest()
            self.answer(200, data, {"ETag": f'"{etag}"', "X-Repo-Commit": COMMIT}, body)

    def answer(
        self, status: int, data: bytes, headers: dict[str, str] | None = None, body: bool = True
    ) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(data)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        if body and self.command == "GET":
            self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        return


@pytest.fixture
def server() -> Iterator[Any]:
    server: Any = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.asked = []
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def call(server: Any, tmp_path: Path) -> Any:
    def run(repo: str, file: str | None, *, refresh: bool = False, **env: str) -> dict[str, Any]:
        settings = {
            **{name: value for name, value in os.environ.items() if not name.startswith("HF_")},
            "HF_HOME": str(tmp_path / "hf"),
            "HF_ENDPOINT": f"http://127.0.0.1:{server.server_address[1]}",
            "HF_HUB_DISABLE_TELEMETRY": "1",
            "NO_PROXY": "127.0.0.1",
            **env,
        }
        done = subprocess.run(
            [sys.executable, "-c", CALL, json.dumps([repo, file, None, refresh])],
            capture_output=True,
            text=True,
            timeout=60,
            env=settings,
            cwd=Path(__file__).parents[2],
        )
        assert done.returncode == 0, done.stderr
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer

    return run


def test_a_file_is_downloaded_once_with_progress(call: Any, server: Any) -> None:
    first = call("o/files", "m.gguf")
    assert Path(first["path"]).read_bytes() == GGUF
    assert first["cached"] == first["path"]
    assert first["seen"][-1] == ["downloading", len(GGUF), len(GGUF)]
    asked = len(server.asked)
    assert call("o/files", "m.gguf")["path"] == first["path"]
    assert len(server.asked) == asked, "what is cached needs no network"
    call("o/files", "m.gguf", refresh=True)
    assert len(server.asked) > asked


def test_all_parts_of_a_split_file(call: Any) -> None:
    path = Path(call("o/files", "s-00001-of-00002.gguf")["path"])
    assert path.name == "s-00001-of-00002.gguf"
    assert path.with_name("s-00002-of-00002.gguf").read_bytes() == b"GGUF2"


def test_a_folder(call: Any, server: Any) -> None:
    answer = call("o/folder", None)
    found = {path.name for path in Path(answer["path"]).iterdir()}
    assert found == {*FOLDER, "config.json"}, "only what OpenVINO needs"
    assert answer["cached"] == answer["path"]
    asked = len(server.asked)
    assert call("o/folder", None)["path"] == answer["path"]
    assert len(server.asked) == asked


def test_the_token_comes_from_the_environment_and_goes_nowhere_else(call: Any, server: Any) -> None:
    answer = call("o/missing", "m.gguf", HF_TOKEN="hf_s3cret")
    assert {authorization for _, _, authorization in server.asked} == {"Bearer hf_s3cret"}
    assert "s3cret" not in json.dumps(answer)


@pytest.mark.parametrize(
    ("repo", "file", "says"),
    [
        ("o/missing", "m.gguf", "there is no o/missing on Hugging Face, or it is private"),
        ("o/files", "other.gguf", "o/files on Hugging Face has no file other.gguf"),
        ("o/gated", "m.gguf", "asks for an account: accept its terms on its page and set HF_TOKEN"),
        ("o/other", None, "holds no converted OpenVINO model"),
    ],
)
def test_what_the_hub_refuses(repo: str, file: str | None, says: str, call: Any) -> None:
    answer = call(repo, file)
    assert answer["type"] == "ModelLoadError"
    assert says in answer["error"]


UNREACHED = "is not in the cache, and the hub did not answer: check the network"


def test_told_to_stay_offline(call: Any, server: Any) -> None:
    answer = call("o/files", "m.gguf", HF_HUB_OFFLINE="1")
    assert answer["type"] == "ModelLoadError"
    assert UNREACHED in answer["error"]
    assert not server.asked


@pytest.mark.slow  # the client tries again for half a minute
@pytest.mark.parametrize(
    ("repo", "env"), [("o/broken", {}), ("o/files", {"HF_ENDPOINT": "http://127.0.0.1:9"})]
)
def test_a_hub_that_fails(repo: str, env: dict[str, str], call: Any) -> None:
    answer = call(repo, "m.gguf", **env)
    assert answer["type"] == "ModelLoadError"
    assert UNREACHED in answer["error"]


@pytest.mark.skipif(sys.platform != "linux", reason="needs a directory that not even root can write to")
def test_a_cache_that_cannot_be_written(call: Any) -> None:
    answer = call("o/files", "m.gguf", HF_HOME="/sys/thinkharder")
    assert "is not writable" in answer["error"]
    assert "HF_HOME" in answer["error"]
