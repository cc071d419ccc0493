"""What gives recorded samples, wherever they lie: all in order, and one by its place."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol, final

from thinkharder.records.sample import Sample


@dataclass(frozen=True, slots=True)
class Light:
    """A sample while a pool is read, without what is big where that can be left where it is.

    `position` is its place in the source; `mean` its mean log-probability and `also` its fields that are left there.
    """

    sample: Sample
    position: int
    mean: float | None = None
    also: tuple[str, ...] = ()


class Source(Protocol):
    """Where samples lie."""

    @property
    def name(self) -> str: ...
    def scan(self) -> Iterator[Light]: ...
    def sample(self, position: int) -> Sample: ...


@final
@dataclass(frozen=True, slots=True)
class InMemory:
    """Samples that are simply there."""

    samples: tuple[Sample, ...]
    name: str = "in memory"

    def scan(self) -> Iterator[Light]:
        """All samples in order."""
        return (Light(sample, i) for i, sample in enumerate(self.samples))

    def sample(self, position: int) -> Sample:
        """The sample at `position`."""
        return self.samples[position]
