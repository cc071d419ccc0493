"""The roles of a verdict, candidate and judge, played by monty interpreters with the messages of the harness."""

import ast
import asyncio
import builtins
from functools import partial
from typing import Any, final

from thinkharder.sandbox.harness.wire import Refused, decode, dumps, encode, loads
from thinkharder.sandbox.interpreter import Interpreter, status_of
from thinkharder.sandbox.types import SessionEnded


class _MontySession:
    """The messages of a harness, answered by an interpreter: `handle` gives the reply to one."""

    def __init__(self, interpreter: Interpreter) -> None:
        self.interpreter = interpreter
        self.pending: Any = None

    async def handle(self, message: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        raise NotImplementedError

    async def send(self, payload: bytes) -> None:
        """Takes a message; it is worked on when the answer is received, under its time-out."""
        try:
            self.pending = loads(payload)
        except Refused as refused:
            raise SessionEnded("error", str(refused)) from None

    async def receive(self, timeout: float) -> tuple[str, bytes]:
        """The answer to the last message; raises SessionEnded."""
        from pydantic_monty import MontyError

        try:
            async with asyncio.timeout(timeout):
                kind, reply = await self.handle(self.pending)
        except TimeoutError:
            raise SessionEnded("timeout", f"no answer within {timeout:.1f} s") from None
        except MontyError as error:
            raise SessionEnded(status_of(error), str(error)[:200]) from None
        return kind, dumps(reply)


def _raised(error: Any) -> dict[str, Any]:
    """The exception of the program as a message. Raises where a limit ended it: the interpreter is of no more use."""
    if status_of(error) in ("timeout", "killed"):
        raise error
    inner = error.exception()
    return {"raised": [kind.__name__ for kind in type(inner).__mro__], "message": str(inner)[:500]}


@final
class CandidateSession(_MontySession):
    """Holds a candidate's code."""

    async def handle(self, message: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """Loads code, or calls a function."""
        from pydantic_monty import CollectString, MontyError

        silent: dict[str, Any] = {"print_callback": CollectString()}
        do = self.interpreter.do
        try:
            if "code" in message:
                await do(lambda session: session.feed_run(message["code"], **silent))
                return "R", {"names": await self.describe(message["code"], message["names"])}
            inputs = {"_args": decode(message["args"]), "_kwargs": decode(message["kwargs"])}
            call = f"[{message['name']}(*_args, **_kwargs), _args]"
            value, after = await do(lambda session: session.feed_run(call, inputs=inputs, **silent))
            nodes = encode(after)[1:]
            changed = {str(i): node for i, node in enumerate(nodes) if node != message["args"][i + 1]}
            return "R", {"value": encode(value), "changed": changed}
        except Refused as refused:
            return "R", {"refused": f"the result cannot be taken: {refused}"}
        except MontyError as error:
            return "R", _raised(error)

    async def describe(self, code: str, names: list[str]) -> dict[str, Any]:
        """What the wanted names are: functions by the text of the code, values by asking the interpreter."""
        from pydantic_monty import MontyError

        try:
            body = ast.parse(code).body
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return {}
        functions = {node.name for node in body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
        imports = {a.asname or a.name: a.name for n in body if isinstance(n, ast.Import) for a in n.names}
        known: dict[str, Any] = {}
        for name in names:
            if name in functions:
                known[name] = ["callable"]
            elif name in imports:
                known[name] = ["module", imports[name]]
            else:
                try:
                    value = await self.interpreter.do(partial(_read, name=name))
                    known[name] = ["value", encode(value)]
                except (Refused, MontyError):
                    continue
        return known


@final
class JudgeSession(_MontySession):
    """Holds tests; where one calls the candidate its interpreter stands still until the host has the answer."""

    def __init__(self, interpreter: Interpreter) -> None:
        super().__init__(interpreter)
        self.lookup: dict[str, Any] = {}
        self.standing: Any = None
        self.call = self.last_call = self.broken = ""

    async def handle(self, message: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """Binds names and runs the setup, runs a test, or goes on with the answer to a call."""
        from pydantic_monty import CollectString, MontyError

        if "names" in message:
            return "R", await self.prepare(message["names"], message["setup"])
        try:
            if "test" in message:
                self.last_call = self.broken = ""
                step = await self.interpreter.do(
                    lambda session: session.feed_start(
                        message["test"], external_lookup=self.lookup, print_callback=CollectString()
                    )
                )
            else:
                step = await self.interpreter.do(partial(_resume, self.standing, self.answer(message)))
            return await self.advance(step)
        except MontyError as error:
            if status_of(error) in ("timeout", "killed"):
                raise
            reason = "; ".join(part for part in (_text(error), self.last_call) if part)
            return "O", {"passed": False, "reason": self.broken or reason}

    async def prepare(self, names: dict[str, Any], setup: str) -> dict[str, Any]:
        """Binds what the candidate has: functions are looked up when called, values and modules are there."""
        from pydantic_monty import CollectString, MontyError

        silent = {"print_callback": CollectString()}
        self.lookup = {name: _asked for name, told in names.items() if told[0] == "callable"}
        modules = [str(told[1]) for told in names.values() if told[0] == "module"]
        source = "".join(f"import {name}\n" for name in modules if name.isidentifier()) + setup
        try:
            inputs = {name: decode(told[1]) for name, told in names.items() if told[0] == "value"}
            await self.interpreter.do(
                lambda session: session.feed_run(source, inputs=inputs, external_lookup=self.lookup, **silent)
            )
        except MontyError as error:
            return {"error": _text(error)}
        except Refused as refused:
            return {"error": str(refused)}
        return {}

    async def advance(self, step: Any) -> tuple[str, dict[str, Any]]:
        """Goes on until the test needs a call answered or is through."""
        from pydantic_monty import FunctionSnapshot, MontyComplete

        while not isinstance(step, MontyComplete):
            waiting = step
            if isinstance(step, FunctionSnapshot) and step.function_name in self.lookup:
                self.call = f"{step.function_name}({', '.join(map(repr, step.args))})"[:200]
                try:
                    args, kwargs = encode(list(step.args)), encode(step.kwargs)
                except Refused as refused:
                    failure = self.fail(f"the arguments cannot be passed: {refused}")
                    step = await self.interpreter.do(partial(_resume, waiting, failure))
                    continue
                self.standing = step
                return "C", {"name": step.function_name, "args": args, "kwargs": kwargs}
            step = await self.interpreter.do(partial(_resume, waiting, None))
        return "O", {"passed": not self.broken, "reason": self.broken}

    def answer(self, reply: dict[str, Any]) -> dict[str, Any]:
        """The candidate's reply in the interpreter's terms."""
        if "refused" in reply:
            return self.fail(str(reply["refused"])[:300])
        if "raised" in reply:
            for name in reply["raised"]:
                kind = getattr(builtins, str(name), None)
                if isinstance(kind, type) and issubclass(kind, Exception):
                    self.last_call = f"{self.call} raised {name}"
                    return {"exc_type": name, "message": str(reply["message"])}
            return self.fail(f"the candidate raised {reply['raised'][:1]}")
        try:
            value = decode(reply["value"])
        except Refused as refused:
            return self.fail(str(refused))
        self.last_call = f"{self.call} returned {value!r}"[:300]
        return {"return_value": value}

    def fail(self, reason: str) -> dict[str, Any]:
        """The test has failed whatever it makes of this exception: a call got no usable answer."""
        self.broken = f"{self.call}: {reason}"
        return {"exc_type": "RuntimeError", "message": reason}


def _text(error: Any) -> str:
    """An interpreter's error with the name of its kind, which a syntax error leaves out."""
    kind, text = type(error.exception()).__name__, str(error)[:300]
    return text if kind in text else f"{kind}: {text}"


def _read(session: Any, name: str) -> Any:
    return session.feed_run(name)


def _resume(standing: Any, answer: dict[str, Any] | None, session: Any) -> Any:
    """Lets an interpreter that stands still go on, with an answer or with what it was given at the start."""
    return standing.resume_auto() if answer is None else standing.resume(answer)


def _asked(*args: Any, **kwargs: Any) -> Any:
    """Stands for a function of the candidate; never called, because such calls are answered from outside."""
    raise AssertionError("not to be called")
