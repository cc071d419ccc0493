"""JSON documents: the same where they hold the same values, whatever their layout, key order and number spelling."""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, final

from thinkharder.answers.base import Answer
from thinkharder.answers.extract import final_part
from thinkharder.core.errors import AnswerTypeError, MissingExtra

MAX_CHARS = 1_000_000
"""Characters of the longest text that is searched for a document."""
MAX_TRIES = 400
"""Places in a text at which a document is looked for, so that a wall of brackets costs nothing."""
MAX_WORK = 2_000_000
"""Characters that may be read in vain while looking for one."""
MAX_DEPTH = 100
"""Nesting of the deepest document that is taken."""

_FENCE = re.compile(r"^[ \t]{0,8}(```+|~~~+)[ \t]*([\w.+-]{0,20})[^\n`]{0,80}$", re.MULTILINE)
_START = re.compile(r"\{(?=\s{0,20}[\"}])|\[(?=\s{0,20}[\"\[{\]\d\-tfn])")


class _Refused(ValueError):
    """Valid JSON syntax that is not taken: a duplicate key, NaN, a number beyond reason, too deep."""


@final
@dataclass(frozen=True, slots=True)
class JsonAnswers:
    """A JSON document, optionally one that satisfies a JSON Schema: one that does not abstains.

    Refused: duplicate keys (which of the two is meant?), NaN and Infinity, nesting beyond 100. `1`, `1.0` and `1e0` are
    one number; `true` is not 1. A schema needs the package jsonschema; nothing is fetched for a `$ref`.
    """

    schema: Mapping[str, Any] | None = None
    reason: str = ""
    name: str = field(default="json", init=False)
    semantic: bool = field(default=False, init=False)
    _check: Any = field(default=None, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.schema is not None:
            object.__setattr__(self, "_check", _validator(self.schema))

    def extract(self, text: str, *, complete: bool = True) -> Answer | None:
        """The whole text, else the last fenced block, else the last object or array in the text that is a document."""
        body = final_part(text)
        if body is None:
            return None
        body = body[-MAX_CHARS:]
        for candidate in (body.strip(), *reversed(fenced(body, ("json", "jsonc", "json5", "")))):
            if (answer := self.read(candidate)) is not None:
                return answer
        return self._scan(body)

    def read(self, text: str) -> Answer | None:
        """The document that this text is as a whole, or None."""
        try:
            return self._answer(_DECODER.decode(text))
        except (ValueError, RecursionError, MemoryError):
            return None

    def _scan(self, text: str) -> Answer | None:
        last, done, work = None, 0, 0
        starts = [match.start() for match in _START.finditer(text)]
        if len(starts) > MAX_TRIES:
            starts = starts[: MAX_TRIES // 2] + starts[-MAX_TRIES // 2 :]
        for start in starts:
            if start < done:
                continue
            if work > MAX_WORK:
                break
            try:
                value, done = _DECODER.raw_decode(text, start)
            except (ValueError, RecursionError, MemoryError) as error:
                work += max(1000, getattr(error, "pos", len(text)) - start)
                continue
            if value:
                last = self._answer(value) or last
        return last

    def _answer(self, value: object) -> Answer | None:
        try:
            key = canonical(value)
            plain = _plain(value)
        except (_Refused, RecursionError, ArithmeticError):
            return None
        if self._check is not None and not _valid(self._check, plain):
            return None
        return Answer(key, json.dumps(plain, ensure_ascii=False), plain)

    async def same(self, a: Answer, b: Answer) -> bool:
        """Equal keys."""
        return a.key == b.key


def fenced(text: str, languages: tuple[str, ...]) -> list[str]:
    """The contents of the closed fenced blocks in these languages ('' is none given), in order."""
    blocks: list[str] = []
    opened: tuple[str, str, int] | None = None
    for match in _FENCE.finditer(text):
        mark, language = match[1], match[2].lower()
        if opened is None:
            opened = (mark, language, match.end() + 1)
        elif mark[0] == opened[0][0] and len(mark) >= len(opened[0]) and not language:
            if opened[1] in languages:
                blocks.append(text[opened[2] : max(opened[2], match.start() - 1)])
            opened = None
        elif language:
            # A fence that names a language opens a block: the one before it was never closed.
            opened = (mark, language, match.end() + 1)
    return blocks


def canonical(value: object, depth: int = 0) -> str:
    """The canonical text of a document: sorted keys, no spaces, one spelling a number. Raises _Refused."""
    if depth > MAX_DEPTH:
        raise _Refused("nested too deep")
    if isinstance(value, dict):
        items = (f"{json.dumps(key)}:{canonical(value[key], depth + 1)}" for key in sorted(value))
        return "{" + ",".join(items) + "}"
    if isinstance(value, list):
        return "[" + ",".join(canonical(item, depth + 1) for item in value) + "]"
    if isinstance(value, Decimal):
        return _number(value)
    return json.dumps(value)


def _number(value: Decimal) -> str:
    if not value:
        return "0"
    sign, digits, exponent = value.as_tuple()
    assert isinstance(exponent, int)
    text = "".join(map(str, digits)).lstrip("0")
    bare = text.rstrip("0")
    exponent += len(text) - len(bare)
    number = bare + "0" * exponent if 0 <= exponent <= 30 else f"{bare}e{exponent}"
    return "-" + number if sign else number


def _plain(value: object) -> Any:
    """The document in Python's own types; a float beyond their range is refused."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, Decimal):
        if value == value.to_integral_value() and abs(value.adjusted()) < 30:
            return int(value)
        number = float(value)
        if not math.isfinite(number):
            raise _Refused("a number beyond the range of floats")
        return number
    return value


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(pairs)
    if len(document) != len(pairs):
        raise _Refused("a key twice in one object")
    return document


def _decimal(text: str) -> Decimal:
    if len(text) > 400 or not Decimal(text).is_finite() or abs(Decimal(text).adjusted()) > 400:
        raise _Refused("a number beyond reason")
    return Decimal(text)


def _constant(text: str) -> Any:
    raise _Refused(f"{text} is no JSON")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_pairs, parse_float=_decimal, parse_int=_decimal, parse_constant=_constant, strict=True
)


def _validator(schema: Mapping[str, Any]) -> Any:
    """A validator for a schema. Raises MissingExtra without jsonschema, AnswerTypeError for what is no schema."""
    try:
        import jsonschema  # type: ignore[import-untyped, unused-ignore]
        from referencing import Registry
    except ImportError as error:
        raise MissingExtra("a JSON Schema", "json") from error
    try:
        cls = jsonschema.validators.validator_for(dict(schema), default=jsonschema.Draft202012Validator)
        cls.check_schema(dict(schema))
    except (jsonschema.SchemaError, TypeError, AttributeError, RecursionError) as error:
        detail = getattr(error, "message", str(error))
        raise AnswerTypeError(f"the JSON schema is not one: {detail}; see https://json-schema.org") from error
    for reference in _references(schema):
        if _target(schema, reference) is None:
            raise AnswerTypeError(
                f"the JSON schema refers to {reference[:200]!r}, which is not in it; write #/$defs/NAME and define NAME there"
            )
    return cls(dict(schema), registry=Registry())


def _references(schema: object) -> set[str]:
    """Every `$ref` in a schema."""
    found: set[str] = set()
    rest = [schema]
    while rest:
        part = rest.pop()
        if isinstance(part, Mapping):
            if isinstance(part.get("$ref"), str):
                found.add(part["$ref"])
            rest.extend(part.values())
        elif isinstance(part, list | tuple):
            rest.extend(part)
    return found


def _target(schema: Any, reference: str) -> object | None:
    """What a local JSON pointer (`#/…`) points at, None where it is not local or points at nothing."""
    if reference != "#" and not reference.startswith("#/"):
        return None
    for step in reference.split("/")[1:]:
        name = step.replace("~1", "/").replace("~0", "~")
        if not isinstance(schema, Mapping) or name not in schema:
            return None
        schema = schema[name]
    return schema if isinstance(schema, Mapping | bool) else None


def _valid(check: Any, value: object) -> bool:
    """Whether a document satisfies the schema; one on which the check itself fails (a schema without end) does not."""
    try:
        return bool(check.is_valid(value))
    except Exception:
        return False
