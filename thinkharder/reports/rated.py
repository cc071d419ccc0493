"""Strategies with their outcome on every problem: replayed from a pool, read from a run's cells, and the two references."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from thinkharder.assemble import build_strategy
from thinkharder.core.errors import SpecError
from thinkharder.core.spec import parse
from thinkharder.records.cell import Cell
from thinkharder.replay.classed import CONFIDENCE, Classed
from thinkharder.replay.plan import plan_of
from thinkharder.replay.table import Ragged, Replaying, Row
from thinkharder.replay.vector import Told
from thinkharder.reports.findings import NAN, REFERENCES
from thinkharder.stats.passk import pass_at_k

Values = NDArray[np.float64]
SLOW = 20
"""Resamplings of a strategy that has to be run as it is, problem by problem."""
LIVE = " (live)"
"""Behind the name of a strategy that was run and not replayed."""


@final
@dataclass(frozen=True, eq=False)
class Rated:
    """One strategy at one budget: `accuracy` by problem, [P], NaN unknown; the costs are means over problems, NaN unknown.

    `draws` is the most samples it may take (0 unknown); `oracle` says that its selection knows what is right.
    """

    name: str
    budget: str
    draws: int
    accuracy: Values
    samples: float = NAN
    input_tokens: float = NAN
    output_tokens: float = NAN
    agreement: float = NAN
    seconds: float = NAN
    usd: float = NAN
    live: bool = False
    oracle: bool = False

    @property
    def known(self) -> NDArray[np.bool_]:
        """Which problems have an accuracy, [P]."""
        return ~np.isnan(self.accuracy)

    @property
    def mean(self) -> float:
        """Accuracy over the problems that are known, NaN where none is."""
        return float(self.accuracy[self.known].mean()) if self.known.any() else NAN


@final
@dataclass(frozen=True, slots=True)
class Asking:
    """Which strategies a report replays, at how many samples (or `tokens=N`), over how many resamplings; empty and None: by the pool."""

    strategies: tuple[str, ...] = ()
    budgets: tuple[int | str, ...] = ()
    verifier: str | None = None
    trials: int | None = None
    seed: int = 0
    ragged: Ragged = "refuse"
    """As in `replay`: "cap" lets a problem with too few samples use those it has."""


def budgets_of(classed: Classed, asked: Asking) -> tuple[int | str, ...]:
    """Numbers of samples and token budgets: those asked for, else powers of two up to what every problem has."""
    most = int(classed.counts.min())
    return asked.budgets or tuple(sorted({*(2**i for i in range(most.bit_length())), most}))


def trials_of(classed: Classed, asked: Asking) -> int:
    """Resamplings: those asked for, else as many as are done in seconds."""
    return asked.trials or (400 if len(classed.pool) <= 100_000 else 100)


def strategies_of(classed: Classed, asked: Asking) -> tuple[str, ...]:
    """Specs, NAME@SCORER where they name their scores: those asked for, else the sampling strategies that the pool can
    replay, once for each verifier where it has several."""
    if asked.strategies:
        return asked.strategies
    votes = ("direct", "self-consistency", "self-consistency:until=margin")
    own = [name for name in classed.scores if name != CONFIDENCE]
    tails = [f"@{name}" for name in own] if len(own) > 1 and asked.verifier is None else [""]
    scored = [f"{name}{tail}" for tail in tails for name in ("best-of-n", "weighted-vote")]
    return (*votes, *(scored if classed.scores else ()))


def replayed(classed: Classed, asked: Asking, told: Told | None = None) -> list[Rated]:
    """Every strategy at every budget on resamplings of the pool. Raises UsageError for what the pool cannot replay."""
    found = []
    for given in strategies_of(classed, asked):
        spec, _, scorer = given.partition("@")
        strategy = build_strategy(spec)
        sized = hasattr(strategy, "n")
        budgets = [b for b in budgets_of(classed, asked) if sized or isinstance(b, str)] or None
        trials = trials_of(classed, asked) if plan_of(strategy) else min(SLOW, trials_of(classed, asked))
        rows = Replaying(
            classed,
            [spec],
            budgets,
            trials,
            asked.seed,
            ragged=asked.ragged,
            verifier=scorer or asked.verifier,
        ).run(told)
        made = [_replayed(classed, row, exact=plan_of(strategy) is not None) for row in rows]
        found += [replace(one, name=f"{one.name} by {scorer}") for one in made] if scorer else made
    return found


def _replayed(classed: Classed, row: Row, exact: bool) -> Rated:
    """A row of a replay; `exact`: one draw is any of the recorded ones, so its accuracy needs no resampling."""
    spent = (row.samples, row.input_tokens, row.output_tokens, row.agreement)
    samples, prompt, output, agreement = (NAN if x is None else float(x) for x in spent)
    draws = row.budget if isinstance(row.budget, int) else 0
    seconds = _seconds(classed) * row.samples
    budget = str(row.budget)
    accuracy = mean_right(classed) if exact and draws == 1 else row.by_problem
    return Rated(row.strategy, budget, draws, accuracy, samples, prompt, output, agreement, seconds)


def references(classed: Classed, asked: Asking) -> list[Rated]:
    """The oracle (any of k samples is right) and the random pick (one of k, blindly), exact, at every budget of samples."""
    known = np.where(classed.recorded, classed.right, np.nan)
    n, c = (~np.isnan(known)).sum(axis=1), (known >= 1).sum(axis=1)
    right = mean_right(classed)
    length = _mean(np.where(classed.output_tokens >= 0, classed.output_tokens, np.nan), classed.recorded)
    prompt = float(np.where(classed.input_tokens >= 0, classed.input_tokens, np.nan).mean())
    found = []
    for name in REFERENCES:
        oracle = name == "oracle"
        for k in budgets_of(classed, asked):
            if isinstance(k, int):
                drawn = np.minimum(k, classed.counts) if asked.ragged == "cap" else np.full(len(n), k)
                value = pass_at_k(n, c, drawn) if oracle else right
                mean, tokens = float(drawn.mean()), float((drawn * length).mean())
                seconds = _seconds(classed) * mean
                found.append(
                    Rated(name, str(k), k, value, mean, prompt, tokens, seconds=seconds, oracle=oracle)
                )
    return found


def mean_right(classed: Classed) -> Values:
    """The share of right samples of each problem, NaN where one is not judged, [P]."""
    unknown = (np.isnan(classed.right) & classed.recorded).any(axis=1)
    return np.where(unknown, np.nan, _mean(classed.right, classed.recorded))


def _mean(values: NDArray[Any], there: NDArray[np.bool_]) -> Values:
    """Row means over `there`, NaN where one of them is unknown, [P]."""
    found: Values = np.where(there, values, 0.0).sum(axis=1) / np.maximum(there.sum(axis=1), 1)
    return found


def _seconds(classed: Classed) -> float:
    """Mean seconds of a sample, NaN where one is not recorded: samples one after another."""
    return float(classed.pool.seconds.mean())


def live(cells: Iterable[Cell], problems: Sequence[str]) -> list[Rated]:
    """A run's finished cells by strategy and budget, the mean over seeds; cells that ended in an error are left out."""
    place = {name: p for p, name in enumerate(problems)}
    groups: dict[tuple[str, str], list[Cell]] = {}
    for cell in cells:
        if cell.error is None and cell.problem in place:
            groups.setdefault(_named(cell), []).append(replace(cell, draws=(), decisions=()))
    return [_live(key, found, place) for key, found in groups.items()]


def _named(cell: Cell) -> tuple[str, str]:
    """A cell's strategy without its n, and its budget with it, so that the sizes of one strategy are one curve."""
    limits = [
        f"{name.replace('_', '-')}={value:g}" for name, value in cell.budget.items() if value is not None
    ]
    try:
        spec = parse(cell.strategy)
    except SpecError:
        return cell.strategy + LIVE, ", ".join(limits)
    size = spec.args.get("n")
    rest = {name: value for name, value in spec.args.items() if name != "n"}
    parts = ([f"n={size}"] if size is not None else []) + limits
    return str(replace(spec, args=rest)) + LIVE, ", ".join(parts)


def _live(key: tuple[str, str], cells: Sequence[Cell], place: Mapping[str, int]) -> Rated:
    sums, seen = np.zeros(len(place)), np.zeros(len(place))
    for cell in cells:
        sums[place[cell.problem]] += NAN if cell.correct is None else cell.correct
        seen[place[cell.problem]] += 1
    accuracy = np.divide(sums, seen, out=np.full(len(place), NAN), where=seen > 0)
    costs: list[Sequence[float | None]] = [
        [cell.calls for cell in cells],
        [cell.input_tokens for cell in cells],
        [cell.output_tokens for cell in cells],
        [cell.agreement for cell in cells],
        [cell.seconds for cell in cells],
        [cell.usd for cell in cells],
    ]
    calls, prompt, output, agreement, seconds, usd = (
        float(np.mean([NAN if x is None else x for x in values])) for values in costs
    )
    name, budget = key
    return Rated(name, budget, 0, accuracy, calls, prompt, output, agreement, seconds, usd, live=True)
