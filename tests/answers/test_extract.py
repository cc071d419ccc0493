"""Where a text says its answer."""

import pytest

from thinkharder.answers.extract import boxed, closing, field, final_part, find, hashed, phrases, tagged


@pytest.mark.parametrize(
    ("text", "content"),
    [
        (r"so \boxed{18}.", "18"),
        (r"\boxed{\frac{1}{2}}", r"\frac{1}{2}"),
        (r"first \boxed{1}, then much later we correct this: \boxed{2}", "2"),
        (r"\boxed{\{1, 2\}}", r"\{1, 2\}"),
        (r"\boxed{\text{a \} brace}}", r"\text{a \} brace}"),
        (r"\fbox{7}", "7"),
        (r"\boxed 5", "5"),
        (r"\boxed{1}, \boxed{-2}", "1, -2"),
        (r"$\boxed{1}$ and $\boxed{2}$", "1, 2"),
        (r"\boxed{3} and again \boxed{3}", "3"),
        (r"It is 4, so \boxed{}", None),
        (r"write \boxed{answer}: \boxed{12}", "12"),
        (r"\boxed{...}", None),
        ("no box", None),
    ],
)
def test_boxed_takes_the_last_with_its_nested_braces(text: str, content: str | None) -> None:
    assert boxed(text) == (content, False)


@pytest.mark.parametrize(
    "text", [r"\boxed{12", r"\boxed{\frac{1}{2}", r"\boxed", r"\boxed{3} no, rather \boxed{12"]
)
def test_a_box_cut_by_the_end_is_no_answer(text: str) -> None:
    assert boxed(text) == (None, True)
    assert find(text).cut


def test_a_cut_box_that_repeats_the_one_before_leaves_that_standing() -> None:
    assert boxed(r"\boxed{128}. Therefore, the answer is \boxed{12") == ("128", False)
    assert boxed(r"\boxed{128}. Therefore, the answer is \boxed") == ("128", False)


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("plain", "plain"),
        ("<think>a</think>b", "b"),
        ("a</think>b", "b"),
        ("<THINK>a</Think> b <think> is a tag", " b <think> is a tag"),
        ("<think>one</think>two</think>three", "three"),
        ("<reasoning>x</reasoning>y", "y"),
        ("<think>never ends", None),
        ("ok\n<think>never ends \\boxed{3}", None),
        ("<think>a</think>b\n<think>c", None),
    ],
)
def test_only_what_follows_the_thinking_counts(text: str, rest: str | None) -> None:
    assert final_part(text) == rest


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("The answer is 5.", "5."),
        ("the final answer is: 5", "5"),
        ("The answer is 3. But no: the final answer is 4. The answer is right.", "4. The answer is right."),
        ("Answer: 5", "5"),
        ("ANSWER: 5", "5"),
        ("**Answer:** 5", "5"),
        ("**Answer**: 5", "5"),
        ("**Final Answer**\n\n5", "5"),
        ("### Final Answer:\n\n5 apples", "5 apples"),
        ("Answer:\n\n\\[\n42\n\\]", "42"),
        ("The answer to the question is 5", "5"),
        ("The answer (in meters) is 5", "5"),
        ("Our answer = 5", "5"),
        ("The correct answer would be 9", "9"),
        ("答案：42", "42"),
        ("答案是42。", "42。"),
        ("最终答案为 7", "7"),
        ("答え：12", "12"),
        ("정답: 5", "5"),
        ("Die Antwort ist 12", "12"),
        ("Die Antwort lautet: 12", "12"),
        ("La réponse est 12", "12"),
        ("La réponse finale est : 12", "12"),
        ("La respuesta es 12", "12"),
        ("La risposta è 12", "12"),
        ("A resposta é 12", "12"),
        ("Ответ: 12", "12"),
        ("الجواب هو 12", "12"),
        ("Answer: User: root", "User: root"),
    ],
)
def test_phrases_of_many_languages(text: str, first: str) -> None:
    assert phrases(text)[0] == first


@pytest.mark.parametrize(
    "text",
    [
        "",
        "We answered all.",
        "The answer depends on you.",
        "Answer:",
        "The answer is ...",
        "unanswerable is x",
    ],
)
def test_no_phrase(text: str) -> None:
    assert phrases(text) == []


@pytest.mark.parametrize(
    ("text", "content"),
    [
        ("work\n#### 1,234", "1,234"),
        ("#### B", "B"),
        ("#### Step 1: look\nsome text", None),
        ("#### 18\nThat is it.", "18"),
        ("### 18", None),
    ],
)
def test_hashes(text: str, content: str | None) -> None:
    assert hashed(text) == content


@pytest.mark.parametrize(
    ("text", "content"),
    [
        ('{"answer": "12"}', "12"),
        ('{"reasoning": "…", "final_answer": -7.5}', "-7.5"),
        ('{"answer": "a \\"b\\" c"}', 'a "b" c'),
        ('{"answer": "1"} {"answer": "2"}', "2"),
        ('{"answer": "cut', None),
        ('{"answer": [1]}', None),
    ],
)
def test_a_json_field(text: str, content: str | None) -> None:
    assert field(text) == content


def test_answer_tags_and_braces() -> None:
    assert tagged("<answer>3</answer> <answer> 4 </answer>") == " 4 "
    assert tagged("<answer>3") is None
    assert tagged("3</answer>") is None
    assert closing("{a{b}c}d", 0) == 6
    assert closing(r"{\}}", 0) == 3
    assert closing("{{}", 0) is None


def test_markers_in_order_of_strength() -> None:
    found = find("Answer: 1\n#### 2\n<answer>3</answer>\n" + r"\boxed{4}")
    assert [span.text for span in found.spans][:2] == ["4", "3"]
    assert found.spans[0].strict
    assert not found.spans[-1].strict


def test_long_texts_are_read_from_their_end() -> None:
    text = "The answer is 1. " + "x " * 500_000 + "The answer is 2"
    assert find(text).spans[0].text == "2"
