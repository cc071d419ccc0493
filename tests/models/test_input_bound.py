"""The calibrated bound on a prompt's tokens: properties."""

import math

from hypothesis import given
from hypothesis import strategies as st

from thinkharder.models.input_bound import LEAST_BYTES, SAFETY, Extent, InputBound

TEXTS = st.one_of(
    st.text(max_size=300),
    st.text(alphabet="abcdefgh ", min_size=200, max_size=3000),
    st.text(alphabet="0123456789+-=()\n", min_size=200, max_size=3000),
    st.text(alphabet="数学问题的答案", min_size=200, max_size=1500),
)
PROMPTS = st.lists(st.tuples(TEXTS, st.floats(0.02, 1.0)), max_size=12)


def tokens_of(extent: Extent, density: float) -> int:
    """A tokenizer of so many tokens a byte, at most one, and a template of 20."""
    return max(1, math.ceil(sum(extent.kinds) * density)) + 20


@given(TEXTS)
def test_extent_counts_every_byte_once(text: str) -> None:
    extent = Extent.of([text])
    assert sum(extent.kinds) == len(text.encode("utf-8"))
    assert extent.wide == len("".join(c for c in text if ord(c) > 127).encode("utf-8"))
    assert extent.letters == sum(c == " " or (c.isascii() and c.isalpha()) for c in text)


@given(TEXTS, st.floats(0.0, 1.0))
def test_it_begins_above_every_tokenizer(text: str, density: float) -> None:
    extent = Extent.of([text])
    assert InputBound().bound(extent) >= tokens_of(extent, density)


@given(PROMPTS, TEXTS)
def test_a_ratio_never_falls_under_the_densest_seen_times_the_margin(
    replies: list[tuple[str, float]], text: str
) -> None:
    bound = InputBound()
    densest = [0.0, 0.0, 0.0]
    for number, (prompt, density) in enumerate(replies):
        extent = Extent.of([prompt])
        tokens = tokens_of(extent, density)
        bound.observe(str(number), extent, tokens)
        whole = sum(extent.kinds)
        for kind, size in enumerate(extent.kinds):
            if size >= LEAST_BYTES and 2 * size >= whole:
                densest[kind] = max(densest[kind], tokens / size)
    for ratio, seen in zip(bound.ratios(), densest, strict=True):
        assert min(1.0, SAFETY * seen) - 1e-9 <= ratio <= 1.0
        assert ratio == 1.0 or seen > 0
    extent = Extent.of([text])
    assert bound.bound(extent) <= sum(extent.kinds) + extent.allowance + bound.extra + 1


@given(PROMPTS, st.floats(0.05, 0.8))
def test_text_as_dense_as_what_was_seen_stays_below_the_bound(
    replies: list[tuple[str, float]], density: float
) -> None:
    bound = InputBound()
    for number, (prompt, _) in enumerate(replies):
        extent = Extent.of([prompt])
        assert bound.bound(extent) >= tokens_of(extent, density)
        bound.observe(str(number), extent, tokens_of(extent, density))
    assert not bound.broken


@given(TEXTS, st.integers(1, 5000))
def test_a_prompt_seen_before_is_known_exactly(text: str, tokens: int) -> None:
    bound = InputBound()
    assert bound.known("a") is None
    bound.observe("a", Extent.of([text]), tokens)
    assert bound.known("a") == tokens
    assert bound.known("b") is None


def test_prose_calibrates_prose_alone() -> None:
    bound = InputBound()
    prose, digits = Extent.of(["several ordinary words " * 100]), Extent.of(["1234567890" * 100])
    before = bound.bound(digits)
    bound.observe("a", prose, 500)
    assert bound.bound(prose) < sum(prose.kinds)
    assert bound.bound(digits) == before


def test_a_broken_bound_is_mended_for_good() -> None:
    bound = InputBound()
    prose = Extent.of(["several ordinary words " * 100])
    bound.observe("a", prose, 400)
    low = bound.bound(prose)
    bound.observe("b", prose, low + 5000)
    assert bound.broken
    assert bound.bound(prose) >= low + 5000
    bound.observe("c", prose, 400)
    assert bound.bound(prose) >= low + 5000


def test_images_and_empty_replies() -> None:
    bound = InputBound()
    assert bound.bound(Extent.of(["x"], 1, 2)) > bound.bound(Extent.of(["x"], 1, 1)) > 4096
    bound.observe("a", Extent.of(["x"]), 0)
    assert bound.known("a") is None


def test_memory_is_bounded() -> None:
    bound = InputBound()
    for number in range(5000):
        bound.observe(str(number), Extent.of(["x"]), 10)
    assert bound.known("0") is None
    assert bound.known("4999") == 10
