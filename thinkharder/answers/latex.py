r"""One spelling for LaTeX: from what a model wrote to a normalised string that is still LaTeX."""

import re
from functools import lru_cache

from thinkharder.answers.base import ascii_maths

_WRAPPER = re.compile(
    r"\\(?:text(?:bf|it|rm|tt|sf|normal)?|math(?:bf|rm|it|sf|tt)?|mbox|hbox|operatorname|boldsymbol|bm|boxed|fbox)\*?"
    r"\s?\{([^{}]*)\}"
)
_SIZES = re.compile(
    r"\\(?:left|right|big|Big|bigg|Bigg|bigl|bigr|Bigl|Bigr|biggl|biggr|middle)(?![a-zA-Z])\.?"
)
_SPACES = re.compile(
    r"(?<!\\)\\(?:(?:quad|qquad|displaystyle|textstyle|limits|nolimits|rm|bf|it|hfill|thinspace)(?![a-zA-Z])|[,;:!>\s])|~"
)
_THOUSANDS = re.compile(r"(?<=\d),?(?:\\[!,;: ]|\{,\}|\{\\,\})\s*(?=\d{3}(?!\d))")
_LISTED = re.compile(r"(?<=\d),\s+(?=\d{3}(?!\d))")
_DEGREES = re.compile(r"\^\s?\{?\s?\\circ\s?\}?|\^\s?\{?\\degree\}?|\\degree(?![a-zA-Z])|°|\\deg(?![a-zA-Z])")
_SYNONYMS = {
    "dfrac": "frac", "tfrac": "frac", "cfrac": "frac", "leq": "le", "leqslant": "le", "geq": "ge", "geqslant": "ge",
    "neq": "ne", "times": "cdot", "ast": "cdot", "lbrace": "{", "rbrace": "}", "infin": "infty", "lvert": "|", "rvert": "|",
    "vert": "|", "varnothing": "emptyset", "land": "wedge", "to": "rightarrow",
}  # fmt: skip
_SYNONYM = re.compile(r"\\(" + "|".join(_SYNONYMS) + r")(?![a-zA-Z])")
_UNICODE = {
    "×": r"\cdot ", "·": r"\cdot ", "⋅": r"\cdot ", "∙": r"\cdot ", "÷": "/", "∕": "/", "π": r"\pi ", "∞": r"\infty ",
    "≤": r"\le ", "≥": r"\ge ", "≠": r"\ne ", "±": r"\pm ", "∪": r"\cup ", "∩": r"\cap ", "∅": r"\emptyset ", "∈": r"\in ",
    "θ": r"\theta ", "α": r"\alpha ", "β": r"\beta ", "λ": r"\lambda ", "γ": r"\gamma ", "φ": r"\phi ", "ω": r"\omega ",
    "ℝ": r"\mathbb{R}", "≈": r"\approx ", "，": ",", "、": ",", "。": ".", "′": "'",
}  # fmt: skip
_UNICODE_TABLE = str.maketrans(_UNICODE)
_ROOT = re.compile(r"√\s?(?:\{([^{}]*)\}|\(([^()]*)\)|(\d{1,40}(?:\.\d{1,40})?|[a-zA-Z]))")
_TOKENS = re.compile(r"\\[a-zA-Z]{1,40}|\\.|\d{1,4000}(?:\.\d{0,4000})?|\.\d{1,4000}|\S", re.DOTALL)
_ONE_ARGUMENT = re.compile(r"(\\sqrt(?:\[[^\[\]]{0,20}\])?) ?(\d|[a-zA-Z]|\\pi)(?![{\[])")
_FRAC = re.compile(r"\\frac ?(?!\{)([\da-zA-Z]|\\pi)")
_FRAC_SECOND = re.compile(r"(\\frac(\{(?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*\})) ?([\da-zA-Z]|\\pi)")
_SIMPLE_SCRIPT = re.compile(r"([_^])\{([\da-zA-Z])\}")
_SLASHED = re.compile(r"(?<![\d.}])(\d{1,60}) (\d{1,60})/(\d{1,60})(?![\d./])")
_MONEY = re.compile(r"\\?[$€£¥₹₩₽฿₫₪₺]|\bUSD\b|\bEUR\b")
_MARKUP = re.compile(r"\*\*|__|(?<!\\)`{1,3}")
_POWER = re.compile(r"(?<=[\w)}])\*\*(?=[\w({-])")
_DELIMITERS = re.compile(r"(?<!\\)\\[()\[\]]")
_BASE = re.compile(r"(?<=\d)_\{?\d{1,2}\}?$")
LONGEST = 2_000
"""Characters of the longest mathematical answer; a longer one is compared as text."""


@lru_cache(maxsize=16384)
def spell(text: str) -> str:
    """The text in one spelling; '' where nothing is left. Linear, pure, never raises."""
    text = ascii_maths(_ROOT.sub(_root, text.translate(_UNICODE_TABLE)))[: LONGEST * 2].strip()
    text = _MARKUP.sub("", _POWER.sub("^", text))
    for _ in range(4):
        if (shorter := _WRAPPER.sub(_unwrap, text)) == text:
            break
        text = shorter
    text = _DELIMITERS.sub(" ", text)
    # A space behind the comma makes a list of it: 80, 150 is not 80,150.
    text = _LISTED.sub(";", _THOUSANDS.sub("", text))
    text = _SYNONYM.sub(lambda m: _synonym(m[1]), text)
    text = _DEGREES.sub("", _SIZES.sub("", text))
    text = _MONEY.sub("", _SPACES.sub(" ", text))
    text = text.replace("\\%", "%").replace("\\#", "#").replace("\\&", "&")
    text = _SLASHED.sub(r"\1\\frac{\2}{\3}", " ".join(text.split()))
    text = compact(text.lstrip(" ;:").rstrip(" .;:。"))
    text = _arguments(text)
    return _BASE.sub("", _SIMPLE_SCRIPT.sub(r"\1\2", text))


def _root(match: re.Match[str]) -> str:
    return r"\sqrt{%s}" % (match[1] or match[2] or match[3] or "")


def _unwrap(match: re.Match[str]) -> str:
    return f" {match[1].strip()} " if match[0].startswith(("\\text", "\\mbox", "\\hbox")) else match[1]


def _synonym(name: str) -> str:
    target = _SYNONYMS[name]
    return target if target == "|" else "\\" + target + (" " if target.isalpha() else "")


def compact(text: str) -> str:
    """Without spaces, but where two numbers, two words or a command and a letter would run together."""
    parts: list[str] = []
    before, end = "", 0
    for match in _TOKENS.finditer(text):
        token = match[0]
        gap = match.start() > end
        first = token[0]
        if before and (
            (gap and before[-1].isalnum() and first.isalnum() and not before.startswith("\\"))
            or (before.startswith("\\") and before[-1].isalpha() and first.isalpha())
        ):
            parts.append(" ")
        parts.append(token)
        before, end = token, match.end()
    return "".join(parts)


def _arguments(text: str) -> str:
    r"""`\frac12`, `\frac1{72}`, `\frac{a}b` and `\sqrt2` with their braces."""
    if "\\frac" in text:
        text = _FRAC.sub(r"\\frac{\1}", text)
        text = _FRAC_SECOND.sub(r"\1{\3}", text)
    return _ONE_ARGUMENT.sub(r"\1{\2}", text) if "\\sqrt" in text else text


def split_top(text: str, separators: str = ",;") -> list[str]:
    """The parts of a text between separators that stand outside all brackets."""
    parts: list[str] = []
    depth, start, at = 0, 0, 0
    while at < len(text):
        char = text[at]
        if char == "\\" and at + 1 < len(text):
            depth += {"{": 1, "}": -1}.get(text[at + 1], 0)
            at += 2
            continue
        if char in "([{":
            depth += 1
        elif char in ")]}":
            depth -= 1
        elif char in separators and depth == 0:
            parts.append(text[start:at])
            start = at + 1
        at += 1
    parts.append(text[start:])
    return parts


def bracketed(text: str) -> tuple[str, str, str] | None:
    r"""(opening, inside, closing) where one pair of brackets `( [ \{` spans the whole text, else None."""
    for opening in ("(", "[", "\\{"):
        if text.startswith(opening):
            closing = next((c for c in (")", "]", "\\}") if text.endswith(c)), None)
            if (
                closing is None
                or (opening == "\\{") != (closing == "\\}")
                or len(text) < len(opening + closing)
            ):
                return None
            inside = text[len(opening) : len(text) - len(closing)]
            return (opening, inside, closing) if _balanced(inside) else None
    return None


def _balanced(text: str) -> bool:
    depth = 0
    for match in re.finditer(r"\\?[{}]|[()\[\]]", text):
        depth += 1 if match[0][-1] in "([{" else -1
        if depth < 0:
            return False
    return depth == 0
