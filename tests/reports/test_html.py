"""Markup is made in one place, and everything else is escaped."""

from hypothesis import given
from hypothesis import strategies as st

from thinkharder.reports.html import Markup, cell, join, table, tag, text

HOSTILE = "</script><script>alert(1)</script>\"'&<img src=x onerror=alert(1)>\u2028\u202e\x00\ud800"


@given(st.text())
def test_text_holds_no_markup(value: str) -> None:
    made = text(value)
    assert not set("<>\"'") & set(made)
    made.encode("utf-8")


def test_what_is_hostile_is_text() -> None:
    assert "<" not in text(HOSTILE)
    assert "\x00" not in text(HOSTILE)
    assert tag("td", HOSTILE, title=HOSTILE).count("<") == 2


def test_markup_is_kept() -> None:
    assert text(Markup("<b>")) == "<b>"
    assert join(["<", Markup("<b>")], ", ") == "&lt;, <b>"


def test_attributes() -> None:
    assert tag("input", type="radio", checked=True, disabled=False, id=None) == '<input type="radio" checked>'
    assert (
        tag("p", "x", class_="a", aria_label="b", data_v="1")
        == '<p class="a" aria-label="b" data-v="1">x</p>'
    )


def test_cells_sort_by_their_values() -> None:
    assert 'data-v="0.5"' in cell("50%", 0.5)
    assert 'data-v=""' in cell("–", float("nan"))
    assert "data-v" not in cell("name")


def test_a_table_marks_numbers_and_references() -> None:
    made = table(("name", "value"), [[cell("a"), cell("1", 1)], [cell("oracle"), cell("2", 2)]], quiet=[1])
    assert made.count("<tr") == 3
    assert '<th scope="col" class="n">value</th>' in made
    assert '<tr class="ref">' in made
