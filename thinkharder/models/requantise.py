"""Rewrite a GGUF file whose tensor types an engine does not read well: every quantised tensor becomes Q8_0, once.

OpenVINO GenAI's reader refuses Q5_0, which common Q4_K_M files of Qwen2.5 hold. And it damages the types whose blocks have
a minimum beside their scale (Q4_1, Q4_K): it rounds that to a whole zero point of 4 bits. On SmolLM2-135M in Q4_1 the
first token's log-probability is off by 0.6 that way; as Q8_0 it is that of an exact computation, at the same speed.

Q8_0 keeps what a coarser type says nearly exactly (8 bits and a scale for each 32 values), so quality is that of the
source. It takes about 2 s for 135M parameters and 25 s for 1.5B.
"""

import os
import struct
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import numpy as np

from thinkharder.core.errors import MissingExtra, ModelLoadError
from thinkharder.models.cachedir import sync_directory, writing
from thinkharder.models.engine_gguf import TYPES, GgufFile, Tensor

Progress = Callable[[float, str], None]
"""Told how far the work is, in [0, 1], and what it is."""

READABLE: Final = frozenset({"F32", "F16", "Q4_0", "Q8_0"})
"""Tensor types that OpenVINO GenAI's GGUF reader takes as they are meant (2026.4)."""
_KEPT: Final = frozenset({"F32", "F16", "Q8_0", "Q4_0"})
_Q8_0 = 8
_CHUNK_VALUES = 1 << 22  # values in work at once: 16 MB as float32


def needs_requantising(file: GgufFile) -> bool:
    """Whether some tensor's type is one that OpenVINO's reader does not take as it is meant."""
    return any(tensor.type_name not in READABLE for tensor in file.tensors)


def requantise(file: GgufFile, target: Path, progress: Progress | None = None) -> None:
    """Write `file` to `target` with every quantised tensor as Q8_0; atomic, so that no half file is ever seen.

    Raises ModelLoadError where a tensor's type is not known or the disk refuses, MissingExtra without package gguf.
    """
    try:
        gguf: Any = import_module("gguf")
    except ImportError as error:
        raise MissingExtra(f"requantising {file.path.name} for OpenVINO", "local") from error
    plan = [(tensor, _kind(tensor, file.path)) for tensor in file.tensors]
    total = sum(_bytes(tensor, kind) + file.alignment for tensor, kind in plan)
    part = target.with_name(f"{target.name}.{os.getpid()}.part")
    with writing(target.parent, f"the requantised copy of {file.path.name}", total + (16 << 20)) as directory:
        try:
            with part.open("wb") as out, file.path.open("rb") as source:
                _head(out, source, file, plan)
                done, told = 0, -1
                for tensor, kind in plan:
                    for block in _blocks(gguf, source, file, tensor, kind):
                        out.write(block)
                        done += len(block)
                        percent = 100 * done // total
                        if progress is not None and percent > told:
                            told = percent
                            progress(percent / 100, f"requantising {file.path.name} to Q8_0, once")
                    out.write(bytes(-out.tell() % file.alignment))
                out.flush()
                os.fsync(out.fileno())
            os.replace(part, target)
            sync_directory(directory)
        finally:
            part.unlink(missing_ok=True)


def _kind(tensor: Tensor, path: Path) -> int:
    """The type that a tensor gets. Raises ModelLoadError for one that cannot be converted."""
    if tensor.type_name in _KEPT:
        return tensor.kind
    if tensor.kind not in TYPES or tensor.shape[0] % 32:
        raise ModelLoadError(
            f"tensor {tensor.name} of {path} is {tensor.type_name} with rows of {tensor.shape[0]}, which cannot be"
            f" requantised; run it on llama.cpp: llamacpp:{path}"
        )
    return _Q8_0


def _bytes(tensor: Tensor, kind: int) -> int:
    _, block, stored = TYPES[kind]
    return tensor.values // block * stored


def _head(out: Any, source: Any, file: GgufFile, plan: list[tuple[Tensor, int]]) -> None:
    """The header: the source's own key-value pairs, and the tensors' new types and places."""
    start, end = file.keys
    source.seek(start)
    out.write(b"GGUF" + struct.pack("<IQQ", 3, len(plan), file.key_count) + source.read(end - start))
    offset = 0
    for tensor, kind in plan:
        name = tensor.name.encode()
        out.write(struct.pack("<Q", len(name)) + name + struct.pack("<I", len(tensor.shape)))
        out.write(struct.pack(f"<{len(tensor.shape)}QIQ", *tensor.shape, kind, offset))
        offset += -(-_bytes(tensor, kind) // file.alignment) * file.alignment
    out.write(bytes(-out.tell() % file.alignment))


def _blocks(gguf: Any, source: Any, file: GgufFile, tensor: Tensor, kind: int) -> Iterator[bytes]:
    """A tensor's data in its new type, a group of rows at a time, so that memory stays flat."""
    old = gguf.GGMLQuantizationType(tensor.kind)
    row = tensor.shape[0]
    rows = tensor.values // row
    _, block, stored = TYPES[tensor.kind]
    row_bytes = row // block * stored
    group = max(1, _CHUNK_VALUES // row)
    source.seek(file.data + tensor.offset)
    for first in range(0, rows, group):
        count = min(group, rows - first)
        raw = source.read(count * row_bytes)
        if len(raw) < count * row_bytes:
            raise ModelLoadError(f"{file.path} ends inside tensor {tensor.name}; fetch or copy the file anew")
        if kind == tensor.kind:
            yield raw
            continue
        packed = np.frombuffer(raw, dtype=np.uint8).reshape(count, row_bytes)
        values = gguf.quants.dequantize(packed, old)
        yield gguf.quants.quantize(values, gguf.GGMLQuantizationType.Q8_0).tobytes()
