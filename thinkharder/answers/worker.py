"""The process that runs math-verify. Run by path, alone: it imports nothing of thinkharder.

One JSON array [a, b, seconds] a line in, one JSON value a line out: true, false or null (refused: memory, an error).
It limits itself: memory, no file writes, a CPU alarm that kills it even where its parent is gone; it ends with its input.
"""

import json
import logging
import signal
import sys
from functools import lru_cache
from typing import Any

MEMORY_BYTES = 1 << 30


def limit() -> None:
    """Cap this process's address space and forbid it to write files, where the system can."""
    try:
        import resource
    except ImportError:
        return
    for name, value in (("RLIMIT_AS", MEMORY_BYTES), ("RLIMIT_FSIZE", 0), ("RLIMIT_CORE", 0)):
        what = getattr(resource, name, None)
        if what is None:
            continue
        hard = resource.getrlimit(what)[1]
        try:
            resource.setrlimit(what, (value if hard == resource.RLIM_INFINITY else min(value, hard), hard))
        except (ValueError, OSError):
            continue


@lru_cache(maxsize=256)
def parsed(text: str) -> Any:
    """What math-verify makes of one answer."""
    from math_verify import parse  # type: ignore[import-untyped, unused-ignore]

    return parse(f"${text}$", parsing_timeout=None)


def equal(a: str, b: str) -> bool:
    """Whether math-verify calls the two equal, with either as the gold answer."""
    from math_verify import verify

    left, right = parsed(a), parsed(b)
    return bool(
        verify(left, right, timeout_seconds=None, raise_on_error=False)
        or verify(right, left, timeout_seconds=None, raise_on_error=False)
    )


def main() -> None:
    """Answer until the input ends."""
    logging.disable(logging.CRITICAL)
    # The pipe is ours alone: whatever a library prints must not be taken for an answer.
    replies, sys.stdout = sys.stdout, sys.stderr
    sys.setrecursionlimit(1500)
    equal("x+1", "1+x")
    limit()
    replies.write('"ready"\n')
    replies.flush()
    for line in sys.stdin:
        a, b, seconds = json.loads(line)
        if hasattr(signal, "setitimer"):
            signal.setitimer(signal.ITIMER_REAL, float(seconds) + 1.0)
        reply: bool | None
        try:
            reply = equal(a, b)
        except MemoryError:
            return
        except Exception:
            reply = None
        if hasattr(signal, "setitimer"):
            signal.setitimer(signal.ITIMER_REAL, 0.0)
        replies.write(json.dumps(reply) + "\n")
        replies.flush()


if __name__ == "__main__":
    main()
