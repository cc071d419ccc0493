"""GGUF files without their tensors: what a model is, which tensor types it uses, and whether the file is whole.

Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md, versions 2 and 3, little-endian. The `gguf` package reads
the same, but takes seconds for the vocabulary of one file; this takes a fraction of a second, and checks every size.
"""

import mmap
import struct
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any, Final, final

from thinkharder.core.errors import ModelLoadError

_SCALARS: Final = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_STRING, _ARRAY = 8, 9
_MOST = 1_000_000  # entries of a header; more is damage

TYPES: Final = {
    **{0: ("F32", 1, 4), 1: ("F16", 1, 2), 2: ("Q4_0", 32, 18), 3: ("Q4_1", 32, 20), 6: ("Q5_0", 32, 22)},
    **{7: ("Q5_1", 32, 24), 8: ("Q8_0", 32, 34), 10: ("Q2_K", 256, 84), 11: ("Q3_K", 256, 110)},
    **{12: ("Q4_K", 256, 144), 13: ("Q5_K", 256, 176), 14: ("Q6_K", 256, 210), 20: ("IQ4_NL", 32, 18)},
    **{23: ("IQ4_XS", 256, 136), 30: ("BF16", 1, 2)},
}
"""Tensor types by their number: name, values a block, bytes a block (ggml.h and ggml-common.h of llama.cpp)."""


@final
@dataclass(frozen=True, slots=True)
class Tensor:
    """One tensor of a file: `shape` as stored (fastest dimension first), `offset` in bytes from the data's start."""

    name: str
    shape: tuple[int, ...]
    kind: int
    offset: int

    @property
    def type_name(self) -> str:
        """The type's name, or its number where it is not in TYPES."""
        return TYPES[self.kind][0] if self.kind in TYPES else f"type {self.kind}"

    @property
    def values(self) -> int:
        """How many values it has."""
        return prod(self.shape)

    @property
    def size(self) -> int | None:
        """Bytes of its data; None for a type that is not known here."""
        if self.kind not in TYPES:
            return None
        _, block, stored = TYPES[self.kind]
        return self.values // block * stored


@final
@dataclass(frozen=True, slots=True)
class GgufFile:
    """A file's header. `fields` holds numbers, truth values and strings; of arrays only their length.

    `keys` are the bytes [start, end) of all key-value pairs, `data` is where the tensors' data begins.
    """

    path: Path
    fields: dict[str, Any]
    tensors: tuple[Tensor, ...]
    keys: tuple[int, int]
    key_count: int
    data: int
    alignment: int

    @property
    def architecture(self) -> str:
        """`general.architecture`, such as `llama` or `qwen2`."""
        return str(self.fields.get("general.architecture", ""))

    def number(self, key: str, default: int) -> int:
        """An architecture's whole number, such as `context_length`; `default` where the file does not say."""
        value = self.fields.get(f"{self.architecture}.{key}", default)
        return int(value) if isinstance(value, (int, float)) else default

    @property
    def parameters(self) -> int:
        """Values in all tensors."""
        return sum(tensor.values for tensor in self.tensors)

    @property
    def cache_values(self) -> int:
        """Keys and values that attention keeps for one token, as numbers."""
        heads = self.number("attention.head_count", 1)
        width = self.number("embedding_length", 64) // max(1, heads)
        both = self.number("attention.key_length", width) + self.number("attention.value_length", width)
        return self.number("block_count", 1) * self.number("attention.head_count_kv", heads) * both


class _Broken(Exception):
    """The header claims what cannot be."""


def read_gguf(path: Path) -> GgufFile:
    """Read a file's header and check that its tensors' data is all there.

    Raises ModelLoadError where the file is missing, unreadable, cut short or not a GGUF file.
    """
    try:
        with path.open("rb") as file:
            if file.read(4) != b"GGUF":
                raise ModelLoadError(f"{path} is not a GGUF file; name a .gguf model file")
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as view:
                header = _Cursor(view).header(path)
            size = path.stat().st_size
    except FileNotFoundError as error:
        raise ModelLoadError(f"there is no file {path}; check the path") from error
    except OSError as error:
        raise ModelLoadError(f"cannot read {path}: {error.strerror or error}") from error
    except (struct.error, UnicodeDecodeError, OverflowError, ValueError, IndexError, _Broken) as error:
        raise ModelLoadError(
            f"the header of {path} is cut short or damaged; fetch or copy the file anew"
        ) from error
    for tensor in header.tensors:
        end = header.data + tensor.offset + (tensor.size or 0)
        if end > size:
            raise ModelLoadError(
                f"{path} is cut short: it has {size:,} bytes, and its tensor {tensor.name} ends at {end:,};"
                " fetch or copy the file anew"
            )
    return header


class _Cursor:
    """A place in a header that is being read."""

    def __init__(self, view: mmap.mmap) -> None:
        self.view, self.at = view, 4

    def header(self, path: Path) -> GgufFile:
        """Everything in front of the data."""
        version = self.number("I")
        if version not in (2, 3):
            raise ModelLoadError(
                f"{path} is GGUF version {version}; versions 2 and 3 (little-endian) are read: convert it anew"
            )
        tensor_count, key_count = self.number("Q"), self.number("Q")
        if tensor_count > _MOST or key_count > _MOST:
            raise _Broken
        start = self.at
        fields: dict[str, Any] = {}
        for _ in range(key_count):
            key = self.text()
            fields[key] = self.value(self.number("I"))
        end = self.at
        tensors = tuple(self.tensor() for _ in range(tensor_count))
        alignment = fields.get("general.alignment", 32)
        if not isinstance(alignment, int) or alignment < 1:
            raise _Broken
        data = -(-self.at // alignment) * alignment
        return GgufFile(path, fields, tensors, (start, end), key_count, data, alignment)

    def tensor(self) -> Tensor:
        """One tensor's description."""
        name, dimensions = self.text(), self.number("I")
        if dimensions > 8:
            raise _Broken
        shape = tuple(self.number("Q") for _ in range(dimensions))
        return Tensor(name, shape, self.number("I"), self.number("Q"))

    def value(self, kind: int) -> Any:
        """A field's value; an array's length."""
        if kind == _STRING:
            return self.text()
        if kind == _ARRAY:
            return self.array()
        if kind not in _SCALARS:
            raise _Broken
        return self.number(_SCALARS[kind])

    def array(self) -> int:
        """Skip an array; returns its length."""
        inner, count = self.number("I"), self.number("Q")
        if inner in _SCALARS:
            self.skip(struct.calcsize(_SCALARS[inner]) * count)
        elif inner == _STRING:
            view, at, size = self.view, self.at, len(self.view)
            length = struct.Struct("<Q").unpack_from
            for _ in range(count):
                at += 8 + length(view, at)[0]
                if at > size:
                    raise _Broken
            self.at = at
        else:
            raise _Broken
        return int(count)

    def text(self) -> str:
        """A string."""
        length = self.number("Q")
        start = self.at
        self.skip(length)
        return self.view[start : self.at].decode()

    def number(self, form: str) -> Any:
        """A number of a struct form."""
        (value,) = struct.unpack_from("<" + form, self.view, self.at)
        self.at += struct.calcsize("<" + form)
        return value

    def skip(self, size: int) -> None:
        """Go on by so many bytes."""
        self.at += size
        if self.at > len(self.view):
            raise _Broken
