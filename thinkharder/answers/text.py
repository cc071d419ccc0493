"""Free text: the same where it reads the same, whatever its case, spacing, quotes, markup and final punctuation."""

import hashlib
import re
import unicodedata
from dataclasses import dataclass, field
from typing import final

from thinkharder.answers.base import Answer, visible
from thinkharder.answers.extract import Span, find

LONGEST_KEY = 200
"""Characters of the longest key that is kept as text; a longer one is a SHA-256 of it."""

LONGEST_NORMAL = 50_000
"""Characters of the longest text that is normalised; of a longer one only the spacing does not count."""

_MARKUP = re.compile(r"\*{1,3}|(?<!\w)_{1,3}(?=\S)|(?<=\S)_{1,3}(?!\w)|`{1,3}|^#{1,6}\s|^>\s", re.MULTILINE)
_WRAPPED = re.compile(r"\\(?:text(?:bf|it|rm)?|math(?:rm|bf|it)|mbox)\{([^{}]*)\}")
_EDGES = " \t\r\n.,;:!?…。，、；：！？·'\"`´‘’‚“”„«»‹›「」『』《》〈〉()[]{}（）【】<>$*_~|-–—"
_QUOTES = str.maketrans({"‘": "'", "’": "'", "“": '"', "”": '"', "–": "-", "—": "-", "‐": "-", "‑": "-"})
_SENTENCE_END = re.compile(
    r"(?:(?<=[^\W\d_]{3})|(?<=[)\d%\"'*”»]))[.!?]\s+(?=[A-Z\"'(*]|$)|[。！？]|\s+[.]\s"
)


def normal_text(text: str) -> str:
    """NFKC, casefolded, one space between words, without markup, and without punctuation and quotes around it."""
    text = _WRAPPED.sub(r"\1", _MARKUP.sub("", visible(text)))
    text = unicodedata.normalize("NFKC", text).translate(_QUOTES)
    folded = unicodedata.normalize("NFKC", text.casefold())
    core = " ".join(folded.split())
    bare = core.strip(_EDGES)
    return bare or core


def text_key(text: str) -> str:
    """The key of a text: its normal form, hashed where it is long."""
    normal = normal_text(text) if len(text) <= LONGEST_NORMAL else " ".join(text.split())
    if len(normal) <= LONGEST_KEY:
        return normal
    return "sha256:" + hashlib.sha256(normal.encode("utf-8", "surrogatepass")).hexdigest()


@final
@dataclass(frozen=True, slots=True)
class TextAnswers:
    """Free text. A marked answer counts; without a marker the whole text is the answer, and a cut text abstains."""

    reason: str = ""
    name: str = field(default="text", init=False)
    semantic: bool = field(default=False, init=False)

    def extract(self, text: str, *, complete: bool = True) -> Answer | None:
        """The marked answer, else the whole text after its thinking."""
        found = find(text)
        if found.cut:
            return None
        for span in found.spans:
            if (answer := self.read(span)) is not None:
                return answer
        return self.read(Span(found.body, True)) if complete else None

    def read(self, span: Span) -> Answer | None:
        """The answer of one marked piece, None where nothing but punctuation is in it."""
        text = span.text if span.strict else first_sentence(span.text)
        key = text_key(text)
        if not key:
            return None
        shown = _WRAPPED.sub(r"\1", text).strip()
        if "\n" not in shown:
            shown = re.sub(r"\*\*|`", "", shown).rstrip(" .。") or shown
        return Answer(key, shown, shown)

    async def same(self, a: Answer, b: Answer) -> bool:
        """Equal keys."""
        return a.key == b.key


def first_sentence(text: str) -> str:
    """The text up to the end of its first sentence; abbreviations of up to two letters do not end one."""
    match = _SENTENCE_END.search(text)
    return text[: match.start()] if match else text
