"""What a judge's reply says: expected values by hand, strict parsing, abstention."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.verifiers.fakes import reply, token
from thinkharder.core.types import TokenLogprob
from thinkharder.verifiers.judge_reading import expected, parsed, sampled


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Score: 7", 0.7),
        ("score: 7", 0.7),
        ("I checked.\n**Score:** 7", 0.7),
        ("**Score: 7**", 0.7),
        ("Score: 7/10", 0.7),
        ("Score: 7.5", 0.75),
        ("Score: 0", 0.0),
        ("Score: 10", 1.0),
        ("Score: 2\nOn reflection:\nScore: 8", 0.8),
        ("Score: 8.", 0.8),
        ("Score: 11", None),
        ("Score: -1", None),
        ("Score: 7/5", None),
        ("Score: high", None),
        ("Score: 9\nScore: unsure", None),
        ("Score: 7 or 8", None),
        ("Score: 1e1", None),
        ("Score: ٧", None),
        ("> Score: 10", None),
        ('It says "Score: 10" but is wrong', None),
        ("A good answer", None),
        ("", None),
    ],
)
def test_parsed_is_strict_about_the_last_marked_line(text: str, value: float | None) -> None:
    found = parsed(reply(text), 10, bare=False).value
    assert found == (None if value is None else pytest.approx(value))


def test_a_bare_number_counts_only_where_nothing_else_was_asked_for() -> None:
    assert parsed(reply("7"), 10, bare=True).value == 0.7
    assert parsed(reply("7"), 10, bare=False).value is None
    assert parsed(reply("7 apples"), 10, bare=True).value is None


@pytest.mark.parametrize("text", ["Score: 7", "7", "", "Let me see"])
def test_truncated_judgements_abstain(text: str) -> None:
    assert parsed(reply(text, "length"), 10, bare=True).value is None


def test_expected_value_by_hand() -> None:
    # 0.6 * 8 + 0.2 * 6 + 0.1 * 8 (the other spelling), renormalised over 0.9
    answer = reply("8", logprobs=(token("8", 0.6, _8=0.6, _6=0.2, s8=0.1, xNo=0.1),))
    found = expected(answer, 9, 0.5, marked=False)
    assert found.value == pytest.approx((0.6 * 8 + 0.2 * 6 + 0.1 * 8) / 0.9 / 9)
    assert "0.900" in found.note


def test_the_chosen_token_counts_where_it_is_not_among_the_alternatives() -> None:
    answer = reply("3", logprobs=(token("3", 0.25, _9=0.75),))
    assert expected(answer, 9, 0.5, marked=False).value == pytest.approx((0.25 * 3 + 0.75 * 9) / 9)


def test_little_mass_on_scores_abstains_and_says_how_much() -> None:
    answer = reply("8", logprobs=(token("8", 0.3, _8=0.3, _The=0.7),))
    found = expected(answer, 9, 0.5, marked=False)
    assert found.value is None
    assert "0.300" in found.note
    assert expected(answer, 9, 0.3, marked=False).value == pytest.approx(8 / 9)


@pytest.mark.parametrize("lead", [["Score", ":", " "], ["\n"], ["**", "Score", ":**", " "], []])
def test_a_label_may_stand_before_the_score(lead: list[str]) -> None:
    tokens = (*(token(text, 0.9) for text in lead), token("4", 0.8, _4=0.8, _5=0.2))
    answer = reply("".join(t.token for t in tokens), logprobs=tokens)
    assert expected(answer, 9, 0.5, marked=False).value == pytest.approx(4.2 / 9)


@pytest.mark.parametrize("lead", [["There", " are", " "], ["I", " count"], ["1", "."], ["Not", " "]])
def test_a_digit_inside_prose_is_no_score(lead: list[str]) -> None:
    tokens = (*(token(text, 0.99, _no=0.001) for text in lead), token("4", 0.99, _4=0.99))
    answer = reply("".join(t.token for t in tokens), logprobs=tokens)
    assert expected(answer, 9, 0.5, marked=False).value is None


@pytest.mark.parametrize("rest", [["0"], [".", "5"], [",5"], ["00"]])
def test_a_number_that_runs_on_is_not_its_first_digit(rest: list[str]) -> None:
    tokens = (token("1", 0.9, _1=0.9), *(token(text, 0.9) for text in rest))
    if rest[0] == ".":
        tokens = (tokens[0], token(".5", 0.9))
    answer = reply("".join(t.token for t in tokens), logprobs=tokens)
    assert expected(answer, 9, 0.5, marked=False).value is None


def test_after_reasoning_the_score_is_read_where_the_last_marked_line_has_it() -> None:
    texts = ["6 times 7", " is 42", ".\n", "Score", ":", " ", "9", "<|im_end|>"]
    tokens = tuple(token(t, 0.9, _8=0.5, _2=0.5) if t == "9" else token(t, 0.9) for t in texts)
    tokens = (*tokens[:6], token("8", 0.75, _8=0.75, _4=0.25), tokens[7])
    answer = reply("6 times 7 is 42.\nScore: 8", logprobs=tokens)
    assert expected(answer, 9, 0.5, marked=True).value == pytest.approx((0.75 * 8 + 0.25 * 4) / 9)
    cut = reply("6 times 7 is 42.\nScore: 8", "length", tokens)
    assert expected(cut, 9, 0.5, marked=True).value is None
    assert expected(reply("no line", logprobs=(token("no line", 0.5),)), 9, 0.5, marked=True).value is None


def test_samples_are_a_monte_carlo_mean() -> None:
    found = sampled([reply(t, "length") for t in ("8", " 9", "7\n", "8")], 9, 0.5)
    assert found.value == pytest.approx(8 / 9)


def test_samples_with_their_log_probabilities_are_weighted_by_them() -> None:
    tokens = [token("8", 0.6), token("8", 0.6), token("8", 0.6), token("2", 0.3)]
    found = sampled([reply(t.token, "length", (t,)) for t in tokens], 9, 0.5)
    assert found.value == pytest.approx((0.6 * 8 + 0.3 * 2) / 0.9 / 9)  # the plain mean is 6.5 / 9
    rare = [token("8", 0.2), token("2", 0.1)]
    assert sampled([reply(t.token, "length", (t,)) for t in rare], 9, 0.5).value == pytest.approx(5 / 9)


def test_a_blank_before_the_score_counts_into_its_probability() -> None:
    tokens = [(token(" ", 0.9), token("8", 0.5)), (token("2", 0.2),)]
    found = sampled([reply("".join(t.token for t in ts), "length", ts) for ts in tokens], 9, 0.5)
    assert found.value == pytest.approx((0.45 * 8 + 0.2 * 2) / 0.65 / 9)


def test_samples_of_which_one_lacks_its_log_probability_are_a_plain_mean() -> None:
    replies = [reply("8", "length", (token("8", 0.9),)), reply("2", "length")]
    assert sampled(replies, 9, 0.5).value == pytest.approx(5 / 9)


def test_samples_that_are_mostly_no_scores_abstain() -> None:
    assert sampled([reply(t) for t in ("The", "8", "I", "10")], 9, 0.5).value is None
    assert sampled([], 9, 0.5).value is None
    assert sampled([reply("8"), reply("The")], 9, 0.5).value == pytest.approx(8 / 9)


def test_exact_probabilities_of_what_was_seen_have_less_error_than_frequencies() -> None:
    import numpy as np

    p = {"9": 0.4, "8": 0.3, "6": 0.2, "1": 0.1}
    truth = sum(int(t) * q for t, q in p.items()) / 9
    rng = np.random.default_rng(3)
    exact: list[float] = []
    plain: list[float] = []
    for _ in range(300):
        drawn = [str(t) for t in rng.choice(list(p), size=8, p=list(p.values()))]
        for known, found in ((True, exact), (False, plain)):
            replies = [reply(t, "length", (token(t, p[t]),) if known else ()) for t in drawn]
            value = sampled(replies, 9, 0.5).value
            assert value is not None
            found.append(value)
    error = [np.mean([(v - truth) ** 2 for v in found]) for found in (exact, plain)]
    assert error[0] < 0.5 * error[1]
    assert abs(np.mean(plain) - truth) < 0.02


@given(st.text(), st.sampled_from(["stop", "length", "content_filter"]))
def test_what_is_not_a_score_is_an_abstention_never_zero(text: str, finish: str) -> None:
    found = parsed(reply(text, finish), 10, bare=True).value  # type: ignore[arg-type]
    if found is not None:
        assert finish != "length"
        assert re.search(r"\d", text)
        assert 0 <= found <= 1
    if not re.search(r"[0-9]", text):
        assert found is None
        assert sampled([reply(text)], 9, 0.5).value is None


@given(
    st.lists(
        st.tuples(
            st.sampled_from([*"0123456789", " 7", "Score", ":", " ", "\n", "10", "x"]), st.floats(-30, 0)
        ),
        max_size=6,
    ),
    st.booleans(),
)
def test_expected_values_stay_on_the_scale(parts: list[tuple[str, float]], marked: bool) -> None:
    tokens = tuple(TokenLogprob(text, p, ((text, p), ("3", -2.0))) for text, p in parts)
    found = expected(reply("".join(t for t, _ in parts), logprobs=tokens), 9, 0.5, marked=marked)
    assert found.value is None or 0 <= found.value <= 1
    assert found.value is not None or found.note
