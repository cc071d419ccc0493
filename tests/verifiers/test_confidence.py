"""Confidence measures against values computed by hand."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.verifiers.fakes import CHOSEN, PLAIN, PROBLEM, TOP, FakeSampler, candidate
from thinkharder.core.errors import BadOption, CapabilityError
from thinkharder.core.protocols import Effort, Verifier
from thinkharder.core.types import Score, TokenLogprob
from thinkharder.verifiers import Confidence, build, check

LOGPROBS = st.lists(st.floats(-20, 0), min_size=1, max_size=60)


def chosen(*logprobs: float) -> tuple[TokenLogprob, ...]:
    return tuple(TokenLogprob("t", value) for value in logprobs)


def alternatives(*rows: list[float]) -> tuple[TokenLogprob, ...]:
    """Tokens whose alternatives have these probabilities; the first is chosen."""
    return tuple(
        TokenLogprob("t0", math.log(row[0]), tuple((f"t{i}", math.log(p)) for i, p in enumerate(row)))
        for row in rows
    )


def test_it_is_a_verifier_without_cost() -> None:
    confidence = build("confidence")
    assert isinstance(confidence, Verifier)
    assert confidence.effort(1000, 1000) == Effort()
    assert not confidence.joint


@pytest.mark.parametrize(
    ("spec", "needs"),
    [
        ("confidence", 0),
        ("confidence:self-certainty", 20),
        ("confidence(self-certainty, top=5)", 5),
        ("confidence(tail, top=8)", 8),
    ],
)
def test_it_says_what_log_probabilities_it_needs(spec: str, needs: int) -> None:
    assert build(spec).logprobs == needs


# ---- by hand ---------------------------------------------------------------------------------------------------------


def test_mean_logprob_is_the_geometric_mean_of_the_probabilities() -> None:
    found = Confidence().of(chosen(math.log(0.5), math.log(0.125)))
    assert found.value == pytest.approx(0.25)
    assert "2 tokens" in found.note


def test_lowest_group_is_the_worst_window() -> None:
    tokens = chosen(-0.1, -0.1, -2.0, -1.0, -0.1, -0.1)
    assert Confidence("lowest-group", window=2).of(tokens).value == pytest.approx(math.exp(-1.5))
    assert Confidence("lowest-group", window=3).of(tokens).value == pytest.approx(math.exp(-3.1 / 3))
    assert Confidence("lowest-group", window=6).of(tokens).value == pytest.approx(math.exp(-3.4 / 6))
    assert Confidence("lowest-group", window=99).of(tokens).value == pytest.approx(math.exp(-3.4 / 6))


def test_tail_is_the_end() -> None:
    tokens = chosen(-5.0, -0.2, -0.4)
    assert Confidence("tail", window=2).of(tokens).value == pytest.approx(math.exp(-0.3))
    assert Confidence("tail", window=99).of(tokens).value == pytest.approx(math.exp(-5.6 / 3))


def test_self_certainty_is_the_divergence_from_uniform_over_what_is_given() -> None:
    rows = [[0.5, 0.25], [0.8, 0.1]]
    kl = [sum(0.5 * math.log(0.5 / p) for p in row) for row in rows]
    level = sum(kl) / 2
    found = Confidence("self-certainty", top=2).of(alternatives(*rows))
    assert found.value == pytest.approx(level / (1 + level))
    assert "approximated from the top 2" in found.note


def test_self_certainty_of_a_uniform_distribution_is_zero() -> None:
    found = Confidence("self-certainty", top=4).of(alternatives([0.25] * 4, [0.25] * 4))
    assert found.value == pytest.approx(0.0)


def test_with_alternatives_groups_have_the_confidence_of_the_paper() -> None:
    rows = [[0.9, 0.05], [0.4, 0.3], [0.6, 0.4]]
    each = [-(math.log(a) + math.log(b)) / 2 for a, b in rows]
    low = min((each[0] + each[1]) / 2, (each[1] + each[2]) / 2)
    last = each[2]
    assert Confidence("lowest-group", 2, top=2).of(alternatives(*rows)).value == pytest.approx(
        low / (1 + low)
    )
    assert Confidence("tail", 1, top=2).of(alternatives(*rows)).value == pytest.approx(last / (1 + last))


def test_the_likeliest_alternatives_count_in_whatever_order_they_come() -> None:
    straight = alternatives([0.6, 0.3, 0.1])
    turned = (TokenLogprob("t0", straight[0].logprob, straight[0].top[::-1]),)
    for tokens in (straight, turned):
        level = -(math.log(0.6) + math.log(0.3)) / 2 - math.log(2)
        found = Confidence("self-certainty", top=2).of(tokens)
        assert found.value == pytest.approx(level / (1 + level))


# ---- abstention ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("measure", ["mean-logprob", "self-certainty", "lowest-group", "tail"])
def test_without_log_probabilities_it_abstains(measure: str) -> None:
    found = Confidence(measure).of(())  # type: ignore[arg-type]
    assert found.value is None
    assert found.note


def test_measures_over_alternatives_abstain_where_there_are_none() -> None:
    for confidence in (Confidence("self-certainty"), Confidence("tail", top=5)):
        found = confidence.of(chosen(-0.1, -0.2))
        assert found.value is None
        assert "mean-logprob" in found.note
    assert Confidence().of(chosen(-0.1, -0.2)).value == pytest.approx(math.exp(-0.15))


def test_what_is_not_a_number_abstains() -> None:
    assert Confidence().of(chosen(-0.1, math.nan)).value is None
    assert (
        Confidence("self-certainty", top=2).of((TokenLogprob("a", -1, (("a", -1.0), ("b", math.nan))),)).value
        is None
    )


def test_impossible_tokens_count_as_very_unlikely() -> None:
    for worst in (-math.inf, -9999.0, -100.0):
        assert Confidence().of(chosen(0.0, worst)).value == pytest.approx(math.exp(-50))
    assert Confidence().of(chosen(1e-6)).value == 1.0


def test_refused_before_anything_is_spent() -> None:
    for spec in ("confidence", "confidence:tail"):
        check(build(spec), CHOSEN, PLAIN)
        with pytest.raises(CapabilityError, match="judge"):
            check(build(spec), PLAIN, PLAIN)
    for spec in ("confidence:self-certainty", "confidence(lowest-group, top=5)"):
        check(build(spec), TOP, PLAIN)
        with pytest.raises(CapabilityError, match="mean-logprob"):
            check(build(spec), CHOSEN, PLAIN)


def test_bad_options_are_refused() -> None:
    for spec in (
        "confidence(window=0)",
        "confidence(top=-1)",
        "confidence(top=5)",
        "confidence(self-certainty, top=1)",
        "confidence:entropy",
    ):
        with pytest.raises(BadOption):
            build(spec)


# ---- properties ------------------------------------------------------------------------------------------------------


@given(LOGPROBS, st.sampled_from(["mean-logprob", "lowest-group", "tail"]), st.integers(1, 70))
def test_scores_are_in_range_and_grow_with_every_logprob(
    values: list[float], measure: str, window: int
) -> None:
    confidence = Confidence(measure, window)  # type: ignore[arg-type]
    low, high = (confidence.of(chosen(*found)).value for found in (values, [v / 2 for v in values]))
    assert low is not None
    assert high is not None
    assert 0 <= low <= high <= 1


@given(LOGPROBS, st.integers(1, 70))
def test_the_lowest_group_is_at_most_the_tail_and_the_mean(values: list[float], window: int) -> None:
    low, tail, mean = (
        Confidence(m, window).of(chosen(*values)).value or 0.0
        for m in ("lowest-group", "tail", "mean-logprob")
    )
    assert low <= tail * (1 + 1e-9) + 1e-12
    if len(values) % window == 0 or len(values) < window:  # whole groups: their mean is the mean of all
        assert low <= mean * (1 + 1e-9) + 1e-12


@given(LOGPROBS, st.integers(1, 70))
def test_the_lowest_group_agrees_with_a_plain_loop(values: list[float], window: int) -> None:
    size = min(window, len(values))
    brute = min(sum(values[i : i + size]) / size for i in range(len(values) - size + 1))
    assert Confidence("lowest-group", window).of(chosen(*values)).value == pytest.approx(math.exp(brute))


@given(st.lists(st.one_of(st.none(), LOGPROBS), max_size=6), st.randoms())
async def test_scores_follow_the_candidates_through_any_permutation(
    pools: list[list[float] | None], random: object
) -> None:
    pool = [candidate("x", i, logprobs=chosen(*(values or []))) for i, values in enumerate(pools)]
    order = list(range(len(pool)))
    random.shuffle(order)  # type: ignore[attr-defined]
    sampler = FakeSampler(lambda text, draw: "never asked")
    straight = await Confidence().score(PROBLEM, pool, sampler)
    assert list(await Confidence().score(PROBLEM, [pool[i] for i in order], sampler)) == [
        straight[i] for i in order
    ]
    assert sampler.calls == []
    for score, values in zip(straight, pools, strict=True):
        assert isinstance(score, Score)
        assert (score.value is None) == (values is None)
