"""Checks of options: each raises BadOption with the strategy, the option, its value and its range."""

import math

from thinkharder.core.errors import BadOption

HOTTEST = 2.0
"""The highest temperature that OpenAI-compatible endpoints take."""


def at_least(owner: str, least: int, **options: int) -> None:
    """Whole numbers not below `least`."""
    for name, value in options.items():
        if value < least:
            raise BadOption(f"{owner}: {name}={value} must be at least {least}")


def shares(owner: str, **options: float) -> None:
    """Numbers in [0, 1]."""
    for name, value in options.items():
        if not 0 <= value <= 1:
            raise BadOption(f"{owner}: {name}={value} must be between 0 and 1")


def temperature(owner: str, value: float | None) -> None:
    """None (the model's default) or a number in [0, 2]."""
    if value is not None and not (math.isfinite(value) and 0 <= value <= HOTTEST):
        raise BadOption(f"{owner}: temperature={value} must be between 0 and {HOTTEST:g}")
