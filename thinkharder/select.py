"""Which candidate is the answer: pure functions from usable candidates to the tied winners, best first.

Candidates are answers without error, in draw order. One without an answer class abstains: it never votes, and wins only
where nothing else is there. A score of None (or NaN) is no score, never 0, and ranks below every score. Several winners
are a tie: live the driver breaks it by the run's generator, a replay takes the expectation over it.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import final

from thinkharder.core.errors import BadOption
from thinkharder.core.registry import register
from thinkharder.core.types import Candidate, Vote

MIN_VOTES = 3
"""Fewest votes from which a confidence is stated."""

Weigh = Callable[[Sequence[Candidate]], Sequence[float]]


@register("select", "highest-score")
def highest_score(candidates: Sequence[Candidate]) -> Sequence[Candidate]:
    """The candidates with the highest score.

    Every candidate at the top is a winner, so an answer that is there twice is drawn twice as often. With none scored
    the majority decides.

    Reference: Cobbe et al. 2021, arXiv:2110.14168, section 4.2 (best-of-n).
    """
    pool = _voters(candidates) or tuple(candidates)
    scored = [(score, c) for c in pool if (score := score_of(c)) is not None]
    if not scored:
        return majority(candidates)
    best = max(score for score, _ in scored)
    return tuple(c for score, c in scored if score == best)


@register("select", "majority")
def majority(candidates: Sequence[Candidate]) -> Sequence[Candidate]:
    """The answer given most often; one candidate for each tied answer.

    An answer's candidate is its highest-scored, else its first draw.

    Reference: Wang et al. 2022, arXiv:2203.11171, section 2.
    """
    return _heaviest(candidates, lambda pool: [1.0] * len(pool))


@final
@register("select", "weighted-vote")
@dataclass(frozen=True)
class WeightedVote:
    """The answer whose candidates' scores, each to the `power` (0 or more), have the largest sum.

    Unscored candidates count 0; with none scored, or every weight 0, the majority decides.

    Reference: Li et al. 2022, arXiv:2206.02336, "Voting Verifier".
    """

    power: float = 1.0

    def __post_init__(self) -> None:
        _at_least_zero("weighted-vote", "power", self.power)

    def __call__(self, candidates: Sequence[Candidate]) -> Sequence[Candidate]:
        return _heaviest(candidates, self._weights)

    def _weights(self, pool: Sequence[Candidate]) -> Sequence[float]:
        scores = [score_of(c) for c in pool]
        return [0.0 if score is None else max(0.0, score) ** self.power for score in scores]


@final
@register("select", "borda")
@dataclass(frozen=True)
class Borda:
    """The answer with the largest Borda count: of N scored candidates the one ranked r gives its answer (N - r + 1) to
    the `exponent` votes.

    Equal scores share the mean of their ranks. Unscored candidates count 0; with none scored the majority decides.

    Reference: Kang et al. 2025, arXiv:2502.18581, Borda voting with self-certainty.
    Names: `exponent` (0 or more) is the paper's p: 0 is the majority of the scored, a large one best-of-n.
    """

    exponent: float = 1.0

    def __post_init__(self) -> None:
        _at_least_zero("borda", "exponent", self.exponent)

    def __call__(self, candidates: Sequence[Candidate]) -> Sequence[Candidate]:
        return _heaviest(candidates, self._weights)

    def _weights(self, pool: Sequence[Candidate]) -> Sequence[float]:
        scores = [score_of(c) for c in pool]
        known = [score for score in scores if score is not None]
        found = []
        for score in scores:
            if score is None:
                found.append(0.0)
                continue
            below, equal = sum(s < score for s in known), sum(s == score for s in known)
            # (N - r + 1) at the mean rank of equals; divided by N, which changes no order and cannot overflow.
            found.append(((below + (equal + 1) / 2) / len(known)) ** self.exponent)
        return found


@register("select", "first")
def first(candidates: Sequence[Candidate]) -> Sequence[Candidate]:
    """The first candidate that has an answer, else the first."""
    return (_voters(candidates) or tuple(candidates))[:1]


@register("select", "last")
def last(candidates: Sequence[Candidate]) -> Sequence[Candidate]:
    """The last candidate that has an answer, else the last."""
    return (_voters(candidates) or tuple(candidates))[-1:]


def score_of(candidate: Candidate) -> float | None:
    """The candidate's score, or None where it has none (NaN is none)."""
    score = candidate.score
    return None if score is None or math.isnan(score) else score


def votes(candidates: Sequence[Candidate]) -> tuple[Vote, ...]:
    """The answers by number of votes, most first (then by first draw); `score` is the mean of an answer's scores."""
    groups = _classes(_voters(candidates))
    cast = sum(len(group) for group in groups.values())
    found = []
    for group in sorted(groups.values(), key=len, reverse=True):
        answer = _representative(group).answer
        known = [score for c in group if (score := score_of(c)) is not None]
        mean = math.fsum(known) / len(known) if known else None
        found.append(Vote(answer if answer is not None else "", len(group), len(group) / cast, mean))
    return tuple(found)


def agreement(candidates: Sequence[Candidate], winner: Candidate) -> float | None:
    """The share of the votes cast that the winner's answer has, in [0, 1]; None where it abstains or none were cast."""
    mine, cast = _count(candidates, winner)
    return mine / cast if winner.answer_class is not None and cast else None


def confidence(candidates: Sequence[Candidate], winner: Candidate) -> float | None:
    """An estimated probability in (0, 1) that the winner's answer is right: its vote share under Jeffreys' prior,
    (votes + 1/2) / (votes cast + 1), so that few votes say less.

    Agreement of samples as confidence: Lyu et al. 2024, arXiv:2402.13904 (agreement-based consistency). Only samples
    that are independent say something by agreeing, so of a chain of revisions (each has the one before among its
    `parents`) only the last votes here. How well it is calibrated is measured in
    docs/results/confidence-calibration.md.
    None where the winner abstains or fewer than 3 votes were cast.
    """
    revised = {parent for c in candidates for parent in c.parents}
    mine, cast = _count([c for c in candidates if c.id not in revised], winner)
    return (mine + 0.5) / (cast + 1) if winner.answer_class is not None and cast >= MIN_VOTES else None


def _count(candidates: Sequence[Candidate], winner: Candidate) -> tuple[int, int]:
    voters = _voters(candidates)
    return sum(c.answer_class == winner.answer_class for c in voters), len(voters)


def _voters(candidates: Iterable[Candidate]) -> tuple[Candidate, ...]:
    return tuple(c for c in candidates if c.answer_class is not None)


def _classes(voters: Iterable[Candidate]) -> Mapping[int, list[Candidate]]:
    groups: dict[int, list[Candidate]] = {}
    for c in voters:
        if c.answer_class is not None:
            groups.setdefault(c.answer_class, []).append(c)
    return groups


def _representative(group: Sequence[Candidate]) -> Candidate:
    def rank(c: Candidate) -> tuple[float, int]:
        score = score_of(c)
        return (math.inf if score is None else -score, c.draw)

    return min(group, key=rank)


def _heaviest(candidates: Sequence[Candidate], weigh: Weigh) -> Sequence[Candidate]:
    """The representative of each answer with the largest total weight; the abstaining where nobody votes.

    Totals are exact fractions, so that neither order nor rounding makes or breaks a tie.
    """
    voters = _voters(candidates)
    if not voters:
        scores = [score for c in candidates if (score := score_of(c)) is not None]
        return tuple(c for c in candidates if not scores or score_of(c) == max(scores))
    weights = weigh(voters)
    if not any(weights):
        weights = [1.0] * len(voters)
    totals: dict[int, Fraction] = {}
    for c, weight in zip(voters, weights, strict=True):
        if c.answer_class is not None:
            totals[c.answer_class] = totals.get(c.answer_class, Fraction(0)) + Fraction(weight)
    best = max(totals.values())
    groups = _classes(voters)
    return tuple(_representative(groups[name]) for name, total in totals.items() if total == best)


def _at_least_zero(owner: str, option: str, value: float) -> None:
    if not (math.isfinite(value) and value >= 0):
        raise BadOption(f"{owner}: {option}={value} must be a finite number, 0 or more")


weighted_vote = WeightedVote()
"""The sum of scores of each answer, at power 1."""
