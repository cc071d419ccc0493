"""The splitter of inline thinking: what it returns must not depend on where the chunks are cut."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thinkharder.models.reasoning import ThinkSplitter

PIECES = st.sampled_from(
    ["<think>", "</think>", "<", ">", "</", "think", "\n", "  ", "a", "Ünï", "b c", "<b>"]
)


def split(parts: list[str], opened: bool = False) -> tuple[str, str]:
    splitter = ThinkSplitter(opened)
    pieces = [splitter.feed(part) for part in parts] + [splitter.flush()]
    return "".join(p[0] for p in pieces), "".join(p[1] for p in pieces)


@pytest.mark.parametrize(
    ("text", "opened", "answer", "thought"),
    [
        ("plain", False, "plain", ""),
        ("<think>\nwhy\n</think>\n\n42", False, "42", "why"),
        ("\n <think>why</think>42", False, "42", "why"),
        ("why\n</think>\n\n42", True, "42", "why"),
        ("<think>never ends", False, "", "never ends"),
        ("<think></think>yes", False, "yes", ""),
        ("one\n<think>two</think>\nthree", False, "one\nthree", "two"),
        ("say `<think>` to think", False, "say `<think>` to think", ""),
        ("a < b and b <", False, "a < b and b <", ""),
        ("x <thin", False, "x <thin", ""),
        ("<thin", False, "<thin", ""),
        ("<think>a</thin", False, "", "a</thin"),
        ("  ", False, "  ", ""),
        ("<think>a</think>b </think> c", False, "b </think> c", "a"),
    ],
)
def test_split(text: str, opened: bool, answer: str, thought: str) -> None:
    assert split([text], opened) == (answer, thought)
    assert split(list(text), opened) == (answer, thought)


def test_orphan_close_is_told() -> None:
    splitter = ThinkSplitter()
    before = splitter.feed("it was thinking\n")
    assert not splitter.orphan
    after = splitter.feed("</think>\n\n42")
    assert splitter.orphan
    assert before == ("it was thinking\n", "")
    assert after == ("42", "")


def test_nothing_is_held_without_need() -> None:
    splitter = ThinkSplitter()
    assert splitter.feed("a sentence, ") == ("a sentence, ", "")
    assert splitter.feed("mid-line <think> stays") == ("mid-line <think> stays", "")


def test_thinking_is_visible_while_it_lasts() -> None:
    splitter = ThinkSplitter()
    splitter.feed("<think>a")
    assert splitter.thinking
    splitter.feed("</think>")
    assert not splitter.thinking


@given(st.lists(PIECES, max_size=12), st.booleans(), st.data())
def test_cuts_do_not_matter(pieces: list[str], opened: bool, data: st.DataObject) -> None:
    text = "".join(pieces)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=6)))
    parts = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    assert split(parts, opened) == split([text], opened) == split(list(text), opened)


@given(st.text(alphabet="abc \n<>/", max_size=40))
def test_text_without_tags_is_unchanged(text: str) -> None:
    assert split(list(text)) == (text, "")
