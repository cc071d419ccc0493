"""Wrappers: each is a model around a model, and does one thing. They share state per endpoint, not per run.

From the outside in: cache (if wanted), fan-out, retry, limit, pace, breaker, the run's meter, time limits, backend. The
meter sees every attempt; the time limits lie inside it, so that waiting for budget is not taken for a silent endpoint.
"""

from collections.abc import Callable

from thinkharder.core.protocols import Model
from thinkharder.models.wrap.breaker import Breaker, BreakerPolicy, Circuit
from thinkharder.models.wrap.fanout import FanOut
from thinkharder.models.wrap.limit import Limited, Slots
from thinkharder.models.wrap.pace import Paced, Rates
from thinkharder.models.wrap.retry import Retry, RetryPolicy, jitter
from thinkharder.models.wrap.timeout import Timed, TimeLimits

CONCURRENT = 32
"""Requests at once on one endpoint."""


def timed(backend: Model, limits: TimeLimits | None = None) -> Model:
    """The backend with time limits: what stands inside the meter."""
    return Timed(backend, limits)


def standard_layers(
    backend: Model, *, concurrent: int = CONCURRENT, retries: RetryPolicy | None = None
) -> list[Callable[[Model], Model]]:
    """The layers outside the meter, from the inside out; their state, the retries' jitter included, belongs to this
    endpoint.

    A backend that reads rate-limit headers has its `rates`; the pace is kept by those. One with `prepare` is asked to
    find out what it can do before the first request is split.
    """
    prepare = getattr(backend, "prepare", None)
    circuit, slots, chance = Circuit(), Slots(concurrent), jitter(retries)
    rates = getattr(backend, "rates", None) or Rates()
    return [
        lambda inner: Breaker(inner, circuit),
        lambda inner: Paced(inner, rates),
        lambda inner: Limited(inner, slots),
        lambda inner: Retry(inner, retries, chance),
        lambda inner: FanOut(inner, prepare),
    ]


__all__ = [
    "Breaker",
    "BreakerPolicy",
    "Circuit",
    "FanOut",
    "Limited",
    "Paced",
    "Rates",
    "Retry",
    "RetryPolicy",
    "Slots",
    "TimeLimits",
    "Timed",
    "standard_layers",
    "timed",
]
