"""Which strategies the fast path knows, and what it has to know of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any, final

from thinkharder.core.errors import BadOption
from thinkharder.core.protocols import Select, StoppingRule, Strategy
from thinkharder.core.types import Candidate
from thinkharder.core.usage import Budget
from thinkharder.select import Borda, WeightedVote, first, highest_score, last, majority
from thinkharder.stopping.seen import CountRule
from thinkharder.strategies import BestOfN, Direct, SelfConsistency, WeightedVoting

SELECTIONS: tuple[Any, ...] = (majority, highest_score, first, last, WeightedVote, Borda)
"""The selections that the fast path knows: functions, and types of which any instance."""


@final
@dataclass(frozen=True, slots=True)
class Plan:
    """A strategy that depends on its answers, scores and lengths alone: at most `n` draws of one prompt under a rule,
    then a selection. `scored`: the selection sees scores."""

    n: int
    rule: CountRule | None
    select: Select
    scored: bool


def best_of_all(candidates: Sequence[Candidate]) -> Sequence[Candidate]:
    """Stands for a perfect selection in a plan; never called."""
    raise NotImplementedError


def at_random(candidates: Sequence[Candidate]) -> Sequence[Candidate]:
    """Stands for no selection in a plan: any of the draws; never called."""
    raise NotImplementedError


BASELINES = {"oracle": best_of_all, "random-pick": at_random}
"""What every strategy is to be seen between: rows of their own in a table for people."""

_Read = Callable[[Any], tuple[int, StoppingRule | None, bool]]
KNOWN: dict[type, _Read] = {
    Direct: lambda s: (1, None, False),
    BestOfN: lambda s: (s.n, None, True),
    WeightedVoting: lambda s: (s.n, None, True),
    SelfConsistency: lambda s: (s.n, s.until, False),
}
"""Strategy -> (n, rule, scored). A strategy of the same kind is one line here."""


def plan_of(strategy: Strategy) -> Plan | None:
    """The strategy's plan, or None where it has to be run as it is."""
    read = KNOWN.get(type(strategy))
    if read is None or not any(
        strategy.select is known or (isinstance(known, type) and isinstance(strategy.select, known))
        for known in SELECTIONS
    ):
        return None
    n, rule, scored = read(strategy)
    if rule is not None and not isinstance(rule, CountRule):
        return None
    return Plan(n, rule, strategy.select, scored)


def draws_of(strategy: Strategy) -> int:
    """The most draws that a strategy makes."""
    return sum(step.samples for step in strategy.plan())


def resized(strategy: Strategy, n: int) -> Strategy:
    """The strategy with at most `n` draws; one that has no `n`, such as direct, as it is."""
    if is_dataclass(strategy) and any(option.name == "n" for option in fields(strategy)):
        changed: Strategy = replace(strategy, n=n)
        return changed
    return strategy


def read_budget(budget: int | str | Budget) -> int | Budget:
    """A number of samples, or `tokens=N`: a hard limit on the tokens of each problem. Raises BadOption."""
    if isinstance(budget, Budget):
        if budget.tokens is None or budget != Budget(tokens=budget.tokens):
            raise BadOption(
                f"budget {budget}: a replay keeps limits on samples and on tokens; write tokens=N"
            )
        return budget
    name, equals, value = str(budget).strip().rpartition("=")
    if (equals and name.strip() != "tokens") or not value.strip().isdecimal() or int(value) < 1:
        raise BadOption(
            f"budget {budget!r} must be a number of samples, such as 8, or tokens=N, such as tokens=4000"
        )
    return Budget(tokens=int(value)) if equals else int(value)
