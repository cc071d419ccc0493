"""The textbook's inference-time scaling agent, on thinkharder's API.

agent = InferenceTimeScalingAgent("smollm2-135m", scaling_strategy="adaptive")
print(agent.solve_with_scaling("What is 17 * 6?", max_compute_budget=24).answer)

Its compute budget is a number of samples, shared by all its stages and never exceeded.
"""

from dataclasses import dataclass, replace

from thinkharder import Budget, Candidate, Model, NothingFound, Options, select, solve_sync
from thinkharder.core.ledger import Ledger

PROBES = 4


@dataclass(frozen=True)
class Solution:
    """What the agent found: the answer, its text, how sure it is, and the samples that it took."""

    answer: str | None
    text: str
    confidence: float | None
    difficulty: str
    calls: int


class InferenceTimeScalingAgent:
    """Estimates how difficult a problem is, spends by it, and selects over everything that it has seen."""

    def __init__(self, base_model: str | Model, scaling_strategy: str = "adaptive", seed: int = 0) -> None:
        self.base_model, self.scaling_strategy, self.seed = base_model, scaling_strategy, seed
        self.ledger, self.seen = Ledger(Budget()), list[Candidate]()

    def solve_with_scaling(self, problem: str, max_compute_budget: int = 24) -> Solution:
        """Solve within so many samples, by any strategy's spec, or stage by stage for "adaptive"."""
        self.ledger, self.seen = Ledger(Budget(calls=max_compute_budget)), []
        difficulty = "not estimated"
        try:
            if self.scaling_strategy == "adaptive":
                difficulty = self.estimate_difficulty(problem)
                if difficulty == "medium":
                    self.multiple_attempts(problem)
                elif difficulty == "high":
                    self.deep_reasoning(problem)
                elif difficulty == "very high":
                    self.solution_search(problem)
            else:
                self._sample(problem, self.scaling_strategy)
        except NothingFound:  # The budget is spent: what was seen stands.
            if not self.seen:
                raise
        best = self.select_best_solution(self.seen)
        sure = select.confidence(self._voting(), best)
        return Solution(best.answer, best.text, sure, difficulty, self.ledger.spent.calls)

    def estimate_difficulty(self, problem: str) -> str:
        """Low, medium, high or very high, by how many of a few samples agree."""
        probes = self._sample(problem, f"self-consistency:n={PROBES}")
        agree = max((vote.votes for vote in select.votes(probes)), default=0)
        return {4: "low", 3: "medium", 2: "high"}.get(agree, "very high")

    def multiple_attempts(self, problem: str) -> list[Candidate]:
        """The problem under different approach prompts."""
        return self._sample(problem, "multiple-attempts:n=5")

    def deep_reasoning(self, problem: str) -> list[Candidate]:
        """Understand, approach, solve, verify, criticise, refine."""
        return self._sample(problem, "deep-reasoning")

    def solution_search(self, problem: str) -> list[Candidate]:
        """Several chains in parallel, each refined in sequence."""
        return self._sample(problem, "hybrid:chains=4,rounds=1")

    def select_best_solution(self, candidates: list[Candidate]) -> Candidate:
        """The answer that most candidates give; without any answer, the first text."""
        mine = {c.id for c in candidates}
        return select.majority([c for c in self._voting() if c.id in mine])[0]

    def _sample(self, problem: str, strategy: str) -> list[Candidate]:
        stage = len(self.seen)
        options = Options(seed=self.seed + stage, ledger=self.ledger)
        result = solve_sync(problem, model=self.base_model, strategy=strategy, options=options)
        found = [replace(c, id=f"{stage}/{c.id}") for c in result.candidates if c.error is None]
        self.seen += found
        return found

    def _voting(self) -> list[Candidate]:
        """Everything seen, with classes that hold across the stages: each stage numbered its own."""
        numbers: dict[str | None, int] = {}
        return [
            replace(c, answer_class=None if c.answer is None else numbers.setdefault(c.answer, len(numbers)))
            for c in self.seen
        ]
