"""What a stopping rule sees: a few numbers on the draws so far, as plain integers for one run or as arrays for many.

A rule is one pure function of these numbers, `wants`, written with operators and numpy functions that broadcast. Live it
is asked with integers, after each draw; a replay asks it about thousands of runs at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias, final, runtime_checkable

from thinkharder.core.types import Candidate

Count: TypeAlias = Any
"""An integer, or an integer array."""
REST = 1 << 14
"""More than any cap: what a rule wants that wants everything up to the cap."""


@final
@dataclass(frozen=True, slots=True)
class Seen:
    """The draws so far, in draw order: integers, or arrays [runs] (`drawn` is an integer then too).

    - `drawn` draws of at most `cap`; abstaining and failed ones are draws, but cast no vote;
    - `first` >= `second` are the votes of the two leading answers (equal: they tie; 0: there is none), `voted` the votes
      cast, `distinct` the number of different answers;
    - `run` is the number of draws up to the newest that all gave one answer, `opening` of those from the first on;
      an abstaining draw ends both.
    """

    drawn: Count
    cap: Count
    first: Count
    second: Count
    voted: Count
    distinct: Count
    run: Count
    opening: Count

    @classmethod
    def of(cls, draws: Sequence[Candidate], cap: int) -> "Seen":
        """What one run has seen."""
        counts: dict[int, int] = {}
        run = opening = 0
        last: int | None = None
        for number, draw in enumerate(draws):
            answer = None if draw.error is not None else draw.answer_class
            if answer is None:
                run = 0
            else:
                counts[answer] = counts.get(answer, 0) + 1
                run = run + 1 if answer == last else 1
                opening = run if run == number + 1 else opening
            last = answer
        votes = [*sorted(counts.values(), reverse=True), 0, 0]
        voted = sum(votes)
        return cls(len(draws), cap, votes[0], votes[1], voted, len(counts), run, opening)


@runtime_checkable
class CountRule(Protocol):
    """A rule that needs no more than `Seen`; those that a replay can vectorise.

    `wants(seen)` is how many more draws it would like, without regard to the cap (0 or less: stop; REST: all there are).
    A rule that reads `seen.cap` says so by a class attribute `reads_cap = True`.
    """

    def wants(self, seen: Seen) -> Count: ...


def ask(rule: CountRule, draws: Sequence[Candidate], cap: int) -> int:
    """`more` of a rule: what it wants, within the cap."""
    return max(0, min(int(rule.wants(Seen.of(draws, cap))), cap - len(draws)))
