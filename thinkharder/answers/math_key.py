r"""The key of a mathematical answer, and what two keys tell without algebra."""

import math
import re
from fractions import Fraction
from functools import lru_cache

from thinkharder.answers.base import ascii_maths, word_value
from thinkharder.answers.closed_form import closed_form
from thinkharder.answers.latex import LONGEST, bracketed, spell, split_top
from thinkharder.answers.text import normal_text

_TEXT = r"\\(?:text(?:bf|rm|it|normal)?|math(?:rm|bf|it)|mbox|hbox|operatorname)\s?"
_UNIT_TEXT = re.compile(
    rf"(?<=[\d)}}%])(?:\s|\\[ ,;:!]|~|\\quad)*{_TEXT}\{{(?!\s?[ie]\s?\}})[^{{}}]*\}}(?:\s?\^\s?\{{?\s?-?[1-4]\s?\}}?)?(?:[\s.$]|\\\))*$"
)
_UNITS = "mm|cm|dm|km|kg|mg|ml|mL|cl|kL|ft|in|yd|mi|mph|kph|hr|hrs|min|mins|sec|secs|lb|lbs|oz|deg|rad|pm|am|MB|GB|Hz|kHz|Pa|kPa|kWh|usd|eur"
_UNIT_WORDS = re.compile(
    rf"(?<=[\d)}}])(?:\s?(?:{_UNITS})(?![a-zA-Z])| [a-zA-Z]{{3,30}}(?![a-zA-Z(\\]))(?:[ /.-][a-zA-Z]{{1,30}}){{0,8}}(?:\^\{{?[1-4]\}}?)?$"
)
_AND = re.compile(
    r"(?<![A-Za-z\\]) ?(?:and|or|und|oder|et|ou) ?(?![A-Za-z]{2,}|\()|(?<=\)) ?(?:and|or) ?(?=\()"
)
_NAME = re.compile(
    r"(?:\\?[A-Za-z]+'{0,2}(?:_(?:\{[^{}]{1,12}\}|\w))?(?:\([a-zA-Z](?:,[a-zA-Z])*\))?|\|[A-Z]{1,3}\|)=(?!=)"
)
_MEMBER = re.compile(r"^[a-zA-Z]\\in(?![a-zA-Z]) ?")
_ARITHMETIC = re.compile(
    r"^[\d\s.+*/()^{}-]*(?:\\(?:frac|cdot|sqrt|pi|div) ?[\d\s.+*/()^{}-]*)*=(?=[^=]*\d[^=]*$)"
)
_GROUPED = re.compile(r"-?\d{1,3}(?:[, ]\d{3})+(?:\.\d+)?")
_DECIMAL_COMMA = re.compile(r"-?\d{1,3}(?:\.\d{3})+,\d{1,6}")
_MATRIX = re.compile(r"\\begin\{([pb]?(?:matrix|small)|array)\}(?:\{[lcr|]*\})?(.*)\\end\{\1\}", re.DOTALL)
_WORDY = re.compile(r"[^\W\d_][^\W\d_\s'.,&/-]*(?:[\s'.,&/-]+[^\W\d_]+)*", re.UNICODE)
_WORDS = frozenset({"yes", "no", "odd", "even", "none", "true", "false", "dne", "one", "two", "ten", "red"})
_HOSTILE = re.compile(
    r"\^\{?[^{}]{0,40}\^|\^\{?-?\d{4,}|\^\{[^{}]*!|\d{3,}!|!!|\)!|\d{400,}|\\(?:sum|prod|int|lim)(?![a-z])"
)


def decide(a: str, b: str) -> bool | None:
    """What two keys tell without algebra: equal, different, or None. Symmetric."""
    if a == b:
        return True
    if a.startswith("'") or b.startswith("'"):
        return False
    left, right = closed_form(a), closed_form(b)
    if left is None or right is None:
        return _differ(a, b)
    if left.exact is not None and right.exact is not None:
        return _rounded(left.exact, right.exact)
    if abs(left.approx) > 1e15 or abs(right.approx) > 1e15:
        return None
    return math.isclose(left.approx, right.approx, rel_tol=1e-12) or (
        None if math.isclose(left.approx, right.approx, rel_tol=1e-5, abs_tol=1e-9) else False
    )


def _differ(a: str, b: str) -> bool | None:
    """False where two formulas have different values at a point, or one is infinite and the other finite; else None."""
    left, right = closed_form(a, True), closed_form(b, True)
    if left is None or right is None:
        infinite = (a.lstrip("-") == "\\infty") != (b.lstrip("-") == "\\infty")
        return False if infinite and (left or right) else None
    return None if math.isclose(left.approx, right.approx, rel_tol=1e-6, abs_tol=1e-9) else False


def _rounded(a: Fraction, b: Fraction) -> bool:
    """Whether one is the other rounded to six or more decimal places, as math-verify has it (0.333333 is 1/3)."""
    return any(
        _decimals(x) >= 6 and abs(x - y) <= Fraction(1, 2 * 10 ** _decimals(x)) for x, y in ((a, b), (b, a))
    )


def _decimals(value: Fraction) -> int:
    """Decimal places of a terminating decimal; 0 for any other rational."""
    rest, twos, fives = value.denominator, 0, 0
    while rest % 2 == 0:
        rest, twos = rest // 2, twos + 1
    while rest % 5 == 0:
        rest, fives = rest // 5, fives + 1
    return max(twos, fives) if rest == 1 else 0


def hostile(key: str) -> bool:
    """Whether a key could keep an algebra system busy for ever; such a one equals only itself."""
    return len(key) > 400 or key.count("(") + key.count("{") > 60 or _HOSTILE.search(key) is not None


@lru_cache(maxsize=16384)
def canonical(text: str, percent_unit: bool = False, keep_equation: bool = False) -> str:
    r"""The key of a mathematical answer; '' where there is none. `'words'` for text, else a rational or LaTeX."""
    marked_text = "\\text" in text or "\\mbox" in text
    plain = _UNIT_TEXT.sub("", ascii_maths(text).strip().rstrip(".$ "))
    spelled = spell(plain)
    if not spelled:
        return ""
    if len(spelled) > LONGEST:
        return "'" + normal_text(spelled)[:LONGEST] + "'"
    if (value := word_value(spelled)) is not None:
        return str(value)
    if _is_words(spelled, marked_text):
        return f"'{normal_text(spelled)}'"
    spelled = _UNIT_WORDS.sub("", spelled)
    if matrix := _MATRIX.fullmatch(spelled):
        rows = [row for row in matrix[2].split("\\\\") if row.strip()]
        cells = [
            "&".join(_element(cell, percent_unit, keep_equation) for cell in row.split("&")) for row in rows
        ]
        return "\\begin{pmatrix}" + "\\\\".join(cells) + "\\end{pmatrix}"
    if not keep_equation:
        spelled = _MEMBER.sub("", spelled)
    bracket = bracketed(spelled)
    inner = split_top(bracket[1]) if bracket else []
    if bracket and (len(inner) > 1 or bracket[0] == "\\{"):
        items = [_element(item, percent_unit, True) for item in inner if item.strip()]
        if bracket[0] == "\\{":
            items = sorted(set(items))
        return bracket[0] + ",".join(items) + bracket[2]
    return _bare(spelled, percent_unit, keep_equation)


def _is_words(spelled: str, marked_text: bool) -> bool:
    if "\\" in spelled or _WORDY.fullmatch(spelled) is None:
        return False
    longest = max((len(word) for word in re.findall(r"[^\W\d_]+", spelled)), default=0)
    return (
        longest >= 4 or (marked_text and longest >= 2) or not spelled.isascii() or spelled.lower() in _WORDS
    )


def _bare(spelled: str, percent_unit: bool, keep_equation: bool) -> str:
    """A single answer, or several without brackets: an unordered list."""
    if _GROUPED.fullmatch(spelled.rstrip("%")):
        return _element(re.sub("[, ]", "", spelled), percent_unit, keep_equation)
    if _DECIMAL_COMMA.fullmatch(spelled.rstrip("%")):
        return _element(spelled.replace(".", "").replace(",", "."), percent_unit, keep_equation)
    listed = _AND.sub(",", spelled)
    items = [item.strip() for item in split_top(listed) if item.strip()]
    if len(items) == 1 and items[0].count("\\pm") == 1:
        items = [items[0].replace("\\pm", sign).replace("+ ", "+").replace("- ", "-") for sign in ("+", "-")]
    if len(items) == 1:
        return _element(items[0], percent_unit, keep_equation)
    names = {match[0] if (match := _NAME.match(item)) else "" for item in items}
    elements = {_element(item, percent_unit, len(names) > 1) for item in items}
    return ",".join(sorted(element for element in elements if element))


def _element(text: str, percent_unit: bool, keep_equation: bool) -> str:
    text = text.strip().lstrip("+")
    percent = text.endswith("%")
    text = text.rstrip("% ")
    if (
        not keep_equation
        and (name := _NAME.match(text))
        and not re.search(r"[=<>]|\\[lg]e", text[name.end() :])
    ):
        text = text[name.end() :]
    text = _UNIT_WORDS.sub("", _ARITHMETIC.sub("", text))
    pair = bracketed(text)
    if pair and pair[0] == "(" and pair[2] == ")" and len(split_top(pair[1])) == 1:
        text = pair[1]
    elif pair and len(split_top(pair[1])) > 1:
        return canonical(text, percent_unit, True)
    value = closed_form(text)
    if value is not None and value.exact is not None:
        return str(value.exact / 100 if percent and not percent_unit else value.exact)
    return text + ("%" if percent and not percent_unit else "")


@lru_cache(maxsize=16384)
def parts(key: str) -> tuple[str, list[str]] | None:
    r"""(kind, elements) of a composite key: kind is `(`, `[`, `(]`, `\{`, `list` or `matrix`; None for a single one."""
    if matrix := _MATRIX.fullmatch(key):
        rows = [row.split("&") for row in matrix[2].split("\\\\")]
        return "matrix", [f"'{len(rows)}x{len(rows[0])}'", *(cell for row in rows for cell in row)]
    if bracket := bracketed(key):
        items = split_top(bracket[1])
        if len(items) > 1 or bracket[0] == "\\{":
            return (bracket[0] if bracket[0] == "\\{" else bracket[0] + bracket[2]), items
    items = split_top(key)
    return ("list", items) if len(items) > 1 else None
