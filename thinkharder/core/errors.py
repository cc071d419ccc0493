"""Every error that thinkharder raises on purpose.

ThinkharderError
├── UsageError                  what was asked for is wrong; nothing was spent            exit 2
│   ├── SpecError               a spec string does not parse
│   ├── UnknownName             no strategy, verifier, rule or model of that name
│   ├── UnknownOption           no option of that name
│   ├── BadOption               an option's value is of the wrong type or out of range
│   ├── BadProblem              the problem is empty, too large or not text
│   ├── ConfigError             a configuration file or environment variable is wrong
│   ├── MissingExtra            an optional package is not installed
│   ├── CapabilityError         the model cannot do what the strategy needs
│   ├── UnknownPrice            a USD limit on a model without a known price
│   └── AnswerTypeError         an answer type or its schema is wrong
├── BudgetExhausted             the run's own signal: a limit is reached                  (handled by the driver)
├── NothingFound                the budget ended before anything was seen                 exit 3
├── ModelError                  a model did not answer                                    exit 4
│   ├── ModelUnavailable        no connection, no such host, server gone     (retryable)
│   ├── ModelTimeout            no reply, or no token, in time                (retryable)
│   ├── RateLimited             429                                           (retryable)
│   ├── ServerError             5xx                                           (retryable)
│   ├── StreamCut               the stream ended before its end               (retryable)
│   ├── BadReply                a reply that is not what the protocol says    (retryable)
│   ├── CircuitOpen             the endpoint failed too often lately; not asked again yet
│   ├── Unauthorized            401, 403: a missing or wrong key
│   ├── RequestRefused          any other 4xx
│   ├── ContextOverflow         prompt and answer do not fit the model's context
│   └── ModelLoadError          a model file is missing, broken or unreadable
├── VerifierError               a verifier failed (never a score of 0)
├── SandboxError                the sandbox itself failed
│   └── SandboxUnavailable      no sandbox works on this machine
└── ReplayMiss                  a recorded draw was asked for that was never recorded
"""

from difflib import get_close_matches
from typing import ClassVar


class ThinkharderError(Exception):
    """Base of all; its text is one line that says what was wrong, with which value, and what to do."""

    exit_code: ClassVar[int] = 1


class UsageError(ThinkharderError, ValueError):
    """What was asked for is wrong; nothing was spent."""

    exit_code = 2


class SpecError(UsageError):
    """A spec string does not parse."""


class UnknownName(UsageError):
    """No object of this kind has this name; the nearest names are in the message."""

    def __init__(self, kind: str, name: str, known: list[str], hint: str = "") -> None:
        nearest = get_close_matches(name, known, n=3, cutoff=0.5)
        guess = (
            f"; did you mean {' or '.join(nearest)}?" if nearest else f"; known: {', '.join(sorted(known))}"
        )
        super().__init__(f"unknown {kind} {name!r}{guess}{' ' + hint if hint else ''}")
        self.kind, self.name, self.nearest = kind, name, nearest


class UnknownOption(UsageError):
    """No option of this name; the nearest names are in the message."""

    def __init__(self, owner: str, option: str, known: list[str]) -> None:
        nearest = get_close_matches(option, known, n=3, cutoff=0.5)
        guess = (
            f"did you mean {' or '.join(nearest)}?" if nearest else f"it takes: {', '.join(known) or 'none'}"
        )
        super().__init__(f"{owner} has no option {option!r}; {guess}")
        self.owner, self.option, self.nearest = owner, option, nearest


class BadOption(UsageError):
    """An option's value is of the wrong type or out of range."""


class BadProblem(UsageError):
    """The problem is empty, too large or not text."""


class ConfigError(UsageError):
    """A configuration file or an environment variable is wrong."""


class MissingExtra(UsageError):
    """An optional package is not installed."""

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(
            f"{what} needs an optional package; install it with: pip install 'thinkharder[{extra}]'"
        )
        self.extra = extra


class CapabilityError(UsageError):
    """The model cannot do what is needed; refused before anything was spent."""


class UnknownPrice(UsageError):
    """A USD limit was set on a model whose price is not known."""


class AnswerTypeError(UsageError):
    """An answer type does not exist or its parameters are wrong."""


class BudgetExhausted(ThinkharderError):
    """A limit is reached. `limit` is tokens, output_tokens, calls, seconds or usd. The driver handles it."""

    def __init__(self, limit: str) -> None:
        super().__init__(f"the budget's limit on {limit} is reached")
        self.limit = limit


class NothingFound(ThinkharderError):
    """The run ended (a limit, or an interrupt) before a single sample was seen. `limit` names what ended it."""

    exit_code = 3

    def __init__(self, limit: str, detail: str = "") -> None:
        advice = detail or "raise that limit, or take a cheaper strategy such as direct"
        super().__init__(f"nothing was found before the run ended ({limit}): {advice}")
        self.limit = limit


class ModelError(ThinkharderError):
    """A model did not answer. `retryable` says whether the same request can succeed later."""

    exit_code = 4
    retryable: ClassVar[bool] = False
    billed: ClassVar[bool] = True
    """Whether the endpoint may have worked on the request, so that its prompt counts as spent."""
    retry_after: float | None = None
    """Seconds to wait before asking again, where the endpoint said so."""


class ModelUnavailable(ModelError):
    """No connection: no such host, refused, reset, server gone."""

    retryable = True
    billed = False


class ModelTimeout(ModelError):
    """No reply, or no further token, in time."""

    retryable = True


class RateLimited(ModelError):
    """The endpoint asks for a slower pace (429); `retry_after` in seconds where it says how long."""

    retryable = True
    billed = False


class ServerError(ModelError):
    """The endpoint failed (5xx)."""

    retryable = True


class StreamCut(ModelError):
    """The stream ended before the completion did."""

    retryable = True


class BadReply(ModelError):
    """A reply that is not what the protocol says (malformed JSON, missing fields)."""

    retryable = True


class CircuitOpen(ModelError):
    """The endpoint failed too often lately and is left alone for a while."""

    billed = False


class Unauthorized(ModelError):
    """401 or 403: the key is missing, wrong or not allowed. Never holds the key."""

    billed = False


class RequestRefused(ModelError):
    """The endpoint refused the request (4xx other than 401, 403, 408, 429)."""

    billed = False


class ContextOverflow(ModelError):
    """Prompt and answer do not fit the model's context."""

    billed = False


class ModelLoadError(ModelError):
    """A model file is missing, broken, unreadable or of an unknown kind."""

    billed = False


class VerifierError(ThinkharderError):
    """A verifier failed. Never turned into a score of 0."""


class SandboxError(ThinkharderError):
    """The sandbox itself failed (not the code in it)."""


class SandboxUnavailable(SandboxError):
    """No sandbox works on this machine; the message says why, backend by backend."""

    exit_code = 2


class ReplayMiss(ThinkharderError):
    """A recorded draw was asked for that was never recorded. Replay never falls through to a live model."""
