"""What holds for any text."""

import asyncio
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from thinkharder.answers import AnswerType, answer_type
from thinkharder.answers.closed_form import closed_form
from thinkharder.answers.math_key import canonical, decide, hostile

CHOICE = "Which?\nA) one\nB) two\nC) three"
KINDS: list[AnswerType] = [
    answer_type(name, CHOICE) for name in ("math", "choice", "number", "text", "json", "code")
]
PIECES = [
    "\\boxed{", "}", "{", "\\frac", "$", "$$", "\\(", "\\)", "\\[", "\\]", "The answer is ", "Answer: ", "答案：", "####", "\n", " ", ".", ",", "-", "−", "%", "1", "23",
    "4.5", "1,234", "½", "x", "=", "^", "_", "(", ")", "[", "]", '"answer": ', '"', "```python\n", "```", "def f():\n", "<think>", "</think>", "<answer>", "</answer>",
    "\\text{", "and", "\\pm", "\\sqrt", "A", "(B)", "**", "\u200f", "🎉", "مرحبا", "２", "\\begin{pmatrix}", "\\\\", "&", "\\end{pmatrix}", "\x00", "\ud800", "five", "\\%",
]  # fmt: skip
TEXTS = st.one_of(
    st.text(max_size=200),
    st.text(st.characters(exclude_categories=()), max_size=60),
    st.lists(st.sampled_from(PIECES), max_size=40).map("".join),
)


@settings(max_examples=400, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(TEXTS, st.booleans())
def test_extract_never_raises_and_is_pure(text: str, complete: bool) -> None:
    for kind in KINDS:
        answer = kind.extract(text, complete=complete)
        assert answer == kind.extract(text, complete=complete)
        if answer is not None:
            assert answer.key
            assert isinstance(answer.shown, str)


@settings(max_examples=150, deadline=None)
@given(TEXTS, TEXTS)
def test_same_is_symmetric_and_follows_equal_keys(left: str, right: str) -> None:
    async def check() -> None:
        for kind in KINDS:
            a, b = kind.extract(left), kind.extract(right)
            if a is None or b is None:
                continue
            assert await kind.same(a, a)
            if kind.name != "math" or decide(a.key, b.key) is not None:
                assert await kind.same(a, b) == await kind.same(b, a)
                assert not (a.key == b.key and not await kind.same(a, b))

    asyncio.run(check())


@settings(max_examples=300, deadline=None)
@given(TEXTS)
def test_keys_are_stable_and_local_decisions_symmetric(text: str) -> None:
    key = canonical(text)
    assert decide(key, key) is True
    assert decide(key, "1/2") == decide("1/2", key)
    hostile(key)
    closed_form(text)


@given(st.fractions(max_denominator=10_000).filter(lambda q: abs(q) < 10**12))
def test_a_rational_is_its_own_key_in_every_spelling(q: object) -> None:
    text = str(q)
    above, _, below = text.partition("/")
    assert canonical(text) == text
    assert canonical(f"\\frac{{{above}}}{{{below or 1}}}") == text
    assert canonical(f"$ {text} $.") == text


MEGABYTE = 1_000_000
WALLS = [
    "a", "1", "\\boxed{", "{", "}", "\\", "$", "$1 ", "(", "[1,", "-", "1-", "1,", "1.", " ", "\n", "\t", "*", "**a", "`", "```", "```python\n", "# ", "#### ", "#### 1\n",
    "answer ", "the answer is ", "Answer: ", "answer\n\n", "答案", "答", "<think>", "</think>", "<answer>", "</answer>", '"answer": ', '"answer": "', "\\frac", "\\frac{1}",
    "\\text{", "\\left(", "½", "²", "🎉", "\u200f", "A) x ", "(A) ", "B. ", "Step 1 ", "1/2 ", "1e5", "1 234 ", "é", "İ", "def f():\n", "x=(", '"""', "_", "~", "not ",
    "= 1 ", "between 1 and ", "\\$", "\\\\", "a,", "option A ", "\\boxed{1}, ", "\\boxed ", "answer (", "answer to a", "\\begin{pmatrix}", "'",
]  # fmt: skip


@pytest.mark.parametrize("piece", WALLS, ids=repr)
def test_a_wall_of_anything_takes_bounded_time(piece: str) -> None:
    text = (piece * (MEGABYTE // len(piece) + 1))[:MEGABYTE]
    started = time.process_time()
    KINDS[0].extract(text)
    for kind in KINDS[1:]:
        kind.extract(text[: MEGABYTE // 4])
    for kind in KINDS:
        kind.extract("The answer is " + text[:50_000] + "\\boxed{" + text[:15_000] + "}")
    answer_type("auto", text)
    assert time.process_time() - started < 5.0


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_megabyte_with_an_answer_at_its_end(kind: AnswerType) -> None:
    filler = "Let us think about 1 + 1 = 2 and $x_{1}$ once more.\n" * 19_000
    started = time.process_time()
    answer = kind.extract(
        filler + {"json": '{"a": 1}', "code": "```python\ndef f(): pass\n```"}.get(kind.name, r"\boxed{B}")
    )
    assert time.process_time() - started < 2.0
    assert (answer is None) == (kind.name == "number")
