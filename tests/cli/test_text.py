"""Model text is untrusted, and no key may be printed."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thinkharder.cli.text import clean, dumps, one_line, redact


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("a\x1b[31mred\x1b[0m", "ared"),
        ("\x1b]0;title\x07x", "x"),
        ("\x1b]8;;http://evil\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x9b31mx", "x"),
        ("\x1bPdevice\x1b\\x", "x"),
        ("a\x08\x08b\rc", "abc"),
        ("line\r\nline\n\ttab", "line\nline\n\ttab"),
        ("abc\u202egnp.exe", "abcgnp.exe"),
        ("lone \ud800 surrogate", "lone  surrogate"),
        ("שלום 🎉 日本語 −5", "שלום 🎉 日本語 −5"),
        ("\x1b[2J\x1b[H[bold]not markup[/bold]", "[bold]not markup[/bold]"),
        ("\x1b", ""),
    ],
)
def test_clean(raw: str, shown: str) -> None:
    assert clean(raw) == shown


@given(st.text())
def test_nothing_that_moves_a_terminal_survives(raw: str) -> None:
    shown = clean(raw)
    assert all(c in "\n\t" or not (ord(c) < 32 or 127 <= ord(c) < 160) for c in shown)
    assert clean(shown) == shown


@given(st.text(), st.integers(5, 80))
def test_one_line_is_one_line(raw: str, width: int) -> None:
    line = one_line(raw, width)
    assert len(line) <= width
    assert "\n" not in line


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(),
        lambda x: st.lists(x) | st.dictionaries(st.text(), x),
    )
)
def test_json_is_safe_and_whole(value: object) -> None:
    for ascii_only in (False, True):
        text = dumps(value, ascii_only=ascii_only)
        text.encode()
        assert all(c == "\n" or not (ord(c) < 32 or 127 <= ord(c) < 160) for c in text)
        again = json.loads(text)
        if isinstance(value, str):
            assert again == value


def test_json_has_no_nan() -> None:
    assert json.loads(dumps({"a": float("nan"), "b": [float("inf"), 1.5]})) == {"a": None, "b": [None, 1.5]}


def test_redact() -> None:
    env = {"OPENAI_API_KEY": "very-secret-value", "HOME": "/somewhere/long", "X_TOKEN": "short"}
    assert (
        redact("see very-secret-value in /somewhere/long, short", env)
        == "see <OPENAI_API_KEY> in /somewhere/long, short"
    )
    assert redact("at http://user:pass@host/v1", {}) == "at http://host/v1"
