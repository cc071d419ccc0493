"""CITE: bet on one answer against every other, and certify it as the mode when all the bets have paid."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, final

from thinkharder.core.errors import BadOption
from thinkharder.core.registry import register
from thinkharder.core.types import Candidate
from thinkharder.stopping import checks
from thinkharder.stopping.seen import NOBODY, REST, Count, Seen, ask, choose
from thinkharder.stopping.tables import bet_boundary


@final
@register("rule", "cite")
@dataclass(frozen=True)
class Cite:
    """Bet on a target answer against each other answer, one-hot (a vote for the target wins, for the other loses), and stop
    when every bettor's capital is at least 1 / delta.

    Certifies, without `answers`: the answer that led after the first `pilot` votes, if it is the unique mode, else (with
    probability at most `delta`) falsely, at any stopping time, however many different answers there are. The target is
    fixed then: where another answer comes to lead, nothing is certified and it draws to the cap. The pilot's votes for the
    target are not used in the test; those for others count against it, which only makes the test stricter.
    With `answers`, said beforehand: every ordered pair is tested at delta / (answers - 1), so that whoever leads may be
    certified, by all votes, as an answer than which none is more probable, at most `delta` wrong. (Of two answers that are
    exactly equal each may be certified: as the unique mode that would be false up to twice as often.) Where more different
    answers are seen, it draws to the cap.

    Reference: Ota et al. 2026, "CITE: Anytime-Valid Statistical Inference in LLM Self-Consistency", arXiv:2605.05873:
    intersection-union test with e-processes. Only its abstract was at hand; the betting here is ours: the capital is the
    mean over stakes in [0, 1], which depends on the counts alone, 2^(n+1) B(a + 1, b + 1) (1 - I_½(a + 1, b + 1)).
    Names: `delta` is the paper's level alpha.
    Departures: draws are independent with fixed rates, and those that abstain are left out. Answer probabilities that are
    not one-hot (the paper's confidence-weighted votes) are not read: samples do not carry any.
    """

    delta: float = 0.05
    pilot: int = 4
    answers: int | None = None

    def __post_init__(self) -> None:
        checks.probability("cite", delta=self.delta)
        if self.pilot < 1:
            raise BadOption(f"cite: pilot={self.pilot} must be at least 1")
        if self.answers is not None:
            checks.answers("cite", self.answers)

    def start(self) -> tuple[Any, ...]:
        """The target, and its votes in the pilot."""
        return NOBODY, 0

    def step(self, state: tuple[Any, ...], before: Seen, now: Seen) -> tuple[Any, ...]:
        """The target is fixed with the pilot's last vote."""
        target, base = state
        fixed = (now.voted == self.pilot) & (before.voted < self.pilot)
        return choose(fixed, now.leader, target), choose(fixed, now.first, base)

    def wants(self, seen: Seen) -> Count:
        """The least number of draws that can satisfy it; integers or arrays."""
        if self.answers is not None:
            need = bet_boundary(self.delta / (self.answers - 1))(seen.second)
            return choose(seen.distinct > self.answers, REST, need - seen.first)
        target, base = seen.state
        least = base + bet_boundary(self.delta)(seen.second) - seen.first
        # The need is at least the rival's count, so that no tie is certified.
        after = choose(seen.leader == target, least, 1)
        return choose(seen.voted < self.pilot, self.pilot - seen.voted, after)

    def more(self, draws: Sequence[Candidate], cap: int) -> int:
        """How many further draws it wants now."""
        return ask(self, draws, cap)
