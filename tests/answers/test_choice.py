"""Multiple choice."""

import pytest

from thinkharder.answers import ChoiceAnswers, answer_type
from thinkharder.answers.choice import read_options

CITIES = "Which is the capital of France?\nA) London\nB) Paris\nC) Rome"
KIND = answer_type("choice", CITIES)


@pytest.mark.parametrize(
    "text",
    ["(B)", "B", "B.", "B)", "b)", "B) Paris", "B: Paris", "**B) Paris**", "**B**", "The answer is **B**", "The answer is B.", "The answer is (B) Paris.",
     "Paris", "paris.", "The answer is Paris", "\\boxed{B}", "\\boxed{\\text{B}}", "\\boxed{\\text{(B)}}", "\\boxed{\\text{Paris}}", "I think it is B",
     "A good question. It is B.", "Answer: b", "The correct answer is option B because", "Let me think.\n\nB", "**Answer: B**", "答案：B", "答案是（Ｂ）。",
     "The capital is Paris.", "Answer: A city called Paris", "C is wrong, so the answer is B", "<think>C</think>B", '{"answer": "B"}', "#### B",
     "User: B?\nThe answer is B", "I would choose option B.", "The answer is 👉 (B)"],
)  # fmt: skip
def test_the_same_choice(text: str) -> None:
    answer = KIND.extract(text)
    assert answer is not None
    assert (answer.key, answer.shown) == ("B", "B) Paris")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "D",
        "The answer is D",
        "A and C",
        "The answer is A and C",
        "I am not sure.",
        "A",
        "\\boxed{B",
        "London or Paris",
        "It is not Paris",
        "\\boxed{7}",
    ],
)
def test_abstains_or_another(text: str) -> None:
    answer = KIND.extract(text)
    assert answer is None or (text == "A" and answer.key == "A")


def test_the_article_and_the_pronoun_are_no_letters() -> None:
    nine = ChoiceAnswers(options=tuple(f"option {n}" for n in range(9)))
    assert nine.extract("The answer is a bit hard to find") is None
    assert nine.extract("I believe we cannot know") is None


OPTIONS = [
    (CITIES, ("London", "Paris", "Rome")),
    ("Pick: A. 1  B. 2  C. 3", ("1", "2", "3")),
    ("Pick: (A) 3 (B) 4 (C) 5", ("3", "4", "5")),
    (r"What? $\textbf{(A)}\ 5 \qquad\textbf{(B)}\ 6 \qquad \textbf{(C)}\ 7$", ("5", "6", "7")),
    ("a) red\nb) blue", ("red", "blue")),
    ("**A.** red\n**B.** blue", ("red", "blue")),
    ("选择：\nA、红\nB、蓝", ("红", "蓝")),
    ("Mr. A. Smith met (B) twice", ()),
    ("A) alone", ()),
    ("", ()),
]


@pytest.mark.parametrize(("problem", "options"), OPTIONS)
def test_options_are_read_from_the_problem(problem: str, options: tuple[str, ...]) -> None:
    assert read_options(problem) == options


def test_options_that_are_numbers_match_as_numbers() -> None:
    kind = answer_type("choice", r"What is half? (A) $\frac{1}{2}$ (B) 2 (C) 3")
    answer = kind.extract(r"\boxed{0.5}")
    assert answer is not None
    assert answer.key == "A"


def test_without_options_letters_to_j_count() -> None:
    kind = ChoiceAnswers()
    assert [bool(kind.extract(f"The answer is {letter}")) for letter in "AJK"] == [True, True, False]


def test_a_cut_text_counts_only_with_a_marker() -> None:
    assert KIND.extract("It is B", complete=False) is None
    assert KIND.extract("The answer is B and", complete=False) is not None


async def test_same_is_equality_of_letters() -> None:
    a, b = KIND.extract("A"), KIND.extract("Paris")
    assert a is not None
    assert b is not None
    assert not await KIND.same(a, b)
