"""What all figures share: the value that a figure is, axes, scales and ticks, on top of altair."""

import math
from dataclasses import dataclass
from typing import Any, final

from thinkharder.core.errors import MissingExtra
from thinkharder.reports.findings import REFERENCES
from thinkharder.reports.theme import config, looks

WIDTH, HEIGHT = 820, 360
LEGEND_MOST = 24
"""Series that a figure's own legend names; beyond that the tables do."""
Row = dict[str, Any]


@final
@dataclass(frozen=True, slots=True)
class Figure:
    """A figure: its name in file names, a title, what it shows in words, and the specification."""

    name: str
    title: str
    about: str
    spec: dict[str, Any]


def altair() -> Any:
    """The altair package. Raises MissingExtra where it is not installed."""
    try:
        import altair as alt
    except ImportError as error:
        raise MissingExtra("drawing figures", "reports") from error
    return alt


def scales_of(names: list[str], legends: bool = True) -> dict[str, Any]:
    """The encodings of colour, dash and shape by series, with one legend for all three."""
    alt = altair()
    look = looks(names, REFERENCES)
    legend = (
        alt.Legend(title=None, orient="bottom", columns=3, symbolStrokeWidth=0, symbolOpacity=1)
        if legends and len(names) <= LEGEND_MOST
        else None
    )
    return {
        "color": alt.Color(
            "series:N", scale=alt.Scale(domain=names, range=[look[n][0] for n in names]), legend=legend
        ),
        "dash": alt.StrokeDash(
            "series:N", scale=alt.Scale(domain=names, range=[look[n][1] for n in names]), legend=None
        ),
        "shape": alt.Shape(
            "series:N", scale=alt.Scale(domain=names, range=[look[n][2] for n in names]), legend=legend
        ),
    }


def share_axis(title: str) -> Any:
    """An axis of shares, in percent."""
    alt = altair()
    return alt.Axis(title=title, format=".0%", tickCount=6)


def share_scale(values: list[float]) -> Any:
    """The shares that are there with a little room, within [0, 1]."""
    alt = altair()
    low, high = min(values, default=0.0), max(values, default=1.0)
    room = max(0.02, 0.06 * (high - low))
    return alt.Scale(domain=[max(0.0, low - room), min(1.0, high + room)], nice=False, clamp=True)


def log_axis(title: str, values: list[float]) -> dict[str, Any]:
    """Scale and axis of amounts on a log scale."""
    alt = altair()
    return {
        "scale": alt.Scale(type="log", nice=False, padding=14),
        "axis": alt.Axis(
            title=title, format="~s", values=ticks(min(values, default=1), max(values, default=1)), grid=False
        ),
    }


def ticks(low: float, high: float) -> list[float]:
    """Round numbers between low and high, evenly spread on a log scale: 4 to 12 of them where there is room."""
    for steps in ((1,), (1, 3), (1, 2, 5), (1, 1.5, 2, 3, 4, 5, 6, 8)):
        first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
        found = [step * 10.0**power for power in range(first, last + 1) for step in steps]
        kept = [value for value in found if low * 0.999 <= value <= high * 1.001]
        if len(kept) >= 4:
            return kept
    return kept or [low]


def finish(chart: Any, width: int = WIDTH, height: int = HEIGHT) -> dict[str, Any]:
    """The specification of a chart, in the look that all figures share."""
    spec: dict[str, Any] = chart.properties(width=width, height=height).to_dict()
    spec["config"] = config()
    return spec


def slug(name: str) -> str:
    """A name as a part of a file's name: letters, digits and dashes only."""
    plain = "".join(c if c.isascii() and c.isalnum() else "-" for c in name.casefold())
    return "-".join(piece for piece in plain.split("-") if piece)[:60] or "x"
