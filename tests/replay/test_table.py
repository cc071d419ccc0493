"""Rows of accuracy against budget: what they say, and what is refused by name."""

import json
import math
from pathlib import Path

import numpy as np
import pytest

from tests.cli.shell import thinkharder
from thinkharder.core.errors import BadOption, UsageError
from thinkharder.core.usage import Budget
from thinkharder.records.pool import Pool
from thinkharder.records.sample import Sample
from thinkharder.replay import Replaying, classed, replay
from thinkharder.stopping import Margin
from thinkharder.strategies import SelfConsistency


def made(
    problems: int = 30, draws: int = 16, share: float = 0.8, *, counted: bool = True, few: int | None = None
) -> Pool:
    """Problems whose first answer is right, with probability `share` a draw; problem 0 has only `few` draws."""
    rng = np.random.default_rng(1)
    samples = [
        Sample(
            str(p),
            i,
            answer="1" if rng.random() < share else str(rng.integers(2, 5)),
            gold="1",
            prompt_tokens=50 if counted else None,
            completion_tokens=int(rng.integers(20, 60)) if counted else None,
        )
        for p in range(problems)
        for i in range(draws if p or few is None else few)
    ]
    return Pool.of(samples, "made")


def test_one_row_a_strategy_and_budget() -> None:
    rows = replay(made(), ["direct", "self-consistency"], [1, 4, "tokens=300"], trials=20)
    assert [(row.strategy, row.budget) for row in rows] == [
        (s, b) for s in ("direct", "self-consistency") for b in (1, 4, "tokens=300")
    ]
    one, vote = rows[0], rows[4]
    assert (one.samples, one.input_tokens, vote.samples, vote.input_tokens) == (1, 50, 4, 50)
    assert one.low is not None
    assert one.accuracy is not None
    assert one.high is not None
    assert one.low < one.accuracy < one.high
    assert vote.accuracy is not None
    assert vote.accuracy > one.accuracy
    assert (one.trials, one.problems, one.cap) == (20, 30, 16)
    assert one.by_problem.mean() == pytest.approx(one.accuracy)
    assert set(one.row()) == {*one.__dataclass_fields__} - {"by_problem"}


def test_without_budgets_each_at_its_own_n() -> None:
    rows = replay(made(), ["direct", "self-consistency(n=6)", SelfConsistency(n=3)], trials=5)
    assert [row.budget for row in rows] == [1, 6, 3]
    assert [row.samples for row in rows] == [1, 6, 3]
    assert rows[2].strategy == "self-consistency(n=3)"


def test_the_whole_record_agrees_with_itself_and_depends_on_no_seed() -> None:
    rows = [replay(made(), ["self-consistency"], [16], trials=7, seed=seed)[0] for seed in (0, 1)]
    assert rows[0].agreement == 1
    assert rows[0].accuracy == pytest.approx(rows[1].accuracy)


def test_the_same_seed_gives_the_same_rows() -> None:
    a, b, c = (replay(made(), ["self-consistency"], [4], trials=9, seed=s)[0] for s in (0, 0, 1))
    assert a == b
    assert a != c


def test_the_cap_is_40_or_what_every_problem_has() -> None:
    assert replay(made(draws=12), ["direct"], trials=1)[0].cap == 12
    assert replay(made(problems=3, draws=50), ["direct"], trials=1)[0].cap == 40
    assert replay(made(), ["direct"], trials=1, cap=5)[0].cap == 5
    assert replay(made(few=3), ["direct"], trials=1)[0].cap == 3
    with pytest.raises(UsageError, match="agreement with the full vote needs 17 draws"):
        replay(made(), ["direct"], cap=17)


def test_draws_beyond_the_record_are_refused_unless_capped() -> None:
    with pytest.raises(
        UsageError, match="self-consistency at budget 8 needs 8 draws a problem, and problem '0'"
    ):
        replay(made(few=3), ["self-consistency"], [8])
    (row,) = replay(made(few=3), ["self-consistency"], [8], trials=3, ragged="cap")
    assert row.samples == pytest.approx((29 * 8 + 3) / 30)
    assert row.cap == 16


def test_what_a_strategy_needs_is_refused_by_name() -> None:
    with pytest.raises(UsageError, match="strategy best-of-n needs a verifier's scores"):
        replay(made(), ["best-of-n"], [4])
    with pytest.raises(UsageError, match="at budget tokens=90 needs prompt_tokens, completion_tokens"):
        replay(made(counted=False), ["direct"], [Budget(tokens=90)])
    with pytest.raises(UsageError, match="strategy cot does not replay from this pool"):
        replay(made(), ["cot"], trials=1)
    for budget in ("x", "calls=3", "0", "tokens=0", "-4", "1.5"):
        with pytest.raises(BadOption, match="must be a number of samples"):
            replay(made(), ["direct"], [budget])
    with pytest.raises(BadOption, match="limits on samples and on tokens"):
        replay(made(), ["direct"], [Budget(calls=3)])
    with pytest.raises(BadOption, match="trials=0"):
        replay(made(), ["direct"], trials=0)


def test_what_is_not_known_is_none_and_not_0() -> None:
    (row,) = replay(made(counted=False), ["self-consistency"], [4], trials=2)
    assert (row.input_tokens, row.output_tokens) == (None, None)
    bare = Pool.of([Sample("a", i, answer=str(i % 2)) for i in range(4)], "bare")
    (row,) = replay(bare, ["self-consistency"], [4], trials=2)
    assert (row.accuracy, row.low, row.high) == (None, None, None)
    assert row.agreement == 1
    assert math.isnan(row.by_problem[0])
    half = Pool.of([Sample("a", 0, answer="1", correct=1.0), Sample("b", 0, answer="1")], "half")
    with pytest.raises(UsageError, match="sample 0 of problem 'b' is right"):
        replay(half, ["direct"])


def test_a_strategy_that_the_fast_path_does_not_know_runs_as_it_is() -> None:
    pool = classed(made(problems=4))
    rows = replay(pool, ["adaptive(probes=4,medium=self-consistency(n=8),thresholds=[0.2,1,1])"], trials=3)
    assert 4 <= rows[0].samples <= 12


def test_baselines_are_coverage_and_the_mean() -> None:
    job = Replaying(classed(made(problems=5, share=0.3)), ["self-consistency"], [1, 4], trials=4000)
    between = {(row.strategy, row.budget): row for row in job.baselines()}
    n, c = 16, (job.classed.right == 1).sum(axis=1)
    expected = np.mean([1 - math.comb(n - k, 4) / math.comb(n, 4) for k in c])
    assert between["oracle", 4].accuracy == pytest.approx(expected, abs=0.01)
    assert between["random-pick", 4].accuracy == pytest.approx(c.mean() / n, abs=0.01)
    assert between["oracle", 1].accuracy == pytest.approx(between["random-pick", 1].accuracy)
    assert between["oracle", 4].agreement is None


def test_pools_of_very_many_draws_are_worked_on_in_small_blocks() -> None:
    samples = [Sample(str(p), i, answer=str(i % 3), gold="0") for p in range(2) for i in range(6000)]
    pool = classed(Pool.of(samples, "long"))
    one, many = replay(pool, ["self-consistency"], [1, 5999], trials=300)
    assert one.accuracy == pytest.approx(1 / 3, abs=0.06)
    assert many.samples == 5999
    with pytest.raises(BadOption, match="the most is 16383"):
        replay(pool, ["self-consistency"], [20_000], trials=1, ragged="cap")


def test_the_margin_rule_reaches_the_full_vote_with_few_samples_on_an_easy_pool() -> None:
    """Most questions have one answer nearly always, as with a model that solves 9 of 10: a lead of 3 takes about 4 draws."""
    rng = np.random.default_rng(0)
    shares = rng.beta(4.0, 0.45, 300)
    samples = [
        Sample(str(p), i, answer="1" if rng.random() < share else str(rng.integers(2, 6)), gold="1")
        for p, share in enumerate(shares)
        for i in range(40)
    ]
    pool = classed(Pool.of(samples, "easy"))
    one, full, rule = replay(
        pool, ["direct", "self-consistency(n=40)", SelfConsistency(n=40, until=Margin(3))], trials=100
    )
    assert one.accuracy is not None
    assert full.accuracy is not None
    assert rule.accuracy is not None
    assert 0.85 < one.accuracy < 0.93
    assert 3.0 < rule.samples < 5.5
    assert rule.accuracy > full.accuracy - 0.005
    assert rule.agreement is not None
    assert rule.agreement > 0.98


def test_the_command_prints_rows(tmp_path: Path) -> None:
    file = tmp_path / "pool.jsonl"
    file.write_text("\n".join(json.dumps(s.row()) for s in map(made().sample, range(480))))
    said = ["-s", "direct", "-s", "self-consistency(until=margin)", "--trials", "20"]
    ran = thinkharder("replay", str(file), *said, "--budgets", "1,8,tokens=400", "--json")
    assert ran.code == 0, ran.err
    assert [row["budget"] for row in ran.json] == [1, 8, "tokens=400"] * 2
    assert {"strategy", "samples", "input_tokens", "output_tokens", "accuracy", "low", "high"} < set(
        ran.json[0]
    )
    ran = thinkharder("replay", str(file), *said)
    assert ran.code == 0
    assert "oracle" in ran.out
    assert "random-pick" in ran.out
    ran = thinkharder("replay", str(file), "--budgets", "99")
    assert ran.code == 2
    assert "has 16 recorded" in ran.err
    assert not ran.out


def test_a_pool_of_verdicts_alone_replays_what_needs_no_answers() -> None:
    rows = [Sample(str(p), i, correct=float(i < p), completion_tokens=9) for p in range(5) for i in range(4)]
    judged = Pool.of(rows, "judged")
    (row,) = replay(judged, ["direct"], [1], trials=400)
    assert row.accuracy == pytest.approx(0.5, abs=0.05)
    assert row.agreement is None
    with pytest.raises(
        UsageError, match="self-consistency votes over answers, and the pool 'judged' holds neither"
    ):
        replay(judged, ["self-consistency"], [4])
