"""Mathematical answers: extraction, keys, equality."""

import pytest

from thinkharder.answers import Answer, MathAnswers, MathPool, answer_type
from thinkharder.answers.closed_form import closed_form
from thinkharder.answers.math_key import canonical, decide, hostile, parts

KIND = MathAnswers()

SAME_KEY = [
    ["1/2", "0.5", r"\frac12", r"\frac{1}{2}", r"\dfrac{1}{2}", r"\tfrac 12", r"$\frac{1}{2}$", ".5", "0.50", r"50\%", "50%", "½", "2/4", r"\(\frac12\)"],
    ["18", "18.0", "18.", r"\$18", "$18$", "18 dollars", r"18\text{ dollars}", "+18", "(18)", "１８", "١٨", r"x = 18", r"18\,\text{cm}", "18 cm", "eighteen"],
    ["-5", "−5", "－5", r"-\frac{10}{2}", "﹣5"],
    ["1234", "1,234", r"1{,}234", r"1,\!234", "1 234", r"1\,234", "1\u202f234", "1234.00"],
    ["10080", r"10,\!080", "10,080"],
    ["1234567", "1,234,567", r"1,\! 234,\! 567"],
    [r"\sqrt{2}", r"\sqrt2", "√2", r"\sqrt 2", "√(2)"],
    [r"3\sqrt{13}", r"3 \sqrt{13}", r"3\,\sqrt{13}"],
    ["x^2+1", "x^{2}+1", "x² + 1", "$x^2 + 1$"],
    ["(1,2)", r"\left(1, 2\right)", "(1, 2)", r"(1.0,\ \frac{4}{2})", "（1，2）"],
    ["150,80", "150 miles and 80 miles", "80, 150"],
    ["1,2", "2, 1", "1 and 2", r"1 \text{ and } 2", "2 or 1"],
    [r"1\pm\sqrt{19}", r"1+\sqrt{19}, 1-\sqrt{19}"],
    [r"\{1,2\}", r"\left\{2, 1\right\}", r"\{2,1,1\}"],
    ["90", r"90^\circ", r"90^{\circ}", "90°", "90 degrees"],
    [r"\text{Evelyn}", "Evelyn", "evelyn", r"\textbf{Evelyn}"],
    ["C", r"\text{(C)}", "(C)"],
    ["5/2", r"2\frac{1}{2}", "2 1/2", "2.5", "2½"],
    ["300000000", r"3\times10^8", r"3 \times 10^{8}", r"3\cdot 10^{8}", "3×10⁸", "3e8"],
    [r"\frac{270}{7}", r"\frac{270}7\text{ degrees}"],
    ["52", "52_8", "52_{8}"],
    [r"\begin{pmatrix} -1/3 \\ 2/3 \end{pmatrix}", r"\begin{bmatrix} -\frac13 \\ \frac{2}{3} \end{bmatrix}"],
    [r"(2,\infty)", r"(2, +\infty)", "(2,∞)"],
    ["8", "2^3", r"\sqrt{64}", r"16^{\frac34}", "64^{1/2}", r"\sqrt[3]{512}", "3+5=8"],
]  # fmt: skip


@pytest.mark.parametrize("spellings", SAME_KEY, ids=lambda s: s[0])
def test_spellings_of_one_answer_share_a_key(spellings: list[str]) -> None:
    assert {canonical(text) for text in spellings} == {canonical(spellings[0])}
    assert canonical(spellings[0])


DIFFERENT = [
    ("3.14", "14"), ("3.14", "3"), ("1/2", "1/3"), ("(1,2)", "(2,1)"), ("(1,2)", "[1,2]"), ("(3,4]", "(3,4)"), ("x", "y"),
    ("1,2", "1,3"), ("1,2", "1,2,3"), (r"\text{east}", r"\text{seat}"), ("5", "-5"), ("50", r"50\%"), ("2^{10}", "2^{-10}"),
    (r"\sqrt{2}", "1.41"), ("(1,234)", "1234"), (r"\pi", "3.14"), ("1000000", "1000001"), (r"\text{yes}", r"\text{no}"),
    (r"\begin{pmatrix}1\\2\end{pmatrix}", r"\begin{pmatrix}2\\1\end{pmatrix}"), ("0.333", "1/3"), (r"\begin{pmatrix}x&y\end{pmatrix}", r"\begin{pmatrix}x\\y\end{pmatrix}"), ("5", r"\text{five apples and pears}"),
]  # fmt: skip


@pytest.mark.parametrize(("a", "b"), DIFFERENT)
async def test_different_answers(a: str, b: str) -> None:
    left, right = KIND.answer(a), KIND.answer(b)
    assert left is not None
    assert right is not None
    assert left.key != right.key
    assert not await KIND.same(left, right)
    assert not await KIND.same(right, left)


EQUAL_BY_ALGEBRA = [
    (r"\frac{\sqrt{3}}{3}", r"\frac{1}{\sqrt{3}}"),
    (r"\sqrt{8}", r"2\sqrt{2}"),
    ("0.333333", "1/3"),
    (r"\frac{\pi}{2}", r"0.5\pi"),
    ("2k+2", "2(k+1)"),
    ("(a+5)(b+2)", "ab+2a+5b+10"),
    ("6+9i", "9i+6"),
    (r"\left(3, \frac{\pi}{2}\right)", r"(3, 0.5\pi)"),
    ("5x-7y+11z+4=0", "10x-14y+22z+8=0"),
    ("x+1,x-1", "-1+x,1+x"),
    ("3<x<4", "(3,4)"),
    (r"\{x+1\}", r"\{1+x\}"),
    (r"\begin{pmatrix}x+1\\2\end{pmatrix}", r"\begin{pmatrix}1+x\\2\end{pmatrix}"),
    (r"1\pm\sqrt{8}", r"1\pm2\sqrt{2}"),
]


@pytest.mark.parametrize(("a", "b"), EQUAL_BY_ALGEBRA)
async def test_equal_by_value_or_by_math_verify_both_ways_round(a: str, b: str) -> None:
    left, right = KIND.answer(a), KIND.answer(b)
    assert left is not None
    assert right is not None
    assert await KIND.same(left, right)
    assert await KIND.same(right, left)


EXTRACTED = [
    (r"We get \boxed{\frac{1}{2}}.", "1/2"),
    ("It is 3.14.", "157/50"),
    ("The answer is 3.14.", "157/50"),
    ("So the total is $18.", "18"),
    ("答案是 １２。", "12"),
    ("答案：-5", "-5"),
    ("La respuesta es 42.", "42"),
    ("Die Antwort ist 1.234,5", "2469/2"),
    ("The final answer is: \\[ \\frac{1}{2} \\]", "1/2"),
    ("The answer is $1$ and $-2$.", "-2,1"),
    ("The answer is therefore 5 because 2+3 is 5", "5"),
    ("Final answer: $x = 5$.", "5"),
    ('{"answer": "12"}', "12"),
    ("<think>maybe 5</think>The answer is 7", "7"),
    ("User: what?\nThe answer is 5", "5"),
    ("🎉 The answer is 5 🎉", "5"),
    ("x^2+1", "x^2+1"),
    ("Hence $x = 4$.", "4"),
    ("The answer is $\\boxed{7}$. I hope it helps in 2 ways.", "7"),
    (r"The answer is \(\begin{pmatrix} 1 \\ 2 \end{pmatrix}\).", r"\begin{pmatrix}1\\2\end{pmatrix}"),
    (r"The answer is $\$32,\!348$.", "32348"),
]


@pytest.mark.parametrize(("text", "key"), EXTRACTED)
def test_extract(text: str, key: str) -> None:
    answer = KIND.extract(text)
    assert answer is not None
    assert answer.key == key


@pytest.mark.parametrize(
    "text",
    ["", "I do not know.", r"\boxed{12", r"\boxed{}", "<think>so 5", "It is 10 or so: 3-5", "Chapter 1.2.3"],
)
def test_abstains(text: str) -> None:
    assert KIND.extract(text) is None


def test_a_cut_text_counts_only_with_a_marker() -> None:
    assert KIND.extract("First, 3 + 4 = 7. Then", complete=False) is None
    assert KIND.extract("First, 3 + 4 = 7. Then") == Answer("7", "7", 7)
    assert KIND.extract(r"\boxed{7} and now", complete=False) == Answer("7", "7", 7)


def test_percent_follows_the_question() -> None:
    asked = answer_type("math", "A shop sells 3 of 20. What percent is that?")
    free = answer_type("math", "There is a 30% chance of rain. What is the probability of two dry days?")
    assert [a.key for a in (asked.extract(r"\boxed{45\%}"), asked.extract(r"\boxed{45}")) if a] == [
        "45",
        "45",
    ]
    assert [a.key for a in (free.extract(r"\boxed{49\%}"), free.extract(r"\boxed{0.49}")) if a] == [
        "49/100",
        "49/100",
    ]


def test_an_equation_stays_one_where_the_question_asks_for_it() -> None:
    line = answer_type("math", "Find the equation of the vertical line through (5, 0).")
    assert [a.key for a in (line.extract(r"\boxed{x=5}"), line.extract(r"\boxed{y=5}")) if a] == [
        "x=5",
        "y=5",
    ]


def test_shown_is_for_people() -> None:
    shown = [
        a.shown
        for text in (r"\boxed{80 \text{ miles}}", r"\boxed{10{,}080}", r"\boxed{\$18}")
        if (a := KIND.extract(text))
    ]
    assert shown == ["80 miles", "10,080", r"\$18"]


@pytest.mark.parametrize(
    "text",
    [
        "9^{9^{9^9}}",
        "10^10^10",
        "9**9**9**9",
        "99999!",
        "3!!!!",
        "(" * 100 + "1" + ")" * 100,
        "2^{99999}",
        "1" * 500,
    ],
)
async def test_hostile_answers_equal_only_themselves_and_cost_nothing(text: str) -> None:
    with_nothing = MathAnswers(pool=MathPool(workers=1))
    answer, other = with_nothing.answer(text), with_nothing.answer("x+7")
    assert answer is not None
    assert other is not None
    assert hostile(answer.key) or closed_form(answer.key) is not None
    assert await with_nothing.same(answer, answer)
    assert not await with_nothing.same(answer, other)
    assert with_nothing.pool is not None
    assert with_nothing.pool.pids == []


def test_closed_forms_have_limits() -> None:
    assert closed_form("2^{10}") is not None
    for text in (
        "9^9^9",
        "2^{100000}",
        "1/0",
        "0^0",
        "0^{-1}",
        r"\sqrt{-1}",
        "1 2",
        "((((1",
        "",
        "x",
        "1e999",
        "(" * 17 + "1" + ")" * 17,
    ):
        assert closed_form(text) is None, text


def test_decide_and_parts() -> None:
    assert decide("1/2", "1/2") is True
    assert decide("1/2", "1/3") is False
    assert decide("'east'", "x") is False
    assert decide("x+1", "1+x") is None
    assert decide("2(k+1)", "2k+2") is None
    assert decide("x+1", "x+2") is False
    assert decide("32v", "18") is False
    assert decide(r"\infty", "18") is False
    assert decide("sin(x)", "3") is None
    assert decide(r"\log_2(8)", "3") is None
    assert decide("e^{0}", "1") is None
    assert parts("(1,2)") == ("()", ["1", "2"])
    assert parts("(3,4]") == ("(]", ["3", "4"])
    assert parts("1,2") == ("list", ["1", "2"])
    assert parts("5") is None


async def test_a_broken_installation_costs_equalities_and_not_the_run(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("thinkharder.answers.pool._BOOT", "raise SystemExit(1)")
    kind = MathAnswers(pool=MathPool(workers=1))
    a, b = kind.answer("x+1"), kind.answer("1+x")
    assert a is not None
    assert b is not None
    assert not await kind.same(a, b)
    assert "math-verify" in caplog.text
    plain = MathAnswers(algebra=False)
    assert not await plain.same(a, b)
    assert plain.pool is None


@pytest.mark.parametrize(
    "text",
    [
        "The final answer is within \\boxed{}.",
        "The final answer is within the specified format",
        "So the answer is looking for the sum.",
        "The answer is not shown here.",
    ],
)
def test_a_sentence_that_only_speaks_of_the_answer_abstains(text: str) -> None:
    assert MathAnswers().extract(text) is None


def test_what_is_shown_of_a_sum_is_its_result() -> None:
    found = MathAnswers().extract("So the answer is 15 + 27 = 42.")
    assert found is not None
    assert (found.key, found.shown) == ("42", "42")
    asked = MathAnswers(keep_equation=True).extract("\\boxed{y = 2x + 1}")
    assert asked is not None
    assert asked.shown == "y = 2x + 1"
