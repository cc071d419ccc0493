"""From a run or a pool of recorded samples to the findings that a report shows."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import final

import numpy as np

from thinkharder.core.errors import ThinkharderError, UsageError
from thinkharder.core.types import Problem
from thinkharder.records.cell import Cell
from thinkharder.records.pool import Pool, read_pool
from thinkharder.records.store import Store, store_file
from thinkharder.records.stored import STORE_ENDINGS
from thinkharder.replay.classed import Classed, classed
from thinkharder.reports import outcomes
from thinkharder.reports.confidences import calibrations
from thinkharder.reports.findings import Findings, Part
from thinkharder.reports.laws import Laws, laws
from thinkharder.reports.problems import Shown, browse
from thinkharder.reports.rated import Asking, Rated, Values, live, mean_right, references, replayed, trials_of
from thinkharder.reports.wording import count, percent
from thinkharder.tasks.base import Task
from thinkharder.tasks.load import load_task

UNKNOWN = {"fits": "Which samples are right is not known: no gold answers and no verdicts."}
Told = Callable[[str], None]
"""Hears what is being done now."""


@final
@dataclass(frozen=True, slots=True)
class Wanted:
    """What a report is asked to hold: which strategies, which texts, how answers are read, and the task (a spec) where
    levels and questions are to be taken from it. `times` are the bootstrap fits of a law."""

    asking: Asking = field(default_factory=Asking)
    shown: Shown = field(default_factory=Shown)
    answer_type: str = "auto"
    task: str | None = None
    title: str | None = None
    times: int = 100


@final
@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a part besides its samples: by problem id."""

    levels: Mapping[str, str] = field(default_factory=dict)
    questions: Mapping[str, str] = field(default_factory=dict)
    cells: Sequence[Cell] = ()


def gather(
    path: str | Path, wanted: Wanted, told: Told = lambda _: None, made_by: str = "thinkharder"
) -> Findings:
    """Read a RUN folder, a store or a file of samples, and work out all that a report shows.

    A run gives one part for each task and model. Raises UsageError where there is nothing to report on.
    """
    source = Path(path)
    task = None if wanted.task is None else load_task(wanted.task)
    parts = []
    for pool, known in _sources(source, task, told):
        told(f"{pool.name}: reading answers")
        parts.append(part(classed(pool, wanted.answer_type), wanted, known, told))
    return Findings(wanted.title or f"Report on {source.name}", made_by, tuple(parts))


def _sources(source: Path, task: Task | None, told: Told) -> list[tuple[Pool, Known]]:
    levels = {} if task is None else {i.id: i.level for i in task.items if i.level is not None}
    if not source.is_dir() and source.suffix not in STORE_ENDINGS:
        told(f"reading {source}")
        questions = {} if task is None else {item.id: _question(item.problem) for item in task.items}
        return [(read_pool(source), Known(levels, questions))]
    with Store.open(store_file(source)) as store:
        pairs = list(dict.fromkeys((group.task, group.model) for group in store.groups()))
        cells = list(store.cells())
        stored = {name: store.problems(name) for name, _ in pairs}
    if not pairs:
        raise UsageError(
            f"{source} holds no samples yet; run thinkharder bench resume, or wait for the first"
        )
    found = []
    for name, model in pairs:
        told(f"reading {name} {model}")
        its = task or _loaded(name)
        questions = {} if its is None else {item.id: _question(item.problem) for item in its.items}
        own = {i: level for i, (_, level) in stored[name].items() if level is not None}
        mine = [cell for cell in cells if cell.task == name and (cell.model == model or _only(pairs, name))]
        found.append((read_pool(source, task=name, model=model), Known({**own, **levels}, questions, mine)))
    return found


def _only(pairs: Sequence[tuple[str, str]], task: str) -> bool:
    """Whether a task was recorded with one model, so that its cells can be of no other."""
    return sum(name == task for name, _ in pairs) == 1


def _loaded(spec: str) -> Task | None:
    """The task of a run, for its questions; None where it cannot be loaded (any more, or here)."""
    try:
        return load_task(spec)
    except (ThinkharderError, OSError):
        return None


def _question(problem: Problem) -> str:
    """The text of a problem, its pictures left out."""
    return "\n".join(message.text for message in problem.messages)


def part(pool: Classed, wanted: Wanted, known: Known, told: Told) -> Part:
    """All about one classed pool."""
    asking = wanted.asking
    told(f"{pool.name}: replaying")
    rated: list[Rated] = []
    missing: dict[str, str] = {}
    try:
        rated += replayed(pool, asking)
    except UsageError as error:
        if asking.strategies or asking.budgets:
            raise
        missing["curves"] = f"Nothing could be replayed: {error}."
    rated += live(known.cells, pool.problems) + references(pool, asking)
    rate = mean_right(pool)
    drawn = outcomes.curves([one for one in rated if one.known.any()])
    best = outcomes.frontier(drawn)
    told(f"{pool.name}: fitting laws")
    fitted = laws(pool, asking.seed, wanted.times) if not np.isnan(rate).all() else Laws(missing=UNKNOWN)
    told(f"{pool.name}: packing texts")
    return Part(
        title=pool.name,
        facts=facts(pool, rate),
        curves=drawn,
        frontier=best,
        by_rate=outcomes.by_rate(rated, rate),
        by_level=outcomes.by_level(rated, known.levels, pool.problems),
        splits=outcomes.splits(rated, pool, trials_of(pool, asking)),
        calibrations=calibrations(pool),
        fits=fitted.fits,
        comparisons=outcomes.comparisons(rated, asking.seed),
        summary=(*outcomes.summary(drawn, best), *filter(None, [missing.get("curves"), _prompts(pool)])),
        laws=fitted.words,
        browser=browse(pool, wanted.shown, known.levels, known.questions),
        missing={**missing, **fitted.missing},
        notes=notes(pool, asking),
    )


def _prompts(pool: Classed) -> str:
    """What a reader has to know of the tokens, or nothing."""
    bare = (pool.input_tokens < 0).any() and (pool.output_tokens[pool.recorded] >= 0).all()
    return "The record holds no prompt tokens: tokens are those of the answers alone." if bare else ""


def facts(pool: Classed, rate: Values) -> tuple[tuple[str, str], ...]:
    """The numbers at the head of a part."""
    most, least = int(pool.counts.max()), int(pool.counts.min())
    tokens = pool.output_tokens[pool.output_tokens >= 0]
    found = [
        ("problems", count(len(pool.problems))),
        ("samples", count(len(pool.pool))),
        ("samples a problem", count(most) if most == least else f"{count(least)} to {count(most)}"),
        ("answers read as", pool.kind.name),
    ]
    if len(tokens):
        found.append(("tokens a sample", count(round(float(tokens.mean())))))
    if "finish" in pool.pool.has:
        found.append(("cut off", percent(float(pool.truncated[pool.recorded].mean()))))
    if not np.isnan(rate).any():
        found.append(("right samples", percent(float(rate.mean()))))
        found.append(("solved at least once", percent(float((rate > 0).mean()))))
    return tuple(found)


def notes(pool: Classed, asking: Asking) -> tuple[str, ...]:
    """How this part's numbers were made."""
    trials = trials_of(pool, asking)
    cap = min(40, int(pool.counts.max() if asking.ragged == "cap" else pool.counts.min()))
    return (
        f"Strategies are replayed on {count(trials)} resamplings of the recorded samples (seed {asking.seed}), each drawn"
        " without replacement.",
        f"Agreement is with the majority vote of the first {cap} samples of a resampling.",
        "Laws and forecasts are fitted to which samples are right; their bands hold the fit's uncertainty and each"
        " problem's own.",
    )
