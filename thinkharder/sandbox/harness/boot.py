"""The first code of every sandboxed process: takes its orders from standard input, locks itself in, runs the program.

It runs before anything untrusted does, from its source text (`python -c`), with the standard library alone. The orders
are eight hexadecimal digits of length and a marshalled dictionary from the host, which runs the same interpreter; what
follows them is the program's own standard input. Imports are few and late, because every run pays for them.
"""

import marshal
import os
import resource
import sys
from typing import Any

PR_SET_PDEATHSIG, PR_SET_KEEPCAPS, PR_SET_SECCOMP, PR_SET_CHILD_SUBREAPER, PR_SET_NO_NEW_PRIVS = (
    1,
    8,
    22,
    36,
    38,
)
LANDLOCK_CREATE, LANDLOCK_ADD, LANDLOCK_RESTRICT = 444, 445, 446
CAPSET = {"x86_64": 126, "aarch64": 91}
CAP_DAC_READ_SEARCH = 2
EXECUTE, WRITE, READ, READ_DIR, REMOVE_FILE, MAKE_REG = 1 << 0, 1 << 1, 1 << 2, 1 << 3, 1 << 5, 1 << 8
MAKE_SYM, REFER, TRUNCATE, IOCTL_DEV = 1 << 12, 1 << 13, 1 << 14, 1 << 15
O_PATH = 0o10000000


def read_exactly(descriptor: int, size: int) -> bytes:
    """That many bytes; ends the process where the host has gone."""
    data = b""
    while len(data) < size:
        piece = os.read(descriptor, size - len(data))
        if not piece:
            os._exit(125)
        data += piece
    return data


def check(result: int, what: str) -> int:
    """The result of a call to the C library; raises OSError where it failed."""
    if result < 0:
        import ctypes

        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result


def call(libc: Any, number: int, *arguments: Any) -> int:
    """A system call by its number."""
    import ctypes

    return int(libc.syscall(ctypes.c_long(number), *arguments))


def become(libc: Any, uid: int, keep_dac: bool) -> None:
    """Changes to a user that owns nothing; `keep_dac` lets it still pass directories closed to others."""
    if keep_dac:
        check(libc.prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0), "keepcaps")
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)
    if keep_dac:
        capabilities(libc, 1 << CAP_DAC_READ_SEARCH)


def capabilities(libc: Any, kept: int) -> None:
    """Gives up all capabilities but those of the mask."""
    import ctypes
    import struct

    head = ctypes.create_string_buffer(struct.pack("<Ii", 0x20080522, 0))
    data = ctypes.create_string_buffer(struct.pack("<6I", kept, kept, 0, 0, 0, 0))
    check(call(libc, CAPSET[os.uname().machine], head, data), "capset")


def limit(limits: dict[str, int]) -> None:
    """Soft and hard limits; CPU gets a second between, so that its signal tells why."""
    for name, value in limits.items():
        hard = value + 1 if name == "CPU" else value
        number = getattr(resource, f"RLIMIT_{name}")
        ceiling = resource.getrlimit(number)[1]
        if ceiling != resource.RLIM_INFINITY:
            hard = min(hard, ceiling)
        resource.setrlimit(number, (min(value, hard), hard))


def landlock(libc: Any, readable: list[str], devices: list[str], private: str) -> None:
    """Leaves `readable` to read and run, `devices` to read and write, and plain files in `private`; nothing else."""
    import ctypes
    import struct

    abi = check(call(libc, LANDLOCK_CREATE, None, ctypes.c_size_t(0), 1), "landlock")
    handled = (1 << 13) - 1
    handled |= (REFER if abi >= 2 else 0) | (TRUNCATE if abi >= 3 else 0) | (IOCTL_DEV if abi >= 5 else 0)
    attributes = struct.pack("<QQQ", handled, 3 if abi >= 4 else 0, 3 if abi >= 6 else 0)
    attributes = attributes[: 8 if abi < 4 else 16 if abi < 6 else 24]
    ruleset = check(
        call(libc, LANDLOCK_CREATE, ctypes.c_char_p(attributes), ctypes.c_size_t(len(attributes)), 0),
        "landlock",
    )
    own = READ | WRITE | READ_DIR | REMOVE_FILE | MAKE_REG | MAKE_SYM | TRUNCATE
    rules = [(path, EXECUTE | READ | READ_DIR) for path in readable]
    rules += [(path, READ | WRITE) for path in devices] + [(private, own)]
    for path, rights in rules:
        descriptor = os.open(path, O_PATH | os.O_CLOEXEC)
        if not os.path.isdir(path):
            rights &= EXECUTE | READ | WRITE | TRUNCATE
        rule = struct.pack("<Qi", rights & handled, descriptor)
        check(call(libc, LANDLOCK_ADD, ruleset, 1, ctypes.c_char_p(rule), 0), f"landlock rule for {path}")
        os.close(descriptor)
    check(call(libc, LANDLOCK_RESTRICT, ruleset, 0), "landlock")
    os.close(ruleset)


def seccomp(libc: Any, program: bytes) -> None:
    """Loads the filter, for good."""
    import ctypes
    import struct

    buffer = ctypes.create_string_buffer(program, len(program))
    head = ctypes.create_string_buffer(struct.pack("@HP", len(program) // 8, ctypes.addressof(buffer)))
    check(libc.prctl(PR_SET_SECCOMP, 2, head, 0, 0), "seccomp")


def supervise(libc: Any, directory: str) -> None:
    """Forks; the child returns. The parent, outside the limits, ends the child's whole group when the child or the
    host ends, and passes its exit status on. It reaps orphans, so that all descendants stay below it. Where the host is
    gone nobody else would remove the private directory."""
    import signal

    host = os.getppid()
    check(libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), "subreaper")
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGCHLD})
    check(libc.prctl(PR_SET_PDEATHSIG, int(signal.SIGTERM), 0, 0, 0), "parent death signal")
    child = os.fork()
    if child == 0:
        os.setpgid(0, 0)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM, signal.SIGCHLD})
        return
    try:  # noqa: SIM105 - contextlib would be imported by every run
        os.setpgid(child, child)
    except OSError:
        pass  # the child was first, or has ended
    for descriptor in (0, 1, 2):
        os.close(descriptor)
    told = False
    # WNOWAIT keeps the child's number, and so its group's, from being given to another process
    while os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT | os.WNOHANG) is None:
        told = signal.sigwait({signal.SIGTERM, signal.SIGCHLD}) == signal.SIGTERM
        if told:
            break
    code = os.waitstatus_to_exitcode(end_all(child))
    # the signal comes when the host's thread ends, which can be before its process is seen to be gone
    if told or os.getppid() != host:
        import shutil

        shutil.rmtree(directory, ignore_errors=True)
    os._exit(code if code >= 0 else 128 - code)


def end_all(child: int) -> int:
    """Kills the child's group and every orphan that came to this process, until none is left; the child's status."""
    status = 0
    while True:
        try:  # noqa: SIM105
            os.killpg(child, 9)
        except ProcessLookupError:
            pass
        try:
            with open(f"/proc/self/task/{os.getpid()}/children") as children:
                for orphan in children.read().split():  # left the group: only where no filter forbids it
                    os.kill(int(orphan), 9)
        except OSError:
            pass
        try:
            ended, ending = os.waitpid(-1, 0)
        except ChildProcessError:
            return status
        if ended == child:
            status = ending


def lock_in(orders: dict[str, Any]) -> None:
    """Takes the process into its directory, limits and jail, in the order that leaves each step still allowed."""
    libc: Any = None
    if orders["supervise"] or orders["landlock"] or orders["seccomp"]:
        import ctypes

        libc = ctypes.CDLL(None, use_errno=True)
    if orders["supervise"]:
        supervise(libc, orders["directory"])
    os.chdir(orders["directory"])
    limit(orders["rlimits"])
    if orders["uid"] is not None:
        become(libc, orders["uid"], orders["keep_dac"])
    elif orders["landlock"] is not None:
        capabilities(libc, 0)
    for name, text in orders["files"].items():
        os.makedirs(os.path.dirname(name) or ".", exist_ok=True)
        with open(name, "w", encoding="utf-8", newline="") as file:
            file.write(text)
    if libc is not None:  # bubblewrap has done this, and its filter stands already
        check(libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no new privileges")
    if orders["landlock"] is not None:
        readable, devices = orders["landlock"]
        landlock(libc, readable, devices, orders["directory"])
    if orders["seccomp"] is not None:
        seccomp(libc, orders["seccomp"])


def main() -> None:
    """Takes the orders, locks in, says so, and runs the program as `__main__`."""
    orders = marshal.loads(read_exactly(0, int(read_exactly(0, 8), 16)))
    try:
        lock_in(orders)
    except BaseException as error:
        os.write(2, f"{type(error).__name__}: {error}\n".encode())
        os._exit(125)
    os.write(2, orders["ready"].encode() + b"\n")
    os.environ.clear()
    sys.argv[:] = ["main.py"]
    sys.path.insert(0, os.getcwd())
    program = type(sys)("__main__")
    program.__dict__["__file__"] = "main.py"
    sys.modules["__main__"] = program
    try:
        exec(compile(orders["code"], "main.py", "exec", dont_inherit=True), program.__dict__)
    except SystemExit:
        raise
    except BaseException as error:
        show(error, orders["code"])
        sys.exit(1)


def show(error: BaseException, source: str) -> None:
    """The traceback as Python shows it for a file, without the frames of this one."""
    import linecache
    import traceback

    linecache.cache["main.py"] = (len(source), None, source.splitlines(keepends=True), "main.py")
    trace = error.__traceback__
    traceback.print_exception(type(error), error, trace.tb_next if trace else None)


if __name__ == "__main__":
    main()
