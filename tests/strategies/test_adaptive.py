"""adaptive: the tier follows from the probes, every probe stays in the selection, and the decision is told."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.strategies.toys import RIGHT, ByKind, Table, bench, boxed
from thinkharder.core.types import Candidate
from thinkharder.models.toy import Faults
from thinkharder.strategies import Adaptive


@pytest.mark.parametrize(
    ("answers", "tier", "calls"),
    [
        ((18, 18, 18, 18), "low, stopping here", 4),
        ((18, 18, 18, 20), "medium, going on with self-consistency", 4 + 12),
        ((18, 18, 16, 20), "high, going on with deep-reasoning", 4 + 5),
        ((18, 1, 2, 3), "very high, going on with hybrid", 4 + 4 + 4),
        ((None, None, None, None), "very high, going on with hybrid", 4 + 4 + 4),
    ],
)
async def test_the_tier_follows_from_agreement(answers: tuple[int, ...], tier: str, calls: int) -> None:
    texts = ByKind({"answer": boxed(*answers, *[18] * 40), "critique": (RIGHT,)})
    found = await bench("adaptive", texts)
    assert tier in found.result.decisions[0]
    assert found.result.usage.calls == calls
    assert found.result.answer == "18"
    probes = [c.answer for c in found.result.candidates[:4]]
    assert probes == [None if a is None else str(a) for a in answers]


async def test_the_probes_vote_with_the_tier() -> None:
    texts = ByKind({"answer": boxed(18, 18, 16, 20, 20, 20), "critique": (RIGHT,)})
    found = await bench("adaptive", texts)
    assert {v.answer: v.votes for v in found.result.votes} == {"18": 2, "16": 1, "20": 3}


async def test_the_verifiers_score_counts() -> None:
    texts = {"answer": boxed(18, 18, 18, 18), "critique": (RIGHT,)}
    doubted = await bench("adaptive", ByKind(texts), verifier=Table({"18": 0.0}))
    assert "scored 0.00: difficulty 0.50 is high" in doubted.result.decisions[0]
    believed = await bench(
        "adaptive:trust=1", ByKind({"answer": boxed(1, 2, 3, 18)}), verifier=Table({"18": 1.0})
    )
    assert "difficulty 0.00 is low" in believed.result.decisions[0]
    assert believed.result.answer == "18"


async def test_tiers_and_thresholds_can_be_set() -> None:
    spec = "adaptive(probes=2, thresholds=[0, 0.5, 1], medium=direct)"
    found = await bench(spec, ByKind({"answer": boxed(18, 20, 18)}))
    assert found.result.usage.calls == 3
    assert "medium, going on with direct" in found.result.decisions[0]


async def test_a_tier_that_fails_leaves_the_probes() -> None:
    faults = Faults(schedule=("ok", *["server_error"] * 30))
    texts = ByKind({"answer": boxed(18, 18, 18, 20)})
    found = await bench("adaptive", texts, faults=faults)
    assert found.result.answer == "18"
    assert "the medium tier ends early" in found.result.decisions[1]
    assert found.result.stopped_by == "strategy"


def probe(number: int, group: int | None, score: float | None) -> Candidate:
    """A probe."""
    return Candidate(
        str(number), "", answer_class=group, answer=None if group is None else str(group), score=score
    )


@given(
    st.lists(
        st.tuples(st.one_of(st.none(), st.integers(0, 3)), st.one_of(st.none(), st.floats(0, 1))), max_size=4
    ),
    st.floats(0, 1),
)
def test_difficulty_is_a_share(rows: list[tuple[int | None, float | None]], trust: float) -> None:
    strategy = Adaptive(trust=trust)
    difficulty = strategy.difficulty([probe(i, *row) for i, row in enumerate(rows)])
    assert -1e-9 <= difficulty <= 1 + 1e-9
    assert strategy.tier(difficulty) in ("low", "medium", "high", "very high")


def test_missing_probes_make_it_harder() -> None:
    strategy = Adaptive()
    assert strategy.difficulty([probe(0, 1, None)]) == pytest.approx(0.75)
    assert strategy.difficulty([]) == 1.0
