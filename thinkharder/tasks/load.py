"""From a spec to a task."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from thinkharder.core import registry
from thinkharder.core.errors import BadOption, UnknownName
from thinkharder.core.spec import Spec, parse
from thinkharder.tasks import arithmetic, choice, code, countdown, generic, gym, presets, puzzle
from thinkharder.tasks.agents import documents, repair
from thinkharder.tasks.base import Task

BUILT_IN = (arithmetic, choice, code, countdown, documents, generic, gym, presets, puzzle, repair)
"""The modules whose tasks have names here: importing them registers them."""

_SHORT = re.compile(r"\s*([\w.-]+)\s*:\s*(?![A-Za-z_][\w-]*\s*=)(.*?),(\s*[A-Za-z_][\w-]*\s*=.*)", re.DOTALL)


def task_names() -> list[str]:
    """The names that `load_task` knows, built in and by plugins (entry points `thinkharder.tasks`), sorted."""
    return registry.names("task")


def load_task(spec: str, limit: int | None = None) -> Task:
    """The task of a spec, with its first `limit` problems.

    `gsm8k`, `gsm8k:split=train,path=FILE`, `jsonl:FILE,question=text,answer=label`, `countdown:n=100,seed=1,numbers=4`,
    or a plugin's name. Raises UnknownName, UnknownOption, BadOption, SpecError for what the spec says wrong, TaskError for
    what is wrong with the data, MissingExtra where a package is needed for it.
    """
    if limit is not None and limit < 1:
        raise BadOption(f"limit={limit} must be at least 1")
    parsed = parse_task(spec)
    if parsed.name not in task_names():
        raise UnknownName("task", parsed.name, task_names(), hint="(see: thinkharder tasks)")
    made = registry.build("task", parsed)
    if callable(made) and not hasattr(made, "load"):
        made = made()
    if isinstance(made, Task):
        return replace(made, spec=made.spec or str(parsed)).first(limit)
    if not hasattr(made, "load"):
        raise BadOption(f"the task {parsed.name!r} has no method load(limit); see docs/tasks.md")
    loaded: Task = made.load(limit)
    return replace(loaded, spec=str(parsed)).first(limit)


def parse_task(spec: str) -> Spec:
    """As `core.spec.parse`, and `name:FIRST,option=value`: the first option without its name, then others.

    Raises SpecError.
    """
    short = _SHORT.fullmatch(spec)
    if short is None:
        return parse(spec)
    rest: Mapping[str, Any] = parse(f"{short[1]}:{short[3].lstrip()}").args
    return Spec(short[1], {"": short[2].strip(), **rest})


@dataclass(frozen=True, slots=True)
class Known:
    """A task's name with what is said of it in its docstring, and its options: name -> (type, default)."""

    name: str
    about: str
    options: Mapping[str, tuple[Any, Any]]


def known(name: str) -> Known:
    """What is known of a task without loading it. Raises UnknownName."""
    made = registry.factory("task", name)
    return Known(name, (made.__doc__ or "").strip(), registry.options(made))
