"""Code that reaches for the host: files, environment, network, other processes. Nothing is found."""

import asyncio
import os
from pathlib import Path

import pytest

from thinkharder.sandbox import Limits, Sandbox

SECRET = "thinkharder-secret-of-the-host"
pytestmark = pytest.mark.usefixtures("nothing_stays_behind")


async def test_the_host_is_not_to_be_seen(process_sandbox: Sandbox, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text(SECRET)
    (tmp_path / "open").mkdir(mode=0o777)
    os.environ["THINKHARDER_TEST_SECRET"] = SECRET
    try:
        code = f"""
import glob, os
paths = [{str(secret)!r}, {str(__file__)!r}, "/etc/passwd", "/etc/shadow", "/etc/hostname", "/root/.bashrc",
         "/proc/1/environ", "/proc/self/environ", "/proc/self/mem", "/proc/{os.getpid()}/environ",
         "/proc/self/root/etc/passwd", "/proc/self/cwd/../../etc/passwd", "/dev/mem", "/dev/kmsg", "/dev/tty",
         "../../../../../../etc/passwd", "/sys/kernel/uevent_helper", "/var/log/dpkg.log"]
for path in paths:
    try:
        print("READ", path, open(path, "rb").read(100))
    except OSError:
        pass
for path in ["/home", "/root", "/work", "/var", "/etc", "/proc", "/sys", "/run", "/tmp/..", {str(tmp_path)!r}]:
    try:
        listed = [name for name in os.listdir(path) if name not in ("ld.so.cache", ".pyenv", "tmp", "dev", "usr", "lib",
                  "lib64", "root", "etc", "opt", "home", "nix")]
        if listed:
            print("LISTED", path, listed)
    except OSError:
        pass
for link in ("a", "b"):
    try:
        os.symlink({{"a": "/etc/passwd", "b": {str(secret)!r}}}[link], link)
        print("READ", open(link).read(100))
    except OSError:
        pass
try:
    os.link({str(secret)!r}, "hard")
    print("READ", open("hard").read())
except OSError:
    pass
print("ENVIRONMENT", dict(os.environ)) if os.environ else None
try:
    print("ENVIRONMENT", open("/proc/self/environ").read())
except OSError:
    pass
"""
        result = await process_sandbox.run(code)
    finally:
        del os.environ["THINKHARDER_TEST_SECRET"]
    assert result.status == "ok", result.stderr
    assert result.stdout == ""


async def test_nothing_outside_can_be_written(process_sandbox: Sandbox, tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.write_text("before")
    mine.chmod(0o666)
    tmp_path.chmod(0o777)
    code = f"""
import os, sys
stdlib = os.path.dirname(os.__file__)
attempts = [
    lambda: open({str(mine)!r}, "w").write("after"),
    lambda: open({str(tmp_path / "new")!r}, "w"),
    lambda: os.remove({str(mine)!r}),
    lambda: os.rename({str(mine)!r}, "stolen"),
    lambda: os.truncate({str(mine)!r}, 0),
    lambda: os.chmod({str(mine)!r}, 0o600),
    lambda: os.utime({str(mine)!r}, (0, 0)),
    lambda: os.mkdir({str(tmp_path / "folder")!r}),
    lambda: open(stdlib + "/os.py", "a"),
    lambda: open(stdlib + "/planted.py", "w"),
    lambda: open(sys.executable, "r+b"),
    lambda: open("/planted", "w"),
    lambda: open("/usr/lib/planted", "w"),
    lambda: open("/dev/planted", "w"),
    lambda: os.mknod("device", 0o600 | 0o060000, os.makedev(8, 0)),
    lambda: os.chroot("/tmp"),
    lambda: os.setuid(0),
]
for number, attempt in enumerate(attempts):
    try:
        attempt()
        print("DONE", number)
    except OSError:
        pass
"""
    result = await process_sandbox.run(code)
    assert result.status == "ok", result.stderr
    assert result.stdout == ""
    assert mine.read_text() == "before"
    assert mine.stat().st_mode & 0o777 == 0o666
    assert {path.name for path in tmp_path.iterdir()} == {"mine"}


async def test_no_network(process_sandbox: Sandbox) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connected.set()
        writer.close()

    connected = asyncio.Event()
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    code = f"""
import socket
attempts = [
    lambda: socket.create_connection(("127.0.0.1", {port}), timeout=1),
    lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("127.0.0.1", {port})),
    lambda: socket.socket(socket.AF_UNIX).connect("/run/docker.sock"),
    lambda: socket.socket(socket.AF_UNIX).connect("\\0abstract"),
    lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW),
    lambda: socket.getaddrinfo("example.org", 80),
]
for number, attempt in enumerate(attempts):
    try:
        attempt()
        print("DONE", number)
    except OSError:
        pass
"""
    try:
        result = await process_sandbox.run(code, limits=Limits(wall_seconds=6))
    finally:
        server.close()
        await server.wait_closed()
    assert result.status == "ok", result.stderr
    assert result.stdout == ""
    assert not connected.is_set()


async def test_other_processes_are_out_of_reach(process_sandbox: Sandbox) -> None:
    victim = await asyncio.create_subprocess_exec("sleep", "30")
    code = f"""
import ctypes, os, signal
libc = ctypes.CDLL(None, use_errno=True)
for pid in ({victim.pid}, {os.getpid()}, os.getppid()):
    for number in (0, signal.SIGTERM, signal.SIGKILL, signal.SIGSTOP):
        if pid > 1 and pid != os.getpid():
            try:
                os.kill(pid, number)
                print("SIGNALLED", pid, number)
            except OSError:
                pass
    for request in (0x4206, 16):  # PTRACE_SEIZE, PTRACE_ATTACH
        if libc.ptrace(request, pid, None, None) != -1:
            print("TRACED", pid)
    try:
        os.setpriority(os.PRIO_PROCESS, pid, 19)
        print("RENICED", pid)
    except OSError:
        pass
buffer = ctypes.create_string_buffer(64)
class Vector(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]
local = Vector(ctypes.addressof(buffer), 64)
if libc.process_vm_readv({victim.pid}, ctypes.byref(local), 1, ctypes.byref(local), 1, 0) != -1:
    print("READ MEMORY")
if libc.unshare(0x10000000) != -1:
    print("NEW NAMESPACE")
if libc.mount(b"none", b"/tmp", b"tmpfs", 0, None) != -1:
    print("MOUNTED")
if libc.syscall(319, b"x", 0) != -1:
    print("MEMORY FILE")
try:
    os.kill(-1, signal.SIGKILL)  # everything that it may signal, but for itself
except OSError:
    pass
"""
    try:
        result = await process_sandbox.run(code)
        assert victim.returncode is None
    finally:
        victim.kill()
        await victim.wait()
    assert result.status == "ok", result
    assert result.stdout == ""
