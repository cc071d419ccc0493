r"""Values of closed forms without letters: `\frac{1}{2}`, `3\sqrt{13}`, `2\pi/3`, `5\times10^{3}`. Exact where rational.

A small recursive descent with limits on length, depth, digits and exponents, so that `9^{9^{9}}` is refused at once and
no algebra system is needed for the answers that make up nearly all votes.
"""

import math
import re
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import final

MAX_CHARS, MAX_DEPTH, MAX_DIGITS, MAX_EXPONENT, MAX_BITS = 200, 16, 60, 400, 1400

_TOKEN = re.compile(
    r"(?P<number>(?:\d{1,60}(?:\.\d{0,60})?|\.\d{1,60})(?:[eE][-+]?\d{1,3}(?![\d.]))?)"
    r"|(?P<command>\\(?:frac|sqrt|pi|cdot|times|div|ast)(?![a-zA-Z]))|(?P<char>[-+*/^(){}\[\]])|(?P<letter>[a-zA-Z])|(?P<space>\s{1,4})"
)


_NO_VARIABLES = re.compile(r"[a-zA-Z]{3}|ln|lg|[a-zA-Z]\(")


@dataclass(frozen=True, slots=True)
class Value:
    """A real number: `exact` where it is rational and small enough, and its float approximation."""

    exact: Fraction | None
    approx: float


class _Refused(Exception):
    """Not a closed form of the kind that is read here, or past a limit."""


@lru_cache(maxsize=8192)
def closed_form(text: str, letters: bool = False) -> Value | None:
    """The value of a closed form in normalised LaTeX; None where it is none, or past a limit. Never raises.

    With `letters`, single letters are variables, each with a value of its own: formulas whose values differ at this one
    point are different, those that agree may be equal. Words, functions, e and i are refused.
    """
    if not text or len(text) > MAX_CHARS:
        return None
    tokens: list[str] = []
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            return None
        at = match.end()
        if match["letter"] is not None and (
            not letters or match[0] in "eiEI" or _NO_VARIABLES.match(text, match.start())
        ):
            return None
        if match["space"] is None:
            if tokens and match["number"] is not None and tokens[-1][0] in ".0123456789":
                return None
            tokens.append(match[0])
    try:
        return _Parser(tokens).whole()
    except (_Refused, ArithmeticError, ValueError):
        return None


def _limited(exact: Fraction | None, approx: float) -> Value:
    if exact is not None and max(exact.numerator.bit_length(), exact.denominator.bit_length()) > MAX_BITS:
        raise _Refused
    if not math.isfinite(approx):
        raise _Refused
    return Value(exact, approx)


def _rational(value: Fraction) -> Value:
    return _limited(value, float(value))


@final
class _Parser:
    def __init__(self, tokens: list[str]) -> None:
        self.tokens, self.at, self.depth = tokens, 0, 0

    def whole(self) -> Value:
        value = self.sum()
        if self.at != len(self.tokens):
            raise _Refused
        return value

    def peek(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def take(self, expected: str = "") -> str:
        token = self.peek()
        if not token or (expected and token != expected):
            raise _Refused
        self.at += 1
        return token

    def sum(self) -> Value:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise _Refused
        sign = 1
        if self.peek() in ("+", "-"):
            sign = -1 if self.take() == "-" else 1
        value = _times(_rational(Fraction(sign)), self.product())
        while self.peek() in ("+", "-"):
            sign = -1 if self.take() == "-" else 1
            right = self.product()
            exact = None if value.exact is None or right.exact is None else value.exact + sign * right.exact
            value = _limited(exact, value.approx + sign * right.approx)
        self.depth -= 1
        return value

    def product(self) -> Value:
        value = self.power()
        while token := self.peek():
            if token in ("*", "\\cdot", "\\times", "\\ast"):
                self.take()
                value = _times(value, self.signed())
            elif token in ("/", "\\div"):
                self.take()
                value = _over(value, self.signed())
            elif token in ("(", "\\frac", "\\sqrt", "\\pi") or token[0] in ".0123456789" or token.isalpha():
                value = _times(value, self.power())
            else:
                break
        return value

    def signed(self) -> Value:
        if self.peek() == "-":
            self.take()
            return _times(_rational(Fraction(-1)), self.power())
        return self.power()

    def power(self) -> Value:
        base = self.atom()
        if self.peek() != "^":
            return base
        self.take()
        exponent = self.signed_atom()
        if self.peek() == "^":
            raise _Refused
        return _power(base, exponent)

    def signed_atom(self) -> Value:
        if self.peek() == "-":
            self.take()
            return _times(_rational(Fraction(-1)), self.atom())
        return self.atom()

    def atom(self) -> Value:
        token = self.take()
        if token in ("(", "{"):
            return self.closed(")" if token == "(" else "}")
        if token == "\\pi":
            return Value(None, math.pi)
        if token.isalpha():
            # Spread over (1, 3): positive, so that roots and powers exist, and irrational enough to keep terms apart.
            return Value(None, 1.0 + 2.0 * (ord(token) * 0.6180339887498949 % 1.0))
        if token == "\\frac":
            return _over(self.group(), self.group())
        if token == "\\sqrt":
            return self.root()
        if token[0] not in ".0123456789":
            raise _Refused
        value = self.number(token)
        if self.peek() == "\\frac" and token.isdigit():
            mixed = self.tokens[self.at + 1 : self.at + 7]
            if [part.isdigit() for part in mixed] == [False, True, False, False, True, False]:
                return _limited(*_mixed(value, self.atom()))
        return value

    def number(self, token: str) -> Value:
        mantissa, _, exponent = token.lower().partition("e")
        if abs(int(exponent or 0)) > MAX_EXPONENT:
            raise _Refused
        return _rational(Fraction(mantissa if mantissa != "." else "") * Fraction(10) ** int(exponent or 0))

    def root(self) -> Value:
        degree = 2
        if self.peek() == "[":
            self.take()
            token = self.take()
            self.take("]")
            if not token.isdigit() or not 2 <= int(token) <= 20:
                raise _Refused
            degree = int(token)
        value = self.group()
        if value.approx < 0:
            raise _Refused
        exact = None if value.exact is None else _exact_root(value.exact, degree)
        return _limited(exact, value.approx ** (1 / degree))

    def group(self) -> Value:
        self.take("{")
        return self.closed("}")

    def closed(self, end: str) -> Value:
        value = self.sum()
        self.take(end)
        return value


def _times(a: Value, b: Value) -> Value:
    exact = None if a.exact is None or b.exact is None else a.exact * b.exact
    return _limited(exact, a.approx * b.approx)


def _over(a: Value, b: Value) -> Value:
    if b.approx == 0:
        raise _Refused
    exact = None if a.exact is None or b.exact is None else a.exact / b.exact
    return _limited(exact, a.approx / b.approx)


def _mixed(whole: Value, part: Value) -> tuple[Fraction | None, float]:
    """2 1/2 is two and a half where the fraction is proper, else a product."""
    assert whole.exact is not None
    if part.exact is not None and 0 < part.exact < 1:
        return whole.exact + part.exact, whole.approx + part.approx
    return (None if part.exact is None else whole.exact * part.exact), whole.approx * part.approx


def _power(base: Value, exponent: Value) -> Value:
    if abs(exponent.approx) > MAX_EXPONENT or (base.approx < 0 and exponent.exact is None):
        raise _Refused
    if exponent.exact is not None and exponent.exact.denominator == 1:
        power = int(exponent.exact)
        if base.approx == 0 and power <= 0:
            raise _Refused
        if base.exact is not None:
            bits = max(base.exact.numerator.bit_length(), base.exact.denominator.bit_length())
            if bits * abs(power) > MAX_BITS:
                raise _Refused
            return _rational(base.exact**power)
        return _limited(None, base.approx**power)
    if base.approx < 0:
        raise _Refused
    exact = None
    if exponent.exact is not None and base.exact is not None and exponent.exact.denominator <= 20:
        root = _exact_root(base.exact, exponent.exact.denominator)
        if root is not None:
            return _power(_rational(root), _rational(Fraction(exponent.exact.numerator)))
    return _limited(exact, base.approx**exponent.approx)


def _exact_root(value: Fraction, degree: int) -> Fraction | None:
    parts = [_integer_root(part, degree) for part in (value.numerator, value.denominator)]
    return None if parts[0] is None or parts[1] is None else Fraction(parts[0], parts[1])


def _integer_root(value: int, degree: int) -> int | None:
    if degree == 2:
        root = math.isqrt(value)
    else:
        try:
            root = round(value ** (1 / degree))
        except OverflowError:
            return None
    return root if root**degree == value else None
