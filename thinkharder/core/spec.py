"""The one grammar in which strategies, verifiers and rules are written down, and its one parser.

    self-consistency                                    a name
    self-consistency(n=40, until=margin(m=3))           nested and typed
    best-of-n:n=32,temperature=1.0                      shorthand for flat options
    margin:3, python:my_module:check                    shorthand for the first option

Values are numbers, true, false, null, words, quoted strings, [lists] and specs.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn

from thinkharder.core.errors import SpecError

MAX_LENGTH, MAX_DEPTH = 10_000, 20
_TOKEN = re.compile(
    r"""\s*(?:(?P<number>[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?![\w./@-]))
    |(?P<word>[A-Za-z0-9_./@+-][A-Za-z0-9_./@:+-]*)
    |(?P<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
    |(?P<mark>[()\[\]=,]))""",
    re.VERBOSE,
)
_WORDS: Mapping[str, Any] = {"true": True, "false": False, "null": None, "none": None}


@dataclass(frozen=True, slots=True)
class Spec:
    """A name with its arguments; the argument named "" is the first option, given without its name."""

    name: str
    args: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        if not self.args:
            return self.name
        inner = ", ".join(
            f"{key}={_show(value)}" if key else _show(value) for key, value in self.args.items()
        )
        return f"{self.name}({inner})"


def parse(text: str) -> Spec:
    """Parse one spec. Raises SpecError with the place and what was expected there."""
    if len(text) > MAX_LENGTH:
        raise SpecError(f"the spec has {len(text):,} characters; at most {MAX_LENGTH:,} are read")
    head = re.match(r"\s*([A-Za-z0-9_.-]+)\s*:", text)
    if head:
        name, tail = head.group(1), text[head.end() :].strip()
        if not tail:
            raise SpecError(
                f"nothing follows {name + ':'!r}; write options as {name}:option=value or {name}(option=value)"
            )
        if not re.match(r"[A-Za-z_][\w-]*\s*=", tail):
            return Spec(name, {"": _atom(tail)})
        reader = _Reader(text, head.end())
        spec = Spec(name, reader.arguments(closing=None, depth=0))
    else:
        reader = _Reader(text, 0)
        value = reader.value(0)
        spec = value if isinstance(value, Spec) else Spec(str(value))
    reader.end()
    return spec


class _Reader:
    """A recursive-descent reader over the tokens of one spec."""

    def __init__(self, text: str, start: int) -> None:
        self.text, self.at = text, start
        self.kind, self.token = "", ""
        self.advance()

    def advance(self) -> None:
        self.start = self.at
        if not self.text[self.at :].strip():
            self.kind, self.token, self.at = "end", "", len(self.text)
            return
        match = _TOKEN.match(self.text, self.at)
        if match is None:
            self.fail("a name, a value or one of ( ) [ ] = ,")
        self.kind, self.token, self.at = match.lastgroup or "", match.group(match.lastgroup or 0), match.end()

    def fail(self, wanted: str) -> NoReturn:
        found = repr(self.token) if self.kind != "end" else "its end"
        raise SpecError(
            f"cannot read spec {self.text!r}: expected {wanted} at character {self.start + 1}, found {found}"
        )

    def take(self, mark: str) -> bool:
        if self.kind == "mark" and self.token == mark:
            self.advance()
            return True
        return False

    def end(self) -> None:
        if self.kind != "end":
            self.fail("nothing more")

    def value(self, depth: int) -> Any:
        if depth > MAX_DEPTH:
            raise SpecError(f"the spec is nested more than {MAX_DEPTH} deep")
        kind, token = self.kind, self.token
        if kind == "number":
            self.advance()
            return float(token) if re.search(r"[.eE]", token) else int(token)
        if kind == "string":
            self.advance()
            return re.sub(r"\\(.)", r"\1", token[1:-1])
        if kind == "mark" and token == "[":
            self.advance()
            return self.items(depth)
        if kind != "word":
            self.fail("a value")
        self.advance()
        if self.take("("):
            return Spec(token, self.arguments(closing=")", depth=depth + 1))
        return _WORDS[token] if token in _WORDS and depth else (token if depth else Spec(token))

    def items(self, depth: int) -> tuple[Any, ...]:
        found: list[Any] = []
        while not self.take("]"):
            if found and not self.take(","):
                self.fail("',' or ']'")
            found.append(self.value(depth + 1))
        return tuple(found)

    def arguments(self, closing: str | None, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        while not (self.take(closing) if closing else self.kind == "end"):
            if found and not self.take(","):
                self.fail(f"',' or {closing!r}" if closing else "','")
            key = self.token if self.kind == "word" else ""
            before = (self.at, self.kind, self.token, self.start)
            if key:
                self.advance()
            if not key or not self.take("="):
                self.at, self.kind, self.token, self.start = before
                if found:
                    self.fail("option=value")
                key = ""
            if key in found:
                raise SpecError(f"option {key!r} is given twice in spec {self.text!r}")
            found[key] = self.value(depth + 1)
        return found


def _atom(text: str) -> Any:
    reader = _Reader(text, 0)
    if reader.kind == "number":
        value = reader.value(1)
        if reader.kind == "end":
            return value
    return _WORDS.get(text, text)


def _show(value: Any) -> str:
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    if isinstance(value, (tuple, list)):
        return "[" + ", ".join(map(_show, value)) + "]"
    if isinstance(value, str) and (
        value in _WORDS or not re.fullmatch(r"[A-Za-z_][\w./@:+-]*", value, re.ASCII)
    ):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return str(value)
