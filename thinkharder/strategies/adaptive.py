"""Spend by difficulty."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, final

from thinkharder.core.errors import BadOption, ModelError
from thinkharder.core.protocols import Run, Select, Step, Strategy
from thinkharder.core.registry import strategy
from thinkharder.core.types import Candidate, Problem
from thinkharder.select import score_of, weighted_vote
from thinkharder.strategies import checks
from thinkharder.strategies.deep_reasoning import DeepReasoning
from thinkharder.strategies.hybrid import Hybrid
from thinkharder.strategies.planning import envelope
from thinkharder.strategies.prompting import answer_prompt
from thinkharder.strategies.self_consistency import SelfConsistency

TIERS = ("low", "medium", "high", "very high")
MEDIUM, HIGH, VERY_HIGH = SelfConsistency(n=12), DeepReasoning(), Hybrid()


@final
@strategy("adaptive")
@dataclass(frozen=True)
class Adaptive:
    """A few probes estimate how difficult the problem is; how much more is spent follows from that.

    Difficulty in [0, 1] is 1 minus the share of the probes that give the leading answer; where a verifier scored it, its
    score counts too. Low: stop there. Medium: sample more and vote. High: reason deeply. Very high: the hybrid.
    Every probe stays in the selection.

    Reference: Snell et al. 2024, arXiv:2408.03314, section 3 (compute-optimal scaling by estimated difficulty);
    agreement of a few samples as the estimate: Aggarwal et al. 2023, arXiv:2305.11860, section 3.
    Names: `probes` samples first; `thresholds` are the highest difficulties that are still low, medium and high; `trust`
    in [0, 1] is the weight of the verifier's score against agreement (1 for a verifier that is always right, such as
    tests); `medium`, `high`, `very-high` are the strategies of these tiers.
    Cost: probes generations, and those of one tier; serial depth 1 and the tier's.
    Departures: difficulty is estimated without gold answers or bins over a data set, the thresholds are fixed (with 4
    probes: all agree, 3, 2, none), and the difficulty tiers are strategies, not ratios of one.
    """

    probes: int = 4
    temperature: float | None = 0.7
    thresholds: tuple[float, ...] = (0.1, 0.3, 0.6)
    trust: float = 0.5
    medium: Strategy = MEDIUM
    high: Strategy = HIGH
    very_high: Strategy = VERY_HIGH
    select: Select = weighted_vote

    needs: ClassVar[tuple[str, ...]] = ()

    def __post_init__(self) -> None:
        checks.at_least("adaptive", 2, probes=self.probes)
        checks.temperature("adaptive", self.temperature)
        checks.shares("adaptive", trust=self.trust)
        ordered = list(self.thresholds) == sorted(self.thresholds)
        if len(self.thresholds) != 3 or not ordered or not all(0 <= t <= 1 for t in self.thresholds):
            raise BadOption(
                f"adaptive: thresholds={list(self.thresholds)} must be three numbers from 0 to 1, rising: the highest"
                " difficulties that are low, medium and high"
            )

    async def search(self, problem: Problem, run: Run) -> list[Candidate]:
        """The probes, and what the tier that they call for adds to them."""
        prompt = answer_prompt(problem)
        probes = await run.sample(prompt, self.probes, score=True, temperature=self.temperature)
        hard = self.difficulty(probes)
        tier = self.tier(hard)
        run.note(self._told(probes, hard, tier))
        further = self._strategy(tier)
        if further is None:
            return probes
        run.offer(probes)
        try:
            return probes + await further.search(problem, run)
        except ModelError as error:
            run.note(f"the {tier} tier ends early: {error}")
            return probes

    def difficulty(self, probes: Sequence[Candidate]) -> float:
        """How difficult the problem seems, in [0, 1]; 1 where no probe has an answer. Pure."""
        leader = self._leader(probes)
        if leader is None:
            return 1.0
        share = sum(c.answer_class == leader.answer_class for c in probes) / self.probes
        score = score_of(leader)
        return 1 - share if score is None else 1 - (1 - self.trust) * share - self.trust * score

    def tier(self, difficulty: float) -> str:
        """The tier of a difficulty: low, medium, high or very high."""
        return TIERS[sum(difficulty > threshold + 1e-9 for threshold in self.thresholds)]

    def _strategy(self, tier: str) -> Strategy | None:
        return {"medium": self.medium, "high": self.high, "very high": self.very_high}.get(tier)

    def _leader(self, probes: Sequence[Candidate]) -> Candidate | None:
        winners = [c for c in self.select(probes) if c.answer_class is not None]
        return winners[0] if winners else None

    def _told(self, probes: Sequence[Candidate], hard: float, tier: str) -> str:
        leader = self._leader(probes)
        agree = sum(leader is not None and c.answer_class == leader.answer_class for c in probes)
        score = score_of(leader) if leader is not None else None
        further = self._strategy(tier)
        name = getattr(further, "__spec_name__", type(further).__name__)
        return (
            f"{agree} of {self.probes} probes agree"
            + (f", scored {score:.2f}" if score is not None else "")
            + f": difficulty {hard:.2f} is {tier}"
            + (", stopping here" if further is None else f", going on with {name}")
        )

    def plan(self) -> tuple[Step, ...]:
        """The worst case: the probes, and what no tier exceeds."""
        tiers = (self.medium, self.high, self.very_high)
        return (Step(self.probes, scored=True), *envelope([tier.plan() for tier in tiers]))
