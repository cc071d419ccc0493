"""Readers of single values: the same serve configuration files, environment variables and flags.

Each takes a value of a file or the text of a variable or flag, and raises ValueError with the end of a sentence that
begins with the setting's name.
"""

import math
import re
from collections.abc import Callable
from typing import Any

Read = Callable[[Any], Any]


def whole(least: int) -> Read:
    """A reader of whole numbers from `least` up; text may be `20000`, `20_000`, `20k` or `2M`. Raises ValueError."""

    def read(value: Any) -> int:
        number = _scaled(value) if isinstance(value, str) else value
        if isinstance(number, float) and number.is_integer() and isinstance(value, str):
            number = int(number)
        if isinstance(number, bool) or not isinstance(number, int):
            raise ValueError(f"must be a whole number such as 20000 or 20k, not {_quoted(value)}")
        if number < least:
            raise ValueError(f"must be at least {least}, not {number}")
        return number

    return read


def number(*, above: float = -math.inf, least: float = -math.inf) -> Read:
    """A reader of finite numbers greater than `above` and not less than `least`. Raises ValueError."""

    def read(value: Any) -> float:
        try:
            found = math.nan if isinstance(value, bool) else float(value)
        except (TypeError, ValueError):
            found = math.nan
        if not math.isfinite(found):
            raise ValueError(f"must be a number such as 1.5, not {_quoted(value)}")
        if found <= above or found < least:
            bound = f"greater than {above:g}" if found <= above else f"at least {least:g}"
            raise ValueError(f"must be {bound}, not {found:g}")
        return found

    return read


def text(value: Any) -> str:
    """A reader of text that is not empty. Raises ValueError."""
    if not isinstance(value, str):
        raise ValueError(f"must be text in quotes, not {_quoted(value)}")
    if not value.strip():
        raise ValueError("must not be empty; leave it out instead")
    return value


def _scaled(value: str) -> Any:
    match = re.fullmatch(r"\s*([+-]?\d[\d_]{0,17}(?:\.\d+)?)\s*([kKmM]?)\s*", value)
    if match is None:
        return value
    plain = float(match[1]) if "." in match[1] else int(match[1].replace("_", ""))
    return plain * {"": 1, "k": 1_000, "m": 1_000_000}[match[2].lower()]


def _quoted(value: Any) -> str:
    shown = repr(value)
    return shown if len(shown) <= 40 else shown[:39] + "…"
