"""The engine of all toy models: it streams drafts with the timing, the faults and the honest books of a real endpoint.

It works on the event loop's time alone, so it runs on a virtual clock, and it is deterministic: the same run seed,
prompt, branch and draw number give the same sample, however the draws are grouped into requests.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, final

from thinkharder.core.errors import BadOption, ContextOverflow, RequestRefused
from thinkharder.core.types import Capabilities, Chunk, Request, TokenCount
from thinkharder.core.usage import Usage
from thinkharder.models.toy_draft import Completion, Draft, complete, toy_tokens
from thinkharder.models.toy_faults import NO_FAULT, Faults

MESSAGE_OVERHEAD = 4
"""Tokens that the toy's chat template adds to each message."""
KEPT_RECORDS = 1000


class Source(Protocol):
    """Where a toy's drafts come from: one for each index of the request, decided by the request alone."""

    def drafts(self, request: Request) -> Sequence[Draft]: ...


@dataclass(frozen=True, slots=True)
class ToyOptions:
    """How a toy endpoint behaves.

    `token_seconds` a token (0: whole completions at once), `first_seconds` before the first; `chunk_tokens` a chunk.
    `cancels` False: it generates to the end, and bills it, when its stream is closed. `lag_tokens`: what each unfinished
    completion still generates, and bills, after its stream was closed. `exact_input` False: `count` is an upper bound.
    """

    token_seconds: float = 0.0
    first_seconds: float = 0.0
    chunk_tokens: int = 1
    cancels: bool = True
    lag_tokens: int = 0
    max_n: int = 128
    exact_input: bool = True
    context: int | None = None

    def __post_init__(self) -> None:
        for name in ("token_seconds", "first_seconds", "lag_tokens"):
            if not getattr(self, name) >= 0:
                raise BadOption(f"toy option {name}={getattr(self, name)!r} must be 0 or more")
        for name in ("chunk_tokens", "max_n"):
            if getattr(self, name) < 1:
                raise BadOption(f"toy option {name}={getattr(self, name)!r} must be 1 or more")


@dataclass(slots=True)
class ToyRecord:
    """The toy's own true count of one request. `ended`: open, done, failed or closed (left by the client)."""

    n: int
    max_tokens: int
    input_tokens: int = 0
    output_tokens: int = 0
    reasoning_tokens: int = 0
    fault: str = NO_FAULT.kind
    ended: str = "open"
    generating: bool = False


@final
class ToyModel:
    """A deterministic model for tests and docs: no network, no weights, the books always true.

    `true_usage` is what it really generated and billed, cancelled and failed requests included; `open_requests` how
    many streams are open; `records` the last thousand requests.
    """

    def __init__(
        self,
        source: Source,
        options: ToyOptions | None = None,
        *,
        name: str = "toy",
        faults: Faults | None = None,
        capabilities: Capabilities | None = None,
    ) -> None:
        self.options = options or ToyOptions()
        self.source, self.faults = source, faults
        self.name = name
        self.capabilities = capabilities or _capabilities(self.options)
        self.true_usage = Usage()
        self.open_requests = 0
        self.records: deque[ToyRecord] = deque(maxlen=KEPT_RECORDS)
        self._arrivals = 0

    async def count(self, request: Request) -> TokenCount:
        """The prompt's tokens by the toy tokenizer, or its UTF-8 bytes as an upper bound without `exact_input`."""
        if self.capabilities.exact_input:
            return TokenCount(_input_tokens(request), True)
        texts = [*(m.text for m in request.messages), request.prefill]
        size = sum(len(text.encode("utf-8", "replace")) for text in texts)
        return TokenCount(size + MESSAGE_OVERHEAD * (len(request.messages) + 1), False)

    async def aclose(self) -> None:
        """Nothing is held."""

    async def stream(self, request: Request) -> AsyncGenerator[Chunk, None]:
        """Stream `request.n` completions. Raises what the fault of this arrival says; see `Faults`."""
        cap = request.sampling.max_tokens or self.capabilities.max_tokens
        record = ToyRecord(request.n, cap)
        fault = self.faults.of(self._arrivals) if self.faults else NO_FAULT
        self._arrivals += 1
        record.fault = fault.kind
        self.open_requests += 1
        self.records.append(record)
        drawn: list[Completion] = []
        sent: dict[int, int] = {}
        try:
            await asyncio.sleep(0)
            await fault.before()
            drawn = self._begin(request, cap, record)
            limit = int(fault.share * sum(len(c.pieces) for c in drawn))
            for wait, index, start, end in _steps(drawn, self.options):
                if wait:
                    await asyncio.sleep(wait)
                end = min(end, start + int(limit - record.output_tokens)) if fault.midway else end
                if end > start:
                    chunk = drawn[index].chunk(index, start, end)
                    record.output_tokens += chunk.tokens
                    record.reasoning_tokens += chunk.reasoning_tokens
                    sent[index] = end
                    yield chunk
                if fault.midway and record.output_tokens >= limit:
                    await fault.strike()
            record.generating = False
            usage = fault.usage(_usage(record), len(drawn[-1].pieces))
            record.ended = "done"
            if usage is not None:
                yield Chunk(usage=usage)
        except GeneratorExit:
            record.ended = "closed" if record.ended == "open" else record.ended
            raise
        except BaseException as error:
            record.ended = "closed" if isinstance(error, asyncio.CancelledError) else "failed"
            raise
        finally:
            self._settle(record, [len(c.pieces) - sent.get(i, 0) for i, c in enumerate(drawn)])

    def _begin(self, request: Request, cap: int, record: ToyRecord) -> list[Completion]:
        """Check what a server would check, bill the prompt, and draw."""
        if request.n > self.capabilities.n:
            raise RequestRefused(
                f"{self.name}: n={request.n} is more than the {self.capabilities.n} it gives at once"
            )
        tokens = _input_tokens(request)
        context = self.capabilities.context
        if context is not None and tokens + cap > context:
            raise ContextOverflow(
                f"{self.name}: prompt of {tokens} tokens and answer of up to {cap} exceed its context of {context}"
            )
        record.input_tokens, record.generating = tokens, True
        return [complete(draft, request, cap) for draft in self.source.drafts(request)]

    def _settle(self, record: ToyRecord, left: Sequence[int]) -> None:
        """Bill the request; `left` are the tokens of each completion that were not sent, 0 of a finished one."""
        self.open_requests -= 1
        if record.generating:
            record.generating = False
            lag = self.options.lag_tokens
            record.output_tokens += sum(min(lag, n) if self.capabilities.cancels else n for n in left)
        self.true_usage += _usage(record)


def _capabilities(options: ToyOptions) -> Capabilities:
    return Capabilities(
        n=options.max_n,
        logprobs=True,
        top_logprobs=20,
        prefill=True,
        seed=True,
        json_schema=True,
        tools=True,
        reasoning=True,
        thinking_tokens=True,
        cancels=options.cancels,
        lag=options.lag_tokens,
        exact_input=options.exact_input,
        local=True,
        context=options.context,
        max_tokens=256,
        batch=options.max_n,
    )


def _usage(record: ToyRecord) -> Usage:
    return Usage(
        input_tokens=record.input_tokens,
        output_tokens=record.output_tokens,
        reasoning_tokens=record.reasoning_tokens,
        calls=record.n,
        requests=1,
    )


def _input_tokens(request: Request) -> int:
    body = sum(len(toy_tokens(m.text)) + MESSAGE_OVERHEAD for m in request.messages)
    return body + len(toy_tokens(request.prefill)) + MESSAGE_OVERHEAD


def _steps(drawn: Sequence[Completion], options: ToyOptions) -> Iterator[tuple[float, int, int, int]]:
    """(seconds to wait first, completion, first token, end) in the order in which a batched server streams them."""
    wait = options.first_seconds
    if options.token_seconds == 0:
        for index, completion in enumerate(drawn):
            yield wait, index, 0, len(completion.pieces)
            wait = 0.0
        return
    size = options.chunk_tokens
    for start in range(0, max(len(c.pieces) for c in drawn), size):
        wait += options.token_seconds * size
        for index, completion in enumerate(drawn):
            if start < len(completion.pieces):
                yield wait, index, start, min(start + size, len(completion.pieces))
                wait = 0.0
