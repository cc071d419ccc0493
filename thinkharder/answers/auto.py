"""Which type of answer a problem asks for: by name, or decided from its text, with the reason in one sentence."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from thinkharder.answers.base import AnswerType, asks_percent, problem_text
from thinkharder.answers.choice import ChoiceAnswers, read_options
from thinkharder.answers.code import CodeAnswers
from thinkharder.answers.json import JsonAnswers
from thinkharder.answers.math import MathAnswers
from thinkharder.answers.number import NumberAnswers
from thinkharder.answers.text import TextAnswers
from thinkharder.core.errors import AnswerTypeError, UnknownName, UnknownOption
from thinkharder.core.spec import parse

MOST = 10_000
"""Characters at each end of a problem that are read to decide its type."""

_EQUATION = re.compile(
    r"\bequations?\b|\basymptotes?\b|\bformula\b|gleichung|équation|ecuación|方程", re.IGNORECASE
)
_STUB = re.compile(r"^[ \t>]{0,12}(?:async\s+)?def\s+(\w{1,80})\s?\([^\n]{0,400}", re.MULTILINE)
_PYTHON = re.compile(
    r"\bin python\b|\bpython (?:3 )?(?:function|program|script|code|class)\b|```python", re.IGNORECASE
)
_CODE = re.compile(
    r"\b(?:write|implement|complete|create|fix|schreibe|écris|escribe)\b[^.\n]{0,60}\b(?:function|program|script|class|method)\b",
    re.IGNORECASE,
)
_JSON = re.compile(
    r"\b(?:as|in|into|valid|return|output|respond|reply|produce|give|only|als|en)\b[^.\n]{0,40}\bJSON\b|\bJSON (?:object|array|document|format|schema)\b",
    re.IGNORECASE,
)
_PICK = re.compile(
    r"\bwhich\b|\bchoose\b|\bselect\b|\boptions?\b|\bpick\b|\?|\bis:?\s*$|選|选|_{2,}",
    re.IGNORECASE | re.MULTILINE,
)
_HOW_MANY = re.compile(
    r"\bhow (?:many|much|old|long|far|tall|fast|big|high|heavy)\b|\bwhat (?:number|percentage|percent|fraction)\b|\b(?:total|minimum|maximum|fewest|greatest|least|smallest|largest) (?:number|amount|age)\b|\bwie ?viele?\b|\bcombien\b"
    r"|\bcuánt[oa]s?\b|\bquant[oi]\b|\bсколько\b|多少|几个|几|いくつ|いくら|몇",
    re.IGNORECASE,
)
_QUANTITY = re.compile(
    r"\b(?:(?:price|cost|total|speed|distance|average|amount|weight|height|depth|age|profit|rate|number|value|length|width|time|percentage"
    r"|fraction|score|grade|salary|pension|income|revenue|difference|ratio|temperature|minute|hour|day|week|dollar|mile|meter|degree|floor"
    r"|place|multiple|term)s?|money|years? old|most|least|fewest|greatest|smallest|maximum|minimum|combined|annual|how)\b",
    re.IGNORECASE,
)
_TEX = re.compile(
    r"\$[^$\n]{0,100}(?:\\[a-zA-Z]|[\^_=<>])[^$\n]{0,300}\$|\$(?:-?[a-zA-Z](?:\([a-zA-Z]\))?|-?[\d.,]{1,30}|\([^$\n]{1,40}\))\$|\[asy\]|\\\(|\\\[|\\(?:frac|sqrt|sum|int|begin|cdot|le|ge|pi|boxed)\b"
)
_MATHS = re.compile(
    r"\b(?:compute|calculate|evaluate|simplify|factor|solve for|solve the|integral|integrate|derivative|differentiate|prime|probability|remainder"
    r"|expected value|area|perimeter|volume|polynomial|equation|triangle|matrix|determinant|sum of|product of|square root|modulo|divisible|integer|digits|how many ways|number of ways"
    r"|common fraction|radical form|express your answer|nearest (?:whole|integer|tenth|hundredth)"
    r"|berechne|calcule[rz]?|calcula|вычисли|计算|求)\b|\d\s?[-+*/×÷^=]\s?\(?\s?[\dx]|\bx\s?[-+*/^=]|\bwhat is \d",
    re.IGNORECASE,
)


def answer_type(spec: str | AnswerType, problem: object = "", **options: Any) -> AnswerType:
    """The answer type of a spec (`math`, `choice`, `number`, `text`, `json`, `code`, `auto`) for a problem.

    `problem` is a text or anything with a `text`; its `response_format` may carry a JSON schema. Options: `schema` for
    json (a mapping, or the path of a file), `behaves` and `entry` for code, `options` for choice, `percent_unit` for math
    and number, `keep_equation`, `timeout` (seconds) and `pool` for math; in a spec too: `json:schema.json`,
    `math(percent_unit=true)`. A spec may name a file, so never take one from a stranger. A ready-made type is handed
    through. Raises UnknownName, UnknownOption, AnswerTypeError for a wrong value, SpecError.
    """
    if not isinstance(spec, str):
        return spec
    parsed = parse(spec.strip().lower() if "(" not in spec and ":" not in spec else spec)
    name = parsed.name.lower()
    if name not in ANSWER_TYPES:
        raise UnknownName("answer type", spec, list(ANSWER_TYPES))
    first = {"json": "schema", "code": "entry", "choice": "options"}.get(name, "")
    options = {key or first: value for key, value in parsed.args.items()} | options
    known = (
        _MAKERS[name][1]
        if name != "auto"
        else tuple(sorted({o for _, takes in _MAKERS.values() for o in takes}))
    )
    for option in options:
        if option not in known:
            raise UnknownOption(f"answer type {name}", option, list(known))
    if name != "auto":
        return _MAKERS[name][0](problem, options)
    name, reason = decide(problem)
    maker, takes = _MAKERS[name]
    made: Any = maker(problem, {key: value for key, value in options.items() if key in takes})
    decided: AnswerType = replace(made, reason="; ".join(filter(None, (reason, made.reason))))
    return decided


def decide(problem: object) -> tuple[str, str]:
    """(name, reason) of the type that a problem asks for."""
    text = problem_text(problem)
    if len(text) > 2 * MOST:
        # What is asked stands at one end of a long document.
        text = text[:MOST] + "\n" + text[-MOST:]
    if _schema(problem) is not None or _wants_json_object(problem):
        return "json", "the problem's response format asks for JSON"
    if getattr(problem, "public_tests", ()):
        return "code", "the problem comes with tests"
    options = read_options(text)
    if len(options) >= 2 and _PICK.search(text):
        return "choice", f"the problem lists the options A to {chr(64 + len(options))}"
    if stub := _last_stub(text):
        return "code", f"the problem holds the Python stub {stub}"
    if _PYTHON.search(text):
        return "code", "the problem asks for Python code"
    if match := _JSON.search(text):
        return "json", f"the problem asks for JSON ({' '.join(match[0].split())!r})"
    if _TEX.search(text):
        return "math", "the problem holds LaTeX"
    if match := _CODE.search(text):
        return "code", f"the problem asks for code ({' '.join(match[0].split())!r})"
    if match := _HOW_MANY.search(text):
        return "number", f"the problem asks {match[0].lower()!r}"
    if match := _quantity(text):
        return "number", f"the problem gives numbers and asks for a quantity ({match[0].lower()!r})"
    if match := _MATHS.search(text):
        return "math", f"the problem is mathematical ({' '.join(match[0].split())!r})"
    return "text", "nothing in the problem points to options, code, JSON, a number or mathematics"


def _quantity(text: str) -> re.Match[str] | None:
    """What a word problem asks for: the quantity in its last question, where it gives two numbers or more."""
    end = text.rfind("?")
    if end < len(text) - 160 or len(re.findall(r"(?<!\w)\d", text)) < 2:
        return None
    return _QUANTITY.search(re.split(r"[.!?\n]\s", text[max(0, end - 400) : end])[-1])


def _last_stub(text: str) -> str:
    names = _STUB.findall(text)
    return str(names[-1]) if names else ""


def _schema(problem: object) -> Any:
    """The JSON schema of a problem's OpenAI-shaped response format, or None."""
    wanted = getattr(problem, "response_format", None) or {}
    return (wanted.get("json_schema") or {}).get("schema") if wanted.get("type") == "json_schema" else None


def _wants_json_object(problem: object) -> bool:
    return (getattr(problem, "response_format", None) or {}).get("type") in ("json_object", "json_schema")


def _math(problem: object, options: dict[str, Any]) -> AnswerType:
    text = problem_text(problem)
    defaults = {
        "percent_unit": asks_percent(text),
        "keep_equation": _EQUATION.search(text[-1500:]) is not None,
    }
    algebra = find_spec("math_verify") is not None
    reason = (
        ""
        if algebra
        else "math-verify is not installed (thinkharder[math]), so formulas are compared as written"
    )
    return MathAnswers(**(defaults | _checked(options)), algebra=algebra, reason=reason)


def _number(problem: object, options: dict[str, Any]) -> AnswerType:
    return NumberAnswers(**({"percent_unit": asks_percent(problem_text(problem))} | _checked(options)))


def _choice(problem: object, options: dict[str, Any]) -> AnswerType:
    given = options.get("options", read_options(problem_text(problem)))
    if (
        not isinstance(given, list | tuple)
        or len(given) == 1
        or len(given) > 10
        or not all(isinstance(item, str) for item in given)
    ):
        raise AnswerTypeError(f"the options of a choice must be a list of 2 to 10 texts, not {given!r}")
    return ChoiceAnswers(options=tuple(given))


def _json(problem: object, options: dict[str, Any]) -> AnswerType:
    schema = options.get("schema", _schema(problem))
    if isinstance(schema, str):
        try:
            schema = json.loads(Path(schema).read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise AnswerTypeError(f"the JSON schema file {schema!r} cannot be read: {error}") from error
    if schema is not None and not isinstance(schema, Mapping):
        raise AnswerTypeError(
            f"a JSON schema must be an object, not {type(schema).__name__}; see https://json-schema.org"
        )
    return JsonAnswers(schema=schema)


def _checked(options: dict[str, Any]) -> dict[str, Any]:
    """The options of math and number, each of its type. Raises AnswerTypeError."""
    for name in ("percent_unit", "keep_equation"):
        if name in options and not isinstance(options[name], bool):
            raise AnswerTypeError(f"{name}={options[name]!r} must be true or false")
    seconds = options.get("timeout", 1.0)
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 < seconds <= 600:
        raise AnswerTypeError(f"timeout={seconds!r} must be seconds, more than 0 and at most 600")
    return options


def _code(problem: object, options: dict[str, Any]) -> AnswerType:
    return CodeAnswers(**({"entry": _last_stub(problem_text(problem))} | options))


def _text(problem: object, options: dict[str, Any]) -> AnswerType:
    return TextAnswers()


_MAKERS: dict[str, tuple[Callable[[object, dict[str, Any]], AnswerType], tuple[str, ...]]] = {
    "math": (_math, ("percent_unit", "keep_equation", "timeout", "pool")),
    "choice": (_choice, ("options",)),
    "number": (_number, ("percent_unit",)),
    "text": (_text, ()),
    "json": (_json, ("schema",)),
    "code": (_code, ("entry", "behaves")),
}
ANSWER_TYPES = (*_MAKERS, "auto")
"""The names that `answer_type` takes."""
