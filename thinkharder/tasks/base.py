"""What a task is: problems with a split, a licence, a source, an answer type, and a check that every gold answer passes."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, final, runtime_checkable

from thinkharder.core.errors import UsageError
from thinkharder.core.identity import canonical_json
from thinkharder.core.types import Problem
from thinkharder.tasks.environment import Environment


class TaskError(UsageError):
    """A task's data are missing or wrong; the message names the file, the row and the field."""


@dataclass(frozen=True, slots=True)
class Item:
    """One problem of a task with what scores it. A strategy is given `problem` alone.

    `gold`: the one right answer, in the problem's answer type; None where several are right and only the check can tell.
    `solution`: a text that the check must call right, as a model would write it; None where none is known.
    `hidden`: what the check reads besides (tests, clues, numbers), of the check's own kind.
    `level`: a label of difficulty, such as `Level 3` or `numbers=4`. `about`: what else is known, for tables.
    """

    id: str
    problem: Problem
    gold: str | None = None
    level: str | None = None
    solution: str | None = None
    hidden: Any = field(default=None, repr=False)
    about: Mapping[str, str] = field(default_factory=dict)
    task_id: str = ""


class Check(Protocol):
    """Says how right a text is."""

    @property
    def name(self) -> str:
        """What decides: `gold`, `tests`, `countdown` …"""
        ...

    async def score(self, item: Item, text: str, complete: bool) -> float:
        """In [0, 1]: 1 is right, 0 is wrong or no answer. `complete=False`: the text was cut at its cap. Raises
        SandboxError where a sandbox fails; whatever the text holds is a score."""
        ...

    def reference(self, item: Item) -> str | None:
        """A text that must score 1, or None where none is known."""
        ...


@dataclass(frozen=True, slots=True)
class StepVerdict:
    """What is known of one step of a partial solution.

    `right` is True where all that it claims is true, it follows the task's rules, and the goal can still be reached
    behind it; False from the first step on that fails this; None where the step claims nothing that can be checked.
    """

    right: bool | None
    reason: str = ""


@runtime_checkable
class StepChecker(Protocol):
    """Ground truth for the steps of generated problems. Pure; takes milliseconds; never raises on any text."""

    def check(self, item: Item, steps: Sequence[str]) -> list[StepVerdict]:
        """One verdict a step, in order; `steps` are the parts of one text from its beginning."""
        ...

    def proceed(self, item: Item, steps: Sequence[str]) -> str | None:
        """One right next step behind right steps: at the end the boxed answer; None behind a wrong step or the answer."""
        ...


@final
@dataclass(frozen=True)
class Task:
    """Problems and what scores them.

    `name` and `split` with `licence` (an SPDX name or words) and `source` (a paper, an address, a file). `spec` builds the
    same task again. `check` scores whole texts, `steps` the steps of one where there is ground truth for them, and
    `environment` gives the world that an agent acts in, for tasks of several turns.
    """

    name: str
    split: str
    licence: str
    source: str
    answer_type: str
    items: tuple[Item, ...]
    check: Check
    spec: str = ""
    steps: StepChecker | None = None
    environment: Callable[[Item], Environment] | None = None

    def __post_init__(self) -> None:
        seen: set[str] = set()
        for item in self.items:
            if item.id in seen:
                raise TaskError(f"task {self.name}: two problems have the id {item.id!r}; ids must differ")
            seen.add(item.id)

    def __len__(self) -> int:
        return len(self.items)

    def __iter__(self) -> Iterator[Item]:
        return iter(self.items)

    async def right(self, item: Item, candidate_text: str, *, complete: bool = True) -> float:
        """1.0 where the text's answer is right, 0.0 where it is wrong or missing, or the task's own score in [0, 1].

        `complete=False` says that the text was cut at its cap: then only a marked answer counts.
        Raises SandboxError or AnswerTypeError where what decides cannot run.
        """
        return await self.check.score(item, candidate_text, complete)

    async def gold_passes(self, item: Item) -> bool:
        """Whether the item's own answer passes the check; False where the item has none to try."""
        text = self.check.reference(item)
        return text is not None and await self.check.score(item, text, True) == 1.0

    def first(self, limit: int | None) -> "Task":
        """The task with its first `limit` problems; all of them for None. Raises TaskError for a limit below 1."""
        if limit is not None and limit < 1:
            raise TaskError(f"limit={limit} must be at least 1")
        return self if limit is None or limit >= len(self) else replace(self, items=self.items[:limit])

    def item(self, id: str) -> Item:
        """The problem of that id. Raises TaskError."""
        for item in self.items:
            if item.id == id:
                return item
        raise TaskError(f"task {self.name} has no problem {id!r}; its ids begin with {self.items[0].id!r}")

    @property
    def fingerprint(self) -> str:
        """32 hexadecimal digits of SHA-256 over problems, answers and what checks them: equal for equal tasks."""
        rows = [
            [item.id, item.problem, item.gold, item.level, item.solution, shown(item.hidden)]
            for item in self.items
        ]
        return hashlib.sha256(canonical_json(rows).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def shown(hidden: Any) -> Any:
    """Check data as plain values for JSON; what JSON cannot hold becomes its text."""
    if hasattr(hidden, "plain"):
        return shown(hidden.plain())
    if hasattr(hidden, "__dataclass_fields__"):
        return {name: shown(getattr(hidden, name)) for name in hidden.__dataclass_fields__}
    if isinstance(hidden, Mapping):
        return {str(key): shown(value) for key, value in hidden.items()}
    if isinstance(hidden, list | tuple):
        return [shown(value) for value in hidden]
    return hidden if isinstance(hidden, str | int | float | bool | None) else str(hidden)
