"""An upper bound on a prompt's tokens, for endpoints that do not count before the call: calibrated by every reply.

It begins where no tokenizer in use can be above it, one token a UTF-8 byte plus an allowance for the chat template, and
comes down with what replies report. Letters, other ASCII and non-ASCII text have a ratio each, because a prompt of prose
says nothing about one of digits. A ratio never falls under 1.25 times the densest text seen of its kind.
"""

import math
import string
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

SAFETY = 1.25
MARGIN_TOKENS = 128
"""For the chat template's own text: default system prompts have up to about 100 tokens."""
MESSAGE_TOKENS = 16
"""For a turn's markers."""
IMAGE_TOKENS = 4096
"""For an image whose cost is not known: most models take less, none is bound to."""
LEAST_BYTES = 512
"""A prompt with fewer bytes of a kind says too little about it: the template's tokens would count as its own."""
KEPT = 4096
_LETTERS = (string.ascii_letters + " ").encode()
_ASCII = bytes(range(128))


@dataclass(frozen=True, slots=True)
class Extent:
    """A prompt's size: UTF-8 bytes that are ASCII letters and spaces, other ASCII, and neither; turns; images."""

    letters: int = 0
    marks: int = 0
    wide: int = 0
    messages: int = 0
    images: int = 0

    @classmethod
    def of(cls, texts: Sequence[str], messages: int = 1, images: int = 0) -> "Extent":
        """The size of a prompt made of these texts."""
        data = "".join(texts).encode("utf-8", "surrogatepass")
        wide = len(data.translate(None, delete=_ASCII))
        marks = len(data.translate(None, delete=_LETTERS)) - wide
        return cls(len(data) - marks - wide, marks, wide, messages, images)

    @property
    def kinds(self) -> tuple[int, int, int]:
        """The bytes of each kind."""
        return self.letters, self.marks, self.wide

    @property
    def allowance(self) -> int:
        """Tokens allowed for what is not text."""
        return MARGIN_TOKENS + MESSAGE_TOKENS * self.messages + IMAGE_TOKENS * self.images


@final
class InputBound:
    """The calibration of one model on one endpoint. Pure: no clock, no randomness, no I/O."""

    def __init__(self) -> None:
        self.densest: list[float | None] = [None, None, None]
        self.extra = 0
        self.broken = False
        self._seen: OrderedDict[str, int] = OrderedDict()

    def ratios(self) -> tuple[float, float, float]:
        """Tokens per byte of each kind that the bound allows, in (0, 1]."""
        first, second, third = (
            1.0 if known is None or self.broken else min(1.0, SAFETY * known) for known in self.densest
        )
        return first, second, third

    def bound(self, extent: Extent) -> int:
        """At most so many tokens."""
        text = sum(size * ratio for size, ratio in zip(extent.kinds, self.ratios(), strict=True))
        return math.ceil(text) + extent.allowance + self.extra

    def known(self, key: str) -> int | None:
        """The exact count of a prompt that a reply has reported before; `key` is the prompt's hash."""
        return self._seen.get(key)

    def observe(self, key: str, extent: Extent, tokens: int) -> None:
        """Learn from a reply: this prompt had so many tokens.

        A prompt above its bound ends the calibration for good: back to one token a byte, with the allowance raised.
        """
        if tokens <= 0:
            return
        self._seen[key] = tokens
        self._seen.move_to_end(key)
        if len(self._seen) > KEPT:
            self._seen.popitem(last=False)
        if tokens > self.bound(extent):
            self.broken = True
            self.extra = max(self.extra, tokens - sum(extent.kinds) - extent.allowance)
            return
        if extent.images:
            return
        whole = sum(extent.kinds)
        for kind, size in enumerate(extent.kinds):
            if size >= LEAST_BYTES and 2 * size >= whole:
                # All of the prompt's tokens are laid on its main kind: that errs upwards.
                self.densest[kind] = max(self.densest[kind] or 0.0, min(1.0, tokens / size))
