"""The martingale majority certificate: the leader against its rival, and against all the rest."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, final

import numpy as np

from thinkharder.core.errors import BadOption
from thinkharder.core.registry import register
from thinkharder.core.types import Candidate
from thinkharder.stopping.checks import probability
from thinkharder.stopping.seen import NOBODY, Count, Seen, ask, at_least, at_most, choose

_RICH = 1e200
"""Capital above this is given away: that keeps products finite and a martingale's promise."""


@final
@register("rule", "mmc")
@dataclass(frozen=True)
class Mmc:
    """Bet on the leading answer against the runner-up, and against all the rest together; stop when both capitals are at
    least 1 / delta.

    The stake on each vote follows from the votes before it: the leader's share is taken to be (s + 1/2) / (s + f + 1),
    at least 1/2, after s votes for and f against, so that each capital is a nonnegative martingale at equal rates and
    a supermartingale where the leader's is less.

    Certifies, with `pairs=fixed`: that the leader is the unique mode (and more likely than all but the runner-up together,
    without which it never stops), wrong with probability at most `delta` at any stopping time, whoever leads, for any
    number of different answers. The two to test are those that lead after `pilot` votes; after 2 pilot, 4 pilot, …
    votes they are looked at again, and where they have changed both capitals begin anew with the votes to come, the e-th
    pair at delta / (e (e + 1)). If the leader of a pair is not the mode, the mode is its runner-up or among the rest:
    one of its two bets is unfavourable, and Ville's inequality holds for it.
    With `pairs=leading` it certifies nothing exactly: capital that one leader has won is then spent on another.

    Reference: Cordero-Encinar and Duncan 2025, "Certified Self-Consistency", arXiv:2510.17472, section 3, with the plug-in
    of the authors' code.
    Names: `delta` is the paper's level; `pairs=leading` is as published: both capitals are carried on while leader and
    runner-up change.
    Departures: with `pairs=fixed`, those just said. The rest is all but the two, where the authors' code leaves out the
    third as well. Abstaining draws are left out.
    """

    delta: float = 0.05
    pilot: int = 4
    pairs: Literal["fixed", "leading"] = "fixed"

    def __post_init__(self) -> None:
        probability("mmc", delta=self.delta)
        if self.pilot < 1:
            raise BadOption(f"mmc: pilot={self.pilot} must be at least 1")

    def start(self) -> tuple[Any, ...]:
        """Leader and rival under test, which pair this is, when it is next looked at, votes for the leader, the rival and
        the rest since then, and the capitals against the rival and against the rest."""
        return NOBODY, NOBODY, 0, self.pilot, 0, 0, 0, 1.0, 1.0

    def step(self, state: tuple[Any, ...], before: Seen, now: Seen) -> tuple[Any, ...]:
        """One vote more for the pair under test; then, where it is time, perhaps another pair."""
        leader, rival, pair, due, wins, losses, others, duel, field = state
        if self.pairs == "leading":
            leader, rival = before.leader, before.rival
        open_ = (now.voted > before.voted) & (leader != NOBODY)
        won = open_ & (now.latest == leader)
        lost = open_ & (now.latest == rival)
        other = open_ & (now.latest != leader) & (now.latest != rival)
        duel = _bet(duel, wins, losses, won, lost)
        field = _bet(field, wins, others, won, other)
        wins, losses, others = wins + won, losses + lost, others + other
        after = (leader, rival, pair, due, wins, losses, others, duel, field)
        look = (now.voted == due) & (now.voted > before.voted)
        seldom = look.any() if isinstance(look, np.ndarray) else look
        if self.pairs == "leading" or not seldom:
            return after
        return _looked_at(after, look, now)

    def wants(self, seen: Seen) -> Count:
        """No more draws than it takes at least; integers or arrays."""
        leader, _, pair, _, _, _, _, duel, field = seen.state
        fixed = self.pairs == "fixed"
        level = pair * (pair + 1) / self.delta if fixed else 1 / self.delta
        poorer = at_most(duel, field)
        led = (seen.leader == leader) & (seen.first > seen.second)
        ends = (leader != NOBODY) & led & (poorer >= level)
        # A vote at most doubles the capital; exponents are exact where a logarithm is rounded.
        doublings = _exponent(level) - _exponent(poorer)
        most = choose(leader != NOBODY, doublings, self.pilot - seen.voted)
        return choose(ends, 0, at_least(most, 1))

    def more(self, draws: Sequence[Candidate], cap: int) -> int:
        """How many further draws it wants now."""
        return ask(self, draws, cap)


def _looked_at(state: tuple[Any, ...], look: Any, now: Seen) -> tuple[Any, ...]:
    """The state after the pair has been looked at where `look` says so: if another leads, all begins anew with that."""
    leader, rival, pair, due, *votes, duel, field = state
    new = look & ((now.leader != leader) | (now.rival != rival))
    return (
        choose(new, now.leader, leader),
        choose(new, now.rival, rival),
        pair + new,
        choose(look, 2 * due, due),
        *(choose(new, 0, count) for count in votes),
        choose(new, 1.0, duel),
        choose(new, 1.0, field),
    )


def _bet(capital: Any, wins: Any, losses: Any, won: Any, lost: Any) -> Any:
    """The capital after one vote, staked by the votes before it."""
    share = (wins + 0.5) / (wins + losses + 1.0)
    share = at_least(share, 0.5)
    grown = capital * choose(won, 2.0 * share, choose(lost, 2.0 - 2.0 * share, 1.0))
    return at_most(grown, _RICH)


def _exponent(value: Any) -> Any:
    """Of a power of two just above the value."""
    return np.frexp(value)[1] if isinstance(value, np.ndarray) else math.frexp(value)[1]
