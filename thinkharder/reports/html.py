"""Building HTML safely: every string is escaped unless it is Markup, and Markup is only made here."""

import html
import math
from collections.abc import Iterable, Sequence
from typing import Any, final


@final
class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


def text(value: object) -> Markup:
    """A value as HTML: Markup stays, all else is escaped. Characters that HTML forbids become U+FFFD."""
    if isinstance(value, Markup):
        return value
    plain = "".join(c if c in "\t\n" or c >= " " else "\ufffd" for c in str(value))
    return Markup(html.escape(plain.encode("utf-8", "replace").decode(), quote=True))


def join(pieces: Iterable[object], between: str = "") -> Markup:
    """Pieces one after the other, each escaped where it is no Markup."""
    return Markup(between.join(text(piece) for piece in pieces))


def tag(name: str, /, *children: object, **attributes: object) -> Markup:
    """An element. `class_` is class, `aria_label` is aria-label; None leaves an attribute out, True has no value."""
    said = [name]
    for key, value in attributes.items():
        label = key.rstrip("_").replace("_", "-")
        if value is True:
            said.append(label)
        elif value is not None and value is not False:
            said.append(f'{label}="{text(value)}"')
    if name in ("input", "meta", "br"):
        return Markup(f"<{' '.join(said)}>")
    return Markup(f"<{' '.join(said)}>{join(children)}</{name}>")


def cell(shown: object, value: float | None = None) -> Markup:
    """A cell of a table. With a value it is a number, and sorts by it (NaN last)."""
    if value is None:
        return tag("td", tag("bdi", shown), class_="t")
    return tag("td", shown, class_="n", data_v="" if not math.isfinite(value) else repr(float(value)))


def table(
    heads: Sequence[str], rows: Sequence[Sequence[Markup]], quiet: Iterable[int] = (), **attributes: Any
) -> Markup:
    """A table that sorts by its heads; `quiet` are the numbers of the rows that are references."""
    faint = set(quiet)
    numeric = [i for i in range(len(heads)) if rows and 'class="n"' in rows[0][i][:20]]
    head = tag(
        "tr",
        *(tag("th", h, scope="col", class_="n" if i in numeric else None) for i, h in enumerate(heads)),
    )
    body = [tag("tr", *row, class_="ref" if i in faint else None) for i, row in enumerate(rows)]
    whole = tag("table", tag("thead", head), tag("tbody", *body), class_="sortable", **attributes)
    return tag("div", whole, class_="scroll", tabindex="0", role="region", aria_label="table")


def details(title: str, *children: object) -> Markup:
    """Something that opens on demand."""
    return tag("details", tag("summary", title), *children)
