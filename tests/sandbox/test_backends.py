"""What every backend does for honest programs; limits, files, detection, the filter."""

import asyncio
import struct
import subprocess
import sys
import time
from pathlib import Path

import pytest

from thinkharder.core.errors import BadOption, SandboxError, SandboxUnavailable, UnknownName
from thinkharder.sandbox import BubblewrapSandbox, Limits, NoSandbox, Sandbox, choose, detect, seccomp
from thinkharder.sandbox import detect as detect_function
from thinkharder.sandbox.runtime import python_runtime


async def test_a_program_runs(process_sandbox: Sandbox) -> None:
    code = "import sys, os\nprint(sys.stdin.read().upper())\nprint('e', file=sys.stderr)\nprint(__name__, sys.argv)"
    result = await process_sandbox.run(code, stdin="grüße\n")
    assert (result.status, result.exit_code) == ("ok", 0)
    assert result.stdout == "GRÜSSE\n\n__main__ ['main.py']\n"
    assert result.stderr == "e\n"
    assert 0 < result.seconds < 8
    assert not result.truncated


async def test_the_standard_library_works(process_sandbox: Sandbox) -> None:
    code = (
        "import asyncio, bz2, collections, ctypes, datetime, decimal, hashlib, heapq, json, lzma, random, re, sqlite3\n"
        "import ssl, subprocess, sys, tempfile, threading, unicodedata, zlib, zoneinfo\n"
        "from dataclasses import dataclass\n@dataclass\nclass A:\n    x: int = 1\nimport pickle\n"
        "assert pickle.loads(pickle.dumps(A())) == A()\n"
        "async def main():\n    await asyncio.sleep(0.01)\nasyncio.run(main())\n"
        "t = threading.Thread(target=print, args=('thread',)); t.start(); t.join()\n"
        "with tempfile.TemporaryFile() as f:\n    f.write(b'x')\n"
        "db = sqlite3.connect('x.db'); db.execute('create table t (a)'); db.commit()\n"
        "with open('note', 'w') as f: f.write('mine')\nprint(open('note').read())\n"
    )
    result = await process_sandbox.run(code)
    assert result.status == "ok", result.stderr
    assert result.stdout == "thread\nmine\n"


async def test_files_are_given(process_sandbox: Sandbox) -> None:
    files = {"helper.py": "X = 'imported'", "data/a.txt": "é"}
    code = "import helper\nprint(helper.X, open('data/a.txt', encoding='utf-8').read())"
    result = await process_sandbox.run(code, files=files)
    assert result.stdout == "imported é\n", result.stderr
    for name in ("/etc/x", "../x", "a/../../x"):
        with pytest.raises(SandboxError, match="relative"):
            await process_sandbox.run("", files={name: ""})


async def test_errors_are_shown_as_python_shows_them(process_sandbox: Sandbox) -> None:
    result = await process_sandbox.run("def g():\n    return 1 / 0\ng()")
    assert (result.status, result.exit_code) == ("error", 1)
    assert result.stderr.splitlines()[:3] == [
        "Traceback (most recent call last):",
        '  File "main.py", line 3, in <module>',
        "    g()",
    ]
    assert result.stderr.endswith("ZeroDivisionError: division by zero\n")
    assert (await process_sandbox.run("import sys; sys.exit(7)")).exit_code == 7
    assert (await process_sandbox.run("import os, signal; os.abort()")).status == "killed"


async def test_runs_do_not_see_each_other(process_sandbox: Sandbox) -> None:
    await process_sandbox.run("open('left', 'w').write('x')")
    result = await process_sandbox.run("import os; print(os.listdir('.'))")
    assert result.stdout == "[]\n"


async def test_many_at_once(process_sandbox: Sandbox) -> None:
    results = await asyncio.gather(*(process_sandbox.run(f"print({i})") for i in range(12)))
    assert [result.stdout for result in results] == [f"{i}\n" for i in range(12)]


async def test_monty_runs_small_programs() -> None:
    sandbox = working("monty")
    result = await sandbox.run("x = input()\nprint(x, sum(range(4)))", stdin="a\n")
    assert (result.status, result.stdout) == ("ok", "a 6\n")
    assert (await sandbox.run("1 / 0")).status == "error"
    with pytest.raises(SandboxError, match="no files"):
        await sandbox.run("", files={"a": ""})


def test_monty_leaves_no_trace_at_exit() -> None:
    """The package's asynchronous interface aborts the process at exit now and then; ours must not."""
    working("monty")
    code = "import asyncio; from thinkharder.sandbox import MontySandbox; asyncio.run(MontySandbox().run('1 / 0'))"
    for _ in range(3):
        assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0


@pytest.mark.usefixtures("nothing_stays_behind")
def test_the_host_dying_takes_the_sandbox_with_it(process_sandbox: Sandbox) -> None:
    code = (
        "import asyncio\nfrom thinkharder.sandbox import choose, Limits\n"
        f"s = choose({process_sandbox.name!r})\nprint('started', flush=True)\n"
        "asyncio.run(s.run('import os, time\\nos.fork()\\ntime.sleep(77)', limits=Limits(wall_seconds=60)))"
    )
    host = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    assert host.stdout is not None
    host.stdout.readline()
    deadline = time.monotonic() + 5
    while not sleepers(host.pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(0.3)
    below = sleepers(host.pid)
    assert below
    host.kill()
    host.wait()
    host.stdout.close()
    deadline = time.monotonic() + 2
    while any(Path(f"/proc/{pid}").exists() for pid in below) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not [pid for pid in below if Path(f"/proc/{pid}").exists()]


def sleepers(host: int) -> list[int]:
    from thinkharder.sandbox.usage import descendants

    return [pid for pid in descendants(host) if pid != host]


def working(name: str) -> Sandbox:
    try:
        return choose(name)
    except SandboxUnavailable as reason:
        pytest.skip(str(reason))


@pytest.mark.parametrize("field", Limits.__slots__)
@pytest.mark.parametrize("value", [0, -1, float("nan"), float("inf")])
def test_senseless_limits_are_refused(field: str, value: float) -> None:
    with pytest.raises(BadOption, match=field):
        Limits(**{field: value})


def test_detection_says_why() -> None:
    found = detect()
    assert [detection.name for detection in found] == ["bubblewrap", "landlock", "monty"]
    assert all(detection.reason for detection in found)
    assert detect() == found


def test_choosing() -> None:
    first = next((d.name for d in detect() if d.works), None)
    if first is not None:
        assert choose().name == first
    assert isinstance(choose("none"), NoSandbox)
    with pytest.raises(UnknownName, match="bubblewrap"):
        choose("bubblewrapp")


def test_refusal_names_each_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib

    module = importlib.import_module("thinkharder.sandbox.detect")
    broken = tuple(module.Detection(name, False, f"reason of {name}") for name in module.BACKENDS)
    monkeypatch.setattr(module, "_detect", lambda: broken)
    with pytest.raises(SandboxUnavailable, match=r"reason of bubblewrap.*reason of landlock.*--sandbox none"):
        choose()
    with pytest.raises(SandboxUnavailable, match="reason of landlock"):
        choose("landlock")
    assert detect_function() == list(broken)


async def test_a_sandbox_that_cannot_be_set_up_is_no_verdict(tmp_path: Path) -> None:
    with pytest.raises(SandboxError, match="cannot start"):
        await BubblewrapSandbox(str(tmp_path / "missing")).run("print(1)")
    fake = tmp_path / "bwrap"
    fake.write_text("#!/bin/sh\necho 'bwrap: no permission' >&2\nexit 1\n")
    fake.chmod(0o755)
    with pytest.raises(SandboxError, match="no permission"):
        await BubblewrapSandbox(str(fake)).run("print(1)")
    with pytest.raises(SandboxError, match="no permission"):
        async with BubblewrapSandbox(str(fake)).open("candidate", Limits()) as session:
            await session.receive(5)


def test_the_runtime_is_small() -> None:
    runtime = python_runtime()
    assert Path(runtime.python).is_file()
    assert not {"/", "/etc", "/home", "/root", "/usr", "/var"} & set(runtime.paths)


def verdict(program: bytes, number: int, *arguments: int, arch: int | None = None) -> int:
    """What the filter returns for a system call: an interpreter for the instructions that it is made of."""
    arch = seccomp.AUDIT_ARCH["x86_64"] if arch is None else arch
    data = struct.pack("<IIQ6Q", number, arch, 0, *(list(arguments) + [0] * 6)[:6])
    at, accumulator = 0, 0
    while True:
        code, true, false, value = struct.unpack_from("<HBBI", program, 8 * at)
        at += 1
        if code == seccomp.LOAD:
            accumulator = struct.unpack_from("<I", data, value)[0]
        elif code == seccomp.RETURN:
            return int(value)
        else:
            holds = {
                seccomp.JUMP_EQ: accumulator == value,
                seccomp.JUMP_GE: accumulator >= value,
                seccomp.JUMP_SET: bool(accumulator & value),
            }[code]
            at += true if holds else false


def test_the_filter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seccomp.platform, "machine", lambda: "x86_64")
    program = seccomp.build_filter([seccomp.SIGNALS])
    refused, missing = seccomp.ERRNO | 1, seccomp.ERRNO | 38
    for name in ("socket", "ptrace", "unshare", "setsid", "kill"):
        assert verdict(program, {**seccomp.SYSCALLS, **seccomp.SIGNALS}[name][0] or 0) == refused, name
    for number in (0, 1, 2, 9, 57, 58, 257):  # read, write, open, mmap, fork, vfork, openat
        assert verdict(program, number) == seccomp.ALLOW
    assert verdict(program, 0, arch=0x40000003) == seccomp.KILL_PROCESS
    assert verdict(program, 0x40000000) == missing
    assert verdict(program, seccomp.LAST_REVIEWED + 1) == missing
    assert verdict(program, 435) == missing
    assert verdict(program, 56, 0x11) == seccomp.ALLOW
    assert verdict(program, 56, 0x10000011) == refused
    assert verdict(program, 302, 0) == seccomp.ALLOW
    assert verdict(program, 302, 77) == refused
    assert verdict(program, 72, 3, 1) == seccomp.ALLOW
    assert verdict(program, 72, 3, 8) == refused
    assert verdict(program, 16, 0, 0x5412) == refused
    assert verdict(program, 16, 0, 0x5401) == seccomp.ALLOW
    alone = seccomp.build_filter(fork=False)
    assert verdict(alone, 57) == refused
    assert verdict(alone, 56, 0x11) == refused
    assert verdict(alone, 56, 0x10F00) == seccomp.ALLOW | 0
    assert verdict(alone, 62) == seccomp.ALLOW


def test_no_filter_without_a_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seccomp.platform, "machine", lambda: "riscv64")
    with pytest.raises(SandboxError, match="riscv64"):
        seccomp.build_filter()
