"""One recorded sample: a row of a pool, of whichever origin; checked field by field when it is read."""

import json
import math
from array import array
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final, Self, TypeAlias, final

from thinkharder.core.errors import UsageError


@final
class BadRecord(UsageError):
    """A recorded sample, or a file of them, is not what the format says; the message names line and field."""


class Missing(Enum):
    """The type of MISSING."""

    MISSING = "missing"

    def __repr__(self) -> str:
        return "MISSING"

    def __bool__(self) -> bool:
        return False


MISSING: Final = Missing.MISSING
"""A field that the pool does not hold; None is an abstention, or "unknown"."""

ABOVE_ZERO = 1e-4
"""How far above 0 rounding may lift a log-probability."""

Tops: TypeAlias = tuple[tuple[tuple[str, float], ...], ...]
"""Of each token the likeliest alternatives with their log-probabilities (natural log)."""


@final
@dataclass(frozen=True, slots=True)
class Sample:
    """One recorded sample of a problem; one line of a JSONL file.

    `answer` None: it abstained; MISSING: not recorded. `correct` is 1.0 right, 0.0 wrong, or a share of it; None
    unknown. `scores` by verifier in [0, 1], None where that verifier abstained; `score_cost` what it cost, in tokens.
    `logprobs` are the chosen tokens' (natural log, at most 0), `tops` the alternatives of each. `finish` is as in
    core.types.Finish. Tokens are counts; `seconds` is from request to end.
    """

    problem: str
    sample: int
    answer: str | Missing | None = MISSING
    gold: str | None = None
    correct: float | None = None
    text: str | None = None
    reasoning: str | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    reasoning_tokens: int | None = None
    scores: Mapping[str, float | None] = field(default_factory=dict)
    score_cost: Mapping[str, float] = field(default_factory=dict)
    logprobs: tuple[float, ...] | None = None
    tops: Tops | None = None
    finish: str | None = None
    seconds: float | None = None

    @classmethod
    def of_row(cls, row: Mapping[str, Any], where: str = "") -> Self:
        """The sample of one row. Fields that are not known are left out. Raises BadRecord; `where` opens its message."""
        if not isinstance(row, Mapping):
            raise _bad(where, f"a {type(row).__name__} where an object was expected; write one object a line")
        for name in ("problem", "sample"):
            if row.get(name) is None:
                raise _bad(where, f"the field {name!r} is missing; every sample needs 'problem' and 'sample'")
        read = {}
        for name, value in row.items():
            reader = READERS.get(name)
            if reader is not None and (value is not None or name == "answer"):
                try:
                    read[name] = reader(value)
                except (ValueError, TypeError, OverflowError) as error:
                    raise _bad(where, f"field {name!r}: {error}") from None
        return cls(**read)

    def row(self) -> dict[str, Any]:
        """The fields that hold something, ready for JSON; `of_row` reads them back."""
        found: dict[str, Any] = {"problem": self.problem, "sample": self.sample}
        if self.answer is not MISSING:
            found["answer"] = self.answer
        for name in FIELDS[3:]:
            value = getattr(self, name)
            if value is not None and value != {}:
                found[name] = value
        return found

    def line(self) -> str:
        """The row as one line of JSON, without its end."""
        return json.dumps(self.row(), ensure_ascii=False, allow_nan=False)


def _bad(where: str, what: str) -> BadRecord:
    return BadRecord(f"{where}: {what}" if where else what)


def shown(value: Any) -> str:
    """A value in an error message, cut to what fits there."""
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _id(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise ValueError(f"{shown(value)} must be a whole number or a text")
    return _unicode(str(value))


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{shown(value)} must be a text")
    return _unicode(value)


def _unicode(text: str) -> str:
    """Half of a surrogate pair can stand in JSON, but not in a file or a database."""
    if text.isascii():
        return text
    return text.encode("utf-8", "surrogatepass").decode("utf-8", "replace")


def _answer(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return None if value is None else _unicode(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"{shown(value)} must be a text, a number or null (it abstained)")
    return json.dumps(value)


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"{shown(value)} must be a finite number")
    return float(value)


def _share(value: Any) -> float:
    number = float(value) if isinstance(value, bool) else _number(value)
    if not 0 <= number <= 1:
        raise ValueError(f"{shown(value)} must be from 0 to 1")
    return number


def _count(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float) or value != int(value):
        raise ValueError(f"{shown(value)} must be a whole number")
    if not 0 <= value < 2**31:
        raise ValueError(f"{shown(value)} must be from 0 to 2,147,483,647")
    return int(value)


def _seconds(value: Any) -> float:
    number = _number(value)
    if number < 0:
        raise ValueError(f"{shown(value)} must be 0 or more")
    return number


def _pairs(value: Any, read: Callable[[Any], Any]) -> dict[str, Any]:
    """A mapping, or the list of pairs as which Parquet gives one."""
    try:
        items = dict(value)
    except (TypeError, ValueError):
        raise ValueError(f"{shown(value)} must be an object of numbers by name") from None
    return {_text(name): read(item) for name, item in items.items()}


def _scores(value: Any) -> dict[str, float | None]:
    return _pairs(value, lambda item: None if item is None else _share(item))


def _costs(value: Any) -> dict[str, float]:
    return {name: cost for name, cost in _pairs(value, lambda item: item and _seconds(item)).items() if cost}


def _logprob(value: Any) -> float:
    return _logprobs((value,))[0]


def _logprobs(value: Any) -> tuple[float, ...]:
    try:
        numbers = array("d", value)
    except TypeError:
        raise ValueError(f"{shown(value)} must be a list of log-probabilities") from None
    if not all(map(math.isfinite, numbers)) or max(numbers, default=0.0) > ABOVE_ZERO:
        wrong = next(number for number in numbers if not -math.inf < number <= ABOVE_ZERO)
        raise ValueError(f"{wrong!r} must be a log-probability: a finite number, 0 or less (natural log)")
    return tuple(numbers)


def _tops(value: Any) -> Tops:
    """Of each token a list of pairs, or of `{"token": …, "logprob": …}`."""
    try:
        return tuple(tuple(map(_top, token_tops)) for token_tops in value)
    except TypeError:
        raise ValueError(f"{shown(value)} must be a list of lists of [token, log-probability]") from None


def _top(value: Any) -> tuple[str, float]:
    token, logprob = (value.get("token"), value.get("logprob")) if isinstance(value, Mapping) else value
    return _text(token), _logprob(logprob)


READERS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "problem": _id,
    "sample": _count,
    "answer": _answer,
    "gold": _answer,
    "correct": _share,
    "text": _text,
    "reasoning": _text,
    "prompt_tokens": _count,
    "completion_tokens": _count,
    "reasoning_tokens": _count,
    "scores": _scores,
    "score_cost": _costs,
    "logprobs": _logprobs,
    "tops": _tops,
    "finish": _text,
    "seconds": _seconds,
}
"""Every field of the format, and what reads (and checks) its value."""

FIELDS: Final = tuple(READERS)
"""The names of all fields, in the order of the format."""
