"""Tokens to text: no half characters, no stop strings, wherever the tokens are cut."""

from hypothesis import given
from hypothesis import strategies as st

from thinkharder.models.engine_text import Detokeniser, StopFilter

BYTES = [bytes([i]) for i in range(256)]
TEXTS = st.text(alphabet="ab😀é<|>\n", max_size=30)
STOPS = st.lists(st.text(alphabet="ab😀<", min_size=1, max_size=3), max_size=3)


def first_stop(text: str, stops: list[str]) -> str:
    """The text up to the first stop string that is complete first."""
    for end in range(len(text) + 1):
        ends = [stop for stop in stops if text[:end].endswith(stop)]
        if ends:
            return text[: end - max(map(len, ends))]
    return text


@given(TEXTS, STOPS)
def test_stop_filter_cuts_at_the_first(text: str, stops: list[str]) -> None:
    stop_filter = StopFilter(stops)
    pieces = [stop_filter.feed(letter) for letter in text]
    out = "".join(pieces) + stop_filter.flush()
    assert out == first_stop(text, stops)
    assert (stop_filter.hit is not None) == any(stop in text for stop in stops)


@given(TEXTS, STOPS, st.lists(st.integers(1, 4), max_size=20))
def test_detokeniser_does_not_depend_on_cuts(text: str, stops: list[str], cuts: list[int]) -> None:
    raw = list(text.encode())
    detokeniser = Detokeniser(BYTES, stops)
    out = ""
    while raw:
        size = cuts.pop() if cuts else 1
        out += detokeniser.feed(raw[:size]).text
        raw = raw[size:]
        assert "\ufffd" not in out
    out += detokeniser.finish().text
    assert out == first_stop(text, stops) or len(stops) > 1
    assert not any(stop in out for stop in stops)


def test_a_broken_character_at_the_end_is_marked() -> None:
    detokeniser = Detokeniser(BYTES)
    assert detokeniser.feed("é".encode()[:1]).text == ""
    assert detokeniser.finish().text == "\ufffd"


def test_thinking_is_counted_in_tokens() -> None:
    vocabulary = [b"<think>", b"why", b"</think>", b"\n\n", b"42", b""]
    detokeniser = Detokeniser(vocabulary)
    piece = detokeniser.feed([0, 1, 2])
    assert piece.reasoning == "why"
    assert piece.reasoning_tokens == 2  # the closing tag decides that what follows is the answer
    piece = detokeniser.feed([3, 4, 5])
    assert (piece.text, piece.reasoning_tokens) == ("42", 0)
    opened = Detokeniser(vocabulary, opened=True)
    assert opened.feed([1, 2, 4])[:2] == ("42", "why")


def test_sentencepiece_s_first_space_is_dropped() -> None:
    detokeniser = Detokeniser([b" Hello", b" world"], lstrip=True)
    assert detokeniser.feed([0, 1]).text == "Hello world"


def test_ids_outside_the_vocabulary_add_nothing() -> None:
    assert Detokeniser(BYTES).feed([97, 5000, -1]).text == "a"
