"""Figures are drawn, named and described; colours, dashes and shapes tell series apart."""

import re
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.reports.synthetic import part
from thinkharder.core.errors import UsageError
from thinkharder.reports import drawing, figures, render, theme
from thinkharder.reports.findings import NAN, REFERENCES, Curve, Fit, FitPoint, Part, Point

FIGURES = figures.every(part())


def test_all_figures_are_there() -> None:
    names = {figure.name for figure in FIGURES}
    assert {"accuracy-tokens", "accuracy-samples", "accuracy-seconds", "frontier", "difficulty"} <= names
    assert {"levels", "errors", "reliability-vote-share", "risk-vote-share", "fit-pass-k"} <= names


@pytest.mark.parametrize("figure", FIGURES, ids=lambda figure: figure.name)
def test_a_figure_is_drawn_with_descriptions(figure: drawing.Figure) -> None:
    drawn = render.svg(figure)
    ElementTree.fromstring(drawn)
    labels = re.findall(r'aria-label="([^"]*%[^"]*)"', drawn)
    assert len(labels) >= 3
    assert figure.about
    assert "NaN" not in drawn


def test_a_part_without_numbers_has_no_figures() -> None:
    assert figures.every(Part("empty", (), ())) == []


def test_what_is_not_known_is_left_out() -> None:
    """NaN in accuracies, intervals and costs draws what is known and no more."""
    known, unknown = Point("a", "1", 1, 10, 20, 0.5), Point("a", "2", 2, 10, NAN, NAN)
    holed = Part("holes", (), (Curve("a", (known, unknown)), Curve("oracle", (unknown,))))
    drawn = figures.every(holed)
    assert [figure.name for figure in drawn] == ["accuracy-tokens", "accuracy-samples"]
    assert "NaN" not in render.svg(drawn[0])


def test_a_forecast_without_a_band_is_drawn() -> None:
    fit = Fit("maj@k", "law", (FitPoint(1, 0.5),), (FitPoint(1, 0.5), FitPoint(100, 0.7)))
    drawn = render.svg(figures.fits(replace(part(), fits=(fit,)), "maj@k"))
    assert "law: 70.0% at 100 samples" in drawn


def test_series_are_told_apart_without_colour() -> None:
    names = [f"s{i}" for i in range(24)]
    look = theme.looks([*names, *REFERENCES], REFERENCES)
    for one, other in combinations([look[name] for name in look], 2):
        same = sum((one[0] == other[0], one[1] == other[1], one[2] == other[2]))
        assert same <= 1 or one[0] == theme.REFERENCE != other[0], (one, other)


def test_every_colour_has_a_dark_twin() -> None:
    for figure in FIGURES:
        for colour in set(re.findall(r'(?:fill|stroke)="(#\w+)"', render.svg(figure))):
            assert colour in theme.TO_DARK, (figure.name, colour)


@pytest.mark.parametrize("paper", [theme.PAPER, theme.TO_DARK[theme.PAPER]])
def test_colours_stand_out_from_the_paper(paper: str) -> None:
    """Text has a contrast of 4.5 at least (WCAG 2.2, 1.4.3), marks at least 2 with shape and dash beside colour."""
    dark = paper != theme.PAPER
    for light, twin in theme.TO_DARK.items():
        colour = twin if dark else light
        if light in (theme.PAPER, theme.GRID):
            continue
        least = 4.5 if light in (theme.INK, theme.QUIET) else 2.0
        assert contrast(colour, paper) >= least, colour


def contrast(one: str, other: str) -> float:
    """The contrast ratio of WCAG 2.2."""
    a, b = sorted((luminance(one), luminance(other)), reverse=True)
    return (a + 0.05) / (b + 0.05)


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize(("low", "high"), [(1, 64), (400, 9800), (1, 1_000_000), (5, 5), (0.2, 0.9)])
def test_ticks_are_within_and_few(low: float, high: float) -> None:
    found = drawing.ticks(low, high)
    assert 1 <= len(found) <= 14
    assert all(low * 0.99 <= tick <= high * 1.01 for tick in found)


def test_names_of_files_are_harmless() -> None:
    assert drawing.slug("../../etc/passwd") == "etc-passwd"
    assert drawing.slug("Ω") == "x"


def test_text_in_a_figure_is_escaped() -> None:
    name = '</svg><script>alert(1)</script>" onload="x'
    hostile = Part("x", (), (Curve(name, (Point(name, "1", 1, 10, 20, 0.5, 0.4, 0.6),)),))
    for figure in figures.every(hostile):
        assert "<script" not in render.inline(figure)
        ElementTree.fromstring(render.svg(figure))


def test_figures_are_saved(tmp_path: Path) -> None:
    written = render.save(FIGURES[:2], tmp_path / "new" / "figures")
    assert sorted(path.suffix for path in written) == [".png", ".png", ".svg", ".svg"]
    assert all(path.stat().st_size > 5000 for path in written)
    assert written[1].read_bytes().startswith(b"\x89PNG")


def test_a_folder_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="--figures"):
        render.save(FIGURES[:1], tmp_path / "file")


def test_names_that_xml_has_no_character_for_are_drawn() -> None:
    """vl-convert aborts the process over one of these; names of scores and strategies come from anywhere."""
    known = Point("\x1b[31mred\x00\ufffe\x9b", "1", 1, 10, 20, 0.5, 0.4, 0.6)
    (first, *_) = figures.every(Part("hostile", (), (Curve(known.strategy, (known,)),)))
    drawn = render.svg(first)
    ElementTree.fromstring(drawn)
    assert "\ufffd[31mred\ufffd\ufffd" in drawn
