"""How to draw: the sampling options of a request, checked."""

from dataclasses import dataclass

from thinkharder.core.errors import BadOption


@dataclass(frozen=True, slots=True)
class Sampling:
    """How to draw. None leaves a value to the model's default; units: tokens for `max_tokens`.

    `logprobs`: None for none, 0 for the chosen tokens', k for the k likeliest alternatives as well.
    `effort` is the reasoning model's own knob (none … max); `thinking_tokens` its cap on thinking.
    """

    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    min_p: float | None = None
    max_tokens: int | None = None
    stop: tuple[str, ...] = ()
    logprobs: int | None = None
    effort: str | None = None
    thinking_tokens: int | None = None

    def __post_init__(self) -> None:
        """Raise BadOption for a value out of range."""
        for name, least, most in _RANGES:
            value = getattr(self, name)
            if value is not None and not (isinstance(value, (int, float)) and least <= value <= most):
                raise BadOption(f"sampling {name}={value!r} must be a number from {least} to {most}")


_RANGES = (
    ("temperature", 0, 100),
    ("top_p", 0, 1),
    ("top_k", 0, 10_000_000),
    ("min_p", 0, 1),
    ("max_tokens", 1, 100_000_000),
    ("logprobs", 0, 1000),
    ("thinking_tokens", 0, 100_000_000),
)

DEFAULT_SAMPLING = Sampling()
"""Everything left to the model."""
