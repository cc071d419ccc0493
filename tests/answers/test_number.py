"""Numbers in text."""

import pytest

from thinkharder.answers import NumberAnswers, answer_type
from thinkharder.answers.base import asks_percent

KIND = NumberAnswers()


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("3.14", "157/50"), ("It is 3.14.", "157/50"), ("1,234.5", "2469/2"), ("1 234", "1234"), ("1\u202f234", "1234"),
        ("1'234", "1234"), ("−5", "-5"), ("It is –5", "-5"), ("$18", "18"), ("-$5", "-5"), ("$-5", "-5"), ("US$ 5", "5"), ("18%", "9/50"), ("1/2", "1/2"),
        ("2 1/2", "5/2"), ("5e3", "5000"), ("½", "1/2"), ("2½", "5/2"), ("１２３", "123"), ("٣", "3"), ("٣٫١٤", "157/50"), ("१२", "12"),
        ("1.234,56 €", "30864/25"), ("12,50 €", "25/2"), ("18.", "18"), ("答案是18元。", "18"), ("一共 18 元", "18"), ("5°C", "5"), ("5 kg", "5"),
        ("5kg", "5"), ("5 million", "5000000"), (".5", "1/2"), ("(5)", "5"), ("16 - 3 = 13", "13"), ("\u200f5\u200f", "5"), ("👍 7 👍", "7"),
        ("I have 3 apples and 4 pears, 7 in all.", "7"), ("Step 2: so it is 9", "9"), ("The answer is 2 * 9 = 18 dollars", "18"),
        ("The answer is 18 because 16-3-4=9 and 9*2=18", "18"), (r"\boxed{1{,}234}", "1234"), (r"\boxed{\$18.00}", "18"), (r"\boxed{80 \text{ miles}}", "80"),
        (r"\boxed{\frac{1}{2}}", "1/2"), ("#### 72", "72"), ('{"answer": 7}', "7"), ("The answer is five.", "5"), ("User: 3\nAnswer: 4", "4"),
        ("<think>1</think>2", "2"), ("**12**", "12"), ("x = 12", "12"), ("It costs $1,000,000!", "1000000"), ("-0", "0"),
    ],
)  # fmt: skip
def test_numbers(text: str, key: str) -> None:
    answer = KIND.extract(text)
    assert answer is not None
    assert answer.key == key


@pytest.mark.parametrize(
    "text",
    ["", "none", "10-15", "10–15", "10 to 15", "between 10 and 15", "version 1.2.3", "at 10:30", "H2O", "3:4", "2024-01-05", "1/2/2024",
     "1/0", r"\boxed{L - 8}", r"\boxed{12", "1. First\n2. Second", "<think>5", "The answer is 10-15", "192.168.0.1", "3..5"],
)  # fmt: skip
def test_abstains(text: str) -> None:
    assert KIND.extract(text) is None


def test_a_cut_text_counts_only_with_a_marker() -> None:
    assert KIND.extract("so 5", complete=False) is None
    assert KIND.extract("The answer is 5. And", complete=False) is not None


@pytest.mark.parametrize(
    ("problem", "asked"),
    [
        ("What percentage of the cake is left?", True),
        ("A 20% discount is given. What is the price?", False),
        ("What percent is it? There are 3 of 4.", True),
        ("Express your answer as a percent.", True),
        ("How much is 20% of 50?", True),
        ("百分之几？", True),
        ("", False),
    ],
)
def test_percent_follows_the_question(problem: str, asked: bool) -> None:
    assert asks_percent(problem) is asked
    answer = answer_type("number", problem).extract("45%")
    assert answer is not None
    assert answer.key == ("45" if asked else "9/20")


async def test_same_is_equality_of_keys() -> None:
    half, also, third = (KIND.extract(text) for text in ("1/2", "0.5", "1/3"))
    assert half is not None
    assert also is not None
    assert third is not None
    assert await KIND.same(half, also)
    assert not await KIND.same(half, third)
    assert not KIND.semantic
