"""Rules on known populations: what is certified is wrong as seldom as it is said, also with ten near-equal answers."""

import numpy as np
import pytest

from thinkharder.core.errors import BadOption
from thinkharder.replay.population import stops
from thinkharder.stopping import AdaptiveConsistency, Cite, CountRule, Esc, Fixed, Margin, Mmc, Ppr, Unanimous

CERTIFIED: list[CountRule] = [Ppr(answers=10), Cite(answers=10), Cite(), Mmc()]
TEN = (0.104, *[0.1] * 8, 0.096)
CLOSE = (0.36, 0.34, 0.15, 0.15)
RUNS = 1500


def most_wrong(runs: int, level: float = 0.05) -> float:
    """What a rule that is wrong at that level is not wrong more often than, but for one time in 10,000."""
    return level + 3.7 * float(np.sqrt(level * (1 - level) / runs))


@pytest.mark.slow
@pytest.mark.parametrize("rule", CERTIFIED, ids=str)
@pytest.mark.parametrize(
    "rates", [TEN, CLOSE, (0.5, 0.5), (0.3, 0.3, 0.3)], ids=["ten", "close", "equal", "three"]
)
def test_certified_rules_keep_their_level(rule: CountRule, rates: tuple[float, ...]) -> None:
    """Where several answers are equally probable, none is the unique mode: any stop is an error."""
    ends = stops(rule, rates, RUNS, 1500, seed=1)
    tie = sorted(rates)[-1] == sorted(rates)[-2]
    wrong = float(ends.stopped.mean()) if tie else ends.wrong
    assert wrong <= most_wrong(RUNS)


@pytest.mark.slow
@pytest.mark.parametrize("rule", [Ppr(0.2, 2), Cite(0.2, answers=2), Cite(0.2), Mmc(0.2)], ids=str)
def test_two_answers_come_near_the_level_and_keep_it(rule: CountRule) -> None:
    """The least that there is to correct for: an error in a level shows."""
    ends = stops(rule, (0.5005, 0.4995), RUNS, 1500, seed=3)
    assert 0.01 < ends.wrong <= most_wrong(RUNS, 0.2)


@pytest.mark.slow
@pytest.mark.parametrize("rule", CERTIFIED, ids=str)
def test_certified_rules_stop_where_the_leader_is_clear(rule: CountRule) -> None:
    ends = stops(rule, (0.75, 0.15, 0.1), 400, 2000)
    assert ends.stopped.mean() > (0.9 if rule != Cite() else 0.8)
    assert ends.wrong <= most_wrong(400)


@pytest.mark.slow
def test_adaptive_consistency_is_wrong_about_one_time_in_four() -> None:
    """At rates .36 and .34, without a cap to speak of."""
    ends = stops(AdaptiveConsistency(), CLOSE, 1000, 12_000)
    assert 0.19 < ends.wrong < 0.29


@pytest.mark.slow
def test_capital_that_follows_the_leader_certifies_too_much() -> None:
    """Several answers in turn win on the way up what only the last of them is then credited with."""
    followed = stops(Mmc(0.3, 1, "leading"), (0.5, 0.5), RUNS, 1500, seed=2)
    fixed = stops(Mmc(0.3, 1), (0.5, 0.5), RUNS, 1500, seed=2)
    assert fixed.stopped.mean() <= most_wrong(RUNS, 0.3)
    assert followed.stopped.mean() > fixed.stopped.mean()


def test_fixed_rules_draw_what_they_say() -> None:
    assert set(stops(Fixed(7), (0.6, 0.4), 50, 20).samples.tolist()) == {7}
    ends = stops(Fixed(7), (0.6, 0.4), 50, 5)
    assert set(ends.samples.tolist()) == {5}
    assert not ends.stopped.any()


def test_certain_answers_stop_at_once() -> None:
    for rule, samples in ((Margin(3), 3), (Unanimous(4), 4), (Esc(5), 5), (AdaptiveConsistency(), 4)):
        ends = stops(rule, (1.0,), 20, 40)
        assert set(ends.samples.tolist()) == {samples}
        assert ends.right.tolist() == [1.0] * 20


def test_margin_by_the_gamblers_ruin() -> None:
    """P(right) = 1 / (1 + (q/p)^m), and (p^m - q^m) / (p^m + q^m) · m / (p - q) draws."""
    p, q, m = 0.6, 0.4, 4
    ends = stops(Margin(m), (p, q), 20_000, 2000)
    right = 1 / (1 + (q / p) ** m)
    assert ends.right.mean() == pytest.approx(right, abs=0.012)
    assert ends.samples.mean() == pytest.approx(m / (p - q) * (2 * right - 1), rel=0.03)


def test_draws_that_abstain_cast_no_vote() -> None:
    ends = stops(Margin(2), (0.3,), 5000, 500)
    assert ends.samples.mean() == pytest.approx(2 / 0.3, rel=0.05)


@pytest.mark.parametrize("rates", [(), (0.7, 0.4), (-0.1, 0.5)])
def test_bad_rates_are_refused(rates: tuple[float, ...]) -> None:
    with pytest.raises(BadOption, match="rates"):
        stops(Margin(2), rates, 10, 10)
