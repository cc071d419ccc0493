"""The seams: one verb each, so that anything may wrap anything."""

from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, runtime_checkable

from thinkharder.core.types import (
    Candidate,
    Capabilities,
    Chunk,
    Kind,
    Preference,
    Problem,
    Prompt,
    Request,
    Score,
    TokenCount,
    TokenLogprob,
)


@runtime_checkable
class Model(Protocol):
    """A sampler: a request becomes streamed completions, honestly counted.

    `stream` yields chunks of `request.n` completions in any interleaving; the last chunk of each has `finish`. Closing
    the generator cancels what still runs. Failures raise `ModelError`s. `count` gives the prompt's tokens.
    """

    @property
    def name(self) -> str: ...
    @property
    def capabilities(self) -> Capabilities: ...
    def stream(self, request: Request) -> AsyncGenerator[Chunk, None]: ...
    async def count(self, request: Request) -> TokenCount: ...
    async def aclose(self) -> None: ...


class Sampler(Protocol):
    """What a verifier may do with a model: sample and continue, on the run's budget. The run is one."""

    @property
    def capabilities(self) -> Capabilities: ...
    async def sample(
        self, prompt: Prompt, n: int = 1, *, kind: Kind = "answer", **sampling: Any
    ) -> list[Candidate]: ...
    async def extend(
        self,
        partials: Sequence[Candidate],
        n: int | Sequence[int] = 1,
        *,
        stop: Sequence[str] = (),
        **sampling: Any,
    ) -> list[Candidate]: ...
    def role(self, name: str) -> "Sampler": ...


@dataclass(frozen=True, slots=True)
class Effort:
    """The worst case of verifying one candidate: model calls, their input and output tokens in all."""

    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0


@runtime_checkable
class Verifier(Protocol):
    """Scores candidates; every model call goes through `sampler`, so through the run's budget.

    `logprobs` is what it needs of the samples it scores (as `Sampling.logprobs`). `joint` says that scores depend on all
    candidates together (so they are scored once, at the end, not on arrival). `effort` bounds the cost of one candidate
    of `candidate_tokens` on a problem of `problem_tokens`.
    """

    @property
    def name(self) -> str: ...
    @property
    def logprobs(self) -> int | None: ...
    @property
    def joint(self) -> bool: ...
    def effort(self, problem_tokens: int, candidate_tokens: int) -> Effort: ...
    async def score(
        self, problem: Problem, candidates: Sequence[Candidate], sampler: Sampler
    ) -> Sequence[Score]: ...


@runtime_checkable
class Comparator(Protocol):
    """Prefers one candidate of each pair; the order within a pair must not matter."""

    @property
    def name(self) -> str: ...
    async def compare(
        self, problem: Problem, pairs: Sequence[tuple[Candidate, Candidate]], sampler: Sampler
    ) -> Sequence[Preference]: ...


@runtime_checkable
class StoppingRule(Protocol):
    """Decides between draws. `more` sees the finished draws in draw order and the cap on their number, and returns how
    many further draws it wants now (0: stop). Pure: no clock, no randomness, no state."""

    def more(self, draws: Sequence[Candidate], cap: int) -> int: ...


@runtime_checkable
class Allocator(Protocol):
    """Decides between problems that share one budget. `worth` says, of every problem, how much one more sample is worth a
    token, given the state of all (`allocate.State`, arrays [problems]); 0 or less: it leaves and draws no more. Pure: no
    clock, no randomness, no state of its own."""

    def worth(self, state: Any) -> Any: ...


@runtime_checkable
class Prepared(Protocol):
    """A rule whose decisions come from a table: `prepare` computes the one for a cap (seconds), off the event loop and
    before the first draw. Idempotent; a rule that was not prepared computes it when it is asked."""

    def prepare(self, cap: int) -> None: ...


@dataclass(frozen=True, slots=True)
class StreamView:
    """One sample while it grows: text so far, output tokens so far, log-probabilities where the model gives them."""

    text: str
    tokens: int
    logprobs: Sequence[TokenLogprob]


@runtime_checkable
class StreamRule(Protocol):
    """Decides within a sample: `watch` returns the reason to abort it, or None to let it go on. Pure."""

    def watch(self, sample: StreamView) -> str | None: ...


Select = Callable[[Sequence[Candidate]], Sequence[Candidate]]
"""Pure: from usable candidates the tied winners, best first (none where nothing can win)."""


@dataclass(frozen=True, slots=True)
class Step:
    """A part of a strategy's worst case, for `--dry-run`: `requests` prompts with `samples` completions in all.

    Each prompt holds the problem and at most `carries` earlier samples; `scored` samples are verified too;
    `max_tokens` caps a sample where the strategy says so (else the model's default).
    """

    samples: int
    requests: int = 1
    carries: int = 0
    scored: bool = False
    max_tokens: int | None = None


class Run(Protocol):
    """What a strategy may do: see `thinkharder.run.Run`, the one implementation."""

    @property
    def rng(self) -> Any: ...
    @property
    def capabilities(self) -> Capabilities: ...
    async def sample(
        self,
        prompt: Prompt,
        n: int = 1,
        *,
        kind: Kind = "answer",
        score: bool = False,
        until: StoppingRule | None = None,
        watch: StreamRule | None = None,
        **sampling: Any,
    ) -> list[Candidate]: ...
    async def extend(
        self,
        partials: Sequence[Candidate],
        n: int | Sequence[int] = 1,
        *,
        stop: Sequence[str] = (),
        **sampling: Any,
    ) -> list[Candidate]: ...
    async def score(self, candidates: Sequence[Candidate], *, by: str | None = None) -> list[Candidate]: ...
    async def compare(self, pairs: Sequence[tuple[Candidate, Candidate]]) -> list[Preference]: ...
    def offer(self, pool: Sequence[Candidate]) -> None: ...
    async def parallel(self, branches: Sequence[Callable[["Run"], Any]]) -> list[Any]: ...
    def role(self, name: str) -> "Run": ...
    def note(self, decision: str) -> None: ...


@runtime_checkable
class Strategy(Protocol):
    """A search: asks the run for samples and scores, returns candidates. A frozen dataclass of hyper-parameters.

    `needs` names what it cannot do without (`verifier`, or fields of Capabilities such as `prefill`).
    """

    needs: ClassVar[tuple[str, ...]]

    @property
    def select(self) -> Select: ...
    async def search(self, problem: Problem, run: Run) -> list[Candidate]: ...
    def plan(self) -> tuple[Step, ...]: ...
