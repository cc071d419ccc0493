"""What a stopping rule sees: a few numbers on the draws so far, as plain integers for one run or as arrays for many.

A rule is one pure function of these numbers, `wants`, written with operators and functions that broadcast. Live it is
asked with integers, after each draw; a replay asks it about thousands of runs at once. A rule that needs the history
folds it into a state, `start()` and `step(state, before, now)`, once a draw; it reads the state as `seen.state`.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from threading import local
from typing import Any, Protocol, TypeAlias, cast, final, runtime_checkable

import numpy as np

from thinkharder.core.types import Candidate

Count: TypeAlias = Any
"""An integer, or an integer array."""
REST = 1 << 14
"""More than any cap: what a rule wants that wants everything up to the cap."""
NOBODY = -1
"""In place of an answer: there is none."""
_KEPT = 512
"""Histories of which each thread keeps the state, at most."""


@final
@dataclass(frozen=True, slots=True)
class Seen:
    """The draws so far, in draw order: integers, or arrays [runs] (`drawn` is an integer then too).

    - `drawn` draws of at most `cap`; abstaining and failed ones are draws, but cast no vote;
    - `first` >= `second` are the votes of the two leading answers (equal: they tie; 0: there is none), `voted` the votes
      cast, `distinct` the number of different answers;
    - `run` is the number of draws up to the newest that all gave one answer, `opening` of those from the first on;
      an abstaining draw ends both.

    For rules with a state, and only for them where there are many runs:

    - `latest` is the newest draw's answer (any number that stands for it; NOBODY: it abstains), `votes` its votes by now;
    - `leader` and `rival` are the answers with `first` and `second` votes; of those with equal votes the one that had
      them first leads;
    - `state` is the rule's own.
    """

    drawn: Count
    cap: Count
    first: Count
    second: Count
    voted: Count
    distinct: Count
    run: Count
    opening: Count
    latest: Count = NOBODY
    votes: Count = 0
    leader: Count = NOBODY
    rival: Count = NOBODY
    state: Any = None

    @classmethod
    def of(cls, draws: Sequence[Candidate], cap: int) -> "Seen":
        """What one run has seen."""
        return _seen(_answers(draws), cap)


@runtime_checkable
class CountRule(Protocol):
    """A rule that needs no more than `Seen`; those that a replay can vectorise.

    `wants(seen)` is how many more draws it would like, without regard to the cap (0 or less: stop; REST: all there are).
    A rule that reads `seen.cap` says so by a class attribute `reads_cap = True`.
    """

    def wants(self, seen: Seen) -> Count: ...


@runtime_checkable
class FoldingRule(CountRule, Protocol):
    """A rule that folds what it has seen into a state: a tuple of numbers, or of arrays [runs].

    `start()` is the state before the first draw, as numbers; `step(state, before, now)` is the state after one more draw,
    from what was seen before it and with it (`now.state` is not set yet). Pure, and the same for numbers and arrays
    (`choose`). An empty state is none. The rule is hashable, as frozen dataclasses are.
    """

    def start(self) -> tuple[Any, ...]: ...

    def step(self, state: tuple[Any, ...], before: Seen, now: Seen) -> tuple[Any, ...]: ...


def choose(condition: Any, yes: Any, no: Any) -> Any:
    """`yes` where the condition holds, else `no`: for one truth value, or for an array of them."""
    if isinstance(condition, np.ndarray):
        return np.where(condition, yes, no)
    return yes if condition else no


def at_most(value: Any, most: Any) -> Any:
    """The lesser of two; numbers or arrays."""
    return choose(value < most, value, most)


def at_least(value: Any, least: Any) -> Any:
    """The greater of two; numbers or arrays."""
    return choose(value > least, value, least)


def folds(rule: CountRule) -> FoldingRule | None:
    """The rule, if it has a state."""
    # Not isinstance: of a protocol that takes longer than a decision.
    start = getattr(rule, "start", None)
    return None if start is None or start() == () else cast(FoldingRule, rule)


def ask(rule: CountRule, draws: Sequence[Candidate], cap: int) -> int:
    """`more` of a rule: what it wants, within the cap."""
    answers = _answers(draws)
    folding = folds(rule)
    seen = _seen(answers, cap) if folding is None else _folded(folding, answers, cap)
    return max(0, min(int(rule.wants(seen)), cap - len(draws)))


def _answers(draws: Sequence[Candidate]) -> tuple[int | None, ...]:
    return tuple([None if draw.error is not None else draw.answer_class for draw in draws])


def _seen(answers: tuple[int | None, ...], cap: int) -> Seen:
    counts: dict[int, int] = {}
    run = opening = first = second = 0
    leader = rival = NOBODY
    last: int | None = None
    for number, answer in enumerate(answers):
        if answer is None:
            run = 0
        else:
            votes = counts[answer] = counts.get(answer, 0) + 1
            run = run + 1 if answer == last else 1
            if run == number + 1:
                opening = run
            if votes > first:
                if answer != leader:
                    rival, second, leader = leader, first, answer
                first = votes
            elif votes > second and answer != leader:
                rival, second = answer, votes
        last = answer
    voted = sum(counts.values())
    latest, votes = (NOBODY, 0) if last is None else (last, counts[last])
    return Seen(
        len(answers),
        cap,
        first,
        second,
        voted,
        len(counts),
        run,
        opening,
        latest,
        votes,
        leader,
        rival,
    )


class _Kept(local):
    """What was seen, with states, by rule and history, so that a live run takes one step a draw. It follows from its keys
    alone."""

    def __init__(self) -> None:
        self.by: dict[Hashable, Seen] = {}


_kept = _Kept()


def _folded(rule: FoldingRule, answers: tuple[int | None, ...], cap: int) -> Seen:
    """What was seen after these draws, with the rule's state: one step on from the longest history that is kept."""
    kept, known = _kept.by, max(0, len(answers) - 1)
    before = kept.get((rule, answers[:known]))
    while before is None and known:
        known -= 1
        before = kept.get((rule, answers[:known]))
    now = before if before is not None else replace(_seen((), cap), state=rule.start())
    for count in range(known + 1, len(answers) + 1):
        before, now = now, _seen(answers[:count], cap)
        # Not by replace, which takes as long as a step: no one else has this object yet.
        object.__setattr__(now, "state", rule.step(before.state, before, now))
    while len(kept) >= _KEPT:
        del kept[next(iter(kept))]
    kept[rule, answers] = now
    return now


__all__ = [
    "NOBODY",
    "REST",
    "Count",
    "CountRule",
    "FoldingRule",
    "Seen",
    "ask",
    "at_least",
    "at_most",
    "choose",
    "folds",
]
