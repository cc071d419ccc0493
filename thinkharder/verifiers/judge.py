"""A language model as judge, one candidate at a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, final

from thinkharder import prompts
from thinkharder.core.errors import BadOption, CapabilityError, ContextOverflow
from thinkharder.core.protocols import Effort, Sampler
from thinkharder.core.registry import verifier
from thinkharder.core.types import Candidate, Capabilities, Message, Problem, Score
from thinkharder.verifiers.calls import all_of, ask, capabilities_of, quoted_tokens, words
from thinkharder.verifiers.judge_reading import Reading, expected, parsed, sampled
from thinkharder.verifiers.quote import quote

ONE_DIGIT = 9
SHORT, PLAIN, REASONED = 3, 32, 1024
_LIKELIEST = 20
_Method = Literal["logprobs", "parse", "samples"]


@verifier("judge")
@final
@dataclass(frozen=True)
class Judge:
    """A language model scores each candidate on its own (pointwise).

    Reference: Liu et al. 2023 (G-Eval), arXiv:2303.16634: the expected value over the probabilities of the score tokens.
    Options: `rubric` replaces the built-in criterion; `scale` is the highest score (9 where single digits are needed, else
    10); `n` judgements are averaged; `think` lets the judge reason before it scores; `samples` > 0 takes so many short
    samples instead, for models that give the chosen token's log-probability alone or none; `read` is auto (log-probabilities
    where the judge's model gives alternatives, else the parsed score), logprobs or parse; `min_mass` in (0, 1] is the least
    probability that the score tokens must hold; `max_tokens` and `temperature` are the judgement's own.
    Score: in [0, 1], how right the judge holds the candidate; not a calibrated probability. A truncated, unparsable or
    off-scale judgement abstains, as does a candidate without text or one that does not fit the judge's context.
    Cost: one request of `n` (or `samples`) completions a candidate, all candidates at once; serial depth 1.
    Departures: G-Eval estimates token probabilities from 20 samples; here they are read where the model gives them.
    """

    rubric: str = ""
    scale: int | None = None
    n: int = 1
    think: bool = False
    samples: int = 0
    read: Literal["auto", "logprobs", "parse"] = "auto"
    min_mass: float = 0.5
    max_tokens: int | None = None
    temperature: float | None = None

    def __post_init__(self) -> None:
        for option in ("scale", "n", "max_tokens"):
            value = getattr(self, option)
            if value is not None and value < 1:
                raise BadOption(f"judge: {option}={value} must be at least 1")
        if self.samples < 0:
            raise BadOption(f"judge: samples={self.samples} must be 0 (off) or more")
        if not 0 < self.min_mass <= 1:
            raise BadOption(f"judge: min_mass={self.min_mass:g} must be above 0 and at most 1")
        if self.temperature is not None and not 0 <= self.temperature <= 10:
            raise BadOption(f"judge: temperature={self.temperature:g} must be from 0 to 10")
        if (self.samples or self.read == "logprobs") and (self.scale or 0) > ONE_DIGIT:
            raise BadOption(
                f"judge: scale={self.scale} needs two tokens a score; take at most {ONE_DIGIT}, or read=parse without samples"
            )
        if self.samples and (self.think or self.read == "parse" or self.n > 1):
            raise BadOption(
                "judge: samples=… takes short samples of the score; leave out think, n and read=parse"
            )

    @property
    def name(self) -> str:
        """`judge`."""
        return "judge"

    @property
    def logprobs(self) -> int | None:
        """None: the samples' own log-probabilities are not read."""
        return None

    @property
    def joint(self) -> bool:
        """False: candidates never see each other."""
        return False

    def check(self, generator: Capabilities, judge: Capabilities) -> None:
        """Raise CapabilityError where the judge's model cannot give what `read` asks for."""
        if self.read == "logprobs" and not self.samples and judge.top_logprobs < 1:
            raise CapabilityError(
                "judge: read=logprobs needs a model that gives alternatives' log-probabilities, and this one does not;"
                " take read=auto, or samples=8"
            )

    def effort(self, problem_tokens: int, candidate_tokens: int) -> Effort:
        """`n` (or `samples`) judgements at their cap, each with a prompt of its own.

        The prompt is that of a model that takes one completion a request; others read it once for all of them.
        """
        calls = self.samples or self.n
        own = words(prompts.text("judge.examiner"), self._rubric(), prompts.template("judge.reasoned"))
        each = own + problem_tokens + quoted_tokens(candidate_tokens)
        return Effort(calls, calls * each, calls * self._cap("samples" if self.samples else "parse"))

    async def score(
        self, problem: Problem, candidates: Sequence[Candidate], sampler: Sampler
    ) -> Sequence[Score]:
        """One score a candidate, in order. Raises the judge's ModelError, BudgetExhausted or CapabilityError."""
        judge = sampler.role("judge")
        known = capabilities_of(judge)
        self.check(known, known)
        method = self._method(known)
        return await all_of(self._one(problem, candidate, judge, method) for candidate in candidates)

    def _method(self, known: Capabilities) -> _Method:
        if self.samples:
            return "samples"
        if self.read == "logprobs":
            return "logprobs"
        fits = self.read == "auto" and known.top_logprobs >= 1 and (self.scale or ONE_DIGIT) <= ONE_DIGIT
        return "logprobs" if fits else "parse"

    async def _one(self, problem: Problem, candidate: Candidate, judge: Sampler, method: _Method) -> Score:
        if not candidate.whole.strip():
            return Score(None, "the candidate has no text to judge")
        scale = self.scale or (10 if method == "parse" else ONE_DIGIT)
        messages = self._messages(problem, candidate, method, scale)
        options = self._sampling(method, capabilities_of(judge))
        try:
            begin = "" if self.think else "Score:"
            replies = await ask(judge, messages, self.samples or self.n, begin=begin, stop="\n", **options)
        except ContextOverflow as error:
            return Score(None, f"problem and candidate do not fit the judge's context: {error}")
        if method == "samples":
            reading = sampled(replies, scale, self.min_mass)
            return Score(reading.value, reading.note)
        return _mean([self._read(reply, method, scale) for reply in replies])

    def _read(self, reply: Candidate, method: _Method, scale: int) -> Reading:
        if method == "logprobs":
            return expected(reply, scale, self.min_mass, marked=self.think)
        return parsed(reply, scale, bare=not self.think)

    def _rubric(self) -> str:
        return self.rubric or prompts.text("judge.rubric")

    def _cap(self, method: _Method) -> int:
        if self.max_tokens is not None:
            return self.max_tokens
        return SHORT if method == "samples" else REASONED if self.think else PLAIN

    def _sampling(self, method: _Method, known: Capabilities) -> dict[str, Any]:
        options: dict[str, Any] = {"max_tokens": self._cap(method)}
        if not self.think and "none" in known.efforts:
            options["effort"] = "none"  # a reasoning model would spend the few tokens of a score on thinking
        if method == "samples":
            options |= {"temperature": 1.0 if self.temperature is None else self.temperature, "top_p": 1.0}
            if known.logprobs and options["temperature"] == 1.0:
                options["logprobs"] = 0
            return options
        options["temperature"] = self.temperature
        if self.temperature is None:
            options["temperature"] = 0.0 if self.n == 1 else 0.7
        if method == "logprobs":
            options["logprobs"] = min(_LIKELIEST, known.top_logprobs)
        return options

    def _messages(
        self, problem: Problem, candidate: Candidate, method: _Method, scale: int
    ) -> tuple[Message, ...]:
        quoted = quote(candidate.whole, problem.text)
        text = "judge.reasoned" if self.think else "judge.number" if method == "parse" else "judge.token"
        body = prompts.text(
            text,
            problem=problem.text,
            nonce=quoted.nonce,
            solution=quoted.block,
            rubric=self._rubric(),
            scale=str(scale),
        )
        # One user turn: the templates of several models refuse a system turn.
        return (Message("user", prompts.text("judge.examiner") + "\n\n" + body),)


def _mean(readings: Sequence[Reading]) -> Score:
    """The mean of the judgements that counted; with none of them the reason of the first."""
    counted = [reading.value for reading in readings if reading.value is not None]
    if not counted:
        return Score(None, readings[0].note if readings else "the judge gave no reply")
    note = next(reading.note for reading in readings if reading.value is not None)
    if len(readings) > 1:
        note = f"mean of {len(counted)} of {len(readings)} judgements" + (f"; {note}" if note else "")
    return Score(sum(counted) / len(counted), note)
