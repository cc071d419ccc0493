"""The recommendation: a frontier that the data support, and no further."""

from collections.abc import Sequence

import numpy as np
import pytest

from thinkharder.bench.advice import Option, advise, curves_of, evidence_of, options_of, sizes
from thinkharder.core.errors import BadOption, UsageError
from thinkharder.records.pool import Pool
from thinkharder.records.sample import Sample
from thinkharder.replay.classed import classed
from thinkharder.stats.scaling import Machine


def option(spec: str, tokens: float, mean: float, problems: int = 200, noise: float = 0.02) -> Option:
    """Accuracies around `mean` that differ little between options of one problem."""
    base = np.random.default_rng(0).uniform(-0.3, 0.3, problems)
    own = np.random.default_rng(sum(map(ord, spec))).normal(0, noise, problems)
    values = np.clip(base - base.mean() + own - own.mean() + mean, 0, 1)
    return Option(spec, spec, tokens / 100, 0.0, tokens, values)


def specs(found: Sequence[object]) -> list[str]:
    return [step.option.spec for step in found]  # type: ignore[attr-defined]


CHEAP = [
    option("direct", 100, 0.5),
    option("vote4", 400, 0.6),
    option("vote16", 1600, 0.65),
    option("vote64", 6400, 0.651),
]


def test_the_frontier_goes_as_far_as_the_threshold() -> None:
    assert specs(advise(CHEAP, 0.01).steps) == ["direct", "vote4", "vote16"]
    assert specs(advise(CHEAP, 0.1).steps) == ["direct", "vote4"]
    assert specs(advise(CHEAP, 1.0).steps) == ["direct"]
    assert advise(CHEAP, 0.1).last.gain == pytest.approx(0.1 / 0.3)
    assert advise(CHEAP, 0.1).needed(advise(CHEAP, 0.1).last) == 4


def test_what_is_dominated_is_no_step() -> None:
    assert "bad" not in specs(advise([*CHEAP, option("bad", 500, 0.55)], 0.01).steps)


def test_a_gain_that_is_not_shown_is_no_step() -> None:
    loud = [option("direct", 100, 0.5, 30, noise=0.3), option("vote", 200, 0.52, 30, noise=0.3)]
    found = advise(loud, 0.01)
    assert specs(found.steps) == ["direct"]
    assert "no difference shown" in found.refused[0][1]


def test_within_a_budget() -> None:
    assert advise(CHEAP, 0.01, 1000).at.option.spec == "vote4"  # type: ignore[union-attr]
    assert advise(CHEAP, 0.01, 1600).at.option.spec == "vote16"  # type: ignore[union-attr]
    assert advise(CHEAP, 0.01, 50).at is None


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(BadOption, match="above 0"):
        advise(CHEAP, 0.0)
    with pytest.raises(BadOption, match="at least one"):
        advise([], 0.1)


def test_sizes() -> None:
    assert sizes(1) == []
    assert sizes(16) == [2, 3, 4, 6, 8, 12, 16]
    assert sizes(10) == [2, 3, 4, 6, 8, 10]


def pool(problems: int = 40, draws: int = 12) -> Pool:
    rng = np.random.default_rng(1)
    rows = []
    for problem in range(problems):
        rate = rng.beta(1.5, 1.0)
        for number in range(draws):
            right = rng.random() < rate
            answer = "7" if right else str(rng.integers(10, 14)) if rng.random() < 0.9 else None
            score = float(np.clip(0.3 * right + 0.7 * rng.random(), 0, 1))
            rows.append(
                Sample(
                    f"q{problem}",
                    number,
                    answer,
                    "7",
                    prompt_tokens=50,
                    completion_tokens=100,
                    scores={"judge": score},
                )
            )
    return Pool.of(rows, "made")


def test_options_are_replays() -> None:
    known = classed(pool())
    found = {one.spec: one for one in options_of(known, trials=50)}
    assert {
        "direct",
        "self-consistency(n=12)",
        "best-of-n(n=4) by judge",
        "weighted-vote(n=2) by judge",
    } <= set(found)
    whole = found["self-consistency(n=12)"]
    assert (whole.samples, whole.input_tokens, whole.output_tokens) == (12, 50, 1200)
    early = found["self-consistency(n=12, until=margin)"]
    assert early.samples < 12
    assert found["direct"].accuracy.estimate == pytest.approx(known.right.mean(), abs=0.03)


def test_strategies_can_be_named_with_their_scores() -> None:
    found = options_of(classed(pool()), ["best-of-n@judge"], trials=20)
    assert {one.family for one in found} == {"direct", "best-of-n by judge"}
    with pytest.raises(BadOption, match="lacks token counts"):
        options_of(classed(Pool.of([Sample("a", i, "7", "7") for i in range(3)], "bare")))


def test_a_pool_as_evidence() -> None:
    made = evidence_of(classed(pool()))
    assert made.n.tolist() == [12] * 40
    assert made.votes
    assert made.completion == 100
    assert set(made.scores) == {"judge"}
    with pytest.raises(BadOption, match="record `gold` or `correct`"):
        evidence_of(classed(Pool.of([Sample("a", 0, "7")], "unknown")))


def test_families_are_curves() -> None:
    found = curves_of(
        "m", options_of(classed(pool()), ["self-consistency"], trials=20), Machine(parameters=1e9), "flops"
    )
    names = {curve.name: curve for curve in found}
    assert set(names) == {"m: direct", "m: self-consistency"}
    assert names["m: direct"].compute[0] == pytest.approx(2e9 * 150)
    assert names["m: self-consistency"].values.shape == (40, len(sizes(12)))


def test_what_only_says_right_or_wrong_has_laws_too() -> None:
    rows = [Sample(str(p), i, correct=float(i < p), completion_tokens=9) for p in range(4) for i in range(4)]
    pool = Pool.of(rows, "judged")
    known = classed(pool)
    evidence = evidence_of(known)
    assert (evidence.c.tolist(), evidence.n.tolist(), evidence.votes) == ([0, 1, 2, 3], [4] * 4, False)
    (direct,) = options_of(known, trials=400)
    assert direct.spec == "direct"
    assert direct.values == pytest.approx([0, 0.25, 0.5, 0.75], abs=0.08)
    with pytest.raises(UsageError, match="votes over answers"):
        options_of(classed(pool), ("self-consistency",))


def test_one_of_several_verifiers_is_to_be_named() -> None:
    rows = [
        Sample(str(p), i, answer=str(i), gold="1", completion_tokens=9, scores={"v": i / 4, "w": 1 - i / 4})
        for p in range(4)
        for i in range(4)
    ]
    known = classed(Pool.of(rows, "both"))
    with pytest.raises(UsageError, match="name one: best-of-n@v, best-of-n@w"):
        options_of(known, ["best-of-n"], trials=2)
    assert any("by w" in one.spec for one in options_of(known, ["best-of-n@w"], trials=2))
