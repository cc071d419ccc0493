"""The two processes of a verdict, as the host sees them: started, spoken to, and started again when a test ended one."""

import time
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any

from thinkharder.sandbox.harness.wire import Refused, dumps, loads
from thinkharder.sandbox.types import Limits, Role, Sandbox, Session, SessionEnded

MAX_RESTARTS = 3
"""How often a candidate or a judge that was ended by a test is started again for the tests that follow."""
TEST_SHARE = 4
"""A test may take at most 1/4 of the wall seconds where there are that many: one endless test leaves others theirs."""


class Side:
    """A process of one role that is started again when a test has ended it."""

    role: Role = "candidate"

    def __init__(self, sandbox: Sandbox, limits: Limits) -> None:
        self.sandbox = sandbox
        self.limits = limits
        self.deadline = time.monotonic() + limits.wall_seconds
        self.session: Session | None = None
        self.stack: AsyncExitStack | None = None
        self.starts = 0
        self.problem = ""

    def left(self) -> float:
        """Wall seconds left to this candidate."""
        return self.deadline - time.monotonic()

    def test_seconds(self, tests: int) -> float:
        """Wall seconds that the next test may take."""
        return max(min(self.left(), self.limits.wall_seconds / min(max(tests, 1), TEST_SHARE)), 0.01)

    async def open(self) -> bool:
        """Starts the process, unless time or restarts are used up."""
        if self.starts > MAX_RESTARTS or self.left() <= 0:
            self.problem = self.problem or "not run: no time left"
            return False
        self.starts += 1
        assert self.stack is not None
        limits = replace(self.limits, wall_seconds=max(self.left(), 0.01))
        self.session = await self.stack.enter_async_context(self.sandbox.open(self.role, limits))
        return True


class Candidate(Side):
    """The process that holds the code. `names` is what it says of the names asked for; None until it is loaded."""

    def __init__(self, sandbox: Sandbox, code: str, wanted: list[str], limits: Limits) -> None:
        super().__init__(sandbox, limits)
        self.code = code
        self.wanted = wanted
        self.names: dict[str, Any] | None = None

    async def start(self) -> None:
        """Starts and loads; where that fails `problem` says why, and it is not tried again."""
        if self.problem or not await self.open():
            return
        assert self.session is not None
        try:
            await self.session.send(dumps({"code": self.code, "names": self.wanted}))
            reply = loads((await self.session.receive(self.left()))[1])
            if isinstance(reply, dict) and isinstance(names := reply.get("names"), dict):
                self.names = {str(name): told for name, told in names.items() if name in self.wanted}
            else:
                raised, message = reply["raised"][0], str(reply.get("message", ""))
                self.problem = f"the code does not load: {str(raised)[:100]}: {message[:300]}"
        except SessionEnded as ended:
            self.problem = f"the code does not load: {ended.status}"
        except (Refused, LookupError, TypeError):
            self.problem = "the code does not load: malformed message"
        if self.problem:
            self.session = None

    async def call(self, request: bytes, seconds: float) -> bytes:
        """The reply to a call, as it came; where there is none, a refusal that says why."""
        if self.session is None:
            return dumps({"refused": self.problem or "the candidate has ended"})
        try:
            await self.session.send(request)
            return (await self.session.receive(seconds))[1]
        except SessionEnded as ended:
            self.session = None
            return dumps({"refused": f"the candidate's process ended: {ended.status}"})


class Judge(Side):
    """The process that holds the tests."""

    role: Role = "judge"

    async def start(self, names: dict[str, Any], setup: str) -> None:
        """Starts and runs the setup; where that fails `problem` says why."""
        if self.problem or (self.session is None and not await self.open()):
            return
        assert self.session is not None
        try:
            await self.session.send(dumps({"names": names, "setup": setup}))
            reply = loads((await self.session.receive(self.left()))[1])
            self.problem = f"the tests' setup fails: {reply['error']}"[:600] if "error" in reply else ""
        except SessionEnded as ended:
            self.problem = f"the tests' setup fails: {ended.status}"
        except (Refused, LookupError, TypeError):
            self.problem = "the tests' setup fails: malformed message"
