"""What runs inside the sandbox: reasoning-gym's own score of one answer after another, each in a fork of its own.

Run from its source text with the standard library and the paths that the first message gives. A message is four bytes of
length and JSON; an answer has a byte of kind before them.
"""

import base64
import json
import os
import pickle
import select
import signal
import sys
from typing import Any


def read_exactly(descriptor: int, size: int) -> bytes:
    """That many bytes; ends the process where the host has gone."""
    data = b""
    while len(data) < size:
        piece = os.read(descriptor, size - len(data))
        if not piece:
            os._exit(0)
        data += piece
    return data


def message() -> Any:
    """The next message."""
    return json.loads(read_exactly(0, int.from_bytes(read_exactly(0, 4), "big")))


def reply(out: int, value: Any) -> None:
    """Send a value."""
    payload = json.dumps(value).encode()
    data = b"S" + len(payload).to_bytes(4, "big") + payload
    while data:
        data = data[os.write(out, data) :]


def score(gym: Any, asked: Any) -> float:
    """What the data set says; 0 where it fails on this answer."""
    try:
        made = gym.create_dataset(asked["dataset"], size=1, seed=0, **asked["options"])
        entry = pickle.loads(base64.b64decode(asked["entry"]))
        return float(made.score_answer(asked["said"], entry))
    except Exception:
        return 0.0


def forked(gym: Any, asked: Any, out: int, seconds: float) -> float:
    """The score by a child that is killed when it takes too long: what it does to itself ends with it."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(out)
        os.close(0)
        found = score(gym, asked)
        os.write(writing, repr(found).encode())
        os._exit(0)
    os.close(writing)
    ready, _, _ = select.select([reading], [], [], seconds)
    text = os.read(reading, 64).decode() if ready else ""
    os.close(reading)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    try:
        return float(text)
    except ValueError:
        return 0.0


def serve() -> None:
    """Answer until the host closes the input."""
    first = message()
    os.environ.update(OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="1", HOME="/tmp", MPLCONFIGDIR="/tmp")
    sys.path.extend(first["paths"])
    sys.setrecursionlimit(2000)
    out = os.dup(1)
    null = os.open("/dev/null", os.O_WRONLY)
    os.dup2(null, 1)
    import warnings

    warnings.simplefilter("ignore")
    import reasoning_gym as gym  # type: ignore[import-untyped, import-not-found, unused-ignore]

    os.dup2(null, 2)
    reply(out, "ready")
    while True:
        asked = message()
        try:
            found = forked(gym, asked, out, first["seconds"])
        except OSError:
            # no further process may be started here: this one scores, and is ended by its host if that takes too long
            found = score(gym, asked)
        reply(out, found)


if __name__ == "__main__":
    serve()
