"""From token ids to text while they arrive: never half a character, never a stop string or the beginning of one."""

import codecs
from collections.abc import Mapping, Sequence
from typing import NamedTuple, final

from thinkharder.core.types import Finish
from thinkharder.models.reasoning import ThinkSplitter


class Piece(NamedTuple):
    """What some tokens settle: answer text, reasoning, and how many of the tokens were thinking."""

    text: str
    reasoning: str
    reasoning_tokens: int


@final
class StopFilter:
    """Cuts text at the first stop string, and holds back what may become one."""

    def __init__(self, stops: Sequence[str]) -> None:
        self.stops = tuple(stop for stop in stops if stop)
        self.hit: str | None = None
        """The stop string that ended the text."""
        self._held = ""

    def feed(self, text: str) -> str:
        """What of `text` (and of what was held back) is certain to precede every stop string."""
        if self.hit is not None:
            return ""
        if not self.stops:
            return text
        held = self._held + text
        found = [(at, -len(stop), stop) for stop in self.stops if (at := held.find(stop)) >= 0]
        if found:
            at, _, self.hit = min(found)
            self._held = ""
            return held[:at]
        keep = max(_overlap(held, stop) for stop in self.stops)
        self._held = held[len(held) - keep :]
        return held[: len(held) - keep]

    def flush(self) -> str:
        """What is still held back, when no more comes."""
        held, self._held = self._held, ""
        return held


@final
class Detokeniser:
    """One completion's text from its tokens' bytes.

    `vocabulary[id]` is what a token adds to the text, as bytes; control tokens add nothing. `opened` says that the
    prompt ends inside `<think>`. `lstrip` drops one leading space (SentencePiece models put one before the first word).
    """

    def __init__(
        self,
        vocabulary: Sequence[bytes],
        stops: Sequence[str] = (),
        *,
        opened: bool = False,
        lstrip: bool = False,
    ) -> None:
        self._vocabulary = vocabulary
        self._utf8 = codecs.getincrementaldecoder("utf-8")("replace")
        self._stops = StopFilter(stops)
        self._think = ThinkSplitter(opened)
        self._lstrip = lstrip

    @property
    def stopped(self) -> bool:
        """Whether a stop string was met."""
        return self._stops.hit is not None

    def feed(self, ids: Sequence[int]) -> Piece:
        """The text that these tokens settle. Ids outside the vocabulary add nothing."""
        texts: list[str] = []
        thoughts: list[str] = []
        thinking = 0
        for token in ids:
            raw = self._vocabulary[token] if 0 <= token < len(self._vocabulary) else b""
            text, thought = self._settle(self._utf8.decode(raw))
            thinking += self._think.thinking or bool(thought)
            texts.append(text)
            thoughts.append(thought)
        return Piece("".join(texts), "".join(thoughts), thinking)

    def finish(self) -> Piece:
        """The rest, when the completion has ended. Bytes that are no character become U+FFFD."""
        text, thought = self._settle(self._utf8.decode(b"", True))
        if not self.stopped:
            held = self._think.feed(self._stops.flush())
            text, thought = text + held[0], thought + held[1]
        rest = self._think.flush()
        return Piece(text + rest[0], thought + rest[1], 0)

    def _settle(self, text: str) -> tuple[str, str]:
        if self._lstrip and text:
            text, self._lstrip = text.removeprefix(" "), False
        return self._think.feed(self._stops.feed(text))


def _overlap(text: str, stop: str) -> int:
    """How many of the last characters of `text` are a proper beginning of `stop`."""
    for size in range(min(len(stop) - 1, len(text)), 0, -1):
        if stop.startswith(text[-size:]):
            return size
    return 0


FINISHES: Mapping[str, Finish] = {"STOP": "stop", "LENGTH": "length", "TOOL_CALL": "tool_calls"}
