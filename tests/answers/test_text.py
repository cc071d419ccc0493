"""Free text."""

import pytest

from thinkharder.answers import TextAnswers
from thinkharder.answers.text import LONGEST_KEY, first_sentence, normal_text, text_key

KIND = TextAnswers()

SAME = [
    [
        "Paris",
        "paris",
        "PARIS.",
        "**Paris**",
        '"Paris"',
        "“Paris”",
        "  Paris \n",
        "Ｐａｒｉｓ",
        "`Paris`",
        "The answer is Paris.",
        "Answer: Paris",
        "\\boxed{\\text{Paris}}",
        "答案：Paris。",
        "*Paris*",
        "(Paris)",
    ],
    ["café", "cafe\u0301", "CAFÉ"],
    ["Straße", "STRASSE"],
    ["北京", "「北京」", "答案是北京。"],
    ["القاهرة", "\u200fالقاهرة\u200f", "الجواب هو القاهرة"],
    ["New  York", "new york", "New\nYork"],
    ["don't", "don’t"],
    ["👨‍👩‍👧", "👨‍👩‍👧 "],
]


@pytest.mark.parametrize("texts", SAME, ids=lambda t: t[0])
def test_texts_that_read_the_same_are_the_same(texts: list[str]) -> None:
    keys = {answer.key if answer else None for answer in map(KIND.extract, texts)}
    assert keys == {text_key(texts[0])}


def test_different_texts() -> None:
    assert (
        len({text_key(text) for text in ("Paris", "Pari", "Paris, France", "👍", "👎", "C++", "C", "")}) == 8
    )


def test_inner_punctuation_and_user_turns_survive() -> None:
    assert normal_text("User: root") == "user: root"
    assert normal_text("snake_case_name") == "snake_case_name"
    answer = KIND.extract("The answer is User: root")
    assert answer is not None
    assert (answer.key, answer.shown) == ("user: root", "User: root")


def test_a_text_without_a_marker_is_the_answer_as_a_whole_unless_it_was_cut() -> None:
    poem = "First line\nsecond line\nthird line"
    answer = KIND.extract(poem)
    assert answer is not None
    assert answer.shown == poem
    assert KIND.extract(poem, complete=False) is None
    assert KIND.extract("Answer: Paris\nand", complete=False) is not None


def test_abstains() -> None:
    assert KIND.extract("") is None
    assert KIND.extract(" \n ") is None
    assert KIND.extract("<think>hm") is None
    assert KIND.extract(r"\boxed{Par") is None


def test_long_texts_have_short_keys() -> None:
    assert len(text_key("word " * 1000)) < LONGEST_KEY
    assert text_key("word " * 1000) != text_key("word " * 1001)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("Paris. It is big.", "Paris"),
        ("Mr. Smith", "Mr. Smith"),
        ("3.14", "3.14"),
        ("北京。很大。", "北京"),
        ("J. S. Bach wrote it", "J. S. Bach wrote it"),
    ],
)
def test_first_sentence(text: str, sentence: str) -> None:
    assert first_sentence(text) == sentence


async def test_same_is_equality_of_keys() -> None:
    a, b = KIND.extract("Paris"), KIND.extract("Rome")
    assert a is not None
    assert b is not None
    assert await KIND.same(a, a)
    assert not await KIND.same(a, b)
