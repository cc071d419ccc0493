"""The grid of a benchmark: task x model x strategy x budget x seed, written out row by row.

A *row* is a grid without its problems; a row and a problem are a *cell*. The rows of one problem that share a model and a
seed are a *group*: they share draws, so they are run one after another, the largest first, and what one has drawn the
others are served from the store.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Self, final

from thinkharder import assemble
from thinkharder.core import registry
from thinkharder.core.errors import BadOption, UnknownOption
from thinkharder.core.protocols import Strategy
from thinkharder.core.spec import Spec, parse
from thinkharder.core.usage import Budget
from thinkharder.records.cell import cell_key
from thinkharder.tasks.base import Item, Task

UNKNOWN_SAMPLES = 8
"""Samples that a strategy without a plan is taken to draw, to order the rows of a group."""


@final
@dataclass(frozen=True, slots=True)
class Entry:
    """A strategy of a grid: the `label` it has in cells and tables, and the `spec` it is built from, every option written
    out, so that a resumed run keeps its meaning when a default changes."""

    label: str
    spec: str
    samples: int

    def build(self) -> Strategy:
        """The strategy. Raises SpecError, UnknownName, UnknownOption or BadOption."""
        return assemble.build_strategy(self.spec)


@final
@dataclass(frozen=True, slots=True)
class Row:
    """One row: a task's spec, a model's, a strategy, a verifier's spec or None, the limits of each problem, a seed."""

    task: str
    model: str
    entry: Entry
    verifier: str | None
    budget: Mapping[str, Any]
    seed: int

    def key(self, problem: str) -> str:
        """The key of the cell that this row has with a problem."""
        return cell_key({**self.identity(), "problem": problem})

    def identity(self) -> dict[str, Any]:
        """The fields of records.cell.IDENTITY but the problem."""
        return {
            "task": self.task,
            "model": self.model,
            "strategy": self.entry.label,
            "budget": dict(self.budget),
            "seed": self.seed,
        }


@final
@dataclass(frozen=True, slots=True)
class Group:
    """Cells that share draws: one problem, model and seed; `rows` come largest first. `number` is its place in the run."""

    number: int
    task: str
    item: Item
    model: str
    rows: tuple[Row, ...]


@final
@dataclass(frozen=True, slots=True)
class Grid:
    """What one `bench` command asks for: every combination. `budgets` are limits of each problem, `{}` is none; `limit`
    takes the first so many problems of each task. `verifier` serves the strategies that score."""

    tasks: tuple[str, ...]
    models: tuple[str, ...]
    strategies: tuple[Entry, ...]
    budgets: tuple[Mapping[str, Any], ...] = ({},)
    seeds: tuple[int, ...] = (1,)
    limit: int | None = None
    verifier: str | None = None

    def __post_init__(self) -> None:
        for name in ("tasks", "models", "strategies", "budgets", "seeds"):
            if not getattr(self, name):
                raise BadOption(f"a grid needs at least one of its {name}")
        if self.limit is not None and self.limit < 1:
            raise BadOption(f"limit={self.limit} must be at least 1")
        for budget in self.budgets:
            Budget(**budget)

    def rows(self) -> Iterator[Row]:
        """Every row: models outermost, so that each is loaded once."""
        for model in self.models:
            for task in self.tasks:
                for seed in self.seeds:
                    for entry in self.strategies:
                        for budget in self.budgets:
                            yield Row(task, model, entry, self.verifier, budget, seed)

    def document(self) -> dict[str, Any]:
        """The grid as JSON holds it."""
        found = {f.name: getattr(self, f.name) for f in fields(self)}
        entries = [{f.name: getattr(e, f.name) for f in fields(e)} for e in self.strategies]
        budgets = [dict(budget) for budget in self.budgets]
        plain = {name: list(found[name]) for name in ("tasks", "models", "seeds")}
        return {**found, **plain, "strategies": entries, "budgets": budgets}

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Self:
        """The grid of a document. Raises KeyError or TypeError where it is none."""
        return cls(
            tasks=tuple(document["tasks"]),
            models=tuple(document["models"]),
            strategies=tuple(Entry(**entry) for entry in document["strategies"]),
            budgets=tuple(dict(budget) for budget in document["budgets"]),
            seeds=tuple(document["seeds"]),
            limit=document["limit"],
            verifier=document["verifier"],
        )


def entries(
    specs: Sequence[str],
    *,
    ns: Sequence[int] = (),
    temperature: float | None = None,
    verifier: str | None = None,
) -> tuple[Entry, ...]:
    """The strategies of a grid: each spec, and where `ns` are given each at every n that it does not say itself.

    A strategy without an option `n`, or whose spec says one, stands once. `temperature` holds where a spec does not say
    one. Raises the UsageErrors of specs, and UnknownOption where `ns` fit no strategy at all.
    """
    found: dict[str, Entry] = {}
    used = False
    for spec in specs:
        built = assemble.build_strategy(spec, temperature)
        free = bool(ns) and _takes_n(spec, built)
        used = used or free
        for one in [replace(built, n=n) for n in ns] if free else [built]:  # type: ignore[type-var]
            entry = _entry(one, verifier)
            found[entry.label] = entry
    if ns and not used:
        raise UnknownOption(
            f"each of the strategies {', '.join(specs)}", "n", ["none that is not said in its spec"]
        )
    return tuple(found.values())


def _takes_n(spec: str, built: Strategy) -> bool:
    """Whether a strategy has an option n that its spec leaves open."""
    known = list(registry.options(type(built)))
    said = {key.replace("-", "_") or known[0] for key in parse(spec).args}
    return "n" in known and "n" not in said


def _entry(built: Strategy, verifier: str | None) -> Entry:
    whole = str(registry.spec_of(built, defaults=True))
    label = registry.spec_of(built)
    if "n" in registry.options(type(built)):  # it is what a grid is about: said also where it is the default
        others = {name: value for name, value in label.args.items() if name != "n"}
        label = Spec(label.name, {"n": vars(built)["n"], **others})
    try:
        same = registry.build("strategy", whole) == built
    except Exception:  # a plugin with options that no spec can write: its defaults are not spelled out
        same = False
    if verifier is not None and scores(built):
        label = Spec(label.name, {**label.args, "verifier": parse(verifier)})
    return Entry(str(label), whole if same else str(registry.spec_of(built)), samples_of(built))


def scores(strategy: Strategy) -> bool:
    """Whether a strategy may ask a verifier, as far as it says."""
    try:
        return "verifier" in strategy.needs or any(step.scored for step in strategy.plan())
    except Exception:  # a plugin without a plan
        return True


def samples_of(strategy: Strategy) -> int:
    """The most samples that a strategy draws for one problem."""
    try:
        return max(1, sum(step.samples for step in strategy.plan()))
    except Exception:  # a plugin without a plan
        return UNKNOWN_SAMPLES


def groups(
    grids: Sequence[Grid], tasks: Mapping[tuple[str, int | None], Task], done: Collection[str]
) -> list[Group]:
    """The groups that are left to do, in the order in which they are to be run: by model, task, seed, problem.

    `tasks` by (spec, limit), `done` the keys of finished cells. A cell that stands in several grids is done once.
    """
    items: dict[str, dict[str, Item]] = {}
    rows: dict[tuple[str, str, int, str], dict[str, Row]] = {}
    for grid in grids:
        for row in grid.rows():
            for item in tasks[row.task, grid.limit].items:
                key = row.key(item.id)
                if key not in done:
                    items.setdefault(row.task, {})[item.id] = item
                    rows.setdefault((row.model, row.task, row.seed, item.id), {})[key] = row
    models = list(dict.fromkeys(model for model, *_ in rows))
    ordered = sorted(rows.items(), key=lambda pair: models.index(pair[0][0]))
    return [
        Group(number, task, items[task][item], model, tuple(sorted(left.values(), key=_largest_first)))
        for number, ((model, task, _, item), left) in enumerate(ordered)
    ]


def _largest_first(row: Row) -> int:
    return -row.entry.samples
