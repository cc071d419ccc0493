"""Selections are pure: the order of the candidates, the scale of the scores and those who abstain change nothing."""

import math
from collections import Counter
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thinkharder import select
from thinkharder.core.errors import BadOption
from thinkharder.core.registry import build, names, spec_of
from thinkharder.core.types import Candidate


def candidate(number: int, group: int | None, score: float | None = None) -> Candidate:
    """Candidate `number` with an answer class and a score."""
    answer = None if group is None else f"a{group}"
    return Candidate(
        id=f"c{number}", text=f"text {number}", draw=number, answer=answer, answer_class=group, score=score
    )


def pool(*rows: tuple[int | None, float | None]) -> list[Candidate]:
    """Candidates from (answer class, score)."""
    return [candidate(i, group, score) for i, (group, score) in enumerate(rows)]


def ids(found: object) -> list[str]:
    """The ids, in order."""
    return [c.id for c in found]  # type: ignore[attr-defined]


scores = st.one_of(st.none(), st.integers(0, 64).map(lambda k: k / 64))
groups = st.one_of(st.none(), st.integers(0, 3))
pools = st.lists(st.tuples(groups, scores), min_size=1, max_size=12).map(lambda rows: pool(*rows))
RULES = [
    select.highest_score,
    select.majority,
    select.WeightedVote(),
    select.WeightedVote(2.0),
    select.Borda(),
    select.Borda(0.5),
]
rules = st.sampled_from(RULES)


def test_highest_score_takes_the_best_and_all_its_equals() -> None:
    found = select.highest_score(pool((0, 0.2), (1, 0.9), (2, None), (3, 0.9)))
    assert ids(found) == ["c1", "c3"]


def test_highest_score_without_scores_is_the_majority() -> None:
    found = pool((0, None), (1, None), (1, None))
    assert ids(select.highest_score(found)) == ids(select.majority(found)) == ["c1"]


def test_nan_is_no_score() -> None:
    assert ids(select.highest_score(pool((0, math.nan), (1, 0.0)))) == ["c1"]
    assert select.votes(pool((0, math.nan)))[0].score is None


def test_majority_gives_one_candidate_a_class_its_best() -> None:
    found = select.majority(pool((0, 0.1), (1, 0.5), (0, 0.7), (1, 0.2), (2, 1.0)))
    assert ids(found) == ["c2", "c1"]


def test_majority_without_scores_shows_the_first_draw() -> None:
    assert ids(select.majority(list(reversed(pool((0, None), (0, None)))))) == ["c0"]


def test_weighted_vote_adds_scores() -> None:
    found = pool((0, 0.4), (1, 0.7), (0, 0.4))
    assert ids(select.WeightedVote()(found)) == ["c0"]
    assert ids(select.WeightedVote(power=3)(found)) == ["c1"]
    assert ids(select.weighted_vote(found)) == ["c0"]


def test_weighted_vote_counts_the_unscored_as_nothing() -> None:
    assert ids(select.WeightedVote()(pool((0, None), (0, None), (1, 0.1)))) == ["c2"]


def test_weighted_vote_of_zeros_is_the_majority() -> None:
    assert ids(select.WeightedVote()(pool((0, 0.0), (1, 0.0), (1, 0.0)))) == ["c1"]


def test_weighted_vote_ties_are_exact_in_any_order() -> None:
    tied = pool((0, 0.1), (1, 0.3), (0, 0.2), (1, 0.1), (0, 0.3), (1, 0.2))
    assert ids(select.WeightedVote()(tied)) == ["c4", "c1"]


def test_borda_counts_ranks() -> None:
    # Ranks of 5: c0 1st (5 votes), c1 2nd (4), c2 3rd (3), c3 4th (2), c4 5th (1): class 0 has 5, 1 has 4+3, 2 has 2+1.
    found = pool((0, 0.9), (1, 0.8), (1, 0.7), (2, 0.6), (2, 0.5))
    assert ids(select.Borda()(found)) == ["c1"]
    assert ids(select.Borda(exponent=4)(found)) == ["c0"]
    # Exponent 0 counts heads: 1, 2, 2.
    assert ids(select.Borda(exponent=0)(found)) == ["c1", "c3"]


def test_borda_shares_the_rank_of_equals() -> None:
    # Three equals of four: mean rank 2, so 3 votes each; the last has 1.
    assert ids(select.Borda()(pool((0, 0.5), (1, 0.5), (1, 0.5), (2, 0.1)))) == ["c1"]
    assert ids(select.Borda()(pool((0, 0.5), (1, 0.5)))) == ["c0", "c1"]


def test_first_and_last_skip_those_without_an_answer() -> None:
    found = pool((None, 0.9), (0, 0.1), (1, 0.2), (None, None))
    assert ids(select.first(found)) == ["c1"]
    assert ids(select.last(found)) == ["c2"]
    assert ids(select.first(pool((None, None), (None, None)))) == ["c0"]
    assert ids(select.last(pool((None, None), (None, None)))) == ["c1"]


@pytest.mark.parametrize("rule", [*RULES, select.first, select.last])
def test_nothing_wins_where_nothing_is(rule: select.WeightedVote) -> None:
    assert list(rule([])) == []


def test_those_that_abstain_win_by_score_where_nobody_votes() -> None:
    assert ids(select.majority(pool((None, None), (None, 0.5), (None, 0.2)))) == ["c1"]
    assert ids(select.highest_score(pool((None, None), (None, None)))) == ["c0", "c1"]


@given(pools, rules, st.randoms())
def test_order_does_not_matter(found: list[Candidate], rule: select.WeightedVote, random: object) -> None:
    mixed = found[:]
    random.shuffle(mixed)  # type: ignore[attr-defined]
    assert set(ids(rule(found))) == set(ids(rule(mixed)))


@given(pools, rules, st.sampled_from([1 / 1024, 1 / 2, 1.0]))
def test_scale_does_not_matter(found: list[Candidate], rule: select.WeightedVote, factor: float) -> None:
    scaled = [replace(c, score=None if c.score is None else c.score * factor) for c in found]
    assert ids(rule(found)) == ids(rule(scaled))


@given(pools, rules)
def test_winners_are_candidates_and_abstain_only_where_all_do(
    found: list[Candidate], rule: select.WeightedVote
) -> None:
    winners = rule(found)
    assert winners
    assert all(w in found for w in winners)
    if any(c.answer_class is not None for c in found):
        assert all(w.answer_class is not None for w in winners)


@given(pools, rules, st.lists(scores, max_size=4))
def test_abstentions_change_nothing(
    found: list[Candidate], rule: select.WeightedVote, silent: list[float | None]
) -> None:
    if all(c.answer_class is None for c in found):
        return
    more = [*found, *(candidate(100 + i, None, score) for i, score in enumerate(silent))]
    assert ids(rule(found)) == ids(rule(more))
    assert select.votes(found) == select.votes(more)
    assert select.agreement(found, found[0]) == select.agreement(more, found[0])


@given(pools)
def test_majority_is_the_mode(found: list[Candidate]) -> None:
    counts = Counter(c.answer_class for c in found if c.answer_class is not None)
    if counts:
        best = {group for group, count in counts.items() if count == max(counts.values())}
        assert {c.answer_class for c in select.majority(found)} == best
        assert len(select.majority(found)) == len(best)


@given(pools)
def test_equal_scores_make_every_vote_the_majority(found: list[Candidate]) -> None:
    equal = [replace(c, score=0.5) for c in found]
    for rule in (select.WeightedVote(), select.Borda(), select.Borda(3.0)):
        assert ids(rule(equal)) == ids(select.majority(equal))


@given(pools)
def test_votes_add_up(found: list[Candidate]) -> None:
    votes = select.votes(found)
    cast = sum(c.answer_class is not None for c in found)
    assert sum(v.votes for v in votes) == cast
    assert [v.votes for v in votes] == sorted((v.votes for v in votes), reverse=True)
    assert math.isclose(sum(v.share for v in votes), 1 if cast else 0)
    for winner in select.majority(found):
        if winner.answer_class is not None:
            assert select.agreement(found, winner) == votes[0].share


def test_votes_show_the_mean_score() -> None:
    votes = select.votes(pool((0, 0.5), (1, None), (0, 1.0), (0, None)))
    assert [(v.answer, v.votes, v.score) for v in votes] == [("a0", 3, 0.75), ("a1", 1, None)]


def test_agreement_of_one_that_abstains_is_unknown() -> None:
    found = pool((None, None), (0, None))
    assert select.agreement(found, found[0]) is None
    assert select.agreement(found, found[1]) == 1.0
    assert select.agreement(found[:1], found[0]) is None


def test_confidence_is_the_share_under_jeffreys_prior_and_needs_three_votes() -> None:
    found = pool((0, None), (0, None), (1, None), (None, None))
    assert select.confidence(found, found[0]) == pytest.approx(2.5 / 4)
    assert select.confidence(found, found[2]) == pytest.approx(1.5 / 4)
    assert select.confidence(found, found[3]) is None
    assert select.confidence(found[:2], found[0]) is None


def test_confidence_grows_with_the_number_of_votes() -> None:
    sure = [select.confidence(p, p[0]) for p in (pool(*[(0, None)] * n) for n in (3, 8, 64))]
    assert sure == sorted(sure)  # type: ignore[type-var]
    assert all(c is not None and c < 1 for c in sure)


def test_a_chain_of_revisions_is_one_sample_of_confidence() -> None:
    chain = pool((0, None), (0, None), (0, None))
    chain = [
        chain[0],
        *(replace(c, parents=(before.id,)) for before, c in pairwise(chain)),
    ]
    assert select.confidence(chain, chain[0]) is None
    others = [candidate(10, 1), candidate(11, 0)]
    assert select.confidence([*chain, *others], chain[0]) == pytest.approx(2.5 / 4)


@pytest.mark.parametrize("spec", ["weighted-vote:power=-1", "borda:exponent=-0.5"])
def test_powers_below_zero_are_refused(spec: str) -> None:
    with pytest.raises(BadOption, match="must be a finite number, 0 or more"):
        build("select", spec)


def test_all_are_registered_and_come_back_from_their_specs() -> None:
    assert {"highest-score", "majority", "weighted-vote", "borda", "first", "last"} <= set(names("select"))
    assert build("select", "majority") is select.majority
    assert build("select", str(spec_of(select.Borda(0.5)))) == select.Borda(0.5)
