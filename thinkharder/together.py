"""Several jobs at once, with errors as they are and not in groups."""

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any

from thinkharder.core.errors import BudgetExhausted, ThinkharderError


async def together(jobs: Sequence[Coroutine[Any, Any, Any]]) -> list[Any]:
    """All at once; the first error cancels the others and is raised as it is, not in a group."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(job) for job in jobs]
    except BaseExceptionGroup as errors:
        raise first_leaf(errors) from None
    return [task.result() for task in tasks]


def first_leaf(error: BaseException) -> BaseException:
    """The error that counts inside nested exception groups: one that nobody raised on purpose (a bug) before all others,
    then a limit, then the first."""
    found = leaves(error)
    bugs = (e for e in found if not isinstance(e, (ThinkharderError, asyncio.CancelledError)))
    limits = (e for e in found if isinstance(e, BudgetExhausted))
    return next(bugs, None) or next(limits, None) or found[0]


def leaves(error: BaseException) -> list[BaseException]:
    """The errors inside nested exception groups."""
    if isinstance(error, BaseExceptionGroup):
        return [leaf for inner in error.exceptions for leaf in leaves(inner)]
    return [error]
