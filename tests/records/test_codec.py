"""How chunks lie in the store: what comes out streams the same text, and can be cut at any token."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from thinkharder.core.types import Chunk, TokenLogprob
from thinkharder.models.wrap.drawn import Drawn
from thinkharder.records.codec import (
    NO_LOGPROBS,
    pack_logprobs,
    pack_numbers,
    pack_pieces,
    unpack,
    unpack_logprobs,
)

WORD = st.text(st.sampled_from("ab ü😀\n"), max_size=3)
LOGPROB = st.floats(-20, 0)
ITEMS = st.lists(
    st.builds(TokenLogprob, WORD, LOGPROB, st.lists(st.tuples(WORD, LOGPROB), max_size=3).map(tuple)),
    max_size=4,
)


@st.composite
def draws(draw: st.DrawFn) -> Drawn:
    """A draw in chunks of several tokens, some with thinking, some whose text a stop string cut."""
    chunks = []
    for items in draw(st.lists(ITEMS, min_size=1, max_size=4)):
        text = "".join(item.token for item in items)
        cut = draw(st.integers(0, len(text)))
        thought = draw(st.sampled_from(["", "", "hm"]))
        chunks.append(
            Chunk(
                text=text[:cut],
                reasoning=thought,
                tokens=len(items),
                reasoning_tokens=len(items) if thought else 0,
                logprobs=tuple(items),
                exact=draw(st.booleans()),
            )
        )
    end = draw(st.sampled_from(["stop", "length", "tool_calls"]))
    return Drawn((*chunks, Chunk(finish=end, tool_calls=({"id": "1"},))))


def stored(drawn: Drawn, level: int) -> Drawn:
    """The draw after the store."""
    items = [item for chunk in drawn.chunks for item in chunk.logprobs]
    kept = () if level == NO_LOGPROBS else unpack_logprobs(pack_logprobs(items, level))
    text = "".join(chunk.text for chunk in drawn.chunks)
    thought = "".join(chunk.reasoning for chunk in drawn.chunks)
    return Drawn(unpack(text, thought, pack_pieces(drawn, level), kept, drawn.chunks[-1]))


def said(chunks: tuple[Chunk, ...] | None) -> object:
    """What a reader of these chunks has in the end."""
    if chunks is None:
        return None
    items = [item for chunk in chunks for item in chunk.logprobs]
    parts = [("".join(getattr(c, name) for c in chunks)) for name in ("text", "reasoning")]
    counts = [sum(getattr(c, name) for c in chunks) for name in ("tokens", "reasoning_tokens")]
    return parts, counts, items, chunks[-1].finish, chunks[-1].tool_calls


@settings(max_examples=60)
@given(draws(), st.integers(1, 12))
def test_a_draw_comes_back_and_is_cut_as_before(drawn: Drawn, cap: int) -> None:
    full = stored(drawn, 9)
    assert said(full.chunks) == said(drawn.chunks)
    assert said(full.at(cap)) == said(drawn.at(cap))


@settings(max_examples=40)
@given(draws(), st.integers(1, 12))
def test_without_log_probabilities_it_is_cut_at_the_same_tokens(drawn: Drawn, cap: int) -> None:
    bare = Drawn(tuple(replace(c, logprobs=()) for c in drawn.chunks))
    found, wanted = stored(drawn, NO_LOGPROBS), drawn.at(cap)
    assert said(found.chunks) == said(bare.chunks)
    assert said(found.at(cap)) == said(
        None if wanted is None else tuple(replace(c, logprobs=()) for c in wanted)
    )


@settings(max_examples=30)
@given(ITEMS, st.integers(0, 2))
def test_alternatives_are_kept_up_to_a_number(items: list[TokenLogprob], most: int) -> None:
    wanted = tuple(replace(item, top=item.top[:most]) for item in items)
    assert unpack_logprobs(pack_logprobs(items, most)) == wanted
    assert unpack_logprobs(pack_logprobs(items, 9), most) == wanted


def test_numbers_are_kept_exactly() -> None:
    for values in ((-0.5, -1.25), (-0.1, -1e-300), ()):
        assert [item.logprob for item in unpack_logprobs(pack_numbers(values, None))] == list(values)
    tops = ((("a", -0.1),), ())
    assert tuple(item.top for item in unpack_logprobs(pack_numbers((-0.1, -2.0), tops))) == tops
