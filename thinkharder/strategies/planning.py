"""The worst case of a strategy that takes one of several ways, where nobody knows yet which."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, zip_longest

from thinkharder.core.protocols import Step


@dataclass(frozen=True, slots=True)
class _Sample:
    """One sample of a plan; `asks` where it needs a prompt of its own, which then carries so many earlier samples."""

    asks: bool
    carries: int
    scored: bool
    cap: int | None

    @property
    def weight(self) -> tuple[bool, int, bool]:
        return (self.asks, self.carries, self.scored)


def envelope(plans: Sequence[Sequence[Step]]) -> tuple[Step, ...]:
    """Steps that bound every one of the plans: in samples, in requests, in samples carried by prompts, in samples
    scored, and in the cap on each. The costliest samples of each plan are laid beside each other, one by one."""
    sorted_plans = [sorted(_samples(plan), key=lambda s: s.weight, reverse=True) for plan in plans]
    worst = [_worst([s for s in row if s is not None]) for row in zip_longest(*sorted_plans)]
    return tuple(_steps(worst))


def _samples(plan: Sequence[Step]) -> Iterator[_Sample]:
    for step in plan:
        for number in range(step.samples):
            asks = number < step.requests
            yield _Sample(asks, step.carries if asks else 0, step.scored, step.max_tokens)


def _worst(row: Sequence[_Sample]) -> _Sample:
    caps = [s.cap for s in row]
    known = [cap for cap in caps if cap is not None]
    return _Sample(
        any(s.asks for s in row),
        max(s.carries for s in row),
        any(s.scored for s in row),
        max(known) if len(known) == len(caps) else None,
    )


def _steps(samples: Sequence[_Sample]) -> Iterator[Step]:
    """Equal samples together; those without a prompt of their own join the last prompt's step, or make one."""
    for (scored, cap), group in groupby(
        sorted(samples, key=lambda s: (s.scored, s.cap or 0, s.weight), reverse=True),
        key=lambda s: (s.scored, s.cap),
    ):
        found = list(group)
        shared = sum(not s.asks for s in found)
        carried = [(c, len(list(same))) for c, same in groupby(s.carries for s in found if s.asks)]
        for place, (carries, count) in enumerate(carried or [(0, 0)]):
            extra = shared if place == len(carried or [0]) - 1 else 0
            yield Step(count + extra, max(1, count), carries, scored, cap)
