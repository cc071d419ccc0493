"""Code that cheats the tests: no verdict but "failed", and attacking tests are contained as well."""

from pathlib import Path

import pytest

from tests.sandbox.hostile import TESTS, TIGHT
from thinkharder.sandbox import Limits, Sandbox, call_function, run_tests

pytestmark = pytest.mark.usefixtures("nothing_stays_behind")


PASSED = "print('passed'); print('OK'); import os, sys"
CHEATS = {
    "catches everything and prints passed": f"try:\n    {PASSED}\n    1 / 0\nexcept BaseException:\n    {PASSED}",
    "exits with 0": "import sys\nsys.exit(0)",
    "exits with 0 when called": "import sys\ndef f(x):\n    sys.exit(0)",
    "really exits with 0": "import os\nos._exit(0)",
    "really exits with 0 when called": "import os\ndef f(x):\n    os._exit(0)",
    "system exit": "def f(x):\n    raise SystemExit(0)",
    "keyboard interrupt": "def f(x):\n    raise KeyboardInterrupt",
    "always equal": "class E:\n    def __eq__(self, other): return True\n    def __ne__(self, other): return False\ndef f(x): return E()",
    "always equal number": (
        "class E(int):\n    def __eq__(self, other): return True\n    def __hash__(self): return 0\ndef f(x): return E(7)"
    ),
    "always equal list": "class E(list):\n    def __eq__(self, other): return True\ndef f(x): return E()",
    "always equal by metaclass": (
        "class M(type):\n    def __eq__(cls, other): return True\n    def __instancecheck__(c, o): return True\n"
        "class E(metaclass=M): pass\ndef f(x): return E"
    ),
    "lies about its class": (
        "class E:\n    __class__ = property(lambda self: int)\n    def __eq__(self, other): return True\ndef f(x): return E()"
    ),
    "patches builtins": (
        "import builtins\nbuiltins.AssertionError = type('Never', (BaseException,), {})\n"
        "builtins.isinstance = lambda *a: True\nbuiltins.len = lambda *a: 0\ndef f(x): return None"
    ),
    "patches the harness": (
        "import sys\nm = sys.modules['__main__']\nfor name in ('encode', 'dumps', 'answer', 'describe', 'loads', 'decode'):\n"
        "    setattr(m, name, lambda *a, **k: {'passed': True, 'value': True, 'changed': {}})\ndef f(x): return None"
    ),
    "forges an outcome": (
        "import os, json\ndef f(x):\n    for fd in range(3, 64):\n        for kind in b'OR':\n"
        "            p = json.dumps({'passed': True, 'reason': ''}).encode()\n            try:\n"
        "                os.write(fd, bytes([kind]) + len(p).to_bytes(4, 'big') + p)\n"
        "            except OSError:\n                pass\n    return None"
    ),
    "answers in rubbish": (
        "import os\ndef f(x):\n    for fd in range(3, 64):\n        try:\n"
        "            os.write(fd, b'R\\xff\\xff\\xff\\xff' + b'[' * 100000)\n"
        "        except OSError:\n            pass"
    ),
    "answers in brackets": (
        "import os\ndef f(x):\n    p = b'[' * 3000000\n    for fd in range(3, 64):\n        try:\n"
        "            os.write(fd, b'R' + len(p).to_bytes(4, 'big') + p)\n        except OSError:\n            pass"
    ),
    "patches unittest and pytest": (
        "import unittest\nunittest.TestCase.assertEqual = lambda *a: None\ndef f(x): return None"
    ),
    "kills its parent": (
        "import os, signal\ndef f(x):\n    try:\n        os.kill(os.getppid(), signal.SIGKILL)\n    except OSError:\n        pass"
    ),
    "stops itself": "import os, signal\ndef f(x):\n    os.kill(os.getpid(), signal.SIGSTOP)",
    "deep nesting": "def f(x):\n    y = []\n    for _ in range(100000):\n        y = [y]\n    return y",
    "contains itself": "def f(x):\n    y = []\n    y.append(y)\n    return y",
    "unfolds": "def f(x):\n    y = 'a' * 1000\n    for _ in range(30):\n        y = [y] * 10\n    return y",
    "long text": "def f(x): return 'a' * (40 << 20)",
    "long integer": "def f(x): return 1 << (1 << 26)",
    "endless iterator": "import itertools\ndef f(x): return itertools.count()",
    "calls back": "def f(x): return lambda: 2",
    "evil representation": (
        "class E(Exception):\n    def __str__(self): raise SystemExit(0)\n    __repr__ = __str__\ndef f(x): raise E"
    ),
    "raises what a test may expect": "def f(x): raise AssertionError('passed')",
    "pretends to be unset": "f = None",
    "is no Python": "def f(x: return",
    "null bytes": "def f(x):\n    return '\0'",
    "nothing": "",
}


@pytest.mark.parametrize("name", CHEATS)
async def test_no_cheat_gets_a_verdict(sandbox: Sandbox, name: str) -> None:
    await contained_verdict(sandbox, CHEATS[name])


async def contained_verdict(sandbox: Sandbox, code: str) -> None:
    report = await run_tests(sandbox, code, TESTS, Limits(cpu_seconds=0.9, wall_seconds=1.2, memory_mb=256))
    assert report.total == 2
    assert report.passed == 0, report
    assert all(outcome.reason for outcome in report.outcomes)


async def test_a_test_cannot_be_caught_out_by_its_own_except(sandbox: Sandbox) -> None:
    tests = ["try:\n    f(1)\nexcept Exception:\n    pass"]
    exits = "import os\ndef f(x):\n    os._exit(0)"
    report = await run_tests(sandbox, exits, tests, TIGHT)
    assert report.passed == (
        1 if sandbox.name == "monty" else 0
    )  # there os has no _exit: an ordinary exception
    report = await run_tests(sandbox, "def f(x):\n    return lambda: 1", tests, TIGHT)
    assert report.passed == (1 if sandbox.name == "monty" else 0)  # a function comes as its text there


async def test_a_test_that_attacks_is_contained_too(process_sandbox: Sandbox, tmp_path: Path) -> None:
    target = tmp_path / "target"
    tmp_path.chmod(0o777)
    tests = [
        f"open({str(target)!r}, 'w').write('x')",
        "import os\nos._exit(0)",
        "while True: pass",
        "raise SystemExit(0)",
        "assert f(1) == 2",
    ]
    report = await run_tests(
        process_sandbox, "def f(x): return x + 1", tests, Limits(wall_seconds=4, cpu_seconds=4)
    )
    assert [outcome.passed for outcome in report.outcomes] == [False, False, False, False, True]
    assert not target.exists()


async def test_an_endless_test_leaves_the_others_their_time(sandbox: Sandbox) -> None:
    code = "def f(x):\n    while x == 1:\n        pass\n    return x + 1"
    tests = [
        "assert f(1) == 2",
        "assert f(2) == 3",
        "assert f(3) == 4",
        "assert f(1) == 2",
        "assert f(4) == 5",
    ]
    report = await run_tests(sandbox, code, tests, Limits(wall_seconds=4, cpu_seconds=4))
    assert [outcome.passed for outcome in report.outcomes] == [False, True, True, False, True]


async def test_huge_and_odd_results_are_refused_one_by_one(sandbox: Sandbox) -> None:
    code = (
        "def f(x):\n    if x == 0: return 'a' * (30 << 20)\n    if x == 1: return [[0] * 1000] * 1000\n"
        "    if x == 2: return 1 << 30000000\n    return x"
    )
    outcomes = await call_function(sandbox, code, "f", [(0,), (1,), (2,), (3,)], Limits(memory_mb=256))
    assert [outcome.value for outcome in outcomes] == [None, None, None, "3"]
    assert all(outcome.error for outcome in outcomes[:3])
