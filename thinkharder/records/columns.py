"""Builds a pool's columns from samples in any order, without keeping the samples."""

from array import array
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from thinkharder.records.sample import MISSING, BadRecord, Sample

UNKNOWN = float("nan")
_PLAIN = (
    "text",
    "reasoning",
    "gold",
    "correct",
    "prompt_tokens",
    "completion_tokens",
    "reasoning_tokens",
    "logprobs",
    "tops",
    "finish",
    "seconds",
)


@final
@dataclass(slots=True)
class Columns:
    """Columns in the order of arrival; `arrays` puts them together by problem."""

    ids: dict[str, int] = field(default_factory=dict)
    golds: list[str | None] = field(default_factory=list)
    problem: "array[int]" = field(default_factory=lambda: array("i"))
    number: "array[int]" = field(default_factory=lambda: array("i"))
    where: "array[int]" = field(default_factory=lambda: array("q"))
    answers: list[str | None] = field(default_factory=list)
    counts: "tuple[array[int], array[int]]" = field(default_factory=lambda: (array("i"), array("i")))
    truncated: "array[int]" = field(default_factory=lambda: array("b"))
    floats: "tuple[array[float], array[float], array[float]]" = field(
        default_factory=lambda: (array("f"), array("f"), array("f"))
    )
    scores: "dict[str, array[float]]" = field(default_factory=dict)
    held: dict[str, int] = field(default_factory=dict)
    words: dict[str, str] = field(default_factory=dict)

    def add(
        self, sample: Sample, position: int, mean: float | None = None, *, also: tuple[str, ...] = ()
    ) -> None:
        """Take a sample that lies at `position` of its source. `mean` and `also` tell of log-probabilities and fields
        that lie there but are not in `sample`. Raises BadRecord where two samples of a problem differ in gold."""
        index = self.ids.setdefault(sample.problem, len(self.ids))
        if index == len(self.golds):
            self.golds.append(None)
        if sample.gold is not None and self.golds[index] != sample.gold:
            if self.golds[index] is not None:
                raise BadRecord(
                    f"problem {sample.problem!r} has two golds, {self.golds[index]!r} and {sample.gold!r};"
                    " give each problem one id of its own"
                )
            self.golds[index] = sample.gold
        self.problem.append(index)
        self.number.append(sample.sample)
        self.where.append(position)
        answer = sample.answer
        self.answers.append(
            None if answer is MISSING or answer is None else self.words.setdefault(answer, answer)
        )
        for column, count in zip(self.counts, (sample.prompt_tokens, sample.completion_tokens), strict=True):
            column.append(-1 if count is None else count)
        self.truncated.append(sample.finish == "length")
        if mean is None and sample.logprobs:
            mean = sum(sample.logprobs) / len(sample.logprobs)
        for floats, value in zip(self.floats, (sample.correct, mean, sample.seconds), strict=True):
            floats.append(UNKNOWN if value is None else value)
        self._hold(sample, also)

    def _hold(self, sample: Sample, also: tuple[str, ...]) -> None:
        held = self.held
        for name in _PLAIN:
            if getattr(sample, name) is not None:
                held[name] = held.get(name, 0) + 1
        for name in also:
            held[name] = held.get(name, 0) + 1
        if sample.answer is not MISSING:
            held["answer"] = held.get("answer", 0) + 1
        for name, score in sample.scores.items():
            column = self.scores.setdefault(name, array("d"))
            column.extend([UNKNOWN] * (len(self.number) - 1 - len(column)))
            column.append(UNKNOWN if score is None else score)
            held[f"scores.{name}"] = held.get(f"scores.{name}", 0) + 1

    def arrays(self) -> dict[str, Any]:
        """The columns as fields of Pool, grouped by problem in order of first appearance, draws in order of arrival.

        Raises BadRecord where a problem has a sample number twice, or where there are no samples.
        """
        total = len(self.number)
        if not total:
            raise BadRecord("there is not one sample in it")
        problem = np.frombuffer(self.problem, np.int32)
        order = np.argsort(problem, kind="stable")
        self._check_numbers(problem)
        has = {name for name, count in self.held.items() if count == total}
        if all(gold is not None for gold in self.golds):
            has.add("gold")
        answers = tuple(self.answers[i] for i in order) if "answer" in has else None
        floats = [np.frombuffer(column, np.float32)[order] for column in self.floats]
        counts = [np.frombuffer(column, np.int32)[order] for column in self.counts]
        return {
            "problems": tuple(self.ids),
            "starts": np.concatenate([[0], np.cumsum(np.bincount(problem, minlength=len(self.ids)))]).astype(
                np.int64
            ),
            "numbers": np.frombuffer(self.number, np.int32)[order],
            "golds": tuple(self.golds),
            "answers": answers,
            "correct": floats[0],
            "prompt_tokens": counts[0],
            "completion_tokens": counts[1],
            "truncated": np.frombuffer(self.truncated, np.int8)[order].astype(np.bool_),
            "mean_logprob": floats[1],
            "seconds": floats[2],
            "scores": self._scores(total, order),
            "has": frozenset(has),
            "where": np.frombuffer(self.where, np.int64)[order],
        }

    def _scores(self, total: int, order: NDArray[np.int64]) -> Mapping[str, NDArray[np.float64]]:
        for column in self.scores.values():
            column.extend([UNKNOWN] * (total - len(column)))
        return {name: np.frombuffer(self.scores[name], np.float64)[order] for name in sorted(self.scores)}

    def _check_numbers(self, problem: NDArray[np.int32]) -> None:
        both = problem.astype(np.int64) << 32 | np.frombuffer(self.number, np.int32)
        both.sort()
        twice = np.flatnonzero(both[1:] == both[:-1])
        if twice.size:
            index, number = int(both[twice[0]]) >> 32, int(both[twice[0]]) & 0x7FFFFFFF
            raise BadRecord(
                f"problem {list(self.ids)[index]!r} has sample {number} twice; number the samples of a problem apart"
            )
