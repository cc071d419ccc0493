"""Specifications to SVG and PNG with vl-convert; nothing is fetched and no browser is needed."""

import re
from pathlib import Path
from typing import Any

from thinkharder.core.errors import MissingExtra, ThinkharderError, UsageError
from thinkharder.reports.drawing import Figure

SCALE = 2.0
"""Pixels of a PNG for one unit of the drawing."""
_ROOT = re.compile(r"<svg\b[^>]*>")
_UNSAFE = re.compile(r"<(?:script|style|image|foreignObject|iframe)\b|\son\w+\s*=|javascript:", re.I)
_STYLE = re.compile(r'\sstyle="[^"]*"')
_NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 (section 2.2) has no character for: vl-convert ends the whole process over one of them."""


def converter() -> Any:
    """The vl_convert package. Raises MissingExtra where it is not installed."""
    try:
        import vl_convert
    except ImportError as error:
        raise MissingExtra("rendering figures", "reports") from error
    return vl_convert


def svg(figure: Figure) -> str:
    """A figure as a standalone SVG document. Raises ThinkharderError where the specification cannot be drawn."""
    try:
        drawn: str = converter().vegalite_to_svg(_plain(figure.spec), allowed_base_urls=[])
    except ValueError as error:
        raise ThinkharderError(
            f"figure {figure.name} cannot be drawn: {str(error)[:300]}; please report it"
        ) from error
    return drawn


def _plain(value: Any) -> Any:
    """The specification with U+FFFD for every character that XML does not know; names in it are other people's."""
    if isinstance(value, str):
        return _NO_XML.sub("\ufffd", value)
    if isinstance(value, dict):
        return {_plain(key): _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list) else value


def inline(figure: Figure) -> str:
    """A figure as it is put into the page: sized by the page, named for screen readers, without active content.

    vl-convert escapes text; a figure that held active content all the same is refused.
    """
    drawn = svg(figure)
    match = _ROOT.search(drawn)
    box = re.search(r'viewBox="([\d.\- ]+)"', match[0]) if match else None
    if match is None or box is None:
        raise ThinkharderError(f"figure {figure.name} was not drawn as SVG; please report it")
    body = _STYLE.sub("", drawn[match.end() :])
    if found := _UNSAFE.search(re.sub(r'"[^"]*"|>[^<]*<', lambda m: "<" if m[0][0] == ">" else '""', body)):
        raise ThinkharderError(f"figure {figure.name} holds active content ({found[0]!r}) and is left out")
    width = float(box[1].split()[2])
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{box[1]}" width="{width:g}" role="img" aria-label="TITLE">{body}'


def save(figures: list[Figure], folder: Path) -> list[Path]:
    """Write `NAME.svg` and `NAME.png` of each figure; returns the paths. Raises UsageError where it cannot write."""
    written = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for figure in figures:
            drawn = svg(figure)
            for path, content in (
                (folder / f"{figure.name}.svg", drawn.encode()),
                (folder / f"{figure.name}.png", converter().svg_to_png(drawn, scale=SCALE)),
            ):
                path.write_bytes(content)
                written.append(path)
    except OSError as error:
        raise UsageError(
            f"cannot write figures to {folder}: {error.strerror or error}; choose another folder with --figures"
        ) from error
    return written
