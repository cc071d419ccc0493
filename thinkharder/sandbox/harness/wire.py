"""Python values as data: how arguments and results cross between processes that do not trust each other.

A value is JSON: null, true, false, strings and small integers are themselves; everything else is a list that starts
with a tag. There are no references, so a message cannot unfold into more than it holds, and nothing in it is ever
called. Values of subclasses arrive as the builtin type below them, so their own `__eq__` stays behind. This file runs
on the host and, as text before the other harnesses, inside sandboxes: standard library only.
"""

import json
import math
from collections.abc import ItemsView, Iterator, KeysView, ValuesView
from typing import Any

MAX_DEPTH = 100
MAX_NODES = 200_000
MAX_TEXT = 2 << 20
MAX_MESSAGE_BYTES = 4 << 20
SMALL = 1 << 53
SEQUENCES: dict[str, Any] = {"l": list, "t": tuple, "s": set, "z": frozenset}
VIEWS: dict[str, Any] = {"dk": KeysView, "dv": ValuesView, "di": ItemsView}


class Refused(Exception):
    """The value is not data, or too much of it; the text says why."""


class _Encoder:
    """One value's encoding; `left` bounds how many nodes and `room` how many characters it may still take."""

    def __init__(self) -> None:
        self.left = MAX_NODES
        self.room = MAX_TEXT

    def take(self, size: int = 0) -> None:
        self.left -= 1
        self.room -= size
        if self.left < 0 or self.room < 0:
            raise Refused(f"too large: more than {MAX_NODES} values or {MAX_TEXT} characters")

    def encode(self, value: Any, depth: int = 0) -> Any:
        if depth > MAX_DEPTH:
            raise Refused(f"nested deeper than {MAX_DEPTH} levels")
        kind = type(value)
        if value is None or kind is bool:
            self.take()
            return value
        if issubclass(kind, bool | int | float | complex | str | bytes | bytearray):
            return self.scalar(value, kind)
        for tag, sequence in SEQUENCES.items():
            if issubclass(kind, sequence):
                return [tag, *(self.encode(item, depth + 1) for item in self.items(value, sequence))]
        if issubclass(kind, dict):
            pairs = list(dict.items(value))
            self.take()
            return ["d", *([self.encode(k, depth + 1), self.encode(v, depth + 1)] for k, v in pairs)]
        return self.rarer(value, kind, depth)

    def items(self, value: Any, sequence: Any) -> Iterator[Any]:
        self.take()
        iterator: Iterator[Any] = sequence.__iter__(value)
        return iterator

    def scalar(self, value: Any, kind: type) -> Any:
        if issubclass(kind, int):
            number = int.__index__(value)
            self.take(number.bit_length() // 4 if number.bit_length() > 64 else 0)
            return number if -SMALL < number < SMALL else ["i", format(number, "x")]
        if issubclass(kind, float):
            self.take()
            return ["f", float.hex(value)]
        if issubclass(kind, complex):
            self.take()
            return ["c", float.hex(value.real), float.hex(value.imag)]
        if issubclass(kind, str):
            self.take(str.__len__(value))
            return str.__str__(value)
        base: type[bytes | bytearray] = bytes if issubclass(kind, bytes) else bytearray
        self.take(2 * base.__len__(value))
        return ["b" if base is bytes else "B", base.hex(value)]

    def rarer(self, value: Any, kind: type, depth: int) -> Any:
        self.take()
        if kind is range:
            return ["r", *(self.encode(part) for part in (value.start, value.stop, value.step))]
        exact = (kind.__module__, kind.__qualname__)
        if exact == ("decimal", "Decimal"):
            return ["D", str(value)[:1000]]
        if exact == ("fractions", "Fraction"):
            return ["F", self.encode(value.numerator), self.encode(value.denominator)]
        for tag, view in VIEWS.items():
            if isinstance(value, view):
                return [tag, *(self.encode(item, depth + 1) for item in value)]
        if isinstance(value, Iterator):
            return ["it", *(self.encode(item, depth + 1) for item in value)]
        raise Refused(f"a value of type {kind.__name__!r} is not data")


def encode(value: Any) -> Any:
    """The value as JSON data. Raises Refused for what is not data, nested too deeply or too large."""
    return _Encoder().encode(value)


def decode(node: Any, depth: int = 0) -> Any:
    """The value of JSON data from an untrusted sender. Raises Refused where it is malformed."""
    if depth > MAX_DEPTH:
        raise Refused(f"nested deeper than {MAX_DEPTH} levels")
    if node is None or isinstance(node, bool | str):
        return node
    if isinstance(node, int) and -SMALL < node < SMALL:
        return node
    if not isinstance(node, list) or not node or not isinstance(node[0], str):
        raise Refused("malformed message")
    tag, parts = node[0], node[1:]
    try:
        if tag in SEQUENCES:
            return SEQUENCES[tag]([decode(part, depth + 1) for part in parts])
        if tag == "it":
            return iter([decode(part, depth + 1) for part in parts])
        if tag in VIEWS:
            items = [decode(part, depth + 1) for part in parts]
            if tag == "dk":
                return dict.fromkeys(items).keys()
            return dict(enumerate(items)).values() if tag == "dv" else dict(items).items()
        if tag == "d":
            return {decode(key, depth + 1): decode(value, depth + 1) for key, value in parts}
        return _decode_scalar(tag, parts)
    except (ValueError, TypeError, ArithmeticError, IndexError) as error:
        raise Refused(f"malformed message: {type(error).__name__}") from None


def _decode_scalar(tag: str, parts: list[Any]) -> Any:
    if tag == "i":
        return int(parts[0], 16)
    if tag == "f":
        return float.fromhex(parts[0])
    if tag == "c":
        return complex(float.fromhex(parts[0]), float.fromhex(parts[1]))
    if tag == "b":
        return bytes.fromhex(parts[0])
    if tag == "B":
        return bytearray.fromhex(parts[0])
    if tag == "r":
        return range(*(decode(part) for part in parts))
    if tag == "D":
        from decimal import Decimal

        return Decimal(parts[0])
    if tag == "F":
        from fractions import Fraction

        return Fraction(decode(parts[0]), decode(parts[1]))
    raise Refused("malformed message: unknown tag")


def canonical(value: Any) -> str:
    """One text for values that are equal: numbers by value (floats to 12 significant digits, True is 1), sets and
    dictionaries in sorted order, iterators as lists. Values from `decode` only."""
    if isinstance(value, bool | int):
        return format(int(value), "x") if abs(value) >= SMALL else str(int(value))
    if isinstance(value, float):
        if math.isfinite(value) and value == int(value) and abs(value) < SMALL:
            return str(int(value))
        return format(value, ".12g")
    if isinstance(value, complex):
        return f"complex({canonical(value.real)},{canonical(value.imag)})"
    if isinstance(value, dict):
        return "{" + ",".join(sorted(f"{canonical(k)}:{canonical(v)}" for k, v in value.items())) + "}"
    if isinstance(value, set | frozenset):
        return "set(" + ",".join(sorted(map(canonical, value))) + ")"
    if isinstance(value, tuple):
        return "(" + "".join(canonical(item) + "," for item in value) + ")"
    if isinstance(value, list):
        return "[" + ",".join(map(canonical, value)) + "]"
    if isinstance(value, Iterator | ValuesView):
        return "iter" + canonical(list(value))
    if isinstance(value, KeysView | ItemsView):
        return canonical(set(value)) if isinstance(value, KeysView) else canonical(dict(value))
    return repr(value)


def dumps(message: Any) -> bytes:
    """A message as JSON bytes."""
    return json.dumps(message, separators=(",", ":")).encode()


def loads(payload: bytes) -> Any:
    """A message from untrusted JSON bytes. Raises Refused where it is malformed or nested too deeply."""
    try:
        return json.loads(payload)
    except (ValueError, RecursionError, MemoryError):
        raise Refused("malformed message") from None
