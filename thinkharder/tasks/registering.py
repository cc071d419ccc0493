"""How a task is found by its name: a frozen dataclass of options with a `load`, registered under it."""

from collections.abc import Callable
from typing import Protocol, TypeVar

from thinkharder.core.registry import register
from thinkharder.tasks.base import Task

T = TypeVar("T")


class TaskFactory(Protocol):
    """What a name stands for: its fields are the options of the spec."""

    def load(self, limit: int | None) -> Task:
        """The task; of a `limit`, at most that many problems need be made. Raises TaskError, MissingExtra, BadOption."""
        ...


def task(name: str) -> Callable[[T], T]:
    """Register a task's factory (see `TaskFactory`), or a function without arguments that returns a Task."""
    return register("task", name)
