"""The sampling defaults of the embedded engines, stated once, so that both draw alike."""

from typing import NamedTuple

from thinkharder.core.errors import ContextOverflow
from thinkharder.core.types import Request

TEMPERATURE = 0.7
TOP_P = 1.0
TOP_K = 40
"""Candidates kept per token. Drawing from the whole vocabulary (0) costs about 15% of the speed of a 0.5B model."""
MIN_P = 0.0
MAX_TOKENS = 1024
"""Output tokens of a completion where the request does not say."""


class Draws(NamedTuple):
    """A request's sampling with every value said. Temperature 0 is greedy; penalties are off in both engines."""

    temperature: float
    top_p: float
    top_k: int
    min_p: float
    max_tokens: int
    stop: tuple[str, ...]
    logprobs: int | None


def draws(request: Request, prompt_tokens: int, context: int) -> Draws:
    """What to draw for a request whose prompt has so many tokens; the cap is cut to the room that is left.

    Raises ContextOverflow where not even one token fits behind the prompt.
    """
    room = context - prompt_tokens
    if room < 1:
        raise ContextOverflow(
            f"the prompt has {prompt_tokens:,} tokens, and the model's context is {context:,}: no room for an answer;"
            " shorten the problem, or load the model with a larger context"
        )
    said = request.sampling
    return Draws(
        TEMPERATURE if said.temperature is None else said.temperature,
        TOP_P if said.top_p is None else said.top_p,
        TOP_K if said.top_k is None else said.top_k,
        MIN_P if said.min_p is None else said.min_p,
        min(room, MAX_TOKENS if said.max_tokens is None else said.max_tokens),
        said.stop,
        said.logprobs,
    )
