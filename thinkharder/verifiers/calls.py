"""How verifiers call the judge's model: all calls at once, nothing left behind, one error instead of a group."""

import asyncio
from collections.abc import Coroutine, Iterable, Sequence
from typing import Any, TypeVar

from thinkharder.core.errors import BudgetExhausted, CapabilityError
from thinkharder.core.protocols import Sampler
from thinkharder.core.types import Candidate, Capabilities, Message

T = TypeVar("T")

TEMPLATE_TOKENS = 64
"""For a chat template's markers around one more turn than the problem itself."""


async def all_of(work: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """The results of all, in order. When one fails the others are cancelled and awaited, then its error is raised
    (a limit before other errors)."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one) for one in work]
    except BaseExceptionGroup as failed:
        leaves = _leaves(failed)
        raise next((leaf for leaf in leaves if isinstance(leaf, BudgetExhausted)), leaves[0]) from None
    return [task.result() for task in tasks]


def _leaves(error: BaseException) -> list[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        return [leaf for inner in error.exceptions for leaf in _leaves(inner)]
    return [error]


async def ask(
    sampler: Sampler,
    messages: Sequence[Message],
    n: int,
    *,
    begin: str = "",
    stop: Sequence[str] = (),
    **sampling: Any,
) -> list[Candidate]:
    """`n` judgements. Where the sampler can continue a started answer, each starts with `begin` (it is their prefix) and
    ends at `stop`: small models then keep to the form asked for. Elsewhere both are left out.
    """
    extend = getattr(sampler, "extend", None)
    if begin and extend is not None:
        started = Candidate("begin", begin, kind="judgement", prompt=tuple(messages))
        try:
            return list(await extend([started], n, stop=tuple(stop), **sampling))
        except CapabilityError:
            pass  # no prefill: refused before anything was spent
    return await sampler.sample(tuple(messages), n, kind="judgement", **sampling)


def capabilities_of(sampler: Sampler) -> Capabilities:
    """What the sampler's model can do; nothing beyond text where the sampler does not say."""
    found = getattr(sampler, "capabilities", None)
    return found if isinstance(found, Capabilities) else Capabilities()


def words(*texts: str) -> int:
    """Tokens that a prompt's own words take at most: one a byte, which is also how endpoints that do not count before
    the call are charged until their replies have told more."""
    return sum(len(text.encode("utf-8", "replace")) for text in texts) + TEMPLATE_TOKENS


def quoted_tokens(candidate_tokens: int) -> int:
    """Tokens of a quoted candidate at most: delimiters, broken control tokens and marked lines make it longer."""
    return candidate_tokens + candidate_tokens // 8 + 48
