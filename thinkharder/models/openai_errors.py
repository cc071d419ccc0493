"""From what an endpoint (or the way to it) says to the project's errors. Messages hold the status and a short excerpt."""

import re
import socket
import ssl
import time
from collections.abc import Iterator, Mapping
from email.utils import parsedate_to_datetime
from html import unescape
from typing import Any, final

from thinkharder.core.errors import (
    BadReply,
    ContextOverflow,
    ModelError,
    ModelTimeout,
    ModelUnavailable,
    RateLimited,
    RequestRefused,
    ServerError,
    StreamCut,
    Unauthorized,
)
from thinkharder.models.openai_keys import clean

EXCERPT = 240
"""Characters of the endpoint's own words that a message holds."""
_OVERFLOW = re.compile(
    r"context[_ ]length[_ ]exceeded|exceed_context_size|maximum context length|available context size"
    r"|context window|(?:prompt|input)(?: is)? too long|longer than the (?:maximum )?model(?:'s)? (?:context )?length"
    r"|exceeds? (?:the )?(?:model's )?(?:maximum )?(?:context|max_model_len)|too many (?:input )?tokens"
    r"|reduce the length of the (?:messages|prompt)",
    re.IGNORECASE,
)
_LIMIT = re.compile(r"(?:maximum )?context (?:length|size|window)\D{0,40}?(\d{3,})", re.IGNORECASE)


@final
class CapabilityLearned(RequestRefused):
    """The endpoint cannot do what was just tried (such as n > 1). It is remembered; the same request, asked again, is
    split or sent without."""

    retryable = True


def excerpt(text: str, key: str | None = None) -> str:
    """The endpoint's words on one line: no markup, no control characters, no key, at most 240 characters."""
    title = re.search(r"<title[^>]*>(.*?)</title>", text, re.IGNORECASE | re.DOTALL)
    if "<html" in text.lower() or "<!doctype" in text.lower():
        body = title.group(1) if title else re.sub(r"<(script|style).*?</\1>", " ", text, flags=re.I | re.S)
        text = unescape(re.sub(r"<[^>]+>", " ", body))
    text = "".join(c if c.isprintable() else " " for c in clean(text, key))
    text = re.sub(r"\s+", " ", text).strip()
    return text if len(text) <= EXCERPT else text[: EXCERPT - 1] + "…"


def retry_after(headers: Mapping[str, str], now: float | None = None) -> float | None:
    """Seconds to wait by `retry-after-ms`, or `Retry-After` as seconds or as an HTTP date (RFC 9110, 10.2.3)."""
    for name, scale in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        value = (headers.get(name) or "").strip()
        if re.fullmatch(r"\d+(\.\d+)?", value):
            return float(value) * scale
        if value and scale == 1.0:
            try:
                date = parsedate_to_datetime(value).timestamp()
            except (ValueError, TypeError, OverflowError, IndexError):
                return None
            return max(0.0, date - (time.time() if now is None else now))
    return None


def said_by(body: Any) -> tuple[str, str]:
    """The message and the code or type in an error's body, whatever its shape."""
    if isinstance(body, Mapping):
        inner = body.get("error", body)
        if isinstance(inner, Mapping):
            message = inner.get("message") or inner.get("detail") or inner.get("error") or inner
            codes = [str(inner[name]) for name in ("code", "type", "param") if inner.get(name)]
            return str(message), " ".join(codes)
        return str(inner), ""
    return ("" if body is None else str(body)), ""


def of_status(status: int, body: Any, where: str, key: str | None = None, variable: str = "") -> ModelError:
    """The error for an HTTP status (or the code in a stream's error event) with what the endpoint said."""
    message, code = said_by(body)
    words = excerpt(message, key)
    told = f"{where}: {status}{' ' + words if words else ''}"
    if _OVERFLOW.search(message) or _OVERFLOW.search(code):
        return ContextOverflow(f"{told}; shorten the problem or lower max_tokens")
    if status in (401, 403):
        named = f" in {variable}" if variable else ""
        return Unauthorized(f"{told}; the key{named} is missing, wrong or not allowed here")
    if status == 429 and "insufficient_quota" in code:
        return RequestRefused(f"{told}; the account has no quota left")
    if status == 429:
        return RateLimited(f"{told}; asked too fast, or too much is asked at once")
    if status == 408:
        return ModelTimeout(told)
    if status >= 500:
        return ServerError(f"{told}; the endpoint failed")
    if status == 404:
        return RequestRefused(
            f"{told}; check the model's name, and that the base URL ends where /chat/completions begins"
        )
    return RequestRefused(told)


def of_event(error: Any, where: str, key: str | None = None) -> ModelError:
    """The error for an error object inside a stream; without a status in it, the endpoint's own failure."""
    inner = error.get("error", error) if isinstance(error, Mapping) else error
    code = inner.get("code") if isinstance(inner, Mapping) else None
    try:
        status = int(code)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        status = 500
    return of_status(status if 400 <= status < 600 else 500, error, where, key)


def translate(error: Exception, where: str, key: str | None = None, variable: str = "") -> ModelError:
    """The project's error for what the SDK or the connection raised. Knows both of the SDK's HTTP libraries by name."""
    if isinstance(error, ModelError):
        return error
    status = getattr(error, "status_code", None)
    response = getattr(error, "response", None)
    if isinstance(status, int) and response is not None:
        body = getattr(error, "body", None)
        made = of_status(status, body if body is not None else str(error), where, key, variable)
        if made.retryable:
            made.retry_after = retry_after(response.headers)
        return made
    chain = list(_chain(error))
    names = {kind.__name__ for one in chain for kind in type(one).__mro__}
    reason = excerpt(next((str(one) for one in reversed(chain) if str(one)), type(error).__name__), key)
    if any(isinstance(one, socket.gaierror) for one in chain):
        return ModelUnavailable(f"{where}: no such host ({reason}); check the base URL and the network")
    if any(isinstance(one, ssl.SSLError) for one in chain):
        return ModelUnavailable(
            f"{where}: no secure connection ({reason}); check https:// and the certificate"
        )
    if any(isinstance(one, ConnectionRefusedError) for one in chain):
        return ModelUnavailable(f"{where}: connection refused; is the server running there?")
    if names & {"ConnectTimeout", "PoolTimeout"}:
        return ModelUnavailable(f"{where}: no connection in time; check the base URL and the network")
    if names & {"ConnectError", "ProxyError", "UnsupportedProtocol", "InvalidURL"}:
        return ModelUnavailable(f"{where}: no connection ({reason}); check the base URL and the network")
    if names & {"TimeoutException", "APITimeoutError", "TimeoutError"}:
        return ModelTimeout(f"{where}: no reply in time")
    if names & {
        "RemoteProtocolError",
        "ReadError",
        "WriteError",
        "CloseError",
        "ConnectionError",
        "StreamError",
    }:
        return StreamCut(f"{where}: the connection ended before the reply did ({reason})")
    if "APIConnectionError" in names:
        return ModelUnavailable(f"{where}: no connection ({reason})")
    return BadReply(f"{where}: a reply that cannot be read ({type(error).__name__}: {reason})")


def context_limit(message: str) -> int | None:
    """The model's context in tokens where an overflow message tells it."""
    found = _LIMIT.search(message)
    return int(found.group(1)) if found else None


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__
