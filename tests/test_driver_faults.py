"""The driver when something around the search fails: a slow equality, a checker, a listener, a model that loads too long."""

import asyncio
import threading
import time
from collections.abc import Sequence
from typing import Any, ClassVar

import pytest

from tests.helpers import EGGS, context_on
from tests.test_driver import SLOW, Vote, driven
from tests.virtual_clock import run_virtual
from thinkharder.api import solve_sync
from thinkharder.core.errors import NothingFound, VerifierError
from thinkharder.core.protocols import Effort
from thinkharder.core.types import Candidate, Problem, Result
from thinkharder.core.usage import Budget
from thinkharder.driver import drive
from thinkharder.events import Event
from thinkharder.models.loaded import Loaded
from thinkharder.models.toy import toy_model


def test_samples_that_ended_count_though_their_equality_was_still_being_checked() -> None:
    async def go() -> Result:
        context = context_on(
            "categorical(answers=[7, 8, 9], tokens=[5, 9], token_seconds=0.05)", budget=Budget(seconds=2.0)
        )

        class Slow:
            representatives: ClassVar[list[Any]] = []

            def classify_key(self, answer: Any) -> None:
                return None

            async def classify(self, answer: Any) -> int:
                await asyncio.sleep(60)
                return 0

        context.classes = Slow()  # type: ignore[assignment]
        return await drive(Vote(8), context)

    result = run_virtual(go())
    assert sum(v.votes for v in result.votes) == 8
    assert result.exhausted == "seconds"


def test_a_checker_that_raises_does_not_lose_the_run() -> None:
    class Broken:
        name, logprobs, joint = "broken", None, False

        def effort(self, problem_tokens: int, candidate_tokens: int) -> Any:
            return Effort()

        async def score(self, problem: Problem, candidates: Sequence[Candidate], sampler: Any) -> list[Any]:
            raise VerifierError("broken raised IndexError")

    async def how(problem: Problem, run: Any) -> list[Candidate]:
        return await run.sample(problem, 4, score=True)

    result = driven(Vote(how=how), verifiers=[Broken()])
    assert result.answer is not None
    assert any("IndexError" in words for words in result.decisions)


def test_a_listener_that_fails_hears_no_more_and_ends_nothing() -> None:
    def deaf(event: Event) -> None:
        raise RuntimeError("display bug")

    result = driven(Vote(), listeners=(deaf,))
    assert result.answer is not None
    assert any("display bug" in words for words in result.decisions)


def test_the_clock_runs_while_a_model_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    freed: list[bool] = []
    begun = threading.Event()

    class Late(type(toy_model(SLOW))):  # type: ignore[misc]
        async def aclose(self) -> None:
            freed.append(True)

    def slow(spec: str) -> Any:
        begun.set()
        time.sleep(1.0)
        return Loaded(Late(toy_model(SLOW).source))

    monkeypatch.setattr("thinkharder.assemble.load_model", slow)
    began = time.monotonic()
    with pytest.raises(NothingFound, match="being loaded"):
        solve_sync(EGGS, model="x", budget=Budget(seconds=0.2))
    assert time.monotonic() - began < 0.8
    assert begun.is_set()
    until = time.monotonic() + 5
    while not freed and time.monotonic() < until:
        time.sleep(0.05)
    assert freed
