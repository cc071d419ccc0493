"""Every prompt of the package, as data: the TOML files beside this one, by `table.name`.

`$name` in a prompt is filled with the value of that name, once: what stands in a value is never looked at again, so
braces, dollars and `$name` in model output or problems do no harm. `$$` is a dollar sign.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

from thinkharder.core.errors import BadOption, UnknownName

_PLACE = re.compile(r"\$(?:(?P<dollar>\$)|\{(?P<braced>[a-z_][a-z0-9_]*)\}|(?P<name>[a-z_][a-z0-9_]*))")
_overrides: ContextVar[Mapping[str, str]] = ContextVar("prompt_overrides", default=MappingProxyType({}))


def names() -> list[str]:
    """All prompts' names, sorted."""
    return sorted(_defaults())


def template(name: str) -> str:
    """The prompt as it stands, overrides included, places unfilled. Raises UnknownName with the nearest names."""
    known = _defaults()
    if name not in known:
        raise UnknownName("prompt", name, list(known))
    return _overrides.get().get(name, known[name])


def places(name: str) -> frozenset[str]:
    """The names of the values that a prompt takes."""
    template(name)
    return _places(_defaults()[name])


def text(name: str, **values: str) -> str:
    """The prompt with its places filled.

    Raises UnknownName for an unknown prompt, BadOption where the values are not those that the prompt takes.
    """
    wanted, body = places(name), template(name)
    if wanted != values.keys():
        raise BadOption(
            f"prompt {name!r} takes {_listed(wanted)}, not {_listed(values)}: give exactly these values"
        )

    def fill(match: re.Match[str]) -> str:
        return "$" if match["dollar"] else str(values[match["braced"] or match["name"]])

    return _PLACE.sub(fill, body)


@contextmanager
def override(mapping: Mapping[str, Any]) -> Iterator[None]:
    """Use other texts for some prompts within the block (and the tasks started in it); nested blocks add up.

    `mapping` is name -> text, with dotted names or nested tables as in the TOML files. Raises UnknownName for a prompt
    that does not exist, BadOption for a text that is not text or that uses a place which the prompt does not have.
    """
    token = _overrides.set({**_overrides.get(), **_checked(mapping)})
    try:
        yield
    finally:
        _overrides.reset(token)


def _checked(mapping: Mapping[str, Any]) -> dict[str, str]:
    found = _flat(mapping)
    for name, body in found.items():
        unknown = sorted(_places(body) - places(name))
        if unknown:
            raise BadOption(
                f"prompt {name!r} has no place ${unknown[0]}; it takes {_listed(places(name))}"
                " (write $$ for a dollar sign)"
            )
    return found


def _places(body: str) -> frozenset[str]:
    return frozenset(m["braced"] or m["name"] for m in _PLACE.finditer(body) if not m["dollar"])


def _listed(found: Any) -> str:
    return ", ".join(f"${name}" for name in sorted(found)) or "no values"


def _flat(tables: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    found: dict[str, str] = {}
    for key, value in tables.items():
        if isinstance(value, Mapping):
            found |= _flat(value, f"{prefix}{key}.")
        elif isinstance(value, str):
            found[prefix + key] = value
        else:
            raise BadOption(f"prompt {prefix + key!r} is {value!r}; it must be text")
    return found


@cache
def _defaults() -> Mapping[str, str]:
    found: dict[str, str] = {}
    for file in sorted(files(__name__).iterdir(), key=lambda f: f.name):
        if not file.name.endswith(".toml"):
            continue
        tables = _flat(tomllib.loads(file.read_text(encoding="utf-8")))
        twice = sorted(found.keys() & tables.keys())
        if twice:
            raise BadOption(f"prompt {twice[0]!r} stands in {file.name} and in another file; keep one")
        found |= {name: body.strip("\n") for name, body in tables.items()}
    return MappingProxyType(found)
