"""A pool: many recorded samples of many problems as columns; texts stay where they are until they are asked for."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Self, final

import numpy as np
from numpy.typing import NDArray

from thinkharder.core.errors import UsageError
from thinkharder.records.columns import Columns
from thinkharder.records.reading import open_source
from thinkharder.records.sample import BadRecord, Sample
from thinkharder.records.source import InMemory, Source


@final
@dataclass(frozen=True, eq=False)
class Pool:
    """Recorded samples by problem: P problems, S samples; those of problem p are rows `starts[p]` to `starts[p + 1]`.

    Problems stand in the order of first appearance, draws in the order given (not by their numbers).

    - `starts` [P + 1]; `golds` [P], None unknown; `numbers` [S], the recorded sample numbers;
    - `answers` [S] (None: it abstained), or None as a whole where not every sample has one recorded;
    - `correct` [S] in [0, 1], NaN unknown; `prompt_tokens`, `completion_tokens` [S], -1 unknown;
    - `truncated` [S], its finish was "length"; `mean_logprob` (natural log), `seconds` [S], NaN unknown;
    - `scores` by verifier [S] in [0, 1], NaN where not scored or where the verifier abstained;
    - `has`: fields that every sample holds: "answer", "text", "gold", "correct", "scores.NAME" …;
    - `where` [S]: the place of each row in `source`, from which `sample` reads texts and log-probabilities.
    """

    name: str
    problems: tuple[str, ...]
    starts: NDArray[np.int64]
    numbers: NDArray[np.int32]
    golds: tuple[str | None, ...]
    answers: tuple[str | None, ...] | None
    correct: NDArray[np.float32]
    prompt_tokens: NDArray[np.int32]
    completion_tokens: NDArray[np.int32]
    truncated: NDArray[np.bool_]
    mean_logprob: NDArray[np.float32]
    seconds: NDArray[np.float32]
    scores: Mapping[str, NDArray[np.float64]]
    has: frozenset[str]
    where: NDArray[np.int64]
    source: Source

    def __len__(self) -> int:
        return len(self.numbers)

    def __repr__(self) -> str:
        return f"<Pool {self.name!r}: {len(self)} samples of {len(self.problems)} problems>"

    @property
    def counts(self) -> NDArray[np.int64]:
        """Samples of each problem, [P]."""
        return np.diff(self.starts)

    def rows(self, problem: int) -> range:
        """The rows of a problem, given by its place in `problems`."""
        return range(int(self.starts[problem]), int(self.starts[problem + 1]))

    def sample(self, i: int) -> Sample:
        """Row i in full, read from where it lies. Raises BadRecord where that has changed since the pool was read."""
        found = self.source.sample(int(self.where[i]))
        problem = self.problems[int(np.searchsorted(self.starts, i, side="right")) - 1]
        if found.problem != problem or found.sample != self.numbers[i]:
            raise BadRecord(
                f"{self.name}: sample {self.numbers[i]} of problem {problem!r} is not where it was; the file changed"
                " since it was read: read it again"
            )
        return found

    def select(self, problems: Sequence[int]) -> "Pool":
        """The pool of these problems (places in `problems`, in the order given)."""
        chosen = [np.arange(self.starts[p], self.starts[p + 1]) for p in problems]
        rows = np.concatenate(chosen) if chosen else np.zeros(0, np.int64)
        per_row = {
            f.name: getattr(self, f.name)[rows]
            for f in fields(self)
            if f.name not in ("starts", "scores") and isinstance(getattr(self, f.name), np.ndarray)
        }
        return replace(
            self,
            problems=tuple(self.problems[p] for p in problems),
            golds=tuple(self.golds[p] for p in problems),
            starts=np.cumsum([0, *map(len, chosen)], dtype=np.int64),
            answers=None if self.answers is None else tuple(self.answers[i] for i in rows),
            scores={name: column[rows] for name, column in self.scores.items()},
            **per_row,
        )

    def need(self, *names: str, by: str) -> None:
        """Raise UsageError unless every sample holds these fields (as in `has`); `by` says who needs them."""
        lacking = [name for name in names if name not in self.has]
        if lacking:
            raise UsageError(
                f"{by} needs {', '.join(lacking)}, which not every sample of the pool {self.name!r} has;"
                f" it has: {', '.join(sorted(self.has))}"
            )

    @classmethod
    def of(cls, samples: Iterable[Sample], name: str) -> Self:
        """A pool of samples in memory: for tests and small sets. Raises BadRecord."""
        kept = InMemory(tuple(samples))
        return cls(name=name, source=kept, **_columns(kept, name))


def read_pool(path: str | Path, *, task: str | None = None, model: str | None = None) -> Pool:
    """The pool in a JSONL file (.jsonl, .json, .gz), a Parquet file, a store (.sqlite) or a RUN folder that holds one.

    A store of several tasks or models needs `task` and `model` to say which. Raises BadRecord with the line for a row
    that is not what the format says, UsageError where there is no such file.
    """
    source = open_source(path, task=task, model=model)
    return Pool(name=source.name, source=source, **_columns(source, source.name))


def _columns(source: Source, name: str) -> dict[str, Any]:
    columns = Columns()
    for light in source.scan():
        try:
            columns.add(light.sample, light.position, light.mean, also=light.also)
        except BadRecord as error:
            raise BadRecord(f"{name}: {error}") from None
    try:
        return columns.arrays()
    except BadRecord as error:
        raise BadRecord(f"{name}: {error}") from None
