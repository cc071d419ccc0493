"""Untrusted text inside a judge's prompt: quoted so that it can neither close its block nor speak as the judge.

Three measures. The delimiters hold a nonce from a hash of the text itself, which the text cannot know, and any occurrence
of it in the text is removed. Control tokens of chat templates are broken, because embedded engines and servers read them
in content too. Lines that look like the judge's own last line are marked as quotations, so that a judge that repeats
them has not said them.
"""

import hashlib
import re
from dataclasses import dataclass

_CONTROL = re.compile(
    r"<(?=[|｜])"  # <|im_start|>, <｜User｜>
    r"|<(?=/?(?:s|bos|eos|pad|unk|mask|cls|sep|think|reponame|filename|endoftext)>)"
    r"|<(?=/?[A-Za-z]+(?:_[A-Za-z0-9]+)+>)"  # <start_of_turn>, <tool_call>, <file_sep>
    r"|<(?=</?SYS>>)"
    r"|\[(?=/?(?:INST|[A-Z]+_[A-Z_]+)\])",  # [INST], [/TOOL_CALLS]
    re.IGNORECASE,
)
_MARKED = re.compile(r"^(?=[^\w\n]*(?:score|verdict)\b)", re.IGNORECASE | re.MULTILINE)
_NONCE_DIGITS = 12


@dataclass(frozen=True, slots=True)
class Quoted:
    """A block that can stand in a prompt, and the nonce in its first and last line."""

    block: str
    nonce: str


def quote(text: str, *context: str) -> Quoted:
    """`text` as a delimited block. The nonce depends on the text and `context` (the problem, a label) alone.

    The same text gives the same block in every run, so that a judgement replays from a record.
    """
    digest = hashlib.sha256()
    for part in (*context, text):
        raw = part.encode("utf-8", "surrogatepass")
        digest.update(len(raw).to_bytes(8, "big") + raw)
    nonce = digest.hexdigest()[:_NONCE_DIGITS]
    inner = neutral(text)
    while nonce in inner:  # removing one can join another
        inner = inner.replace(nonce, "")
    return Quoted(f"<<<{nonce}\n{inner}\n{nonce}>>>", nonce)


def neutral(text: str) -> str:
    """`text` without anything that a chat template or the reader of a judgement could take for its own."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").encode("utf-8", "replace").decode("utf-8")
    text = _CONTROL.sub(lambda match: match[0] + " ", text)
    return _MARKED.sub("> ", text)
