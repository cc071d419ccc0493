"""Answer questions over a folder of documents with a search tool, which runs in the sandbox with the documents and no more."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, final

from thinkharder.core.errors import BadOption
from thinkharder.core.types import Problem
from thinkharder.sandbox import Limits, Sandbox, choose
from thinkharder.tasks.agents.archive import archive
from thinkharder.tasks.base import Item, Task, TaskError
from thinkharder.tasks.checks import GoldCheck, as_marked
from thinkharder.tasks.environment import Action, Observation, Refusal, tool, understood
from thinkharder.tasks.registering import task
from thinkharder.tasks.rows import as_text, read_rows

ENDINGS = (".txt", ".md", ".rst")
MOST_BYTES, MOST_FILES, MOST_ARGUMENT = 8_000_000, 900, 1_000
"""Bytes and number of the documents of a folder, and characters of a query or name that are taken."""
LIMITS = Limits(cpu_seconds=5.0, wall_seconds=8.0, file_mb=16)

TOOLS = (
    tool("search", "Find documents by words; the best five with their first lines.", query="The words"),
    tool("read", "Read a document.", document="Its name, as the search gives it"),
    tool("answer", "Give the answer to the question; this ends it.", text="The answer alone"),
)


@task("documents")
@final
@dataclass(frozen=True)
class DocumentTask:
    """Agents: answer questions over a folder of documents with the tools search, read and answer.

    Without `folder` an archive of invented people, works and towns is made, the same for the same options: `documents` of
    them, `n` questions that need `hops` documents each (1 to 3; a list makes questions of each in turn), `seed`.
    With `folder` (text and Markdown files) `questions` is a JSONL or CSV file with `question` and `answer`, and where there
    is one `answer_type`. The reward is 1 for the right answer. `sandbox` as in --sandbox.
    """

    n: int = 30
    seed: int = 0
    documents: int = 60
    hops: tuple[int, ...] = (1, 2, 3)
    folder: str = ""
    questions: str = ""
    sandbox: str = "auto"

    def __post_init__(self) -> None:
        if bool(self.folder) != bool(self.questions):
            raise BadOption("documents: folder and questions belong together; give both, or neither")
        if self.n < 1 or not self.hops or min(self.hops) < 1 or max(self.hops) > 3:
            raise BadOption(f"documents: n={self.n} must be at least 1, hops={list(self.hops)} 1 to 3")
        if not 10 <= self.documents <= MOST_FILES:
            raise BadOption(f"documents: documents={self.documents} must be 10 to {MOST_FILES}")

    def load(self, limit: int | None) -> Task:
        """The task."""
        if self.folder:
            items = [_asked(row, number) for number, row in enumerate(read_rows(self.questions, limit=limit))]
            licence, source = "not stated", self.folder
        else:
            count = self.n if limit is None else min(self.n, limit)
            made = archive(self.seed, self.documents, count, self.hops)
            items = [
                Item(
                    f"{self.seed}-{number}",
                    Problem.of(question, answer_type="text"),
                    gold,
                    f"hops={hops}",
                    as_marked(gold, "text"),
                    task_id=str(number),
                )
                for number, (question, gold, hops) in enumerate(made.questions)
            ]
            licence, source = "Apache-2.0", "generated"
        kind = items[0].problem.answer_type
        split = "all" if self.folder else f"seed {self.seed}"
        return Task(
            "documents", split, licence, source, kind, tuple(items), GoldCheck(), environment=self.world
        )

    def world(self, item: Item) -> "DocumentWorld":
        """The environment of one question. Raises SandboxUnavailable, TaskError for a folder without documents."""
        if self.folder:
            texts = read_folder(self.folder)
        else:
            texts = archive(self.seed, self.documents, 0, self.hops).documents
        return DocumentWorld(item, texts, choose(self.sandbox))


def _asked(row: Any, number: int) -> Item:
    kind = as_text(row.get("answer_type") or "text")
    gold = as_text(row.need("answer"))
    known = row.get("id")
    id = str(number) if known is None else as_text(known)
    return Item(id, Problem.of(as_text(row.need("question")), answer_type=kind), gold, task_id=id)


def read_folder(folder: str) -> Mapping[str, str]:
    """The documents of a folder by their path in it. Raises TaskError where there are none or too many."""
    root = Path(folder).expanduser()
    if not root.is_dir():
        raise TaskError(f"no folder {folder!r} of documents")
    found: dict[str, str] = {}
    size = 0
    folders: set[Path] = set()
    for path in sorted(root.rglob("*")):
        # a link may lead out of the folder
        if path.suffix.lower() not in ENDINGS or path.is_symlink() or not path.is_file():
            continue
        text = path.read_text("utf-8", errors="replace")
        size += len(text.encode("utf-8", "replace"))
        found[path.relative_to(root).as_posix()] = text
        folders.update(path.relative_to(root).parents)
        if size > MOST_BYTES or len(found) + len(folders) > MOST_FILES + 50:
            raise TaskError(
                f"{folder!r} holds more than {MOST_FILES} documents or {MOST_BYTES:,} bytes; take part of it"
            )
    if not found:
        raise TaskError(f"{folder!r} holds no document ({', '.join(ENDINGS)})")
    return found


@final
@dataclass
class DocumentWorld:
    """The environment: a question, the documents, and a sandbox in which they are searched and read."""

    item: Item
    documents: Mapping[str, str]
    sandbox: Sandbox

    @property
    def tools(self) -> tuple[Mapping[str, Any], ...]:
        """search, read, answer."""
        return TOOLS

    async def __aenter__(self) -> "DocumentWorld":
        return self

    async def __aexit__(self, *exception: object) -> None:
        return None

    async def observe(self) -> Observation:
        """The question, and how many documents there are."""
        return Observation(f"{self.item.problem.text}\nThere are {len(self.documents)} documents.")

    async def act(self, action: Action) -> Observation:
        """What the tool finds; `answer` ends it. Raises SandboxError where the search itself fails."""
        said = understood(TOOLS, action)
        if isinstance(said, Refusal):
            return Observation(said.text)
        argument = next(iter(said.values()))[:MOST_ARGUMENT]
        if action.tool == "answer":
            right = await GoldCheck().score(self.item, as_marked(argument, "text"), True)
            return Observation("The answer was taken.", reward=right, done=True)
        order = json.dumps({"tool": action.tool, "argument": argument})
        result = await self.sandbox.run(
            _program(),
            stdin=order,
            files={f"documents/{k}": v for k, v in self.documents.items()},
            limits=LIMITS,
        )
        if result.status != "ok":
            return Observation(f"The {action.tool} failed ({result.status}).")
        return Observation(result.stdout.strip())


@cache
def _program() -> str:
    return Path(__file__).with_name("search_tool.py").read_text("utf-8")
