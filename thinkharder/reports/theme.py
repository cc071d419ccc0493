"""Colours, dashes and shapes that can be told apart without colour, and the look that all figures share.

Colours: Okabe and Ito 2008, "Color Universal Design" (https://jfly.uni-koeln.de/color/), less the yellow, which is too
pale on white. A figure is drawn once, in the light colours; in dark mode the page's style sheet exchanges each of the
colours named here for its dark twin, so the figure follows without being drawn again.
"""

from typing import Any

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
DARK_COLOURS = ("#3f94d1", "#ee7733", "#1fb58c", "#d98db5", "#f0ad1e", "#7cc8f5")
REFERENCE = "#6b7280"
DASHES = ([1, 0], [6, 3], [2, 2], [8, 3, 2, 3])
SHAPES = ("circle", "square", "triangle-up", "diamond", "cross", "triangle-down", "triangle-right")
INK, QUIET, GRID, PAPER = "#1c2127", "#5b6470", "#e3e6ea", "#ffffff"
FONT = "Arial, Liberation Sans, Helvetica, sans-serif"
"""What the figures' text is measured with, so that it fits where it is drawn with a font of the same widths."""
PARTS = {
    "right": "#009e73",
    "not selected": "#e69f00",
    "never sampled": "#d55e00",
    "cut off": "#cc79a7",
    "no answer": "#6b7280",
}
"""The parts of an error, from right to worst, with their colours."""

TO_DARK = {
    **dict(zip(COLOURS, DARK_COLOURS, strict=True)),
    REFERENCE: "#9aa4b1",
    INK: "#e8eaed",
    QUIET: "#aab2bd",
    GRID: "#363c45",
    PAPER: "#16191d",
}
"""A light colour and its dark twin."""


def looks(names: list[str], references: tuple[str, ...]) -> dict[str, tuple[str, list[int], str]]:
    """Colour, dash and shape of each series by name; references are grey. Pairs differ in at least two of three."""
    found: dict[str, tuple[str, list[int], str]] = {}
    strategies = [name for name in names if name not in references]
    for i, name in enumerate(strategies):
        turn = i // len(COLOURS)
        found[name] = (COLOURS[i % len(COLOURS)], DASHES[turn % len(DASHES)], SHAPES[i % len(SHAPES)])
    for i, name in enumerate(name for name in names if name in references):
        found[name] = (REFERENCE, ([4, 3], [1, 3])[i % 2], ("triangle-up", "triangle-down")[i % 2])
    return found


def config() -> dict[str, Any]:
    """The Vega-Lite configuration of every figure."""
    axis = {
        "labelColor": QUIET,
        "titleColor": INK,
        "gridColor": GRID,
        "domainColor": QUIET,
        "tickColor": QUIET,
        "labelFontSize": 12,
        "titleFontSize": 12,
        "titleFontWeight": "normal",
        "titlePadding": 8,
    }
    text = {"labelColor": INK, "titleColor": INK, "labelFontSize": 12, "titleFontSize": 12}
    return {
        "background": PAPER,
        "font": FONT,
        "view": {"stroke": None},
        "axis": axis,
        "legend": {
            **text,
            "titleFontWeight": "normal",
            "labelLimit": 280,
            "symbolSize": 90,
            "columnPadding": 18,
        },
        "header": text,
        "title": {"color": INK, "fontSize": 13, "anchor": "start"},
        "text": {"color": INK, "fontSize": 12},
    }
