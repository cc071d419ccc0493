"""What a user may say about an embedded engine."""

import os
from dataclasses import dataclass, fields
from typing import final

from thinkharder.core.errors import BadOption

_LEAST = {"context": 64, "threads": 1, "memory_gb": 0.05, "gpu_layers": 0, "parallel": 1}


@final
@dataclass(frozen=True, slots=True)
class EngineOptions:
    """How an embedded engine runs a model. None takes the engine's documented default.

    `context`: most tokens of prompt and answer together (default: the model's own limit, at most 4096).
    `threads`: processor threads (default: one per physical core that this process may use).
    `memory_gb`: gigabytes (1e9 bytes) for the cache of attention keys and values, beside the weights (default: what
    `parallel` sequences of `context` tokens need, at most a quarter of the free memory).
    `gpu_layers`: layers that llama.cpp puts on the GPU (default: all where there is one); OpenVINO runs on the processor.
    `parallel`: sequences decoded together; more wait their turn (default: 64 for OpenVINO, 32 for llama.cpp).
    Raises BadOption for values out of range.
    """

    context: int | None = None
    threads: int | None = None
    memory_gb: float | None = None
    gpu_layers: int | None = None
    parallel: int | None = None

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if value is None:
                continue
            least = _LEAST[field.name]
            kind = (int, float) if field.name == "memory_gb" else int
            if isinstance(value, bool) or not isinstance(value, kind) or not value >= least:
                raise BadOption(f"engine option {field.name}={value!r} must be a number of at least {least}")


def cores() -> int:
    """Processor cores that this process may use."""
    try:
        return max(1, len(os.sched_getaffinity(0)))
    except AttributeError:  # macOS, Windows
        return os.cpu_count() or 1


def free_memory() -> float:
    """Bytes of memory that are free; 8 GB where the system does not say."""
    try:
        with open("/proc/meminfo", encoding="ascii") as file:
            for line in file:
                if line.startswith("MemAvailable:"):
                    return float(line.split()[1]) * 1024
    except OSError:
        pass
    return 8e9
