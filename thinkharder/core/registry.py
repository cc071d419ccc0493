"""Name -> factory, filled by decorators and by entry points; objects are built from specs and turn back into them.

Kinds and their entry-point groups: strategy (`thinkharder.strategies`), verifier, comparator, rule, stream-rule,
select, model, task. A factory is a frozen dataclass, whose typed fields are the options, or a plain function (select).
"""

import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from functools import cache
from importlib.metadata import entry_points
from typing import Any, TypeVar

from thinkharder.core.errors import BadOption, UnknownName, UnknownOption
from thinkharder.core.protocols import Comparator, Select, StoppingRule, Strategy, StreamRule, Verifier
from thinkharder.core.spec import Spec, parse

T = TypeVar("T")

GROUPS = {
    "strategy": "thinkharder.strategies",
    "verifier": "thinkharder.verifiers",
    "comparator": "thinkharder.comparators",
    "rule": "thinkharder.rules",
    "stream-rule": "thinkharder.stream_rules",
    "select": "thinkharder.selects",
    "model": "thinkharder.models",
    "task": "thinkharder.tasks",
}
KIND_OF: Mapping[Any, str] = {
    Strategy: "strategy",
    Verifier: "verifier",
    Comparator: "comparator",
    StoppingRule: "rule",
    StreamRule: "stream-rule",
    Select: "select",
}
_factories: dict[str, dict[str, Any]] = {kind: {} for kind in GROUPS}


def register(kind: str, name: str) -> Callable[[T], T]:
    """Decorator: make a factory known under a name. Raises ValueError where the name is taken by another."""

    def enter(factory: T) -> T:
        known = _factories[kind]
        if known.get(name, factory) is not factory:
            raise ValueError(f"{kind} {name!r} is registered twice")
        known[name] = factory
        setattr(factory, "__spec_name__", name)  # noqa: B010 - any callable may be registered
        return factory

    return enter


def strategy(name: str) -> Callable[[T], T]:
    """Register a strategy."""
    return register("strategy", name)


def verifier(name: str) -> Callable[[T], T]:
    """Register a verifier."""
    return register("verifier", name)


@cache
def _plugins(kind: str) -> Mapping[str, Any]:
    return {entry.name: entry for entry in entry_points(group=GROUPS[kind])}


def names(kind: str) -> list[str]:
    """All known names of a kind, built in and by entry points, sorted."""
    return sorted({*_factories[kind], *_plugins(kind)})


def factory(kind: str, name: str) -> Any:
    """The factory behind a name. Raises UnknownName with the nearest names."""
    if name not in _factories[kind] and name in _plugins(kind):
        loaded = _plugins(kind)[name].load()
        _factories[kind].setdefault(name, loaded)
        if getattr(loaded, "__spec_name__", None) is None:
            loaded.__spec_name__ = name
    if name not in _factories[kind]:
        raise UnknownName(kind, name, names(kind), hint=f"(see: thinkharder {_SEE.get(kind, 'strategies')})")
    return _factories[kind][name]


_SEE = {
    "model": "models",
    "verifier": "strategies --verifiers",
    "rule": "strategies --rules",
    "task": "tasks",
}


def build(kind: str, spec: "str | Spec | object", **overrides: Any) -> Any:
    """The object a spec describes; an object is returned as it is.

    Raises SpecError, UnknownName, UnknownOption or BadOption: nothing is guessed or dropped.
    """
    if isinstance(spec, str):
        spec = parse(spec)
    if not isinstance(spec, Spec):
        return spec
    make = factory(kind, spec.name)
    args = {**spec.args, **overrides}
    if not is_dataclass(make):
        if args:
            raise UnknownOption(f"{kind} {spec.name!r}", next(iter(args)), [])
        return make
    return make(**_arguments(f"{kind} {spec.name!r}", make, args))  # type: ignore[operator]


def spec_of(built: Any, *, defaults: bool = False) -> Spec:
    """The spec that builds an equal object; options at their defaults are left out unless `defaults` (for records,
    which must keep their meaning when a default changes)."""
    name = getattr(built, "__spec_name__", type(built).__name__)
    if not is_dataclass(built) or isinstance(built, type):
        return Spec(name)
    args = {}
    for option in fields(built):
        value = getattr(built, option.name)
        if option.init and (defaults or value != _default(option)):
            args[option.name] = (
                spec_of(value, defaults=defaults) if hasattr(value, "__spec_name__") else value
            )
    return Spec(name, args)


def options(make: Any) -> dict[str, tuple[Any, Any]]:
    """The options of a factory: name -> (type, default)."""
    if not is_dataclass(make):
        return {}
    hints = typing.get_type_hints(make)
    return {f.name: (hints[f.name], _default(f)) for f in fields(make) if f.init}


def _default(option: "Field[Any]") -> Any:
    if option.default_factory is not MISSING:
        return option.default_factory()
    return option.default


def _arguments(owner: str, make: Any, args: Mapping[str, Any]) -> dict[str, Any]:
    known = options(make)
    first = next(iter(known), "")
    found: dict[str, Any] = {}
    for key, value in args.items():
        key = key.replace("-", "_") or first
        if key not in known:
            raise UnknownOption(owner, key, list(known))
        found[key] = coerce(value, known[key][0], f"{owner}: {key}={value}")
    missing = [key for key, (_, default) in known.items() if default is MISSING and key not in found]
    if missing:
        raise BadOption(f"{owner} needs {missing[0]}=…")
    return found


def coerce(value: Any, wanted: Any, where: str) -> Any:
    """`value` as the type `wanted`, or BadOption naming `where`. Whole floats are not ints; ints are floats."""
    kind = KIND_OF.get(wanted)
    if kind:
        if isinstance(value, (bool, int, float, tuple, list)):
            raise BadOption(f"{where}: must be a {kind}; known: {', '.join(names(kind))}")
        return build(kind, Spec(value) if isinstance(value, str) else value)
    origin = typing.get_origin(wanted)
    if origin in (typing.Union, types.UnionType):
        return _first_that_fits(value, typing.get_args(wanted), where)
    if origin is typing.Literal:
        if value in typing.get_args(wanted):
            return value
        raise BadOption(f"{where}: must be one of {', '.join(map(str, typing.get_args(wanted)))}")
    if origin is tuple:
        items = value if isinstance(value, (tuple, list)) else (value,)
        return tuple(coerce(item, typing.get_args(wanted)[0], where) for item in items)
    if wanted is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if wanted is str and isinstance(value, (int, float)) and not isinstance(value, bool):
        return str(value)
    if wanted is type(None) and value is None:
        return None
    if (
        isinstance(wanted, type)
        and isinstance(value, wanted)
        and not (wanted is int and isinstance(value, bool))
    ):
        return value
    raise BadOption(f"{where}: must be {_type_name(wanted)}")


def _first_that_fits(value: Any, choices: tuple[Any, ...], where: str) -> Any:
    problem: BadOption | None = None
    for choice in sorted(choices, key=lambda c: c is str):
        try:
            return coerce(value, choice, where)
        except BadOption as error:
            problem = problem or error
    named = " or ".join(_type_name(choice) for choice in choices)
    raise BadOption(f"{where}: must be {named}") from problem


def _type_name(wanted: Any) -> str:
    words = {int: "a whole number", float: "a number", bool: "true or false", str: "text", type(None): "null"}
    return words.get(wanted, KIND_OF.get(wanted, getattr(wanted, "__name__", str(wanted))))
