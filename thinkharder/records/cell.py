"""A finished cell of a grid: one problem, solved once by one strategy, model, budget and seed, and what came of it."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Self, final

from thinkharder.core.identity import canonical_json


@final
@dataclass(frozen=True, slots=True)
class CellDraw:
    """One candidate of a cell: the `key` of its generation in the store ("" where it is not recorded there).

    `answer` as extracted (None: it abstained). `correct` in [0, 1], None unknown. `score` is the deciding verifier's,
    `scores` by verifier in [0, 1] (None: abstained), `score_cost` by verifier in tokens where known. `chosen` says that
    the strategy selected it. `tokens` are the output tokens that the cell used of the generation, where those were not
    all (a smaller cap cut it, a stream rule aborted it); None: all of it.
    """

    key: str
    answer: str | None = None
    correct: float | None = None
    score: float | None = None
    scores: Mapping[str, float | None] = field(default_factory=dict)
    score_cost: Mapping[str, float] = field(default_factory=dict)
    chosen: bool = False
    tokens: int | None = None


IDENTITY = ("task", "problem", "model", "strategy", "budget", "seed")
"""The fields that make two cells the same."""


@final
@dataclass(frozen=True, slots=True)
class Cell:
    """One finished cell of a grid.

    `strategy` is a spec's text, `budget` the limits as in core.usage.Budget. `correct` is the task's score of the chosen
    answer in [0, 1] (None: unknown, as after an `error`). `agreement`, `confidence`, `exhausted` and `stopped_by` are the
    Result's. Tokens follow core.usage; `usd` None: unknown price. `version` is the software's.
    """

    task: str
    problem: str
    model: str
    strategy: str
    budget: Mapping[str, Any]
    seed: int
    answer: str | None = None
    correct: float | None = None
    agreement: float | None = None
    confidence: float | None = None
    exhausted: str | None = None
    stopped_by: str = ""
    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    reasoning_tokens: int = 0
    calls: int = 0
    seconds: float = 0.0
    usd: float | None = None
    error: str | None = None
    draws: tuple[CellDraw, ...] = ()
    decisions: tuple[str, ...] = ()
    version: str = ""

    @property
    def key(self) -> str:
        """Hex hash (32 digits) of what the cell is: task, problem, model, strategy, budget, seed."""
        return cell_key({name: getattr(self, name) for name in IDENTITY})

    @property
    def tokens(self) -> int:
        """Input plus output tokens."""
        return self.input_tokens + self.output_tokens

    def row(self) -> dict[str, Any]:
        """All fields, ready for JSON; `of_row` reads them back."""
        found = {f.name: getattr(self, f.name) for f in fields(self)}
        found["draws"] = [{f.name: getattr(draw, f.name) for f in fields(draw)} for draw in self.draws]
        return found

    @classmethod
    def of_row(cls, row: Mapping[str, Any]) -> Self:
        """The cell of a row. Fields that a newer version wrote and this one does not know are left out."""
        kept = {f.name: row[f.name] for f in fields(cls) if f.name in row}
        known = {f.name for f in fields(CellDraw)}
        draws = tuple(CellDraw(**{k: v for k, v in draw.items() if k in known}) for draw in row["draws"])
        return cls(**{**kept, "draws": draws, "decisions": tuple(row["decisions"])})


def cell_key(identity: Mapping[str, Any]) -> str:
    """The key of the cell with these IDENTITY fields, finished or not: how a resumed grid knows what is done."""
    content = [identity[name] for name in IDENTITY]
    return hashlib.sha256(canonical_json(content).encode()).hexdigest()[:32]
