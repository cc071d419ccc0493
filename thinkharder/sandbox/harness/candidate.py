"""Holds one candidate's code inside a sandbox and answers calls of its functions with data.

Nothing here decides anything. The code shares this process and may change all of it; whatever it does, what leaves the
process is at most a value that its functions could have returned.
"""

import os
import sys
import types
from typing import Any

from thinkharder.sandbox.harness.wire import MAX_MESSAGE_BYTES, Refused, decode, dumps, encode, loads


def read_exactly(descriptor: int, size: int) -> bytes:
    """That many bytes; ends the process where the host has gone."""
    data = bytearray()
    while len(data) < size:
        piece = os.read(descriptor, min(size - len(data), 1 << 20))
        if not piece:
            os._exit(0)
        data += piece
    return bytes(data)


def write_message(descriptor: int, kind: bytes, payload: bytes) -> None:
    """One message: its kind, four bytes of length, the document."""
    data = memoryview(kind + len(payload).to_bytes(4, "big") + payload)
    while data:
        data = data[os.write(descriptor, data) :]


def own_channels() -> tuple[int, int]:
    """Moves the message pipes away from standard input and output, which then lead nowhere: prints are free."""
    sys.stdout.flush()
    channels = os.dup(0), os.dup(1)
    null = os.open("/dev/null", os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
    return channels


def describe(error: BaseException) -> dict[str, Any]:
    """An exception as data: the names of its classes, nearest first, and its text."""
    try:
        message = str(error)[:500]
    except BaseException:
        message = ""
    return {"raised": [kind.__name__ for kind in type(error).__mro__], "message": message}


def load(code: str, names: list[str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Runs the code as a module that is not `__main__`; its namespace, and a reply that says what the names are."""
    module = types.ModuleType("solution")
    sys.modules["solution"] = module
    namespace = module.__dict__
    try:
        exec(compile(code, "solution.py", "exec", dont_inherit=True), namespace)
    except BaseException as error:
        return namespace, describe(error)
    known: dict[str, Any] = {}
    for name in names:
        if name not in namespace:
            continue
        value = namespace[name]
        if isinstance(value, types.ModuleType):
            known[name] = ["module", str(value.__name__)]
        elif callable(value):
            known[name] = ["callable"]
        else:
            try:
                known[name] = ["value", encode(value)]
            except BaseException:
                continue
    return namespace, {"names": known}


def answer(namespace: dict[str, Any], request: dict[str, Any]) -> dict[str, Any]:
    """Calls a function; arguments that it changed in place go back beside its value."""
    arguments, named = decode(request["args"]), decode(request["kwargs"])
    try:
        value = namespace[request["name"]](*arguments, **named)
    except BaseException as error:
        return describe(error)
    try:
        changed = {}
        for index, (before, argument) in enumerate(zip(request["args"][1:], arguments, strict=True)):
            if isinstance(argument, list | dict | set | bytearray) and encode(argument) != before:
                changed[str(index)] = encode(argument)
        return {"value": encode(value), "changed": changed}
    except Refused as refused:
        return {"refused": f"the result cannot be taken: {refused}"}
    except BaseException as error:
        return {"refused": f"the result cannot be taken: {type(error).__name__}"}


def serve() -> None:
    """Answers requests until the host goes."""
    source, sink = own_channels()
    namespace: dict[str, Any] = {}
    while True:
        request = loads(read_exactly(source, int.from_bytes(read_exactly(source, 4), "big")))
        if "code" in request:
            namespace, reply = load(request["code"], request["names"])
        else:
            reply = answer(namespace, request)
        payload = dumps(reply)
        if len(payload) > MAX_MESSAGE_BYTES:
            payload = dumps({"refused": "the result cannot be taken: too large"})
        write_message(sink, b"R", payload)


if __name__ == "__main__":
    serve()
