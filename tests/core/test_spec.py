"""The spec grammar: what it reads, what it writes back, what it refuses."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thinkharder.core.errors import SpecError
from thinkharder.core.spec import Spec, parse


@pytest.mark.parametrize(
    ("text", "spec"),
    [
        ("direct", Spec("direct")),
        ("  direct ", Spec("direct")),
        (
            "self-consistency(n=40, until=margin(m=3))",
            Spec("self-consistency", {"n": 40, "until": Spec("margin", {"m": 3})}),
        ),
        ("best-of-n:n=32,temperature=1.0", Spec("best-of-n", {"n": 32, "temperature": 1.0})),
        ("sc:n=40,until=margin(m=3)", Spec("sc", {"n": 40, "until": Spec("margin", {"m": 3})})),
        ("margin:3", Spec("margin", {"": 3})),
        ("margin(3)", Spec("margin", {"": 3})),
        ("python:my.module:check", Spec("python", {"": "my.module:check"})),
        (
            'a(text="x, y) \\"z\\"", none=null, flag=true)',
            Spec("a", {"text": 'x, y) "z"', "none": None, "flag": True}),
        ),
        (
            "a(list=[1, 2.5, x, [y]], neg=-3, exp=1e-3)",
            Spec("a", {"list": (1, 2.5, "x", ("y",)), "neg": -3, "exp": 1e-3}),
        ),
        ("a()", Spec("a")),
    ],
)
def test_reads(text: str, spec: Spec) -> None:
    assert parse(text) == spec


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("", "expected a value"),
        ("a(", "expected"),
        ("a(b=1", "',' or ')'"),
        ("a(b=1,b=2)", "given twice"),
        ("a:", "nothing follows"),
        ("a b", "nothing more"),
        ("a(1, 2)", "option=value"),
        ("a(b=)", "expected a value"),
        ("a(b=1))", "nothing more"),
        ("a(" * 30, "nested"),
        ("a" * 20_000, "characters"),
    ],
)
def test_refuses_with_the_place(text: str, part: str) -> None:
    with pytest.raises(SpecError, match=".*" + part.replace("(", r"\(").replace(")", r"\)")):
        parse(text)


words = st.from_regex(r"[a-z][a-z0-9-]{0,8}", fullmatch=True)
values = st.recursive(
    st.one_of(
        st.integers(-(10**9), 10**9),
        st.floats(allow_nan=False, allow_infinity=False),
        st.booleans(),
        st.none(),
        st.text(max_size=12),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(tuple),
        st.builds(Spec, words, st.dictionaries(words, inner, min_size=1, max_size=3)),
    ),
    max_leaves=6,
)


@given(st.builds(Spec, words, st.dictionaries(words, values, max_size=4)))
def test_what_is_written_reads_back(spec: Spec) -> None:
    assert parse(str(spec)) == spec


@given(st.text(max_size=60))
def test_any_text_gives_a_spec_or_one_error(text: str) -> None:
    try:
        parsed = parse(text)
    except SpecError:
        return
    assert parsed.name
