"""Equivalence classes of answers, found as the answers arrive."""

import asyncio
from typing import final

from thinkharder.answers.base import Answer, AnswerType


@final
class Classes:
    """Gives each answer the id of its class, in order of first appearance, from 0.

    Cost: one dictionary look-up for a key seen before; else at most one check against one representative a class, so
    O(distinct answers x classes) checks in all, each asked once. Calls are worked off in the order in which they come
    in, so the ids depend on that order alone. One event loop at a time.

    Equality as checked need not be transitive; the class of an answer is the first whose representative it equals.
    """

    def __init__(self, answers: AnswerType) -> None:
        self.answers = answers
        self.checks = 0
        """Checks asked so far."""
        self._by_key: dict[str, int] = {}
        self._representatives: list[Answer] = []
        self._sizes: list[int] = []
        self._turn = asyncio.Lock()

    @property
    def representatives(self) -> list[Answer]:
        """The first answer of each class, by id."""
        return list(self._representatives)

    @property
    def sizes(self) -> list[int]:
        """How many answers each class was given, by id."""
        return list(self._sizes)

    def known(self, answer: Answer | None) -> int | None:
        """The class of an answer whose key was seen before, without any check; None for a new one. Counts nothing."""
        return None if answer is None else self._by_key.get(answer.key)

    def classify_key(self, answer: Answer | None) -> int | None:
        """The class of an answer without a wait: None where it abstains, or where a semantic type must check a new key."""
        if answer is None:
            return None
        found = self._by_key.get(answer.key)
        if found is None:
            if self.answers.semantic and self._representatives:
                return None
            found = self._new(answer)
        self._sizes[found] += 1
        return found

    async def classify(self, answer: Answer | None) -> int | None:
        """The class of an answer; None (it abstains) for None."""
        found = None if self._turn.locked() else self.classify_key(answer)
        if answer is None or found is not None:
            return found
        found = self._by_key.get(answer.key)
        if found is None:
            async with self._turn:
                found = self._by_key.get(answer.key)
                if found is None:
                    found = await self._find(answer)
        self._sizes[found] += 1
        return found

    async def _find(self, answer: Answer) -> int:
        for at, representative in enumerate(self._representatives):
            self.checks += 1
            if await self.answers.same(representative, answer):
                self._by_key[answer.key] = at
                return at
        return self._new(answer)

    def _new(self, answer: Answer) -> int:
        self._representatives.append(answer)
        self._sizes.append(0)
        self._by_key[answer.key] = len(self._representatives) - 1
        return self._by_key[answer.key]
