"""JSON documents."""

import time

import pytest

from thinkharder.answers import JsonAnswers, answer_type
from thinkharder.core.errors import AnswerTypeError

KIND = JsonAnswers()

SAME = [
    ['{"a": 1, "b": [1, 2]}', '{"b":[1,2],"a":1}', '```json\n{"a": 1.0, "b": [1e0, 2]}\n```', 'Sure:\n{"b": [1, 2.00], "a": 10e-1}\nDone.', '<think>{"a": 2}</think>{"a":1,"b":[1,2]}'],
    ['{"k": "é"}', '{"k": "\\u00e9"}'],
    ["[1000000]", "[1e6]", "[1000000.0]"],
    ["0", "-0", "0.0", "0e5"],
    ['{"x": 0.1}', '{"x": 0.10}', '{"x": 1e-1}'],
]  # fmt: skip


@pytest.mark.parametrize("texts", SAME, ids=lambda t: t[0])
def test_documents_with_the_same_values_are_the_same(texts: list[str]) -> None:
    keys = {answer.key if answer else None for answer in map(KIND.extract, texts)}
    assert len(keys) == 1
    assert None not in keys


def test_different_documents() -> None:
    texts = [
        "1",
        "true",
        '"1"',
        "null",
        "[1]",
        '{"1": 1}',
        "1.5",
        "-1",
        '["a", "b"]',
        '["b", "a"]',
        "1e400",
        "1e-5",
        "[[]]",
    ]
    keys = [answer.key for text in texts if (answer := KIND.extract(text))]
    assert len(set(keys)) == len(keys) >= len(texts) - 1


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no json",
        '{"a": 1, "a": 2}',
        "{'a': 1}",
        '{"a": NaN}',
        "[Infinity]",
        '{"a": 1',
        "[" * 200 + "]" * 200,
        "{}" * 0,
        "<think>{}",
        "[1" + "0" * 5000 + "]",
        "1e99999",
    ],
)
def test_abstains(text: str) -> None:
    assert KIND.extract(text) is None


def test_the_last_document_counts_and_its_value_is_python() -> None:
    answer = KIND.extract('First {"a": 1}. Then:\n{"a": 2, "b": [1.5, "User: x", "🎉"]}')
    assert answer is not None
    assert answer.value == {"a": 2, "b": [1.5, "User: x", "🎉"]}
    assert answer.shown == '{"a": 2, "b": [1.5, "User: x", "🎉"]}'


def test_the_last_fence_counts() -> None:
    answer = KIND.extract('```json\n{"a": 1}\n```\nBetter:\n```json\n{"a": 3}\n```\nin place of {"a": 9}')
    assert answer is not None
    assert answer.value == {"a": 3}


def test_walls_of_brackets_cost_nothing() -> None:
    started = time.process_time()
    for text in (
        "[" * 1_000_000,
        "[1," * 300_000,
        '{"a":' * 200_000,
        "[[[[" * 100 + "1," * 400_000,
        "```json\n" * 100_000,
    ):
        assert KIND.extract(text) is None
    assert time.process_time() - started < 10


SCHEMA = {"type": "object", "properties": {"age": {"type": "integer", "minimum": 0}}, "required": ["age"]}


def test_a_schema_decides_what_is_an_answer() -> None:
    kind = answer_type("json", "", schema=SCHEMA)
    assert kind.extract('{"age": 3.0}') is not None
    assert kind.extract('{"age": -3}') is None
    assert kind.extract('{"name": "x"}') is None


def test_a_schema_comes_with_the_problem() -> None:
    class Asked:
        text = "Tell me about Ann."
        response_format = {"type": "json_schema", "json_schema": {"name": "p", "schema": SCHEMA}}  # noqa: RUF012

    kind = answer_type("auto", Asked())
    assert kind.name == "json"
    assert kind.extract('{"age": "x"}') is None


def test_a_wrong_schema_is_refused() -> None:
    with pytest.raises(AnswerTypeError, match="is not one"):
        JsonAnswers(schema={"type": "no such type"})


@pytest.mark.parametrize(
    "reference", ["http://127.0.0.1:9/schema.json", "file:///etc/passwd", "#/$defs/missing", "other.json"]
)
def test_only_what_lies_in_the_schema_may_be_referred_to(reference: str) -> None:
    with pytest.raises(AnswerTypeError, match="is not in it"):
        JsonAnswers(schema={"properties": {"a": {"$ref": reference}}})


def test_local_references_work_and_endless_ones_hold_nobody_up() -> None:
    tree = JsonAnswers(
        schema={
            "$defs": {"node": {"type": "array", "items": {"$ref": "#/$defs/node"}}},
            "$ref": "#/$defs/node",
        }
    )
    assert tree.extract("[[], [[]]]") is not None
    assert tree.extract("[[1]]") is None
    endless = JsonAnswers(schema={"$defs": {"a": {"$ref": "#/$defs/a"}}, "$ref": "#/$defs/a"})
    assert endless.extract("[1]") is None


async def test_same_is_equality_of_keys() -> None:
    a, b = KIND.extract("[1]"), KIND.extract("[2]")
    assert a is not None
    assert b is not None
    assert not await KIND.same(a, b)
