"""What may be shown: model text is untrusted, and no key may ever be printed."""

import json
import math
import os
import re
from collections.abc import Mapping
from typing import Any

_ESCAPES = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"  # CSI … final byte
    r"|(?:\x1b[\]PX^_]|[\x90\x98\x9d\x9e\x9f])[^\x07\x1b\x9c]{0,4096}(?:\x07|\x1b\\|\x9c)?"  # OSC, DCS and their kin
    r"|\x9b[0-?]*[ -/]*[@-~]"
    r"|\x1b[ -/]*[0-~]?"
)
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""C0 but tab and newline, C1, DEL, the marks that reorder text on screen, and lone surrogates."""
_SECRET_NAME = re.compile(r"KEY|TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIAL", re.IGNORECASE)
_USERINFO = re.compile(r"(?<=://)[^/@\s]+@")
_SHORTEST_SECRET = 8


def clean(text: str) -> str:
    """The text without terminal escapes and control characters; newlines and tabs stay.

    >>> clean("a\\x1b[31mred\\x1b[0m\\x07b")
    'aredb'
    """
    return _CONTROLS.sub("", _ESCAPES.sub("", text.replace("\r\n", "\n")))


def one_line(text: str, width: int = 60) -> str:
    """Cleaned, white space folded, cut to at most `width` characters with an ellipsis."""
    folded = " ".join(clean(text[: 20 * width]).split())
    return folded if len(folded) <= width else folded[: width - 1].rstrip() + "…"


def last_words(text: str, width: int = 60) -> str:
    """The end of a text on one line: at most `width` characters, behind an ellipsis where more came before."""
    folded = " ".join(clean(text[-4 * width :]).split())
    return folded if len(folded) <= width and len(text) <= 4 * width else "…" + folded[1 - width :].lstrip()


def redact(text: str, environ: Mapping[str, str] | None = None) -> str:
    """The text with the values of secret environment variables and the user part of addresses struck out."""
    for name, value in (os.environ if environ is None else environ).items():
        if len(value) >= _SHORTEST_SECRET and _SECRET_NAME.search(name) and value in text:
            text = text.replace(value, f"<{name}>")
    return _USERINFO.sub("", text)


def dumps(value: Any, *, ascii_only: bool = False) -> str:
    """Indented JSON that is safe to print: control characters are escaped, NaN and infinities are null."""
    body = json.dumps(_finite(value), ensure_ascii=ascii_only, indent=2, allow_nan=False, default=str)
    return _CONTROLS.sub(lambda found: found[0] if found[0] == "\n" else f"\\u{ord(found[0]):04x}", body)


def _finite(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    return value
