"""Several jobs at once, with errors as they are and not in groups."""

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any

from thinkharder.core.errors import BudgetExhausted


async def together(jobs: Sequence[Coroutine[Any, Any, Any]]) -> list[Any]:
    """All at once; the first error cancels the others and is raised as it is, not in a group."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(job) for job in jobs]
    except BaseExceptionGroup as errors:
        raise first_leaf(errors) from None
    return [task.result() for task in tasks]


def first_leaf(error: BaseException) -> BaseException:
    """The first error inside nested exception groups; limits before other errors."""
    found = leaves(error)
    return next((leaf for leaf in found if isinstance(leaf, BudgetExhausted)), found[0])


def leaves(error: BaseException) -> list[BaseException]:
    """The errors inside nested exception groups."""
    if isinstance(error, BaseExceptionGroup):
        return [leaf for inner in error.exceptions for leaf in leaves(inner)]
    return [error]
