"""Pools are classed once: by recorded answers, by texts, against the gold or by what is recorded as correct."""

import math
from pathlib import Path

import numpy as np
import pytest

from thinkharder.core.errors import BadOption, UsageError
from thinkharder.records.pool import Pool, read_pool
from thinkharder.records.sample import Sample
from thinkharder.replay.classed import ABSTAINS, BEYOND, classed
from thinkharder.replay.typed import type_of


def pool(*samples: Sample) -> Pool:
    return Pool.of(samples, "test")


def answers(*values: str | None, gold: str | None = None) -> Pool:
    return pool(*(Sample("a", i, answer=value, gold=gold) for i, value in enumerate(values)))


def test_answers_alone() -> None:
    found = classed(answers("18", "18.0", None, "20", "$18", gold="18"))
    assert found.kind.name == "number"
    assert found.classes.tolist() == [[0, 0, ABSTAINS, 1, 0]]
    assert found.right.tolist() == [[1, 1, 0, 0, 1]]
    assert found.answers == (("18", "20"),)
    assert (found.input_tokens == -1).all()
    assert (found.output_tokens == -1).all()


def test_what_keys_cannot_decide_is_asked_of_the_type() -> None:
    found = classed(answers("x^2+2x+1", "(x+1)^2", "x^2", gold="(1+x)^2"), "math")
    assert found.right.tolist() == [[1, 1, 0]]
    assert found.classes.tolist() == [[0, 0, 1]]


def test_texts_are_read_by_the_type_and_cut_ones_need_a_mark() -> None:
    made = [
        Sample("a", 0, text="So it is \\boxed{7}.", gold="7", finish="stop"),
        Sample("a", 1, text="First 3, then 7", gold="7", finish="length"),
        Sample("a", 2, text="The answer is 7", gold="7", finish="stop"),
    ]
    found = classed(pool(*made))
    assert found.classes.tolist() == [[0, ABSTAINS, 0]]
    assert found.truncated.tolist() == [[False, True, False]]


def test_what_is_recorded_as_correct_holds_against_the_gold() -> None:
    made = [
        Sample("a", 0, answer="7", gold="8", correct=1.0),
        Sample("a", 1, answer="8", gold="8", correct=None),
    ]
    assert classed(pool(*made)).right.tolist() == [[1, 1]]


def test_without_gold_or_correct_it_is_not_known_what_is_right() -> None:
    found = classed(answers("7", "8"))
    assert np.isnan(found.right).all()
    assert not found.judged


def test_places_beyond_the_record_are_marked() -> None:
    made = [Sample("a", 0, answer="1"), Sample("a", 1, answer="1"), Sample("b", 0, answer="2")]
    found = classed(pool(*made))
    assert found.classes.tolist() == [[0, 0], [0, BEYOND]]
    assert found.counts.tolist() == [2, 1]
    assert found.recorded.tolist() == [[True, True], [True, False]]


def test_an_answer_that_the_type_cannot_read_is_itself() -> None:
    found = classed(answers("7", "no idea", "no  idea", "none", gold="7"), "number")
    assert found.classes.tolist() == [[0, 1, 1, 2]]


def test_a_pool_with_neither_answers_nor_texts_is_refused() -> None:
    with pytest.raises(UsageError, match="neither an `answer` nor a `text`"):
        classed(pool(Sample("a", 0, gold="7")))


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (("18", "1,000", "-3.5"), "number"),
        (("A", "(b)", "C."), "choice"),
        (("\\frac{1}{2}", "x+1", "18"), "math"),
        (("Paris", "London"), "text"),
    ],
)
def test_the_type_is_decided_from_the_golds(values: tuple[str, ...], kind: str) -> None:
    made = pool(*(Sample(str(i), 0, answer="?", gold=value) for i, value in enumerate(values)))
    assert type_of(made).name == kind


def test_the_type_is_decided_from_texts_where_nothing_else_is_there() -> None:
    code = "```python\ndef f(x):\n    return x\n```"
    assert type_of(pool(Sample("a", 0, text=code, correct=1.0))).name == "code"
    assert type_of(pool(Sample("a", 0, text="so \\boxed{7}"))).name == "math"


def test_scores_are_refused_by_name() -> None:
    found = classed(answers("1", "2"))
    with pytest.raises(UsageError, match="strategy x needs a verifier's scores, which the pool 'test' lacks"):
        found.scored_by(None, "strategy x")
    two = classed(pool(Sample("a", 0, answer="1", scores={"u": 0.5, "v": 0.5})))
    with pytest.raises(UsageError, match="several; name one with --verifier: u, v"):
        two.scored_by(None, "x")
    with pytest.raises(UsageError, match=r"scores\.judge, which the pool 'test' lacks; it has: u, v"):
        two.scored_by("judge", "x")
    assert two.scored_by("v", "x") == "v"


def test_log_probabilities_are_a_confidence() -> None:
    found = classed(pool(Sample("a", 0, answer="1", logprobs=(-0.5, -1.5))))
    assert found.scored_by(None, "x") == "confidence"
    assert found.scores["confidence"][0, 0] == pytest.approx(math.exp(-1.0))


def test_a_cap_makes_longer_draws_abstain() -> None:
    made = [
        Sample("a", i, answer="7", gold="7", completion_tokens=n, scores={"v": 0.5})
        for i, n in enumerate((5, 9))
    ]
    found = classed(pool(*made)).capped(6)
    assert found.classes.tolist() == [[0, ABSTAINS]]
    assert found.output_tokens.tolist() == [[5, 6]]
    assert found.right.tolist() == [[1, 0]]
    assert math.isnan(found.scores["v"][0, 1])
    with pytest.raises(UsageError, match="completion_tokens"):
        classed(answers("1")).capped(6)
    with pytest.raises(BadOption, match="must be 1 or more"):
        found.capped(0)


@pytest.mark.parametrize(
    ("name", "kind", "mean", "any_right"),
    [
        ("gsm8k-qwen2.5-coder-1.5b-n32.jsonl", "number", 0.50, 0.95),
        ("humaneval60-qwen2.5-coder-0.5b-n16.jsonl", "code", 0.657, 0.95),
    ],
)
def test_the_recorded_pools(shared: Path, name: str, kind: str, mean: float, any_right: float) -> None:
    found = classed(read_pool(shared / "pools" / name))
    assert found.kind.name == kind
    assert found.right[found.recorded].mean() == pytest.approx(mean, abs=0.01)
    assert (found.right == 1).any(axis=1).mean() == pytest.approx(any_right, abs=0.005)
