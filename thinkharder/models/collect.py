"""From chunks to samples: what has arrived of each completion of one request."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from thinkharder.core.protocols import StreamView
from thinkharder.core.types import Chunk, Finish, TokenLogprob


@dataclass(slots=True)
class Sample:
    """One completion while it grows."""

    texts: list[str] = field(default_factory=list)
    thoughts: list[str] = field(default_factory=list)
    tokens: int = 0
    reasoning_tokens: int = 0
    logprobs: list[TokenLogprob] = field(default_factory=list)
    tool_calls: list[Mapping[str, Any]] = field(default_factory=list)
    finish: Finish | None = None

    @property
    def text(self) -> str:
        """The answer's text so far."""
        return self.texts[0] if len(self.texts) == 1 else "".join(self.texts)

    def view(self) -> StreamView:
        """What a stream rule sees."""
        return StreamView(self.text, self.tokens, self.logprobs)


class Collector:
    """Sorts a request's chunks by completion."""

    def __init__(self) -> None:
        self.samples: dict[int, Sample] = {}

    def take(self, chunk: Chunk) -> Sample | None:
        """Add a chunk; returns its sample, or None for a chunk that is about the request as a whole."""
        if chunk.usage is not None and not chunk.text and chunk.finish is None and not chunk.tokens:
            return None
        sample = self.samples.get(chunk.index)
        if sample is None or chunk.restart:
            sample = self.samples[chunk.index] = Sample()
        if chunk.text:
            sample.texts.append(chunk.text)
        if chunk.reasoning:
            sample.thoughts.append(chunk.reasoning)
        sample.tokens += chunk.tokens
        sample.reasoning_tokens += chunk.reasoning_tokens
        if chunk.logprobs:
            sample.logprobs.extend(chunk.logprobs)
        if chunk.tool_calls:
            sample.tool_calls.extend(chunk.tool_calls)
        if chunk.finish is not None:
            sample.finish = chunk.finish
        return sample
