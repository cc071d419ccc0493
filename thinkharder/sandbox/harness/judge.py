"""Holds tests inside a sandbox of their own and decides them; the candidate's functions are called in another process.

What the candidate returns arrives here as plain data of builtin types. The tests may be model-written, so they are
confined as well, but their verdict is theirs.
"""

import builtins
import importlib
import os
import reprlib
import sys
from typing import Any

from thinkharder.sandbox.harness.wire import Refused, decode, dumps, encode, loads


class Unanswered(BaseException):
    """A call that got no usable answer. No `except Exception` of a test may take it for the candidate's error."""


class Channel:
    """The pipes to the host, and what the current test has been told."""

    def __init__(self) -> None:
        self.source, self.sink = os.dup(0), os.dup(1)
        null = os.open("/dev/null", os.O_RDWR)
        for descriptor in (0, 1, 2):
            os.dup2(null, descriptor)
        self.broken = ""
        self.last_call = ""

    def read(self) -> Any:
        """The next message of the host. Raises Refused."""
        size = int.from_bytes(self._exactly(4), "big")
        return loads(self._exactly(size))

    def _exactly(self, size: int) -> bytes:
        data = bytearray()
        while len(data) < size:
            piece = os.read(self.source, min(size - len(data), 1 << 20))
            if not piece:
                os._exit(0)
            data += piece
        return bytes(data)

    def write(self, kind: bytes, message: Any) -> None:
        """One message to the host: R ready, C a call, O an outcome."""
        payload = dumps(message)
        data = memoryview(kind + len(payload).to_bytes(4, "big") + payload)
        while data:
            data = data[os.write(self.sink, data) :]

    def fail(self, reason: str) -> Unanswered:
        """Marks the current test as failed whatever it does from here."""
        self.broken = reason
        return Unanswered(reason)

    def call(self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """What the candidate's function returns, or the exception that it raises; raises Unanswered for neither."""
        shown = f"{name}({', '.join([*map(short, args), *(f'{k}={short(v)}' for k, v in kwargs.items())])})"
        try:
            request = {"name": name, "args": encode(list(args)), "kwargs": encode(kwargs)}
        except Refused as refused:
            raise self.fail(f"{shown}: the arguments cannot be passed: {refused}") from None
        self.write(b"C", request)
        try:
            value, error = self.read_reply(args)
        except (Refused, LookupError, TypeError, ValueError, AttributeError, RecursionError) as refused:
            raise self.fail(f"{shown}: {refused or 'malformed message'}") from None
        if error is not None:
            self.last_call = f"{shown} raised {type(error).__name__}: {short(str(error))}"
            raise error
        self.last_call = f"{shown} returned {short(value)}"
        return value

    def read_reply(self, args: tuple[Any, ...]) -> tuple[Any, Exception | None]:
        """What the candidate's function returned, or the exception that it raised."""
        reply = self.read()
        if not isinstance(reply, dict):
            raise Refused("malformed message")
        if "refused" in reply:
            raise Refused(str(reply["refused"])[:300])
        if "raised" in reply:
            return None, self.error_of(reply)
        value = decode(reply["value"])
        put_back(args, reply["changed"])
        return value, None

    def error_of(self, reply: dict[str, Any]) -> Exception:
        """The builtin exception nearest to the one that the candidate raised; exits are no exceptions to expect."""
        names, message = reply["raised"], str(reply.get("message", ""))
        for name in names if isinstance(names, list) else []:
            kind = getattr(builtins, name, None) if isinstance(name, str) else None
            if isinstance(kind, type) and issubclass(kind, Exception):
                try:
                    return kind(message)
                except TypeError:
                    continue
        raise self.fail(f"the candidate raised {short(names)}: {short(message)}")


class Proxy:
    """Stands for one of the candidate's functions."""

    def __init__(self, channel: Channel, name: str) -> None:
        self.__name__ = name
        self._channel = channel

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._channel.call(self.__name__, args, kwargs)


SHORT = reprlib.Repr()
SHORT.maxstring = SHORT.maxother = 120
SHORT.maxlist = SHORT.maxtuple = SHORT.maxdict = SHORT.maxset = 12


def short(value: Any) -> str:
    """A value for people, cut to a line."""
    try:
        return SHORT.repr(value)
    except Exception:  # an integer too long to print, a test's own class
        return f"<{type(value).__name__}>"


def put_back(args: tuple[Any, ...], changed: dict[str, Any]) -> None:
    """Gives arguments that were changed in place their new content."""
    for index, node in changed.items():
        old, new = args[int(index)], decode(node)
        if isinstance(old, list | bytearray):
            old[:] = new
        elif isinstance(old, dict | set):
            old.clear()
            old.update(new)


def bind(channel: Channel, names: dict[str, Any]) -> dict[str, Any]:
    """The candidate's names as the tests see them: proxies, plain values, and modules of the standard library."""
    namespace: dict[str, Any] = {"__name__": "tests"}
    for name, told in names.items():
        kind = told[0] if isinstance(told, list) and told else None
        if kind == "callable":
            namespace[name] = Proxy(channel, name)
        elif kind == "module" and str(told[1]).partition(".")[0] in sys.stdlib_module_names:
            namespace[name] = importlib.import_module(told[1])
        elif kind == "value":
            try:
                namespace[name] = decode(told[1])
            except Refused:
                continue
    return namespace


def run_test(channel: Channel, source: str, namespace: dict[str, Any]) -> dict[str, Any]:
    """Whether the test's code runs through with every call answered."""
    channel.broken = channel.last_call = ""
    reason = ""
    try:
        exec(compile(source, "test", "exec", dont_inherit=True), dict(namespace))
    except BaseException as error:
        text = short(str(error)) if str(error) else ""
        reason = ": ".join(part for part in (type(error).__name__, text) if part)
        reason = "; ".join(part for part in (reason, channel.last_call) if part)
    reason = channel.broken or reason
    return {"passed": not reason, "reason": reason[:600]}


def serve() -> None:
    """Answers requests until the host goes."""
    channel = Channel()
    namespace: dict[str, Any] = {}
    while True:
        request = channel.read()
        if "test" in request:
            channel.write(b"O", run_test(channel, request["test"], namespace))
            continue
        try:
            namespace = bind(channel, request["names"])
            exec(compile(request["setup"], "setup", "exec", dont_inherit=True), namespace)
            channel.write(b"R", {})
        except BaseException as error:
            channel.write(b"R", {"error": f"{type(error).__name__}: {short(str(error))}"})


if __name__ == "__main__":
    serve()
