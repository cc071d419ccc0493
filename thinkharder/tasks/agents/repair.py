"""Fix a failing Python function until its tests pass. Whatever an agent writes runs in a sandbox."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, final

from thinkharder.core.errors import BadOption
from thinkharder.core.types import Problem
from thinkharder.sandbox import Limits, Sandbox, TestReport, TestSuite, choose, run_tests
from thinkharder.tasks.agents.repair_items import BROKEN, Broken
from thinkharder.tasks.base import Item, Task
from thinkharder.tasks.checks import TestsCheck, code_block
from thinkharder.tasks.environment import Action, Observation, Refusal, tool, understood
from thinkharder.tasks.registering import task

MOST_SOURCE, MOST_SHOWN = 20_000, 4_000
"""Characters of a program that are taken, and of what it prints that are shown."""
LIMITS = Limits(cpu_seconds=2.0, wall_seconds=3.0)

TOOLS = (
    tool("show", "Show the function as it is now."),
    tool("test", "Run the tests on the function as it is now."),
    tool("run", "Run a Python program behind the function and show what it prints.", code="The program"),
    tool("replace", "Replace the function by this source and run the tests.", source="All of the source"),
)


@task("repair")
@final
@dataclass(frozen=True)
class RepairTask:
    """Agents: fix a failing Python function until its tests pass.

    Twelve small functions with one bug each. Tools: show, test, run, replace. The episode ends when the shown tests pass;
    the reward is 1 where hidden tests pass as well, so that answering the shown ones by heart wins nothing.
    Without an agent: the text holds the function and its tests, and a program is scored like any other.
    Options: `sandbox` as in --sandbox.
    """

    sandbox: str = "auto"

    def load(self, limit: int | None) -> Task:
        """The task."""
        if limit is not None and limit < 1:
            raise BadOption(f"limit={limit} must be at least 1")
        items = tuple(_item(broken) for broken in BROKEN[:limit])
        return Task(
            "repair", "test", "Apache-2.0", "thinkharder", "code", items,
            TestsCheck(self.sandbox), environment=self.world,
        )  # fmt: skip

    def world(self, item: Item) -> "RepairWorld":
        """The environment of one function. Raises SandboxUnavailable."""
        return RepairWorld(item, choose(self.sandbox))


def _item(broken: Broken) -> Item:
    tests = "\n".join(broken.shown)
    text = (
        "This Python function fails its tests. Fix it. Answer with one Python code block that holds the whole function.\n"
        f"{code_block(broken.source)}\nTests:\n{tests}"
    )
    problem = Problem.of(text, answer_type="code", public_tests=broken.shown)
    return Item(
        broken.name,
        problem,
        solution=code_block(broken.fixed),
        hidden=TestSuite((*broken.shown, *broken.hidden)),
        about={"source": broken.source},
        task_id=broken.name,
    )


@final
@dataclass
class RepairWorld:
    """The environment: a function, its tests, and a sandbox to run them in."""

    item: Item
    sandbox: Sandbox
    source: str = field(init=False)

    def __post_init__(self) -> None:
        self.source = self.item.about["source"]

    @property
    def tools(self) -> tuple[Mapping[str, Any], ...]:
        """show, test, run, replace."""
        return TOOLS

    async def __aenter__(self) -> "RepairWorld":
        return self

    async def __aexit__(self, *exception: object) -> None:
        return None

    async def observe(self) -> Observation:
        """The function and how its tests go."""
        report = await self._shown_tests()
        return Observation(
            f"Fix this function until its tests pass.\n{code_block(self.source)}\n{_told(report)}"
        )

    async def act(self, action: Action) -> Observation:
        """What the tool says; after `replace` the tests decide whether it is over."""
        said = understood(TOOLS, action)
        if isinstance(said, Refusal):
            return Observation(said.text)
        if action.tool == "show":
            return Observation(code_block(self.source))
        if action.tool == "run":
            return Observation(await self._run(said["code"]))
        if action.tool == "replace":
            if len(said["source"]) > MOST_SOURCE:
                return Observation(f"The source is longer than {MOST_SOURCE} characters; it was not taken.")
            self.source = said["source"]
        report = await self._shown_tests()
        if not report.verdict:
            return Observation(_told(report))
        assert isinstance(self.item.hidden, TestSuite)
        hidden = await run_tests(self.sandbox, self.source, self.item.hidden, LIMITS)
        return Observation(_told(report), reward=float(hidden.verdict), done=True)

    async def _shown_tests(self) -> TestReport:
        suite = TestSuite(self.item.problem.public_tests)
        return await run_tests(self.sandbox, self.source, suite, LIMITS)

    async def _run(self, code: str) -> str:
        if len(code) > MOST_SOURCE:
            return f"The program is longer than {MOST_SOURCE} characters; it was not run."
        result = await self.sandbox.run(f"{self.source}\n{code}", limits=LIMITS)
        text = (result.stdout + result.stderr)[-MOST_SHOWN:].strip()
        return f"{text or '(nothing printed)'}" + (
            "" if result.status == "ok" else f"\n(ended: {result.status})"
        )


def _told(report: TestReport) -> str:
    lines = [f"{report.passed} of {report.total} tests pass."]
    lines += [f"FAILED {o.test}: {o.reason}"[:500] for o in report.outcomes if not o.passed]
    return "\n".join(lines)
