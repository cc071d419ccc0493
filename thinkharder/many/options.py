"""What a batch takes, and what becomes of each of its problems."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import final

from thinkharder.api import Options
from thinkharder.core.errors import BadOption, ThinkharderError
from thinkharder.core.types import Problem, Result
from thinkharder.core.usage import Budget, Usage


@final
@dataclass(frozen=True, slots=True)
class Solved:
    """How one problem ended: the best that it got, or why it got nothing; and what it cost.

    `final`: more budget or time would not have changed it (it was solved, its rule or the allocator was satisfied, or it
    reached its cap).
    """

    number: int
    problem: Problem
    result: Result | None
    error: ThinkharderError | None
    spent: Usage
    final: bool


@final
@dataclass(frozen=True, slots=True)
class Many:
    """What `solve_many` takes besides problems, model, strategy, allocator and budget.

    `solve`: as for one problem, but its trace. `floor`: samples that each problem has a right to, before others get more;
    `cap`: most samples of a problem (None: the strategy's n); `each`: hard limits of each problem. `solved`: the score
    from which a checker's sample is right. `chances`: predicted chances that one sample is right, one a problem.
    `wave`: samples decided on at once (None: the model's batch). `spent`: what the budget has paid before. `told` hears of
    each problem as it ends, `paid` of all that was spent after each wave.
    """

    solve: Options = field(default_factory=Options)
    floor: int = 1
    cap: int | None = None
    each: Budget = field(default_factory=Budget)
    solved: float = 1.0
    chances: Sequence[float] | None = None
    wave: int | None = None
    spent: Usage = field(default_factory=Usage)
    told: Callable[[Solved], None] = lambda solved: None
    paid: Callable[[Usage], None] = lambda usage: None

    def __post_init__(self) -> None:
        for name, value, least in (("floor", self.floor, 0), ("cap", self.cap, 1), ("wave", self.wave, 1)):
            if value is not None and value < least:
                raise BadOption(f"{name}={value} must be at least {least}")
        if not 0 < self.solved <= 1:
            raise BadOption(f"solved={self.solved} must be above 0 and at most 1")
        if self.solve.trace is not None:
            raise BadOption("a trace is of one problem; listen to many with solve.listener")
