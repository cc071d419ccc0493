"""Accuracy against budget for many strategies at once: what `thinkharder replay` prints, reports draw and laws are fitted to."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, final

import numpy as np
from numpy.typing import NDArray

from thinkharder.assemble import build_strategy
from thinkharder.core.errors import BadOption, ReplayMiss, UsageError
from thinkharder.core.protocols import Strategy
from thinkharder.core.registry import spec_of
from thinkharder.core.usage import Budget
from thinkharder.records.pool import Pool
from thinkharder.replay.classed import Classed, classed
from thinkharder.replay.one_by_one import Job, one_by_one
from thinkharder.replay.plan import BASELINES, Plan, draws_of, plan_of, read_budget, resized
from thinkharder.replay.vector import Cell, Outcome, Setting, Told, evaluate
from thinkharder.select import highest_score
from thinkharder.stats.intervals import mean_interval

Ragged = Literal["refuse", "cap"]
AGREEMENT_CAP = 40
"""Draws of the full vote that agreement is measured against, where nothing is said."""


@final
@dataclass(frozen=True, slots=True)
class Row:
    """One strategy at one budget: means over `problems` problems and `trials` resamplings of their recorded draws.

    `budget` is a number of samples or `tokens=N`; `samples`, `requests`, `input_tokens` and `output_tokens` are what a
    problem costs; tokens are None where the pool lacks a count. `accuracy` in [0, 1] is None where it is not known what
    is right; `low` and `high` are its 95% interval over problems. `agreement` in [0, 1] is with the full vote of `cap`
    draws. `by_problem` [P] are the problems' own accuracies, in the order of the pool.
    """

    strategy: str
    budget: int | str
    samples: float
    input_tokens: float | None
    output_tokens: float | None
    accuracy: float | None
    low: float | None
    high: float | None
    agreement: float | None
    trials: int
    problems: int
    cap: int
    requests: float
    by_problem: NDArray[np.float64] = field(repr=False, compare=False)

    def row(self) -> dict[str, Any]:
        """All but `by_problem`, ready for JSON."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__ if name != "by_problem"}


def replay(
    pool: Pool | Classed,
    strategies: Sequence[str | Strategy],
    budgets: Sequence[int | str | Budget] | None = None,
    trials: int = 1000,
    seed: int = 0,
    cap: int | None = None,
    ragged: Ragged = "refuse",
    verifier: str | None = None,
) -> list[Row]:
    """Every strategy at every budget on the same resamplings, in the order given; without budgets each at its own n.

    `cap`: draws of the full vote that agreement is measured against; None: 40, or what every problem has where that is
    fewer. `ragged="cap"`: a problem with fewer draws than asked for uses what it has; `refuse`: that is an error.
    `verifier` names the recorded scores that strategies read. Give a `Classed` to class a pool's answers once for many
    calls. Raises UsageError naming what a strategy needs and the pool lacks.
    """
    return Replaying(pool, strategies, budgets, trials, seed, cap, ragged, verifier).run()


@final
@dataclass(frozen=True, slots=True)
class _Place:
    """A row to be: its strategy at one budget, by the fast path where there is a plan."""

    label: str
    budget: int | str
    job: Job
    plan: Plan | None


@final
class Replaying:
    """`replay`, checked and ready to run."""

    def __init__(
        self,
        pool: Pool | Classed,
        strategies: Sequence[str | Strategy],
        budgets: Sequence[int | str | Budget] | None = None,
        trials: int = 1000,
        seed: int = 0,
        cap: int | None = None,
        ragged: Ragged = "refuse",
        verifier: str | None = None,
    ) -> None:
        if ragged not in ("refuse", "cap"):
            raise BadOption(f"ragged={ragged!r} must be refuse or cap (use what each problem has)")
        for name, value in (("trials", trials), ("cap", cap)):
            if value is not None and value < 1:
                raise BadOption(f"{name}={value} must be 1 or more")
        self.classed = pool if isinstance(pool, Classed) else classed(pool)
        self.ragged, self.verifier = ragged, verifier
        counts = self.classed.counts
        enough = int(counts.max() if ragged == "cap" else counts.min())
        self.setting = Setting(
            trials, seed, min(AGREEMENT_CAP, enough) if cap is None else cap, self.classed.max_tokens
        )
        self._check_draws("agreement with the full vote", self.setting.cap, "give a smaller --cap")
        read = None if budgets is None else [read_budget(budget) for budget in budgets]
        self.places = [place for strategy in strategies for place in self._places(strategy, read)]
        self._check_right()

    def _places(self, strategy: str | Strategy, budgets: Sequence[int | Budget] | None) -> list[_Place]:
        built = build_strategy(strategy)
        label = strategy if isinstance(strategy, str) else str(spec_of(built))
        if budgets is None:
            return [self._place(label, built, draws_of(built), None)]
        return [
            self._place(label, resized(built, budget), budget, None)
            if isinstance(budget, int)
            else self._place(label, built, f"tokens={budget.tokens}", budget)
            for budget in budgets
        ]

    def _place(self, label: str, strategy: Strategy, budget: int | str, limit: Budget | None) -> _Place:
        plan = plan_of(strategy)
        scores = None
        if "verifier" in strategy.needs or (plan is None and self.verifier is not None):
            scores = self.classed.scored_by(self.verifier, f"strategy {label}")
        if limit is not None:
            self.classed.pool.need(
                "prompt_tokens", "completion_tokens", by=f"strategy {label} at budget {budget}"
            )
        elif plan is None and isinstance(budget, int) and draws_of(strategy) > budget:
            limit = Budget(calls=budget)
        if not self.classed.votes and not (
            plan is not None and (plan.n == 1 or plan.select is highest_score)
        ):
            raise UsageError(
                f"strategy {label} votes over answers, and the pool {self.classed.name!r} holds neither an `answer` nor a"
                " `text` for every sample; record one of them"
            )
        most = plan.n if plan is not None else int(getattr(strategy, "n", 1))
        self._check_draws(f"strategy {label} at budget {budget}", most, "take a smaller budget")
        return _Place(label, budget, Job(strategy, limit, scores), plan)

    def _check_draws(self, who: str, needed: int, advice: str) -> None:
        counts = self.classed.counts
        short = int(np.argmin(counts))
        if self.ragged == "refuse" and needed > counts[short]:
            raise UsageError(
                f"{who} needs {needed} draws a problem, and problem {self.classed.problems[short]!r} of the pool"
                f" {self.classed.name!r} has {counts[short]} recorded; {advice}, or say --ragged cap to use what each"
                " problem has"
            )

    def _check_right(self) -> None:
        unknown = self.classed.recorded & np.isnan(self.classed.right)
        if unknown.any() and not unknown[self.classed.recorded].all():
            problem, draw = (int(at) for at in np.argwhere(unknown)[0])
            number = int(self.classed.pool.numbers[self.classed.pool.rows(problem).start + draw])
            raise UsageError(
                f"it is not known whether sample {number} of problem {self.classed.problems[problem]!r} is right, nor"
                f" {int(unknown.sum()) - 1} more of {int(self.classed.recorded.sum())}; give every sample `correct`, or"
                " every problem `gold`"
            )

    def run(self, told: Told | None = None) -> list[Row]:
        """The rows, in the order of strategies and budgets; `told` hears of progress."""
        fast = [place for place in self.places if place.plan is not None]
        cells = [
            Cell(
                place.plan,
                place.plan.n,
                place.job.budget.tokens if place.job.budget else None,
                place.job.scores,
            )
            for place in fast
            if place.plan is not None
        ]
        found = evaluate(self.classed, cells, self.setting, told) if cells else []
        outcomes = dict(zip(map(id, fast), found, strict=True))
        for place in self.places:
            if place.plan is None:
                outcomes[id(place)] = self._slowly(place, told)
        return [self._row(place.label, place.budget, outcomes[id(place)]) for place in self.places]

    def _slowly(self, place: _Place, told: Told | None) -> Outcome:
        try:
            return one_by_one(self.classed, place.job, self.setting, told)
        except ReplayMiss as error:
            raise UsageError(f"strategy {place.label} does not replay from this pool: {error}") from error

    def baselines(self, told: Told | None = None) -> list[Row]:
        """The rows between which every strategy lies, for each budget in samples: `oracle` picks the best of the draws
        (coverage), `random-pick` any of them. They have no agreement."""
        budgets = sorted({place.budget for place in self.places if isinstance(place.budget, int)})
        most = int(self.classed.counts.max())
        named = [(name, min(n, most)) for name in BASELINES for n in budgets]
        cells = [Cell(Plan(n, None, BASELINES[name], False), n) for name, n in named]
        found = evaluate(self.classed, cells, self.setting, told) if cells else []
        return [
            self._row(name, n, outcome, agrees=False) for (name, n), outcome in zip(named, found, strict=True)
        ]

    def _row(self, label: str, budget: int | str, outcome: Outcome, *, agrees: bool = True) -> Row:
        known = bool(np.isnan(self.classed.right[self.classed.recorded]).any()) is False
        by_problem = (
            np.clip(outcome.accuracy, 0.0, 1.0) if known else np.full(len(outcome.accuracy), math.nan)
        )
        interval = mean_interval(by_problem) if known else None
        prompts = self.classed.input_tokens
        counted = bool((self.classed.output_tokens[self.classed.recorded] >= 0).all())
        return Row(
            strategy=label,
            budget=budget,
            samples=float(outcome.samples.mean()),
            input_tokens=float((outcome.requests * prompts).mean()) if (prompts >= 0).all() else None,
            output_tokens=float(outcome.output.mean()) if counted else None,
            accuracy=float(by_problem.mean()) if known else None,
            low=None if interval is None else interval.low,
            high=None if interval is None else interval.high,
            agreement=float(outcome.agreement.mean()) if agrees and self.classed.votes else None,
            trials=self.setting.trials,
            problems=len(self.classed.problems),
            cap=self.setting.cap,
            requests=float(outcome.requests.mean()),
            by_problem=by_problem,
        )


__all__ = ["Ragged", "Replaying", "Row", "replay"]
