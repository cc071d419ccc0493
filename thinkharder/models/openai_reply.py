"""From the events of one streamed reply to chunks: split, counted, and checked against the endpoint's own usage.

Tokens of a completion come from the best source that the endpoint offers: a running count with each event (llama.cpp's
timings, vLLM's and SGLang's continuous usage), else its log-probabilities, else one for each event with text (servers
send one token at a time; where they do not, this errs downwards until the usage at the end corrects it, and the chunks
are marked inexact).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, final

from thinkharder.core.errors import BadReply, StreamCut
from thinkharder.core.types import Chunk, Finish, Request, TokenLogprob
from thinkharder.core.usage import Usage
from thinkharder.models.openai_endpoint import KINDS, Facts
from thinkharder.models.openai_wire import count, hidden, merge_calls, said, token_logprobs
from thinkharder.models.reasoning import CLOSE, OPEN, ThinkSplitter

_FINISH: Mapping[str, Finish] = {
    "stop": "stop",
    "eos": "stop",
    "end_turn": "stop",
    "length": "length",
    "max_tokens": "length",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
    "content_filter": "content_filter",
}
_LEAST_ECHO = 8
"""Characters. A shorter prefill is not looked for in the reply: the model may well have said that itself."""


@final
@dataclass(slots=True)
class Choice:
    """One completion while it arrives."""

    splitter: ThinkSplitter
    echo: str = ""
    tokens: int = 0
    events: int = 0
    exact: bool = True
    reasoning_tokens: int = 0
    reasons: bool = False
    texts: list[str] = field(default_factory=list)
    calls: dict[int, dict[str, Any]] = field(default_factory=dict)
    finish: Finish | None = None

    def unechoed(self, text: str, last: bool = False) -> str:
        """The text without a repeated prefill at its beginning; held back until that is decided."""
        if not self.echo:
            return text
        self.texts.append(text)
        seen = "".join(self.texts)
        if self.echo.startswith(seen) and len(seen) < len(self.echo) and not last:
            return ""
        self.texts.clear()
        echo, self.echo = self.echo, ""
        return seen.removeprefix(echo)


@final
class Reply:
    """One reply of `request.n` completions: `take` each event's data, then `end`."""

    def __init__(self, request: Request, facts: Facts, where: str) -> None:
        self.request, self.facts, self.where = request, facts, where
        self.choices: dict[int, Choice] = {}
        self.usages: list[Mapping[str, Any]] = []
        self.cap = request.sampling.max_tokens
        self.per_choice = request.n == 1 or facts.kind == "llamacpp"
        self.orphan = False
        self.reasons = False
        self.gave_logprobs = False
        self._held: Chunk | None = None

    @property
    def started(self) -> bool:
        """Whether anything of a completion has arrived."""
        return bool(self.choices)

    @property
    def finished(self) -> int:
        """How many completions have ended."""
        return sum(choice.finish is not None for choice in self.choices.values())

    def take(self, data: Mapping[str, Any]) -> list[Chunk]:
        """The chunks that one event gives. Raises BadReply for an event of another shape."""
        rows = data.get("choices") or []
        usage = data.get("usage")
        if not isinstance(rows, Sequence) or isinstance(rows, str):
            raise BadReply(f"{self.where}: 'choices' is not a list")
        found: list[Chunk] = []
        if rows:
            found += self._release()
        for row in rows:
            if not isinstance(row, Mapping):
                raise BadReply(f"{self.where}: a choice is not an object")
            found += self._row(row, data)
        if isinstance(usage, Mapping) and count(usage, "completion_tokens") is not None:
            if not rows:
                self.usages.append(usage)
                found += self._release(usage)
            elif self.request.n == 1 or KINDS[self.facts.kind].stepwise is False:
                self.usages = [usage]  # running totals, or the total on the last event
        return found

    def end(self) -> list[Chunk]:
        """What was held back. Raises BadReply for an empty reply, StreamCut where a completion never ended."""
        found = self._release(self.usages[-1] if self.usages and self.request.n == 1 else None)
        if not self.choices:
            raise BadReply(
                f"{self.where}: the reply holds no completion; is this an OpenAI-compatible endpoint?"
            )
        return found

    def check_ended(self) -> None:
        """Raise StreamCut where a completion that began did not end."""
        open_ones = [index for index, choice in self.choices.items() if choice.finish is None]
        if open_ones:
            raise StreamCut(f"{self.where}: the stream ended in the middle of {len(open_ones)} completion(s)")

    def usage(self, input_tokens: int | None) -> tuple[Usage, bool]:
        """The reply's total and whether its output is the endpoint's own count. `input_tokens`: the count made before
        the call, for an endpoint that reports none."""
        own = [choice.tokens for choice in self.choices.values()]
        output, trusted = self._output(sum(own))
        last: Mapping[str, Any] = self.usages[-1] if self.usages else {}
        reported = max((count(row, "prompt_tokens") or 0 for row in self.usages), default=0)
        details = last.get("prompt_tokens_details")
        cached = count(details, "cached_tokens") if isinstance(details, Mapping) else None
        thought = [hidden(row) for row in (self.usages if self.per_choice else self.usages[-1:])]
        seen = sum(choice.reasoning_tokens for choice in self.choices.values())
        total = Usage(
            input_tokens=reported or input_tokens or 0,
            cached_tokens=min(cached or 0, reported),
            output_tokens=output,
            reasoning_tokens=min(output, sum(thought) or seen),
            calls=self.request.n,
            requests=1,
            exact=trusted and bool(reported),
        )
        return total, trusted

    def _output(self, own: int) -> tuple[int, bool]:
        exact = all(choice.exact for choice in self.choices.values())
        counts = [count(row, "completion_tokens") or 0 for row in self.usages]
        events = sum(choice.events for choice in self.choices.values())
        if not counts:
            return own, exact
        if self.per_choice and len(counts) >= len(self.choices):
            total = sum(counts[-len(self.choices) :])
        else:
            total = counts[-1]
        # An event with text is a token at least: less than that is one completion's count, or none at all.
        if total == 0 < events or (self.request.n > 1 and total < 0.75 * events):
            return own, exact
        return total, True

    # ---- one choice -----------------------------------------------------------------------------------------------

    def _choice(self, index: Any) -> Choice:
        if not isinstance(index, int) or not 0 <= index < self.request.n:
            raise BadReply(f"{self.where}: completion {index!r} was never asked for (n={self.request.n})")
        if index not in self.choices:
            watch = self.facts.kind not in ("vllm", "sglang", "llamacpp")
            echo = self.request.prefill if watch and len(self.request.prefill.strip()) >= _LEAST_ECHO else ""
            prefill = self.request.prefill
            opened = prefill.rfind(OPEN) > prefill.rfind(CLOSE) if prefill else self.facts.opens_thinking
            self.choices[index] = Choice(ThinkSplitter(opened=opened), echo)
        return self.choices[index]

    def _row(self, row: Mapping[str, Any], data: Mapping[str, Any]) -> list[Chunk]:
        index = row.get("index", 0)
        choice = self._choice(index)
        delta = row.get("delta") or row.get("message") or {}
        if not isinstance(delta, Mapping):
            raise BadReply(f"{self.where}: a delta is not an object")
        spoken, thought = said(delta)
        logprobs = token_logprobs(row.get("logprobs"))
        self.gave_logprobs = self.gave_logprobs or bool(logprobs)
        calls = delta.get("tool_calls") or []
        merge_calls(choice.calls, calls)
        payload = bool(spoken or thought or calls)
        choice.events += payload
        tokens, exact = self._tokens(choice, data, logprobs, payload)
        why = row.get("finish_reason")
        if why is not None and choice.finish is None:
            choice.finish = self._finish(str(why), choice)
        text, reasoning = self._split(choice, spoken, thought)
        thinking = tokens if reasoning and not text else 0
        choice.tokens += tokens
        choice.reasoning_tokens += thinking
        choice.exact = choice.exact and exact
        if choice.finish is not None and why is not None:
            done = tuple(choice.calls[key] for key in sorted(choice.calls))
            before = self._release()
            self._held = Chunk(
                index, text, reasoning, tokens, thinking, logprobs, done, choice.finish, exact=exact
            )
            return before if self.per_choice else before + self._release()
        if text or reasoning or tokens or logprobs:
            return [Chunk(index, text, reasoning, tokens, thinking, logprobs, exact=exact)]
        return []

    def _split(self, choice: Choice, spoken: str, thought: str) -> tuple[str, str]:
        last = choice.finish is not None
        if thought and not choice.reasons:
            choice.reasons = True  # the endpoint splits by itself
            choice.splitter = ThinkSplitter()
        spoken = choice.unechoed(spoken, last)
        if choice.reasons:
            self.reasons = True
            return spoken, thought
        text, reasoning = choice.splitter.feed(spoken)
        if last:
            more = choice.splitter.flush()
            text, reasoning = text + more[0], reasoning + more[1]
        self.orphan = self.orphan or choice.splitter.orphan
        self.reasons = self.reasons or bool(reasoning) or choice.splitter.orphan
        return text, reasoning

    def _tokens(
        self, choice: Choice, data: Mapping[str, Any], logprobs: Sequence[TokenLogprob], payload: bool
    ) -> tuple[int, bool]:
        """Tokens that this event adds to a completion, and whether that is exact."""
        running = self._running(data)
        if running is not None:
            return max(0, running - choice.tokens), True
        if logprobs:
            return len(logprobs), True
        if not payload:
            return 0, True
        room = 1 if self.cap is None else self.cap - choice.tokens
        return max(0, min(1, room)), False

    def _running(self, data: Mapping[str, Any]) -> int | None:
        """The completion's tokens so far, where the endpoint says so with each event."""
        timings, usage = data.get("timings"), data.get("usage")
        if isinstance(timings, Mapping) and len(data.get("choices") or []) == 1:
            return count(timings, "predicted_n")
        stepwise = KINDS[self.facts.kind].stepwise and self.facts.kind != "llamacpp"
        if stepwise and isinstance(usage, Mapping) and len(data.get("choices") or []) == 1:
            return count(usage, "completion_tokens")
        return None

    def _finish(self, why: str, choice: Choice) -> Finish:
        if why in ("error", "abort"):
            raise StreamCut(f"{self.where}: the endpoint gave up on a completion (finish_reason {why!r})")
        return "tool_calls" if choice.calls and why == "stop" else _FINISH.get(why, "stop")

    def _release(self, usage: Mapping[str, Any] | None = None) -> list[Chunk]:
        """The held last chunk of a completion, with the tokens that only its usage tells of (hidden reasoning)."""
        chunk, self._held = self._held, None
        if chunk is None:
            return []
        total = count(usage, "completion_tokens") if usage is not None and self.per_choice else None
        if not total:
            return [chunk]
        choice = self.choices[chunk.index]
        more = max(0, total - choice.tokens)
        thinking = min(more, max(0, hidden(usage or {}) - choice.reasoning_tokens))
        choice.tokens += more
        choice.reasoning_tokens += thinking
        choice.exact = True
        return [
            replace(
                chunk,
                tokens=chunk.tokens + more,
                reasoning_tokens=chunk.reasoning_tokens + thinking,
                exact=True,
            )
        ]
