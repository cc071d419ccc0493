"""A recorded pool as a model: strategies run on it unchanged, without a network and without a clock."""

from collections.abc import AsyncGenerator, Iterator, Sequence
from functools import lru_cache
from typing import final

import numpy as np
from numpy.typing import NDArray

from thinkharder import prompts
from thinkharder.core.errors import ReplayMiss, UnknownName
from thinkharder.core.protocols import Effort, Sampler
from thinkharder.core.types import (
    Candidate,
    Capabilities,
    Chunk,
    Finish,
    Problem,
    Request,
    Score,
    TokenCount,
    TokenLogprob,
)
from thinkharder.records.pool import Pool
from thinkharder.records.sample import MISSING, Sample
from thinkharder.replay.classed import Classed, longest, score_columns
from thinkharder.replay.orders import order, roots
from thinkharder.replay.typed import type_of, written

FINISHES: tuple[Finish, ...] = ("stop", "length", "tool_calls", "content_filter", "aborted", "cancelled")


@final
class Replay:
    """A model that answers a pool's problems with its recorded samples.

    Within one `trial` a problem's draws come without replacement, in an order that depends on `seed`, trial and problem
    alone; `at(trial)` is the model of another trial. Ask `problem(id)`: that problem stands for the recorded prompt, with or
    without the line that strategies add to it. Anything else that is asked (another prompt, a later turn of a
    conversation, a started answer, a branch of its own, more draws than are recorded) raises ReplayMiss: nothing is made
    up and no model is asked. What it costs is what the record says. A sample longer than the cap that it is asked under is
    cut: it costs the cap and, as its text up to there is not known, gives none.

    With `labels` a draw's text is the label of its class (see `RecordedAnswers`), else the recorded text, else one from
    which the answer type reads the recorded answer. `max_tokens` is the cap of a draw, by default the longest recorded.
    """

    def __init__(
        self,
        pool: Pool | Classed,
        *,
        seed: int = 0,
        trial: int = 0,
        max_tokens: int | None = None,
        labels: bool = False,
    ) -> None:
        self.classed = pool if isinstance(pool, Classed) else None
        self.pool = pool.pool if isinstance(pool, Classed) else pool
        self.seed, self.trial, self.labels = seed, trial, labels and self.classed is not None
        known = longest(self.pool) if self.classed is None else self.classed.max_tokens
        self.max_tokens = known if max_tokens is None else max_tokens
        self.kind = self.classed.kind if self.classed is not None else type_of(self.pool)
        self._index = {f"Problem {name}": at for at, name in enumerate(self.pool.problems)}
        self._roots = roots(seed, self.pool.problems)
        self.order = lru_cache(maxsize=64)(self._made_order)
        self._scores = score_columns(self.pool)

    def at(self, trial: int) -> "Replay":
        """The same pool in another trial."""
        other = Replay.__new__(Replay)
        other.__dict__.update(self.__dict__)
        other.trial = trial
        other.order = lru_cache(maxsize=64)(other._made_order)
        return other

    @property
    def name(self) -> str:
        """`replay:POOL`."""
        return f"replay:{self.pool.name}"

    @property
    def capabilities(self) -> Capabilities:
        """Any number of completions in one request; log-probabilities where all samples have them."""
        return Capabilities(
            n=max(1, int(self.pool.counts.max())),
            logprobs="logprobs" in self.pool.has,
            cancels=True,
            exact_input="prompt_tokens" in self.pool.has,
            local=True,
            max_tokens=self.max_tokens,
            batch=max(1, int(self.pool.counts.max())),
        )

    def problem(self, name: str | int) -> Problem:
        """The problem of an id of the pool. The question itself is not recorded. Raises UnknownName."""
        if f"Problem {name}" not in self._index:
            raise UnknownName("problem", str(name), list(self.pool.problems))
        return Problem.of(f"Problem {name}", answer_type=self.kind.name)

    def verifier(self, name: str) -> "RecordedScores":
        """The recorded scores of a verifier, in this trial. Raises UnknownName."""
        if name not in self._scores:
            raise UnknownName("recorded verifier", name, sorted(self._scores))
        return RecordedScores(self, name)

    async def count(self, request: Request) -> TokenCount:
        """The recorded prompt's tokens; 0 and not exact where they are not recorded."""
        rows = self.pool.rows(self._problem(request))
        tokens = int(self.pool.prompt_tokens[rows.start : rows.stop].max(initial=-1))
        return TokenCount(max(0, tokens), exact=tokens >= 0)

    async def stream(self, request: Request) -> AsyncGenerator[Chunk, None]:
        """The recorded draws, one chunk each, in draw order. Raises ReplayMiss before the first."""
        rows = [self.row(request, request.first_draw + i) for i in range(request.n)]
        cap = request.sampling.max_tokens or self.max_tokens
        for index, row in enumerate(rows):
            yield self._chunk(row, index, cap, request.sampling.logprobs is not None)

    async def aclose(self) -> None:
        """Nothing to free."""

    def row(self, request: Request, draw: int) -> int:
        """The pool's row that is draw `draw` of what is asked. Raises ReplayMiss."""
        problem = self._problem(request)
        rows = self.pool.rows(problem)
        if draw >= len(rows):
            raise ReplayMiss(
                f"{self.name}: problem {self.pool.problems[problem]!r} has {len(rows)} recorded samples, and draw"
                f" {draw + 1} was asked for; ask for fewer samples, or record more"
            )
        return rows.start + int(self.order(problem)[draw])

    def _made_order(self, problem: int) -> NDArray[np.int64]:
        """The recorded draws of a problem in the order in which this trial draws them."""
        return order(self._roots[problem], self.trial, len(self.pool.rows(problem)))

    def _problem(self, request: Request) -> int:
        turns = [message for message in request.messages if message.role not in ("system", "developer")]
        what = None
        if request.kind != "answer":
            what = f"a {request.kind}"
        elif request.prefill:
            what = "the continuation of a started answer"
        elif request.branch:
            what = "samples for a branch of their own"
        elif len(turns) != 1:
            what = "a later turn of a conversation"
        else:
            for text in _without_line(turns[0].text):
                if text in self._index:
                    return self._index[text]
            what = f"a prompt that is not that of a recorded problem ({turns[0].text[:60]!r})"
        raise ReplayMiss(
            f"{self.name}: the strategy asks for {what}; the pool holds independent samples of one prompt a problem, which"
            " replay direct, best-of-n, votes and stopping rules: replay others from their own record"
        )

    def _chunk(self, row: int, index: int, cap: int, logprobs: bool) -> Chunk:
        tokens, exact = int(self.pool.completion_tokens[row]), True
        if tokens < 0:
            tokens, exact = 0, False
        if tokens > cap:
            return Chunk(index, tokens=cap, finish="length")
        if self.labels:
            return Chunk(index, text=self._label(row), tokens=tokens, finish="stop", exact=exact)
        sample = self.pool.sample(row)
        text = sample.text
        if text is None:
            text = written(self.kind, None if sample.answer is MISSING else sample.answer)
        return Chunk(
            index,
            text=text,
            reasoning=sample.reasoning or "",
            tokens=tokens,
            reasoning_tokens=sample.reasoning_tokens or 0,
            logprobs=_tokens(sample) if logprobs else (),
            finish=next((known for known in FINISHES if known == sample.finish), "stop"),
            exact=exact,
        )

    def _label(self, row: int) -> str:
        assert self.classed is not None
        problem = int(np.searchsorted(self.pool.starts, row, side="right")) - 1
        found = int(self.classed.classes[problem, row - int(self.pool.starts[problem])])
        return str(found) if found >= 0 else ""


@final
class RecordedScores:
    """A verifier's recorded scores, for the candidates of one trial of a replay. Costs nothing: what scoring cost when it
    was recorded is not counted."""

    def __init__(self, replay: Replay, name: str) -> None:
        self.replay, self.scores_of = replay, name

    @property
    def name(self) -> str:
        """The verifier's."""
        return self.scores_of

    @property
    def logprobs(self) -> int | None:
        """None: the scores are there."""
        return None

    @property
    def joint(self) -> bool:
        """False: each draw has its score."""
        return False

    def effort(self, problem_tokens: int, candidate_tokens: int) -> Effort:
        """Nothing."""
        return Effort()

    async def score(
        self, problem: Problem, candidates: Sequence[Candidate], sampler: Sampler
    ) -> Sequence[Score]:
        """One recorded score each; None where there is none, or where the draw was cut. Raises ReplayMiss."""
        return [self._of(candidate) for candidate in candidates]

    def _of(self, candidate: Candidate) -> Score:
        replay = self.replay
        row = replay.row(Request(candidate.prompt), candidate.draw)
        if candidate.tokens < int(replay.pool.completion_tokens[row]):
            return Score(None, "cut by the budget, so the recorded score is not its own")
        value = float(replay._scores[self.scores_of][row])
        return Score(None if np.isnan(value) else value)


def _without_line(text: str) -> Iterator[str]:
    """A prompt as it is, and without the line that strategies add to a problem of each answer type."""
    yield text
    for name in prompts.names():
        line = prompts.text(name) if name.startswith("answer.") else ""
        if line and text.endswith("\n" + line):
            yield text.removesuffix("\n" + line)


def _tokens(sample: Sample) -> tuple[TokenLogprob, ...]:
    """The chosen tokens' log-probabilities; which tokens they were is not recorded."""
    tops = sample.tops or ()
    return tuple(
        TokenLogprob("", value, tops[i] if i < len(tops) else ())
        for i, value in enumerate(sample.logprobs or ())
    )
