"""The default rule: its decisions against plain recursion, for one run and for many, and what is refused."""

import time
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from thinkharder.core import registry
from thinkharder.core.errors import BadOption
from thinkharder.core.types import Candidate
from thinkharder.records.pool import Pool
from thinkharder.records.sample import Sample
from thinkharder.replay import replay
from thinkharder.stats.optimal import Exact
from thinkharder.stats.priors import Prior
from thinkharder.stopping.seen import Seen
from thinkharder.stopping.worth import MOST, Worth
from thinkharder.stopping.worth_table import table
from thinkharder.strategies import SelfConsistency

TWO = Prior.of([0.6, 0.4], [0, 0], [[0.9, 0.1], [0.55, 0.45]], [[1, 1], [1, 1]], [[0.9, 0.05], [0.6, 0.4]])
THREE = Prior.of([1], [0], [[0.5, 0.3, 0.2]], [[1, 1, 1]], [[0.7, 0.2, 0.1]])
FOUR = Prior.of([1], [0], [[0.4, 0.3, 0.15]], [[1, 1, 2]], [[1, 0, 0]])


def seen(drawn: int, first: int, second: int, voted: int, cap: int = 12) -> Seen:
    """What it reads; the rest does not matter to it."""
    return Seen(drawn, cap, first, second, voted, 0, 0, 0)


def followed(exact: Exact, rule: Worth) -> tuple[float, float]:
    """Accuracy and samples of a rule on a known population."""

    def wants(n: int, counts: np.ndarray) -> np.ndarray:
        votes = np.full(len(counts), n)
        return np.asarray(rule.wants(seen(n, counts[:, 0], counts[:, 1], votes, exact.cap)))  # type: ignore[arg-type]

    found = exact.run(wants)
    return found.accuracy, found.samples


@pytest.mark.parametrize("price", [0.03, 0.01, 0.003, 0.0005])
@pytest.mark.parametrize("population", [TWO, THREE], ids=["two", "three"])
def test_one_by_one_and_up_to_three_answers_it_is_the_optimum(population: Prior, price: float) -> None:
    (best,) = Exact(population, 9).frontier([price])
    found = table(population, 9, price, 0.0, "accuracy").value
    assert found == pytest.approx(best.accuracy - price * best.samples, abs=1e-9)


@pytest.mark.parametrize("price", [0.03, 0.01, 0.003])
def test_for_two_answers_agreement_is_exact(price: float) -> None:
    (best,) = Exact(TWO, 9).frontier([price], "agreement")
    found = table(TWO, 9, price, 0.0, "agreement").value
    assert found == pytest.approx(best.agreement - price * best.samples, abs=1e-9)


@pytest.mark.parametrize(("price", "prompt"), [(0.02, 0.3), (0.01, 2.0), (0.004, 0.5)])
def test_waves_and_abstentions_against_plain_recursion(price: float, prompt: float) -> None:
    """Histories of one population of two answers that abstains at two rates, enumerated by their counts."""
    share, right, cap = (0.7, 0.3), (0.8, 0.1), 6
    worlds = [(w * 0.5, z, flip) for w, z in ((0.75, 0.1), (0.25, 0.6)) for flip in (False, True)]

    def weights(x: int, y: int, m: int) -> np.ndarray:
        return np.array(
            [w * z**m * (1 - z) ** (x + y) * share[flip] ** x * share[not flip] ** y for w, z, flip in worlds]
        )

    def after(x: int, y: int, m: int) -> list[tuple[float, tuple[int, int, int]]]:
        now = weights(x, y, m).sum()
        return [(weights(*s).sum() / now, s) for s in ((x + 1, y, m), (x, y + 1, m), (x, y, m + 1))]

    def stop(x: int, y: int, m: int) -> float:
        if x == y == 0:
            return 0.0
        good = np.array([right[flip] if x > y else right[not flip] for _, _, flip in worlds])
        if x == y:
            good = np.full(len(worlds), sum(right) / 2)
        chance = weights(x, y, m)
        return float(chance @ good / chance.sum())

    @cache
    def best(x: int, y: int, m: int) -> tuple[float, bool]:
        found = (stop(x, y, m), False)
        for more in range(1, cap - x - y - m + 1):
            value = paid(x, y, m, more) - price * (more + prompt)
            if value > found[0] + 1e-12:
                found = (value, True)
        return found

    def paid(x: int, y: int, m: int, left: int) -> float:
        """The mean over the next draw, then with `left - 1` paid draws; a state where it would stop ends it."""
        return sum(
            chance * (best(*s)[0] if left == 1 or not best(*s)[1] else paid(*s, left - 1))
            for chance, s in after(x, y, m)
        )

    prior = Prior.of([0.75, 0.25], [0.1, 0.6], [share, share], [[1, 1]] * 2, [right, right])
    known = table(prior, cap, price, prompt, "accuracy")
    assert known.value == pytest.approx(best(0, 0, 0)[0], abs=1e-9)
    for n in range(cap):
        for m in range(n + 1):
            for b in range((n - m) // 2 + 1):
                a = n - m - b
                wants = known.wants[known.starts[n] + (m * (n + 1) + a) * (n // 2 + 1) + b]
                assert (wants > 0) == best(a, b, m)[1]


def test_with_a_known_prior_it_is_near_the_optimum_and_cheaper_than_margins(tmp_path: Path) -> None:
    path = tmp_path / "prior.json"
    path.write_text(FOUR.to_json())
    exact = Exact(FOUR, 16)
    prices = np.geomspace(0.05, 1e-4, 30)
    optimum = exact.frontier(prices.tolist())
    right, drawn = [o.accuracy for o in optimum], [o.samples for o in optimum]
    for price in (0.02, 0.005, 0.002, 0.001):
        accuracy, samples = followed(exact, Worth(price, prior=str(path), prompt=0.0))
        assert samples < 1.1 * np.interp(accuracy, right, drawn)


def test_where_samples_cost_next_to_nothing_it_loses_nothing() -> None:
    """What the state leaves out of the counts must not make going on seem worth less than nothing."""
    exact = Exact(FOUR, 14)
    accuracy, samples = followed(exact, Worth(1e-9, prompt=0.0))
    assert accuracy == pytest.approx(exact.whole().accuracy, abs=1e-6)
    assert samples < 13


def test_it_knows_a_lead_from_a_coin_flip() -> None:
    rule = Worth(0.002, prompt=0.0)
    assert rule.wants(seen(4, 4, 0, 4)) == 0
    assert rule.wants(seen(2, 1, 1, 2)) > 0
    assert rule.wants(seen(0, 0, 0, 0)) > 0
    assert rule.wants(seen(3, 0, 0, 0)) > 0
    assert rule.wants(seen(12, 6, 6, 12)) == 0


def test_what_cannot_be_overtaken_is_not_asked_about() -> None:
    rule = Worth(1e-7, "agreement", prompt=0.0)
    assert rule.wants(seen(8, 7, 1, 8)) == 0
    assert rule.wants(seen(8, 5, 1, 6)) > 0


def test_dearer_samples_are_fewer() -> None:
    exact = Exact(FOUR, 12)
    drawn = [followed(exact, Worth(price, prompt=0.0))[1] for price in (0.0005, 0.002, 0.008, 0.03)]
    assert drawn == sorted(drawn, reverse=True)
    assert drawn[0] > drawn[-1]


def test_a_dear_prompt_makes_requests_larger() -> None:
    few, many = Worth(0.002, prompt=0.0), Worth(0.002, prompt=4.0)
    assert few.wants(seen(0, 0, 0, 0)) == 1
    assert many.wants(seen(0, 0, 0, 0)) > 2


@pytest.mark.parametrize("objective", ["accuracy", "agreement"])
def test_arrays_decide_as_numbers_do(objective: str) -> None:
    rule = Worth(0.004, objective, prompt=0.5)  # type: ignore[arg-type]
    rng = np.random.default_rng(0)
    for drawn in (0, 1, 5, 9, 12, 14):
        second = rng.integers(0, drawn // 2 + 1, 200)
        first = np.array([rng.integers(b, drawn - b + 1) for b in second])
        voted = np.array([rng.integers(a + b, drawn + 1) for a, b in zip(first, second, strict=True)])
        caps = rng.choice([7, 12], 200)
        for cap in (np.full(200, 12), caps):
            many = Seen(
                drawn, cap.astype(np.int16), *(x.astype(np.int16) for x in (first, second, voted)), 0, 0, 0
            )
            rows = zip(first.tolist(), second.tolist(), voted.tolist(), cap.tolist(), strict=True)
            single = [rule.wants(seen(drawn, *row)) for row in rows]
            assert np.asarray(rule.wants(many)).tolist() == single
    assert rule.wants(Seen(3, np.zeros(0, np.int16), *([np.zeros(0, np.int16)] * 3), 0, 0, 0)).size == 0


def test_a_decision_costs_nothing() -> None:
    rule, state = Worth(), seen(6, 3, 2, 6, 40)
    rule.wants(state)
    times = []
    for _ in range(200):
        began = time.perf_counter()
        rule.wants(state)
        times.append(time.perf_counter() - began)
    assert min(times) < 20e-6
    many = Seen(6, np.full(8192, 40, np.int16), *(np.full(8192, k, np.int16) for k in (3, 2, 6)), 0, 0, 0)
    times = []
    for _ in range(50):
        began = time.perf_counter()
        rule.wants(many)
        times.append((time.perf_counter() - began) / 8192)
    assert min(times) < 50e-9


def test_it_is_asked_about_candidates() -> None:
    draws = [Candidate(id=str(n), text="", kind="answer", draw=n, answer_class=0) for n in range(5)]
    rule = Worth(0.01)
    assert rule.more(draws, 12) == 0
    assert rule.more(draws[:0], 12) >= 1
    assert rule.more(draws[:1], 1) == 0


def test_beyond_what_it_looks_ahead_it_stops() -> None:
    assert Worth(0.05).table(12).cap == 12
    assert Worth(0.05).wants(seen(MOST, 30, 30, MOST, 200)) == 0


def test_what_was_thought_impossible_is_looked_at_further(tmp_path: Path) -> None:
    path = tmp_path / "prior.json"
    path.write_text(TWO.to_json())
    rule = Worth(0.05, prior=str(path), prompt=0.0)
    assert rule.wants(seen(3, 1, 1, 3)) == 1
    assert rule.wants(seen(3, 2, 1, 3)) == 0


def test_a_file_that_changes_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "prior.json"
    path.write_text(TWO.to_json())
    assert Worth(0.01, prior=str(path)).table(6).value == table(TWO, 6, 0.01, TWO.prompt, "accuracy").value
    path.write_text(FOUR.to_json() + "\n")
    assert Worth(0.01, prior=str(path)).table(6).value == table(FOUR, 6, 0.01, 0.3, "accuracy").value


def test_specs() -> None:
    built = registry.build("rule", "default(price=0.01, objective=agreement, prompt=1)")
    assert built == Worth(0.01, "agreement", None, 1.0)
    assert str(registry.spec_of(built)) == "default(price=0.01, objective=agreement, prompt=1.0)"
    assert registry.build("rule", "default") == Worth()
    assert registry.build("rule", "default:0.01") == Worth(0.01)


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"price": 0.0}, "price"),
        ({"price": float("nan")}, "price"),
        ({"objective": "speed"}, "objective"),
        ({"prompt": -1.0}, "prompt"),
        ({"prior": "/no/such/file.json"}, "cannot be read"),
    ],
)
def test_bad_options(options: dict[str, object], named: str) -> None:
    with pytest.raises(BadOption, match=named):
        Worth(**options)  # type: ignore[arg-type]


def test_it_replays() -> None:
    rng = np.random.default_rng(1)
    samples = [
        Sample(
            str(p),
            n,
            answer=str(min(rng.geometric(0.75), 3)),
            gold="1",
            prompt_tokens=50,
            completion_tokens=100,
        )
        for p in range(20)
        for n in range(12)
    ]
    rules = [None, Worth(0.02, prompt=0.5), Worth(0.002, prompt=0.5)]
    rows = replay(Pool.of(samples, "made"), [SelfConsistency(12, until=rule) for rule in rules], trials=50)
    whole, dear, cheap = (row.samples for row in rows)
    assert whole == 12 > cheap > dear >= 1
    agreement = rows[2].agreement
    assert agreement is not None
    assert agreement > 0.95
