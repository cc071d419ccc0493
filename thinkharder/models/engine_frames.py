"""How a model and its worker process speak: frames of a length (4 bytes, big-endian) and a pickled tuple.

In, for every engine: ("load", {…}) first, and where the engine waits for it ("more", {…}) second; ("add", prompt, [(number, seed), …], {…}) starts sequences; ("cancel", [number,
…]) frees them; the end of the input ends the process. Out: ("ready", {…}) or ("failed", text) once; then ("step", [item,
…]), each item beginning with its sequence's number and ending with how the sequence finished, or None; ("error", [number,
…], text); ("freed", [number, …]) once cancelled sequences are out of the engine; ("reply", number, value) to a question.
"""

import contextlib
import os
import pickle
import queue
import signal
import struct
import threading
from importlib import import_module
from typing import IO, Any, NamedTuple

Frame = tuple[Any, ...]


def write_frame(pipe: IO[bytes], frame: Frame) -> None:
    """Send one frame."""
    body = pickle.dumps(frame, protocol=5)
    pipe.write(struct.pack(">I", len(body)) + body)
    pipe.flush()


def read_frame(pipe: IO[bytes]) -> Frame | None:
    """The next frame, or None at the end of the stream."""
    head = pipe.read(4)
    if len(head) < 4:
        return None
    (size,) = struct.unpack(">I", head)
    body = pipe.read(size)
    return None if len(body) < size else tuple(pickle.loads(body))


class Standing(NamedTuple):
    """A worker's ends: what it was told to load, the orders to come, and where its news go."""

    order: dict[str, Any]
    orders: "queue.SimpleQueue[Frame | None]"
    out: IO[bytes]


def stand(engine: str | None = None) -> Standing | None:
    """Take the process's standard input and output for frames; None where nobody speaks.

    The module `engine` is imported while the caller prepares the load order: whoever needs it later imports it at no
    cost, or meets the error where it can be told. Ctrl-C is left to the caller's process. What the engine prints goes to standard error, never between the frames.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    out = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)
    pipe = os.fdopen(os.dup(0), "rb", buffering=1 << 20)
    if engine is not None:
        with contextlib.suppress(Exception):
            import_module(engine)
    first = read_frame(pipe)
    if first is None:
        return None
    orders: queue.SimpleQueue[Frame | None] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(pipe, orders), daemon=True).start()
    return Standing(first[1], orders, out)


def _listen(pipe: IO[bytes], orders: "queue.SimpleQueue[Frame | None]") -> None:
    """Move orders from the pipe to the queue; None is the end."""
    while True:
        frame = read_frame(pipe)
        orders.put(frame)
        if frame is None:
            return
