"""The values that flow through everything: frozen, small, without behaviour beyond construction and views."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Self

from thinkharder.core.errors import BadProblem
from thinkharder.core.sampling import DEFAULT_SAMPLING
from thinkharder.core.sampling import Sampling as Sampling
from thinkharder.core.usage import Usage

Role = Literal["system", "developer", "user", "assistant", "tool"]
Kind = Literal["answer", "draft", "critique", "plan", "judgement"]
"""What a sample is. Only answers inherit the problem's tools, format and stop, and only answers vote."""
Finish = Literal["stop", "length", "tool_calls", "content_filter", "aborted", "cancelled"]
"""Why a sample ended: by itself, at its cap, for a tool, by a filter, by a stream rule, by cancellation."""

MAX_PROBLEM_BYTES = 4_000_000


@dataclass(frozen=True, slots=True)
class Message:
    """One turn. `content` is text, or a tuple of OpenAI-shaped parts (`{"type": "text", …}`, images)."""

    role: Role
    content: str | tuple[Mapping[str, Any], ...]
    name: str | None = None
    tool_calls: tuple[Mapping[str, Any], ...] = ()
    tool_call_id: str | None = None

    @property
    def text(self) -> str:
        """The text of the content, parts joined by newlines; images are left out."""
        if isinstance(self.content, str):
            return self.content
        return "\n".join(str(part["text"]) for part in self.content if part.get("type") == "text")


@dataclass(frozen=True, slots=True)
class Problem:
    """What is to be solved. Gold answers and hidden tests are never part of it.

    `answer_type` is a spec such as `math` or `auto`; `public_tests` are Python asserts that a strategy may see.
    """

    messages: tuple[Message, ...]
    answer_type: str = "auto"
    tools: tuple[Mapping[str, Any], ...] = ()
    response_format: Mapping[str, Any] | None = None
    public_tests: tuple[str, ...] = ()
    stop: tuple[str, ...] = ()

    @classmethod
    def of(
        cls, text: "str | Problem | Sequence[Message]", *, system: str | None = None, **fields: Any
    ) -> Self:
        """A problem from its text (or messages). Raises BadProblem for empty, oversized or non-text input."""
        if isinstance(text, Problem):
            problem = replace(text, **fields) if fields else text
            messages = problem.messages
        else:
            messages = (Message("user", text),) if isinstance(text, str) else tuple(text)
            problem = cls(messages, **fields)
        if system is not None:
            problem = replace(problem, messages=(Message("system", system), *messages))
        problem.check()
        return problem  # type: ignore[return-value]

    def check(self) -> None:
        """Raise BadProblem unless there is something to solve, of a size that can be sent."""
        body = self.text
        if not body.strip() and not any(not isinstance(m.content, str) for m in self.messages):
            raise BadProblem(
                "the problem is empty; give it as text, with --file FILE, or '-' for standard input"
            )
        size = len(body.encode("utf-8", "surrogatepass"))
        if size > MAX_PROBLEM_BYTES:
            raise BadProblem(
                f"the problem has {size:,} bytes, more than the {MAX_PROBLEM_BYTES:,} allowed; shorten it"
            )
        try:
            body.encode("utf-8")
        except UnicodeEncodeError as error:
            raise BadProblem(
                f"the problem is not valid Unicode at character {error.start}; save it as UTF-8"
            ) from error

    @property
    def text(self) -> str:
        """The text of the user's turns, joined by newlines: what answer types and verifiers read."""
        return "\n".join(m.text for m in self.messages if m.role == "user")


Prompt = str | Problem | Sequence[Message]


@dataclass(frozen=True, slots=True)
class Request:
    """One call of a model: `n` independent completions of one prompt.

    `sampling.max_tokens` is set by the time a backend sees it. `prefill` is the start of the assistant's answer; the
    reply continues it and does not repeat it. Completion `i` is draw `first_draw + i` of this prompt in `branch`;
    `seed` with the draw number makes sampling repeatable where the backend can. `deadline` is in the event loop's time.
    """

    messages: tuple[Message, ...]
    sampling: Sampling = DEFAULT_SAMPLING
    n: int = 1
    prefill: str = ""
    tools: tuple[Mapping[str, Any], ...] = ()
    response_format: Mapping[str, Any] | None = None
    kind: Kind = "answer"
    seed: int | None = None
    branch: str = ""
    first_draw: int = 0
    deadline: float | None = None


@dataclass(frozen=True, slots=True)
class TokenLogprob:
    """One generated token, its log-probability (natural log), and the likeliest alternatives where given."""

    token: str
    logprob: float
    top: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of a model's reply: of completion `index`, or (with `usage`) of the request as a whole.

    `tokens` are the output tokens that this piece accounts for, `reasoning_tokens` those of them that were thinking.
    `finish` is set on the last piece of a completion. `restart` says that what was streamed of this completion before
    is void (a retry began it again). `usage` is the request's true total and replaces what was summed up; `exact` says
    whether the backend gave it (True) or it was counted with the model's own tokenizer or estimated (False).
    """

    index: int = 0
    text: str = ""
    reasoning: str = ""
    tokens: int = 0
    reasoning_tokens: int = 0
    logprobs: tuple[TokenLogprob, ...] = ()
    tool_calls: tuple[Mapping[str, Any], ...] = ()
    finish: Finish | None = None
    restart: bool = False
    usage: Usage | None = None
    exact: bool = True


@dataclass(frozen=True, slots=True)
class TokenCount:
    """Input tokens of a request: `tokens` is exact, or an upper bound where `exact` is False."""

    tokens: int
    exact: bool


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a model can do; a strategy that needs more is refused before it spends anything.

    `n`: most completions of one request (1: none in parallel). `top_logprobs`: most alternatives a token. `efforts`:
    values of the reasoning knob. `context`: tokens. `max_tokens`: default cap of a sample. `cancels`: leaving a stream
    stops the generation, so that only what was received is paid, and `lag` tokens a sequence that may still be generated
    until it has stopped. `batch`: sequences that run at once at full speed.
    """

    n: int = 1
    logprobs: bool = False
    top_logprobs: int = 0
    prefill: bool = False
    seed: bool = False
    stop: bool = True
    json_schema: bool = False
    tools: bool = False
    reasoning: bool = False
    efforts: tuple[str, ...] = ()
    thinking_tokens: bool = False
    cancels: bool = False
    lag: int = 0
    exact_input: bool = False
    local: bool = False
    context: int | None = None
    max_tokens: int = 1024
    batch: int = 8


@dataclass(frozen=True, slots=True)
class Candidate:
    """One sample and all that is known of it.

    `answer` is what was extracted (None: it abstains), `answer_class` the id of its equivalence class in this run.
    `score` is in [0, 1] by the deciding verifier, None where not scored or where that verifier abstained; `scores` by
    verifier name. `seconds` from request to end. `error` is set on failed samples, which never vote.
    """

    id: str
    text: str
    kind: Kind = "answer"
    draw: int = 0
    reasoning: str = ""
    answer: str | None = None
    answer_class: int | None = None
    score: float | None = None
    scores: Mapping[str, float | None] = field(default_factory=dict)
    step_scores: tuple[float, ...] = ()
    notes: Mapping[str, str] = field(default_factory=dict)
    finish: Finish | None = None
    tokens: int = 0
    reasoning_tokens: int = 0
    logprobs: tuple[TokenLogprob, ...] = ()
    tool_calls: tuple[Mapping[str, Any], ...] = ()
    error: str | None = None
    seconds: float = 0.0
    prompt: tuple[Message, ...] = ()
    prefix: str = ""
    parents: tuple[str, ...] = ()

    @property
    def whole(self) -> str:
        """The assistant's text from its beginning: prefix and what was generated on it."""
        return self.prefix + self.text

    def append(self, text: str) -> "Candidate":
        """This sample with `text` written behind it, to be continued by `run.extend` (budget forcing)."""
        return replace(self, text=self.text + text, finish=None, answer=None, answer_class=None, logprobs=())


@dataclass(frozen=True, slots=True)
class Score:
    """A verifier's word on one candidate: `value` in [0, 1], or None where it abstains; `note` says why."""

    value: float | None
    note: str = ""
    steps: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Preference:
    """Of a pair: the probability in [0, 1] that the first is better, or None where the comparison abstains."""

    first: str
    second: str
    value: float | None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Vote:
    """One answer class among the selected candidates: votes are counts, `share` is of all votes cast, in [0, 1]."""

    answer: str
    votes: int
    share: float
    score: float | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """The best answer that the budget bought, how sure it is and why, and what it cost.

    `agreement` is the vote share of the answer, in [0, 1]; `confidence` an estimated probability of being right, or
    None. `exhausted` names the limit that ended the run (tokens, output_tokens, calls, seconds, usd), or None;
    `stopped_by` what ended it: strategy, a rule's name, budget or interrupt. `oracle` marks a selection by the tests
    that score.
    """

    answer: str | None
    text: str
    confidence: float | None
    agreement: float | None
    strategy: str
    model: str
    answer_type: str
    exhausted: str | None
    stopped_by: str
    usage: Usage
    candidates: tuple[Candidate, ...]
    votes: tuple[Vote, ...] = ()
    decisions: tuple[str, ...] = ()
    chosen: str | None = None
