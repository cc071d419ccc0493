"""A user's own checker: a Python function that scores a candidate."""

import asyncio
import contextvars
import importlib
import inspect
import math
import os
import sys
import threading
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import cache
from numbers import Real
from typing import Any, final

from thinkharder.core.errors import BadOption, ThinkharderError, VerifierError
from thinkharder.core.protocols import Effort, Sampler
from thinkharder.core.registry import verifier
from thinkharder.core.types import Candidate, Problem, Score
from thinkharder.verifiers.calls import all_of

Checker = Callable[[Problem, Candidate], Any]
"""(problem, candidate) -> a number in [0, 1], True or False, None to abstain, or a Score; or a coroutine function."""


@verifier("python")
@final
@dataclass(frozen=True)
class PythonChecker:
    """Scores candidates by a function of yours: `python:my_module:check`, or `python("my_module:check", timeout=5)`.

    The function takes (problem, candidate) and returns a number in [0, 1], True or False, None to abstain, or a
    `Score`; it may be a coroutine function. Modules are looked up in the current directory first. It is your own code
    and runs in this process, unsandboxed. A plain function runs in a thread, at most `parallel` at a time (so it must be
    safe to call from several threads, or say parallel=1). After `timeout` seconds a candidate's check is a VerifierError;
    a coroutine is then cancelled, a thread cannot be and is left to end by itself, without holding up the exit.
    Score: as the function says. Whatever it raises, and a value that is not in [0, 1], is a VerifierError that names
    it; never a score of 0.
    Cost: no model calls.
    """

    target: str
    timeout: float = 30.0
    parallel: int = 8

    def __post_init__(self) -> None:
        if not 0 < self.timeout < math.inf:
            raise BadOption(f"python: timeout={self.timeout:g} must be a number of seconds above 0")
        if self.parallel < 1:
            raise BadOption(f"python: parallel={self.parallel} must be at least 1")
        load(self.target)

    @property
    def name(self) -> str:
        """`python:module:function`."""
        return f"python:{self.target}"

    @property
    def logprobs(self) -> int | None:
        """None."""
        return None

    @property
    def joint(self) -> bool:
        """False."""
        return False

    def effort(self, problem_tokens: int, candidate_tokens: int) -> Effort:
        """Nothing."""
        return Effort()

    async def score(
        self, problem: Problem, candidates: Sequence[Candidate], sampler: Sampler
    ) -> Sequence[Score]:
        """One score a candidate, in order. Raises VerifierError."""
        function = load(self.target)
        return await checked(function, self.target, problem, candidates, self.timeout, self.parallel)


@final
@dataclass(frozen=True)
class FunctionChecker:
    """A function object as a verifier: what an entry point of group `thinkharder.verifiers` may name instead of a class."""

    function: Checker
    timeout: float = 30.0
    parallel: int = 8

    @property
    def name(self) -> str:
        """The function's registered name, else `module:function`."""
        return str(getattr(self.function, "__spec_name__", None) or label(self.function))

    @property
    def logprobs(self) -> int | None:
        """None."""
        return None

    @property
    def joint(self) -> bool:
        """False."""
        return False

    def effort(self, problem_tokens: int, candidate_tokens: int) -> Effort:
        """Nothing."""
        return Effort()

    async def score(
        self, problem: Problem, candidates: Sequence[Candidate], sampler: Sampler
    ) -> Sequence[Score]:
        """One score a candidate, in order. Raises VerifierError."""
        return await checked(
            self.function, label(self.function), problem, candidates, self.timeout, self.parallel
        )


def label(function: Any) -> str:
    """`module:function`, for messages."""
    return (
        f"{getattr(function, '__module__', '?')}:{getattr(function, '__qualname__', type(function).__name__)}"
    )


@cache
def load(target: str) -> Checker:
    """The function that `module:function` names. Raises BadOption that says which part is wrong."""
    module_name, _, path = target.partition(":")
    if not module_name or not path or not all(part.isidentifier() for part in path.split(".")):
        raise BadOption(f"python: {target!r} does not name a function; write python:MODULE:FUNCTION")
    found = _module(module_name, target)
    for part in path.split("."):
        if not hasattr(found, part):
            raise BadOption(f"python: module {module_name!r} has no {path!r}; check the name in {target!r}")
        found = getattr(found, part)
    if not callable(found):
        raise BadOption(
            f"python: {target!r} is {type(found).__name__}, not a function of (problem, candidate)"
        )
    try:
        inspect.signature(found).bind(None, None)
    except TypeError as error:
        raise BadOption(f"python: {target} must take (problem, candidate): {error}") from None
    except ValueError:
        pass  # a builtin without a signature: the call will tell
    return found  # type: ignore[no-any-return]


def _module(name: str, target: str) -> Any:
    here = os.getcwd()
    added = here not in sys.path and "" not in sys.path
    if added:
        sys.path.insert(0, here)
    try:
        importlib.invalidate_caches()
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is not None and (name == error.name or name.startswith(error.name + ".")):
            raise BadOption(
                f"python: no module {name!r} for {target!r}; run from its directory ({here} was searched) or install it"
            ) from None
        raise BadOption(f"python: module {name!r} needs {error.name!r}, which is not installed") from error
    except Exception as error:
        raise BadOption(
            f"python: importing {name!r} for {target!r} failed: {type(error).__name__}: {error}"
        ) from error
    finally:
        if added:  # behind everything else, for what the module imports later
            sys.path.remove(here)
            sys.path.append(here)


async def checked(
    function: Checker,
    called: str,
    problem: Problem,
    candidates: Sequence[Candidate],
    timeout: float,
    parallel: int,
) -> list[Score]:
    """The function's word on each candidate, in order. Raises VerifierError."""
    gate = asyncio.Semaphore(parallel)

    async def one(candidate: Candidate) -> Score:
        async with gate:
            try:
                async with asyncio.timeout(timeout):
                    said = await _call(function, problem, candidate)
            except TimeoutError as error:
                if isinstance(error.__cause__, asyncio.CancelledError):
                    raise VerifierError(
                        f"{called} took more than {timeout:g} s on candidate {candidate.id!r}; make it faster or raise timeout"
                    ) from None
                raise VerifierError(f"{called} raised TimeoutError: {error}") from error
            except ThinkharderError:
                raise
            except Exception as error:
                raise VerifierError(
                    f"{called} raised {type(error).__name__} on candidate {candidate.id!r}: {error}"
                ) from error
            return as_score(said, called)

    return await all_of(one(candidate) for candidate in candidates)


async def _call(function: Checker, problem: Problem, candidate: Candidate) -> Any:
    call = getattr(function, "__call__", None)  # noqa: B004  an object with an async __call__ counts too
    if inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(call):
        return await function(problem, candidate)
    said = await in_thread(lambda: function(problem, candidate))
    return await said if isinstance(said, Awaitable) else said


async def in_thread(work: Callable[[], Any]) -> Any:
    """Run `work` in a daemon thread: unlike the loop's own pool, one that hangs does not hold up the interpreter's exit."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Any] = loop.create_future()

    def settle(value: Any, error: BaseException | None) -> None:
        if future.done():  # timed out or cancelled meanwhile
            return
        if error is None:
            future.set_result(value)
        elif isinstance(error, StopIteration):  # a future refuses it
            future.set_exception(RuntimeError("StopIteration"))
        else:
            future.set_exception(error)

    def body() -> None:
        value, failed = None, None
        try:
            value = context.run(work)
        except BaseException as error:
            failed = (
                error if isinstance(error, Exception) else RuntimeError(f"{type(error).__name__}: {error}")
            )
        try:
            loop.call_soon_threadsafe(settle, value, failed)
        except RuntimeError:
            return  # the loop is closed: nobody waits any more

    context = contextvars.copy_context()
    threading.Thread(target=body, name="thinkharder-checker", daemon=True).start()
    return await future


def as_score(said: Any, called: str) -> Score:
    """What a checker returned as a Score. Raises VerifierError for what is no number in [0, 1]."""
    if isinstance(said, Score):
        return Score(as_score(said.value, called).value, said.note, said.steps)
    if said is None:
        return Score(None, "the checker abstained")
    item = getattr(said, "item", None)
    if callable(item) and getattr(said, "shape", None) == ():  # a NumPy or torch scalar
        said = item()
    if not isinstance(said, Real):
        raise VerifierError(
            f"{called} returned {_short(said)} ({type(said).__name__}); it must return a number in [0, 1], True, False,"
            " None or a Score"
        )
    value = float(said)
    if not 0 <= value <= 1:
        raise VerifierError(
            f"{called} returned {value!r}, which is not in [0, 1]; scale it, or return None to abstain"
        )
    return Score(value)


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."
