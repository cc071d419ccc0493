"""Numbers in words, the same way everywhere in a report."""

import math


def known(value: float) -> bool:
    """Whether a number is there (NaN and infinities are not)."""
    return math.isfinite(value)


def percent(value: float) -> str:
    """A share as 62.5%; an unknown one as a dash."""
    return f"{value:.1%}" if known(value) else "–"


def spread(low: float, high: float) -> str:
    """An interval of shares behind its value, with a space before it; nothing where it is not known."""
    return f" ({100 * low:.1f} to {100 * high:.1f})" if known(low) and known(high) else ""


def count(value: float) -> str:
    """A number of things with three digits at least: 1,234 or 12.5 or 0.125."""
    if not known(value):
        return "–"
    size = abs(value)
    if size >= 100 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.1f}" if size >= 10 else f"{value:.2f}" if size >= 1 else f"{value:.3g}"


def money(usd: float) -> str:
    """Dollars; an unknown price as a dash."""
    if not known(usd):
        return "–"
    return "$0" if usd == 0 else f"${usd:.2g}" if usd < 0.01 else f"${usd:.4f}" if usd < 1 else f"${usd:,.2f}"


def chance(p: float) -> str:
    """A p value."""
    if not known(p):
        return "–"
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def size(count_of_bytes: int) -> str:
    """Bytes in words: 1.2 MB."""
    if count_of_bytes >= 1_000_000:
        return f"{count_of_bytes / 1e6:.1f} MB"
    return f"{count_of_bytes / 1e3:.0f} kB" if count_of_bytes >= 1000 else f"{count_of_bytes} bytes"
