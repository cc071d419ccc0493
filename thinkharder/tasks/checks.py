"""The checks that tasks share: against the one gold answer, and against hidden tests in a sandbox."""

from dataclasses import dataclass
from typing import final

from thinkharder.answers import answer_type
from thinkharder.answers.extract import find
from thinkharder.sandbox import Limits, TestSuite, choose, run_tests
from thinkharder.sandbox.stubs import with_stub
from thinkharder.sandbox.types import DEFAULT_LIMITS
from thinkharder.tasks.base import Item


@final
@dataclass(frozen=True, slots=True)
class GoldCheck:
    """Right is what is the same as the gold answer, by the problem's answer type."""

    @property
    def name(self) -> str:
        """`gold`."""
        return "gold"

    async def score(self, item: Item, text: str, complete: bool) -> float:
        """1.0 or 0.0; an abstention is 0.0."""
        kind = answer_type(item.problem.answer_type, item.problem)
        gold = kind.extract(as_marked(item.gold or "", kind.name))
        found = kind.extract(text, complete=complete)
        if gold is None or found is None:
            return 0.0
        return float(found.key == gold.key or await kind.same(found, gold))

    def reference(self, item: Item) -> str | None:
        """The gold answer, marked."""
        name = answer_type(item.problem.answer_type, item.problem).name
        return None if item.gold is None else as_marked(item.gold, name)


@final
@dataclass(frozen=True, slots=True)
class TestsCheck:
    """Right is a program that passes all hidden tests, which run in a sandbox apart from it.

    `Item.hidden` is a `TestSuite`. `sandbox` as in `--sandbox`; `limits` bound one program's tests together.
    """

    __test__ = False  # not a test class, whatever pytest thinks of the name

    sandbox: str = "auto"
    limits: Limits = DEFAULT_LIMITS

    @property
    def name(self) -> str:
        """`tests`."""
        return "tests"

    async def score(self, item: Item, text: str, complete: bool) -> float:
        """1.0 or 0.0; a text without a program is 0.0. Raises SandboxUnavailable and SandboxError."""
        kind = answer_type(item.problem.answer_type, item.problem)
        found = kind.extract(text, complete=complete)
        if found is None:
            return 0.0
        assert isinstance(item.hidden, TestSuite)
        program = with_stub(found.shown, item.problem.text)
        report = await run_tests(choose(self.sandbox), program, item.hidden, self.limits)
        return float(report.verdict)

    def reference(self, item: Item) -> str | None:
        """The item's solution."""
        return item.solution


def as_marked(answer: str, kind: str) -> str:
    """An answer as a model marks it: in a block of its language, in a box, in a tag where it would break the box."""
    if kind == "code":
        return code_block(answer)
    if kind == "json":
        return f"```json\n{answer}\n```"
    if "\n" in answer or answer.count("{") != answer.count("}"):
        return f"<answer>{answer}</answer>"
    return f"\\boxed{{{answer}}}"


def marked(text: str, complete: bool = True) -> str | None:
    """The answer that a text marks, as it is written there; without a mark the whole text; None where it abstains.

    For checks with a reading of their own: unlike a text answer, nothing in it is normalised.
    """
    found = find(text)
    if found.cut:
        return None
    if found.spans:
        return found.spans[0].text
    return (found.body.strip() or None) if complete else None


def code_block(source: str) -> str:
    """A program as a model writes it."""
    return f"```python\n{source.rstrip()}\n```"
