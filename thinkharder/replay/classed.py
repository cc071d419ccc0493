"""A pool whose answers are classed, once for all replays of it: padded arrays by problem and draw."""

import asyncio
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from thinkharder.answers import Answer, AnswerType, Classes
from thinkharder.api import run_sync
from thinkharder.core.errors import BadOption, UsageError
from thinkharder.records.pool import Pool
from thinkharder.replay.typed import Typed, type_of

ABSTAINS, BEYOND = -1, -2
"""In place of a class: the draw abstains; it is beyond what is recorded of its problem."""
CONFIDENCE = "confidence"
"""The score that every pool with log-probabilities has: that of the verifier `confidence` (mean-logprob)."""
_AT_ONCE = 16


@final
@dataclass(frozen=True, eq=False)
class Classed:
    """Recorded draws of P problems, at most N each, in the order of the pool.

    - `classes` int16 [P, N]: the answer's class within its problem, ABSTAINS or BEYOND; `answers` [P] shows each class;
    - `right` float64 [P, N]: 1 right, 0 wrong (an abstaining draw too, where the gold decides), a share of it, NaN
      unknown or beyond;
    - `counts` int64 [P]: draws recorded; `input_tokens` int64 [P]: of the prompt, -1 unknown;
    - `output_tokens` int64 [P, N], -1 unknown or beyond; `truncated` bool [P, N]: cut at the recording's own cap;
    - `scores` by verifier, float64 [P, N], NaN where there is none;
    - `max_tokens`: the cap of a draw, which a token budget reserves: the longest recorded, unless `capped`.
    """

    pool: Pool
    kind: AnswerType
    classes: NDArray[np.int16]
    answers: tuple[tuple[str, ...], ...]
    right: NDArray[np.float64]
    counts: NDArray[np.int64]
    input_tokens: NDArray[np.int64]
    output_tokens: NDArray[np.int64]
    truncated: NDArray[np.bool_]
    scores: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
    max_tokens: int = 1

    def capped(self, max_tokens: int) -> "Classed":
        """These draws under a cap of so many tokens each: one that is longer costs the cap and abstains, unscored and
        wrong, as what it had said by then is not known. Raises BadOption, UsageError without token counts."""
        if max_tokens < 1:
            raise BadOption(f"max_tokens={max_tokens} must be 1 or more")
        self.pool.need("completion_tokens", by=f"a cap of {max_tokens} tokens")
        over = self.output_tokens > max_tokens
        return replace(
            self,
            classes=np.where(over, ABSTAINS, self.classes).astype(np.int16),
            right=np.where(over & ~np.isnan(self.right), 0.0, self.right),
            output_tokens=np.minimum(self.output_tokens, max_tokens),
            truncated=self.truncated | over,
            scores={name: np.where(over, math.nan, column) for name, column in self.scores.items()},
            max_tokens=max_tokens,
        )

    @property
    def name(self) -> str:
        """The pool's."""
        return self.pool.name

    @property
    def problems(self) -> tuple[str, ...]:
        """The ids, [P]."""
        return self.pool.problems

    @property
    def judged(self) -> bool:
        """Whether it is known of every draw how right it is."""
        return not bool(np.isnan(self.right[self.classes != BEYOND]).any())

    @property
    def recorded(self) -> NDArray[np.bool_]:
        """Which places hold a draw, [P, N]."""
        there: NDArray[np.bool_] = self.classes != BEYOND
        return there

    @property
    def votes(self) -> bool:
        """Whether the samples hold answers that can vote, or only verdicts."""
        return bool({"answer", "text"} & self.pool.has)

    def scored_by(self, verifier: str | None, by: str) -> str:
        """The scores that a strategy reads: those named, else the only ones, else the confidence.

        Raises UsageError where the pool lacks them or has several to choose from; `by` says who asks.
        """
        own = [name for name in self.scores if name != CONFIDENCE]
        if verifier is not None:
            if verifier in self.scores:
                return verifier
            known = f"it has: {', '.join(self.scores)}" if self.scores else "it has none"
            raise UsageError(f"{by} needs scores.{verifier}, which the pool {self.name!r} lacks; {known}")
        if len(own) > 1:
            raise UsageError(
                f"{by} needs a verifier's scores, and the pool {self.name!r} has several;"
                f" name one with --verifier: {', '.join(own)}"
            )
        if not self.scores:
            raise UsageError(
                f"{by} needs a verifier's scores, which the pool {self.name!r} lacks: its samples hold neither"
                " `scores` nor `logprobs`"
            )
        return own[0] if own else CONFIDENCE


def classed(pool: Pool, answer_type: str = "auto") -> Classed:
    """Class a pool's answers by an answer type's spec: the recorded `answer`s, else what the type reads in the `text`s.

    Most are decided by their canonical keys; what keys cannot decide is asked of the type (math: of its processes).
    `right` is the recorded `correct`, else by the gold. Of a pool that holds nothing but `correct` each sample is a class
    of its own, and nothing votes (`votes`). Nothing is written to disk. Raises UsageError where there is none of the three.
    """
    if pool.answers is None and "text" not in pool.has:
        if "correct" not in pool.has:
            raise UsageError(
                f"the pool {pool.name!r} holds neither an `answer` nor a `text` nor `correct` for every sample;"
                " record one of them"
            )
        pool = replace(pool, answers=tuple(map(str, range(len(pool)))))
    kind = type_of(pool, answer_type)
    return run_sync(_classed(pool, kind))


async def _classed(pool: Pool, kind: AnswerType) -> Classed:
    counts = pool.counts
    size, width = len(pool.problems), int(counts.max())
    place = np.arange(width)[None, :] < counts[:, None]
    classes = np.full((size, width), BEYOND, np.int16)
    right = np.full((size, width), math.nan)
    answers: list[tuple[str, ...]] = [()] * size
    typed, limit = Typed(kind), asyncio.Semaphore(_AT_ONCE)

    async def one(problem: int) -> None:
        async with limit:
            found, known = await _problem(pool, typed, problem)
        classes[problem, : len(found)] = found
        answers[problem] = known
        if pool.golds[problem] is not None:
            right[problem, : len(found)] = np.equal(found, 0)

    if kind.semantic:
        await asyncio.gather(*(one(problem) for problem in range(size)))
    else:
        for problem in range(size):
            await one(problem)
    padded = _padded(pool.correct.astype(np.float64), place, math.nan)
    return Classed(
        pool=pool,
        kind=kind,
        classes=classes,
        answers=tuple(answers),
        right=np.where(np.isnan(padded), right, padded),
        counts=counts,
        input_tokens=np.array([_prompt(pool, p) for p in range(size)], np.int64),
        output_tokens=_padded(pool.completion_tokens.astype(np.int64), place, -1),
        truncated=_padded(pool.truncated, place, False),
        scores={name: _padded(column, place, math.nan) for name, column in score_columns(pool).items()},
        max_tokens=longest(pool),
    )


async def _problem(pool: Pool, typed: Typed, problem: int) -> tuple[list[int], tuple[str, ...]]:
    """The classes of a problem's draws, and what each class shows. With a gold its class is 0."""
    classes = Classes(typed.kind)
    gold = pool.golds[problem]
    if gold is not None:
        await classes.classify(typed.answer(gold))
    found = []
    for row in pool.rows(problem):
        known = await classes.classify(_answer(pool, typed, row))
        found.append(ABSTAINS if known is None else known)
    return found, tuple(answer.shown for answer in classes.representatives)


def _answer(pool: Pool, typed: Typed, row: int) -> Answer | None:
    if pool.answers is None:
        sample = pool.sample(row)
        return typed.text(sample.text or "", complete=sample.finish in ("stop", None))
    recorded = pool.answers[row]
    return None if recorded is None else typed.answer(recorded)


def score_columns(pool: Pool) -> dict[str, NDArray[np.float64]]:
    """The pool's scores by verifier, [S], and the confidence where every sample has log-probabilities."""
    columns = dict(pool.scores)
    if "logprobs" in pool.has and CONFIDENCE not in columns:
        columns[CONFIDENCE] = np.minimum(np.exp(pool.mean_logprob.astype(np.float64)), 1.0)
    return columns


def longest(pool: Pool) -> int:
    """The longest recorded sample in tokens, at least 1."""
    return max(1, int(pool.completion_tokens.max(initial=1)))


def _prompt(pool: Pool, problem: int) -> int:
    """The prompt's tokens: the most that any of its samples says (they are of one prompt), -1 unknown."""
    rows = pool.rows(problem)
    return int(pool.prompt_tokens[rows.start : rows.stop].max(initial=-1))


def _padded(column: NDArray[Any], place: NDArray[np.bool_], beyond: object) -> NDArray[Any]:
    out = np.full(place.shape, beyond, column.dtype)
    out[place] = column
    return out
