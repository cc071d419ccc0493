"""One sample: what is read, what is refused, and that a row comes back as it went."""

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thinkharder.records.sample import FIELDS, MISSING, BadRecord, Sample

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
SHARE = st.floats(0, 1)
LOGPROB = st.floats(-50, 0)
COUNT = st.integers(0, 2**31 - 1)
SAMPLES = st.builds(
    Sample,
    problem=TEXT,
    sample=COUNT,
    answer=st.one_of(st.just(MISSING), st.none(), TEXT),
    gold=st.none() | TEXT,
    correct=st.none() | SHARE,
    text=st.none() | TEXT,
    reasoning=st.none() | TEXT,
    prompt_tokens=st.none() | COUNT,
    completion_tokens=st.none() | COUNT,
    reasoning_tokens=st.none() | COUNT,
    scores=st.dictionaries(TEXT, st.none() | SHARE, max_size=3),
    score_cost=st.dictionaries(TEXT, st.floats(0.5, 1e6), max_size=2),
    logprobs=st.none() | st.lists(LOGPROB, max_size=4).map(tuple),
    tops=st.none()
    | st.lists(st.lists(st.tuples(TEXT, LOGPROB), max_size=2).map(tuple), max_size=2).map(tuple),
    finish=st.none() | st.sampled_from(["stop", "length"]),
    seconds=st.none() | st.floats(0, 1e6),
)


@given(SAMPLES)
def test_a_line_comes_back_as_it_went(sample: Sample) -> None:
    assert Sample.of_row(json.loads(sample.line())) == sample


def test_every_field_is_in_the_format() -> None:
    assert set(FIELDS) == set(Sample.__dataclass_fields__)


def test_what_files_in_the_wild_hold() -> None:
    row = {
        "problem": 3,
        "sample": 0,
        "answer": 18,
        "gold": 18.5,
        "correct": True,
        "unknown": {"x": 1},
        "text": None,
    }
    sample = Sample.of_row(row)
    assert (sample.problem, sample.answer, sample.gold, sample.correct, sample.text) == (
        "3",
        "18",
        "18.5",
        1.0,
        None,
    )
    assert Sample.of_row({"problem": "a", "sample": 1}).answer is MISSING
    assert Sample.of_row({"problem": "a", "sample": 1, "answer": None}).answer is None
    assert Sample.of_row({"problem": "a", "sample": 1, "text": "a\ud800b"}).text == "a���b"
    assert not MISSING


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("problem", None),
        ("problem", True),
        ("problem", [1]),
        ("sample", "0"),
        ("sample", -1),
        ("sample", 2**31),
        ("sample", 0.5),
        ("answer", ["4"]),
        ("answer", True),
        ("answer", math.nan),
        ("gold", {}),
        ("correct", 1.5),
        ("correct", "yes"),
        ("text", 5),
        ("prompt_tokens", -1),
        ("completion_tokens", math.inf),
        ("scores", [1]),
        ("scores", {"judge": 2}),
        ("scores", "judge"),
        ("logprobs", [0.5]),
        ("logprobs", [-math.inf]),
        ("logprobs", ["x"]),
        ("logprobs", "-1"),
        ("logprobs", [None]),
        ("logprobs", -1.0),
        ("tops", [["a"]]),
        ("tops", 3),
        ("seconds", -1),
        ("finish", 1),
    ],
)
def test_what_is_refused_names_place_and_field(field: str, value: Any) -> None:
    with pytest.raises(BadRecord, match=rf"^f\.jsonl line 3: .*'{field}'"):
        Sample.of_row({"problem": "a", "sample": 0, field: value}, "f.jsonl line 3")


def test_a_row_must_be_an_object() -> None:
    with pytest.raises(BadRecord, match="a list where an object"):
        Sample.of_row([1])  # type: ignore[arg-type]
