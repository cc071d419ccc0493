"""Builds the seccomp filter (classic BPF) that both Linux backends load.

A list of what is refused, not of what is allowed, because Python and its extension modules use most of the rest; what
is newer than the last system call reviewed here is refused too, as if the kernel did not have it. Numbers: Linux
`arch/x86/entry/syscalls/syscall_64.tbl` and `include/uapi/asm-generic/unistd.h`. Filter semantics: seccomp(2).
"""

import errno
import platform
import struct
from collections.abc import Iterable

from thinkharder.core.errors import SandboxError

ALLOW, KILL_PROCESS, ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
LOAD, JUMP_EQ, JUMP_GE, JUMP_SET, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
LAST_REVIEWED = 456
X32_BIT = 0x40000000

# name: (x86_64, aarch64); None where the architecture has no such call
SYSCALLS: dict[str, tuple[int | None, int | None]] = {
    # other processes
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "kcmp": (312, 272),
    "pidfd_getfd": (438, 438), "process_madvise": (440, 440), "process_mrelease": (448, 448),
    "setpriority": (141, 140), "sched_setscheduler": (144, 119), "sched_setparam": (142, 118),
    "sched_setattr": (314, 274), "sched_setaffinity": (203, 122), "ioprio_set": (251, 30),
    "migrate_pages": (256, 238), "move_pages": (279, 239),
    # leaving the process group that is killed at the end
    "setsid": (112, 157), "setpgid": (109, 154),
    # the network, and sockets of the host that are reached by path
    "socket": (41, 198), "bind": (49, 200), "connect": (42, 203), "listen": (50, 201), "accept": (43, 202),
    "accept4": (288, 242),
    # memory that no limit of a process counts
    "memfd_create": (319, 279), "memfd_secret": (447, 447), "shmget": (29, 194), "shmat": (30, 196),
    "shmctl": (31, 195), "msgget": (68, 186), "msgsnd": (69, 189), "semget": (64, 190), "mq_open": (240, 180),
    # kernel surface that a program under test never needs
    "bpf": (321, 280), "perf_event_open": (298, 241), "keyctl": (250, 219), "add_key": (248, 217),
    "request_key": (249, 218), "io_uring_setup": (425, 425), "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427), "userfaultfd": (323, 282), "syslog": (103, 116), "lookup_dcookie": (212, 18),
    "personality": (135, 92), "open_by_handle_at": (304, 265), "name_to_handle_at": (303, 264),
    "fanotify_init": (300, 262), "fanotify_mark": (301, 263), "mknod": (133, None), "mknodat": (259, 33),
    # namespaces, mounts and the machine itself
    "unshare": (272, 97), "setns": (308, 268), "mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41),
    "chroot": (161, 51), "move_mount": (429, 429), "open_tree": (428, 428), "fsopen": (430, 430),
    "fsconfig": (431, 431), "fsmount": (432, 432), "fspick": (433, 433), "mount_setattr": (442, 442),
    "swapon": (167, 224), "swapoff": (168, 225), "reboot": (169, 142), "kexec_load": (246, 104),
    "kexec_file_load": (320, 294), "init_module": (175, 105), "finit_module": (313, 273),
    "delete_module": (176, 106), "acct": (163, 89), "quotactl": (179, 60), "quotactl_fd": (443, 443),
    "settimeofday": (164, 170), "clock_settime": (227, 112), "adjtimex": (159, 171), "clock_adjtime": (305, 266),
    "sethostname": (170, 161), "setdomainname": (171, 162), "iopl": (172, None), "ioperm": (173, None),
    "vhangup": (153, 58),
}  # fmt: skip

# What Landlock leaves open on files that the user owns anywhere on the host (landlock(7), "Current limitations").
FILE_ATTRIBUTES: dict[str, tuple[int | None, int | None]] = {
    "chmod": (90, None), "fchmod": (91, 52), "fchmodat": (268, 53), "fchmodat2": (452, 452), "chown": (92, None),
    "fchown": (93, 55), "lchown": (94, None), "fchownat": (260, 54), "setxattr": (188, 5), "lsetxattr": (189, 6),
    "fsetxattr": (190, 7), "removexattr": (197, 14), "lremovexattr": (198, 15), "fremovexattr": (199, 16),
    "utime": (132, None), "utimes": (235, None), "utimensat": (280, 88), "futimesat": (261, None),
}  # fmt: skip
TRUNCATE: dict[str, tuple[int | None, int | None]] = {"truncate": (76, 45)}  # Landlock covers it from ABI 3
SIGNALS: dict[str, tuple[int | None, int | None]] = {  # Landlock scopes them from ABI 6
    "kill": (62, 129), "tkill": (200, 130), "tgkill": (234, 131), "rt_sigqueueinfo": (129, 138),
    "rt_tgsigqueueinfo": (297, 240), "pidfd_send_signal": (424, 424),
}  # fmt: skip
FORK: dict[str, tuple[int | None, int | None]] = {"fork": (57, None), "vfork": (58, None)}
CLONE, CLONE3, PRLIMIT = (56, 220), (435, 435), (302, 261)
FCNTL, IOCTL = (72, 25), (16, 29)
CLONE_THREAD, CLONE_NEW_ANY = 0x00010000, 0x7E020000
F_SETOWN, F_SETOWN_EX = 8, 15  # would send SIGIO to any process of the user
TIOCSTI, TIOCLINUX, FIOSETOWN, SIOCSPGRP = 0x5412, 0x541C, 0x8901, 0x8902

Instruction = tuple[int, int, int, int]


def supported() -> str | None:
    """Why there is no filter for this machine, or None where there is one."""
    machine = platform.machine()
    return None if machine in AUDIT_ARCH else f"no seccomp table for the {machine} architecture"


def build_filter(
    extra: Iterable[dict[str, tuple[int | None, int | None]]] = (), *, fork: bool = True
) -> bytes:
    """The filter as `struct sock_filter[]`, refusing `SYSCALLS` and `extra` with EPERM.

    Without `fork` new processes are refused (threads are not). Raises SandboxError on an architecture without table.
    """
    if reason := supported():
        raise SandboxError(f"{reason}; use another backend")
    machine = platform.machine()
    column = 0 if machine == "x86_64" else 1
    program: list[Instruction] = [
        (LOAD, 0, 0, 4),  # seccomp_data.arch
        (JUMP_EQ, 1, 0, AUDIT_ARCH[machine]),
        (RETURN, 0, 0, KILL_PROCESS),
        (LOAD, 0, 0, 0),  # seccomp_data.nr
        # x32 calls carry a bit above every number, so one comparison refuses them and what nobody reviewed
        (JUMP_GE, 0, 1, LAST_REVIEWED + 1),
        (RETURN, 0, 0, ERRNO | errno.ENOSYS),
        # clone3 hides its flags in memory where no filter can look; glibc falls back to clone
        (JUMP_EQ, 0, 1, CLONE3[column]),
        (RETURN, 0, 0, ERRNO | errno.ENOSYS),
    ]
    refused = [SYSCALLS, *extra] if fork else [SYSCALLS, *extra, FORK]
    for table in refused:
        for numbers in table.values():
            if (number := numbers[column]) is not None:
                program += [(JUMP_EQ, 0, 1, number), (RETURN, 0, 0, ERRNO | errno.EPERM)]
    program += _by_argument(CLONE[column], 0, [(JUMP_SET, CLONE_NEW_ANY)])
    if not fork:
        program += _unless(CLONE[column], 0, (JUMP_SET, CLONE_THREAD))
    program += _unless(PRLIMIT[column], 0, (JUMP_EQ, 0))  # its own limits only
    program += _by_argument(FCNTL[column], 1, [(JUMP_EQ, F_SETOWN), (JUMP_EQ, F_SETOWN_EX)])
    program += _by_argument(
        IOCTL[column], 1, [(JUMP_EQ, code) for code in (TIOCSTI, TIOCLINUX, FIOSETOWN, SIOCSPGRP)]
    )
    program.append((RETURN, 0, 0, ALLOW))
    return b"".join(struct.pack("<HBBI", *instruction) for instruction in program)


def _by_argument(number: int, argument: int, tests: list[tuple[int, int]]) -> list[Instruction]:
    """Refuses the call where the low word of an argument meets any of the tests, else goes on with the number."""
    body: list[Instruction] = [(LOAD, 0, 0, 16 + 8 * argument)]
    for operation, value in tests:
        body += [(operation, 0, 1, value), (RETURN, 0, 0, ERRNO | errno.EPERM)]
    body.append((LOAD, 0, 0, 0))
    return [(JUMP_EQ, 0, len(body), number), *body]


def _unless(number: int, argument: int, test: tuple[int, int]) -> list[Instruction]:
    """Refuses the call unless the low word of an argument meets the test."""
    operation, value = test
    body: list[Instruction] = [
        (LOAD, 0, 0, 16 + 8 * argument),
        (operation, 1, 0, value),
        (RETURN, 0, 0, ERRNO | errno.EPERM),
        (LOAD, 0, 0, 0),
    ]
    return [(JUMP_EQ, 0, len(body), number), *body]
