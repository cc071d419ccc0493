"""Values cross as data, come back equal, and are bounded."""

import contextlib
import json
import math
from collections import Counter, OrderedDict, defaultdict, namedtuple
from decimal import Decimal
from enum import IntEnum
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thinkharder.sandbox.harness.wire import MAX_NODES, Refused, canonical, decode, dumps, encode, loads

HASHABLE = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.complex_numbers(allow_nan=False)
    | st.text(st.characters(exclude_categories=()))
    | st.binary(),
    lambda inner: st.tuples(inner, inner) | st.frozensets(inner, max_size=3),
    max_leaves=5,
)
VALUES = st.recursive(
    HASHABLE,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(HASHABLE, inner, max_size=4)
        | st.sets(HASHABLE, max_size=4)
        | st.tuples(inner)
    ),
    max_leaves=12,
)


def through(value: Any) -> Any:
    return decode(loads(dumps(encode(value))))


@given(VALUES)
def test_values_come_back_as_they_were(value: Any) -> None:
    assert through(value) == value
    assert type(through(value)) is type(value)


@given(VALUES)
def test_equal_values_have_one_canonical_text(value: Any) -> None:
    assert canonical(through(value)) == canonical(value)


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(), st.lists) | VALUES)
def test_any_json_is_decoded_or_refused(node: Any) -> None:
    try:
        text = json.dumps(node)
    except TypeError:
        return
    with contextlib.suppress(Refused):
        decode(loads(text.encode()))


def test_subclasses_arrive_as_what_they_are_built_on() -> None:
    class Number(int):
        def __eq__(self, other: object) -> bool:
            return True

        __hash__ = int.__hash__

    class Text(str):
        def __str__(self) -> str:
            return "other"

    pair = namedtuple("pair", "a b")
    level = IntEnum("level", "LOW")
    assert type(through(Number(3))) is int
    assert through(Number(3)) == 3
    assert through(Text("a")) == "a"
    assert type(through(Text("a"))) is str
    assert through(pair(1, 2)) == (1, 2)
    assert through(level(1)) == 1
    assert through(Counter("aab")) == {"a": 2, "b": 1}
    assert through(OrderedDict(a=1)) == {"a": 1}
    assert through(defaultdict(list, a=[1])) == {"a": [1]}


def test_the_rarer_kinds() -> None:
    assert math.isnan(through(math.nan))
    assert through(-math.inf) == -math.inf
    assert math.copysign(1, through(-0.0)) == -1
    assert through(range(1, 9, 2)) == range(1, 9, 2)
    assert through(Decimal("1.10")) == Decimal("1.10")
    assert through(Fraction(1, 3)) == Fraction(1, 3)
    assert list(through(i * i for i in range(3))) == [0, 1, 4]
    assert through({"a": 1}.keys()) == {"a"}
    assert list(through({"a": 1}.values())) == [1]
    assert through({"a": 1}.items()) == {("a", 1)}
    assert through(bytearray(b"x")) == bytearray(b"x")
    assert through(1 << 5000) == 1 << 5000
    assert through(-(1 << 60)) == -(1 << 60)


def nested(depth: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(depth):
        value = [value]
    return value


def circular() -> list[Any]:
    value: list[Any] = []
    value.append(value)
    return value


def unfolding() -> list[Any]:
    value: list[Any] = [1]
    for _ in range(12):
        value = [value] * 10
    return value


@pytest.mark.parametrize(
    "value",
    [
        [0] * (MAX_NODES + 1),
        (x for x in iter(int, 1)),
        [object()],
        {1: object()},
        object(),
        object,
        len,
        lambda: 1,
        nested(1000),
        circular(),
        unfolding(),
        "a" * 3_000_000,
        1 << 30_000_000,
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_is_no_data_or_too_much_is_refused(value: Any) -> None:
    with pytest.raises(Refused):
        encode(value)


@pytest.mark.parametrize(
    "text",
    [
        "[",
        "[]",
        "[1]",
        '["x"]',
        '["i"]',
        '["i","g"]',
        '["f",1]',
        '["d",1]',
        '["d",[["l"],1]]',
        '["s",["l"]]',
        "{}",
        '["r",1,2,0]',
        '["F",1,0]',
        '["D","x"]',
        "1.5",
        "99999999999999999999",
        '["c",1,2]',
        "[" * 100_000,
        '["l",' * 200 + "1" + "]" * 200,
        '["di",1]',
        "nope",
        '["b","zz"]',
    ],
)
def test_malformed_messages_are_refused(text: str) -> None:
    with pytest.raises(Refused):
        decode(loads(text.encode()))


def test_canonical_is_pythons_equality() -> None:
    assert canonical(1) == canonical(1.0) == canonical(True)
    assert canonical(0.1 + 0.2) == canonical(0.3)
    assert canonical({1: 2, 3: 4}) == canonical({3: 4, 1: 2})
    assert canonical({1, 2, 3}) == canonical(frozenset((3, 2, 1)))
    assert len({canonical(v) for v in ([1], (1,), {1}, 1, "1", b"1", None, 1.5, {1: 1}, 1j)}) == 10
    assert canonical(["a,b"]) != canonical(["a", "b"])
    assert canonical(10**400) != canonical(10**400 + 1)
