"""Split inline `<think>…</think>` from the answer while it streams, wherever the chunks are cut."""

from typing import final

OPEN = "<think>"
CLOSE = "</think>"


@final
class ThinkSplitter:
    """Turns streamed text into (answer text, reasoning) pieces.

    `<think>` opens thinking where a line starts (white space before it does not matter), so prose and code that mention
    the tag in passing stay whole. `</think>` closes it. The tags and the white space next to the thinking are dropped;
    what may still become a tag is held back until it is decided, so `feed` may return two empty strings. Thinking that
    never closes (cut at the cap) is reasoning.

    `opened=True` is for templates that write `<think>` into the prompt: the completion then begins inside the thinking.
    Where that is not known and the first tag is a `</think>`, the tag is dropped and `orphan` turns True: all text
    returned up to there was thinking. A caller that has not passed it on yet moves it; others know for the next time.
    """

    def __init__(self, opened: bool = False) -> None:
        self.thinking = opened
        """Whether what comes next is thinking, as far as decided."""
        self.orphan = False
        self._held = ""
        self._said = False  # some answer text was returned
        self._fresh = True  # of the current line only white space was returned
        self._tagged = opened  # a tag was seen
        self._trim = opened  # white space follows that belongs to the tag

    def feed(self, text: str) -> tuple[str, str]:
        """The answer text and the reasoning that `text` settles; each may be empty."""
        self._held += text
        answer: list[str] = []
        thought: list[str] = []
        while self._advance(answer, thought):
            pass
        return "".join(answer), "".join(thought)

    def flush(self) -> tuple[str, str]:
        """What is still held back, when the completion has ended. The splitter is spent then."""
        rest, self._held = self._held, ""
        if self._trim:
            rest = rest.lstrip()
        return ("", rest) if self.thinking else (rest, "")

    def _advance(self, answer: list[str], thought: list[str]) -> bool:
        """Settle the next piece of what is held; False when more text is needed."""
        if self._trim:
            self._held = self._held.lstrip()
            self._trim = not self._held
        if not self._held:
            return False
        return self._think(thought) if self.thinking else self._speak(answer)

    def _think(self, thought: list[str]) -> bool:
        before, tag, after = self._held.partition(CLOSE)
        if tag:
            thought.append(before.rstrip())
            self._held = after
            self.thinking, self._trim, self._fresh = False, True, True
            return True
        keep = len(before) - _tail(before, CLOSE)
        keep = len(
            before[:keep].rstrip()
        )  # white space before the tag is dropped, so it waits for what follows
        thought.append(before[:keep])
        self._held = before[keep:]
        return False

    def _speak(self, answer: list[str]) -> bool:
        held = self._held
        if not self._said and held.isspace():
            return False  # white space before a tag is dropped, so it waits for what follows
        at = held.find("<")
        while at >= 0:
            rest = held[at:]
            opens = self._starts_line(held[:at])
            if opens and rest.startswith(OPEN):
                self._say(held[:at], answer)
                self._held = rest[len(OPEN) :]
                self.thinking = self._tagged = self._trim = True
                return True
            if not self._tagged and rest.startswith(CLOSE):
                self._say(held[:at], answer)
                self._held = rest[len(CLOSE) :]
                self.orphan = self._tagged = self._trim = self._fresh = True
                return True
            if (opens and OPEN.startswith(rest)) or (not self._tagged and CLOSE.startswith(rest)):
                if held[:at].strip() or self._said:
                    self._say(held[:at], answer)
                    self._held = rest
                return False
            at = held.find("<", at + 1)
        self._say(held, answer)
        self._held = ""
        return False

    def _starts_line(self, before: str) -> bool:
        """Whether a tag behind `before` (text not returned yet) would be the first of its line."""
        line = before.rpartition("\n")[2]
        return not line.strip() and ("\n" in before or self._fresh)

    def _say(self, text: str, answer: list[str]) -> None:
        if not self._said and not text.strip():
            return
        answer.append(text)
        self._said = True
        self._fresh = self._starts_line(text)


def _tail(text: str, tag: str) -> int:
    """How many of the last characters of `text` are a proper beginning of `tag`."""
    for size in range(min(len(tag) - 1, len(text)), 0, -1):
        if tag.startswith(text[-size:]):
            return size
    return 0
