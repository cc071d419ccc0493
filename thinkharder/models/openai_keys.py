"""Which key goes to which host. Keys come from the environment, are sent to their own host alone, and appear nowhere.

For the host of the base URL, the first of these variables that is set:
1. `THINKHARDER_API_KEY_<HOST>`, the host in capitals with `_` for all else: THINKHARDER_API_KEY_LLM_EXAMPLE_COM;
2. the host's own variable (OPENAI_API_KEY for api.openai.com, OPENROUTER_API_KEY for openrouter.ai, …);
3. `THINKHARDER_API_KEY`, for any host;
4. `OPENAI_API_KEY`, for this machine (loopback) and for the host that OPENAI_BASE_URL names: never for a stranger.
"""

import ipaddress
import os
import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from thinkharder.core.errors import BadOption

OPENAI_URL = "https://api.openai.com/v1"
ANY = "THINKHARDER_API_KEY"
OWN: Mapping[str, str] = {
    "api.openai.com": "OPENAI_API_KEY",
    "openrouter.ai": "OPENROUTER_API_KEY",
    "api.together.xyz": "TOGETHER_API_KEY",
    "api.groq.com": "GROQ_API_KEY",
    "api.mistral.ai": "MISTRAL_API_KEY",
    "api.deepseek.com": "DEEPSEEK_API_KEY",
    "api.fireworks.ai": "FIREWORKS_API_KEY",
}
_LOOSE_KEY = re.compile(r"\b(?:sk|gsk|rk|pk)[-_][A-Za-z0-9*_\-]{6,}|(?i:bearer)\s+[^\s\"'<>,;]{6,}")


def checked_url(base_url: str | None) -> str:
    """The base URL without a trailing slash; OPENAI_BASE_URL, else OpenAI's own, where none is given.

    Raises BadOption for what is not an http(s) URL, or holds a password or a query (a key could stand in them).
    """
    url = (base_url or os.environ.get("OPENAI_BASE_URL", "").strip() or OPENAI_URL).rstrip("/")
    try:
        parts = urlsplit(url)
        valid = (
            parts.scheme in ("http", "https")
            and bool(parts.hostname)
            and (parts.port is None or parts.port > 0)
        )
    except ValueError:
        valid = False
    if not valid:
        raise BadOption(f"base URL {clean(url)!r} must be like http://localhost:8000/v1 or https://host/v1")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise BadOption(
            f"the base URL for {parts.hostname} must have no user, password or query; give the key in the environment"
            f" ({host_variable(parts.hostname or '')})"
        )
    return url


def host_of(url: str) -> str:
    """The host of a URL, in lower case."""
    return urlsplit(url).hostname or ""


def host_variable(host: str) -> str:
    """The variable for one host alone."""
    return f"{ANY}_{re.sub('[^A-Z0-9]+', '_', host.upper())}"


def key_for(url: str, environ: Mapping[str, str] | None = None) -> tuple[str | None, str]:
    """The key for a base URL and the variable that it is (or would best be) given in; None where there is none."""
    env = os.environ if environ is None else environ
    host = host_of(url)
    named = [host_variable(host), *([OWN[host]] if host in OWN else []), ANY]
    if _is_loopback(host) or host == host_of(env.get("OPENAI_BASE_URL", "")):
        named.append("OPENAI_API_KEY")
    for name in named:
        value = env.get(name, "").strip()
        if value:
            if not value.isascii() or not value.isprintable() or " " in value:
                raise BadOption(
                    f"the key in {name} holds a space, a line break or a non-ASCII character; set it anew"
                )
            return value, name
    return None, OWN.get(host, named[0])


def clean(text: str, key: str | None = None) -> str:
    """Text without the key, and without what looks like one."""
    if key:
        text = text.replace(key, "[key]")
    return _LOOSE_KEY.sub("[key]", text)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
