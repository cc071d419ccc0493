"""What type of answer a problem asks for."""

import json
from collections import Counter
from pathlib import Path

import pytest

from thinkharder.answers import ANSWER_TYPES, AnswerType, MathAnswers, TextAnswers, answer_type, decide
from thinkharder.core.errors import AnswerTypeError, UnknownName, UnknownOption
from thinkharder.core.types import Problem

PROBLEMS = [
    ("Which is the capital of France?\nA) London\nB) Paris\nC) Rome", "choice"),
    ("Which is larger? (A) 3 (B) 4", "choice"),
    ("Complete the function:\n```python\ndef add(a, b):\n    pass\n```", "code"),
    ("Write a Python function that reverses a list.", "code"),
    ("Implement a class for a queue.", "code"),
    ("Return the user's name and age as JSON.", "json"),
    ("Give me a JSON object with the keys a and b.", "json"),
    ("How many apples are left?", "number"),
    ("How much does she earn?", "number"),
    ("Jill gets $20 per hour and works 50 weeks, 35 hours a week. What's her annual salary?", "number"),
    ("小明有5个苹果，吃了2个，还剩多少个？", "number"),
    ("Wie viele Äpfel bleiben übrig?", "number"),
    (r"Find $x$ such that $x^2 = 4$.", "math"),
    (r"Evaluate \(\frac{1}{2} + 3\).", "math"),
    ("What is 17 * 23?", "math"),
    ("Simplify (x+1)(x-1).", "math"),
    ("Who wrote Hamlet?", "text"),
    ("Write a poem about the sea.", "text"),
    ("Translate 'Guten Morgen' into English.", "text"),
]


@pytest.mark.parametrize(("problem", "name"), PROBLEMS)
def test_auto_decides_and_says_why(problem: str, name: str) -> None:
    kind = answer_type("auto", Problem.of(problem))
    assert kind.name == name == decide(problem)[0]
    assert kind.reason
    assert isinstance(kind, AnswerType)


def test_word_problems_are_numbers_or_mathematics(shared: Path) -> None:
    for file, field, least in (
        ("gsm8k_test_dev.jsonl", "question", 0.99),
        ("math500_dev.jsonl", "problem", 0.98),
    ):
        with (shared / "data" / file).open() as lines:
            names = Counter(decide(json.loads(line)[field])[0] for line in lines)
        assert (names["math"] + names["number"]) / names.total() >= least, names


def test_tests_and_formats_of_the_problem_decide() -> None:
    assert answer_type("auto", Problem.of("Do it.", public_tests=("assert f(1) == 2",))).name == "code"
    assert answer_type("auto", Problem.of("Do it.", response_format={"type": "json_object"})).name == "json"


@pytest.mark.parametrize("name", [name for name in ANSWER_TYPES if name != "auto"])
def test_every_named_type(name: str) -> None:
    kind = answer_type(name, "Which? A) x B) y")
    assert kind.name == name
    assert kind.reason == ""
    assert isinstance(kind, AnswerType)
    assert answer_type(kind) is kind


def test_specs_carry_options(tmp_path: Path) -> None:
    schema = tmp_path / "schema.json"
    schema.write_text('{"type": "array"}')
    kind = answer_type(f"json:{schema}")
    assert kind.extract("[1]") is not None
    assert kind.extract("{}") is None
    assert answer_type("math(percent_unit=true)") == answer_type("math", "", percent_unit=True)
    assert answer_type("choice(options=[red, blue])").extract("blue") is not None
    assert answer_type("Number").name == "number"


def test_without_math_verify_formulas_are_compared_as_written_and_it_is_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("thinkharder.answers.auto.find_spec", lambda name: None)
    for kind in (answer_type("math", "x"), answer_type("auto", "Simplify $x+1$.")):
        assert isinstance(kind, MathAnswers)
        assert not kind.algebra
        assert "thinkharder[math]" in kind.reason


@pytest.mark.parametrize(
    "spec",
    [
        "json:no/such/file.json",
        "math(percent_unit=3)",
        "math(timeout=0)",
        "math(timeout=soon)",
        "choice(options=AB)",
        "choice(options=[A])",
        "json(schema=[1])",
    ],
)
def test_wrong_values_are_refused(spec: str) -> None:
    with pytest.raises(AnswerTypeError):
        answer_type(spec)


def test_unknown_names_and_options_are_refused_with_the_nearest() -> None:
    with pytest.raises(UnknownName, match="math"):
        answer_type("maths")
    with pytest.raises(UnknownOption, match="percent_unit"):
        answer_type("math", "", percent_units=True)
    with pytest.raises(UnknownOption):
        answer_type("auto", "", nonsense=1)
    with pytest.raises(UnknownOption):
        answer_type("text", "", schema={})
    with pytest.raises(AnswerTypeError):
        answer_type("choice", "", options="AB")


def test_auto_takes_the_options_of_any_type() -> None:
    assert answer_type("auto", "Who wrote Hamlet?", percent_unit=True) == TextAnswers(
        reason=decide("Who wrote Hamlet?")[1]
    )
