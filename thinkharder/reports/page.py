"""The page: one file that opens offline, loads nothing, and treats whatever a model wrote as text."""

import base64
import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

from thinkharder.core.errors import UsageError
from thinkharder.reports import sections
from thinkharder.reports.blocks import index, pack
from thinkharder.reports.findings import Findings, Part
from thinkharder.reports.html import Markup, join, tag
from thinkharder.reports.theme import TO_DARK

DARK = """color-scheme: dark;
  --ink: #e8eaed; --quiet: #aab2bd; --line: #3c434d; --grid: #30353d; --paper: #16191d; --soft: #20242a;
  --accent: #7cc4f7; --good: #4bd3a4; --bad: #ff9d66; --good-fill: #1fb58c; --bad-fill: #ee7733; --none-fill: #7d8794;"""


def asset(name: str) -> str:
    """One of the files that the page is made of."""
    return files("thinkharder.reports").joinpath("assets", name).read_text("utf-8")


def style() -> str:
    """The page's style sheet, with the dark twins of the figures' colours."""
    rules = []
    for root, around in ((":root:not([data-theme=light])", True), (":root[data-theme=dark]", False)):
        lines = [f"{root} {{ {DARK} }}"]
        for light, dark in TO_DARK.items():
            lines += [f'{root} svg [{what}="{light}"] {{ {what}: {dark}; }}' for what in ("fill", "stroke")]
        block = "\n".join(lines)
        rules.append(f"@media screen and (prefers-color-scheme: dark) {{ {block} }}" if around else block)
    return asset("page.css") + "\n".join(rules)


def script() -> str:
    """The page's script."""
    return asset("page.js") + asset("browser.js")


def policy(styles: str, scripts: str) -> str:
    """The Content-Security-Policy: this style sheet and this script by their hashes, and nothing else at all."""

    def named(content: str) -> str:
        return "'sha256-" + base64.b64encode(hashlib.sha256(content.encode()).digest()).decode() + "'"

    return (
        f"default-src 'none'; style-src {named(styles)}; script-src {named(scripts)}; "
        "base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'"
    )


def pieces(findings: Findings) -> Iterator[str]:
    """The page, piece by piece."""
    styles, scripts = style(), script()
    yield '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
    yield tag("meta", http_equiv="Content-Security-Policy", content=policy(styles, scripts)) + "\n"
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
    yield '<meta name="referrer" content="no-referrer">\n'
    yield tag("meta", name="generator", content=findings.made_by) + "\n"
    yield tag("title", findings.title) + "\n<style>" + styles + "</style>\n</head>\n<body>\n"
    yield top(findings)
    yield '<main class="wrap" id="content">\n'
    for number, part in enumerate(findings.parts):
        yield f'<div class="part" id="p{number}">'
        yield from sections.part(part, number)
        yield "</div>\n"
    yield "</main>\n"
    yield sections.foot(findings) + "\n"
    yield '<div id="tip" role="tooltip" hidden></div>\n'
    for number, part in enumerate(findings.parts):
        yield from data(part, f"p{number}-")
    yield "<script>" + scripts + "</script>\n</body>\n</html>\n"


def top(findings: Findings) -> Markup:
    """Title, theme, parts, and the way to each section."""
    first = findings.parts[0]
    links = [tag("li", tag("a", title, href=f"#{name}")) for name, title in sections.NAMES.items()]
    buttons = [tag("button", part.title, type="button") for part in findings.parts]
    row = tag(
        "div",
        tag("h1", tag("bdi", findings.title)),
        tag("button", "Dark mode", type="button", id="theme", hidden=True),
        class_="row",
    )
    about = first.title if len(findings.parts) == 1 else f"{len(findings.parts)} tasks and models"
    return join(
        [
            tag("a", "Skip to the content", class_="skip", href="#content"),
            "\n",
            tag(
                "header",
                row,
                tag("p", about, " · made with ", findings.made_by, class_="made"),
                tag(
                    "div", *buttons, class_="parts", hidden=True, role="group", aria_label="tasks and models"
                ),
                class_="top wrap",
            ),
            "\n",
            tag(
                "nav", tag("div", tag("ul", *links), class_="wrap"), class_="sections", aria_label="sections"
            ),
            "\n",
        ]
    )


def data(part: Part, prefix: str) -> Iterator[str]:
    """The packed blocks of a part, as scripts of a type that no browser runs."""
    if part.browser.rows:
        yield f'<script type="text/plain" id="{prefix}index">{pack(json.dumps(index(part.browser)))}</script>\n'
    for number, block in enumerate(part.browser.blocks):
        yield f'<script type="text/plain" id="{prefix}block-{number}">{block}</script>\n'


def write(findings: Findings, path: Path) -> int:
    """Write the page, all of it or nothing; returns its size in bytes. Raises UsageError where it cannot."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=path.name[:40], suffix=".part", dir=path.parent)
    except OSError as error:
        raise _unwritable(path, error) from error
    try:
        with open(handle, "w", encoding="utf-8", errors="replace", newline="\n") as out:
            for piece in pieces(findings):
                out.write(piece)
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(name, 0o666 & ~mask)  # a temporary file is private; a report is as open as any other file
        os.replace(name, path)
    except BaseException as error:
        Path(name).unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise _unwritable(path, error) from error
        raise
    return path.stat().st_size


def _unwritable(path: Path, error: OSError) -> UsageError:
    return UsageError(
        f"cannot write the report to {path}: {error.strerror or error}; choose another place with --html"
    )
