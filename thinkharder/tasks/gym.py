"""Generated tasks of reasoning-gym, an optional package, with its own scores; they run where an answer can do no harm."""

import base64
import json
import os
import pickle
import subprocess
import sys
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, final

from thinkharder.core.errors import BadOption, MissingExtra, UnknownName
from thinkharder.core.spec import Spec
from thinkharder.core.types import Problem
from thinkharder.tasks.base import Item, Task, TaskError
from thinkharder.tasks.checks import marked
from thinkharder.tasks.gym_process import own_score
from thinkharder.tasks.registering import task

EXACT = frozenset({"game_of_life_halting"})
"""Data sets whose own score calls rubbish right (measured with 0.1.25): only the data set's own answer counts there."""

UNSTABLE = frozenset(
    {"isomorphic_strings", "knight_swap", "polynomial_multiplication", "ransom_note", "word_ladder"}
)
"""Data sets whose problems depend on the order of Python's sets as well as on the seed, so that each process would get
others (measured with 0.1.25 over all 105). They are made in a process with a fixed PYTHONHASHSEED."""


@task("reasoning-gym")
@final
@dataclass(frozen=True)
class ReasoningGym:
    """A generated task of reasoning-gym by its name: reasoning-gym:leg_counting, reasoning-gym(chain_sum(max_terms=6), n=50).

    Source: Stojanovski et al. 2025, arXiv:2505.24760; Apache-2.0. Needs the extra reasoning-gym.
    Options: `dataset` with its own options in brackets, `n` problems, `seed`; `partial`: the task's own score between 0
    and 1 counts, else only a score of 1 is right; `sandbox` as in --sandbox.
    Check: the data set's own answer is right; of what differs from it the data set's own score decides. Some of them
    evaluate the answer as Python, so that score runs in a sandbox.
    """

    dataset: Spec | str
    n: int = 100
    seed: int = 0
    partial: bool = False
    sandbox: str = "auto"

    def __post_init__(self) -> None:
        if self.n < 1:
            raise BadOption(f"reasoning-gym: n={self.n} must be at least 1")

    def load(self, limit: int | None) -> Task:
        """The task. Raises MissingExtra, UnknownName for the data set, BadOption for its options."""
        wanted = Spec(self.dataset) if isinstance(self.dataset, str) else self.dataset
        count = self.n if limit is None else min(self.n, limit)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)  # files that a dependency of it leaves open
            made = _dataset(wanted, self.n, self.seed)
            single = _scores_by_equality(made) or wanted.name in EXACT
            entries = _entries(made, wanted, (self.n, self.seed), count)
        items = tuple(self._item(entry, index, wanted, single) for index, entry in enumerate(entries))
        check = GymCheck(self.partial, self.sandbox)
        source = "arXiv:2505.24760 (open-thought/reasoning-gym)"
        return Task(
            f"reasoning-gym-{wanted.name}", f"seed {self.seed}", "Apache-2.0", source, "text", items, check
        )

    def _item(self, entry: Mapping[str, Any], index: int, wanted: Spec, single: bool) -> Item:
        answer = entry["answer"]
        known = isinstance(answer, str) and answer.strip() != ""
        difficulty = entry.get("metadata", {}).get("difficulty")
        text = f"{str(entry['question']).rstrip()}\n\nGive the final answer alone within <answer></answer>."
        return Item(
            f"{self.seed}-{index}",
            Problem.of(text, answer_type="text"),
            gold=answer if known and single else None,
            level=_level(difficulty),
            solution=f"<answer>{answer}</answer>" if known else None,
            hidden=Entry(wanted.name, dict(wanted.args), dict(entry), single),
            task_id=str(index),
        )


@final
@dataclass(frozen=True, slots=True)
class Entry:
    """What reasoning-gym made, and of which data set; `single`: nothing but its own answer is right."""

    dataset: str
    options: Mapping[str, Any]
    entry: Mapping[str, Any] = field(repr=False)
    single: bool = False

    def plain(self) -> Mapping[str, Any]:
        """For hashes and exports."""
        return {"dataset": self.dataset, "options": self.options, "answer": self.entry["answer"]}


def dataset_names() -> list[str]:
    """The data sets that can be asked for. Raises MissingExtra."""
    return sorted(set(_gym().factory.DATASETS) - {"composite"})


def _gym() -> Any:
    try:
        import reasoning_gym  # type: ignore[import-untyped, import-not-found, unused-ignore]
    except ImportError:
        raise MissingExtra("a reasoning-gym task", "reasoning-gym") from None
    return reasoning_gym


def _dataset(wanted: Spec, size: int, seed: int) -> Any:
    """A reasoning-gym data set. Raises UnknownName, BadOption."""
    gym = _gym()
    if wanted.name not in dataset_names():
        raise UnknownName("reasoning-gym data set", wanted.name, dataset_names())
    options = {key: list(value) if isinstance(value, tuple) else value for key, value in wanted.args.items()}
    try:
        return gym.create_dataset(wanted.name, size=size, seed=seed, **options)
    except (TypeError, ValueError, AssertionError) as error:
        raise BadOption(f"reasoning-gym {wanted}: {error}") from error


def _entries(made: Any, wanted: Spec, size_and_seed: tuple[int, int], count: int) -> list[Mapping[str, Any]]:
    """The first problems of a data set; the same for a seed, whatever order this process's sets have."""
    if wanted.name not in UNSTABLE:
        return [made[index] for index in range(count)]
    order = {"name": wanted.name, "size": size_and_seed[0], "seed": size_and_seed[1], "count": count}
    program = Path(__file__).with_name("gym_fixed.py")
    done = subprocess.run(
        [sys.executable, "-P", str(program), json.dumps({**order, "options": _options(wanted.args)})],
        env={**os.environ, "PYTHONHASHSEED": "0", "PYTHONWARNINGS": "ignore"},
        capture_output=True,
        check=False,
    )
    if done.returncode != 0:
        last = done.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2]
        raise TaskError(f"reasoning-gym {wanted} could not be made: {last[:300]}")
    found: list[Mapping[str, Any]] = pickle.loads(base64.b64decode(done.stdout.rpartition(b"\n")[2]))
    return found


def _options(args: Mapping[str, Any]) -> dict[str, Any]:
    return {key: list(value) if isinstance(value, tuple) else value for key, value in args.items()}


def _scores_by_equality(made: Any) -> bool:
    """Whether a data set has no score of its own, so that its answer is the only right one."""
    return bool(type(made).score_answer is _gym().dataset.ProceduralDataset.score_answer)


def _level(difficulty: Any) -> str | None:
    if not isinstance(difficulty, Mapping) or not difficulty:
        return None
    return ", ".join(f"{key}={value}" for key, value in difficulty.items())[:80]


@final
@dataclass(frozen=True, slots=True)
class GymCheck:
    """The data set's own answer scores 1; what its own scorer says of another is taken where it has one."""

    partial: bool = False
    sandbox: str = "auto"

    @property
    def name(self) -> str:
        """`reasoning-gym`."""
        return "reasoning-gym"

    async def score(self, item: Item, text: str, complete: bool) -> float:
        """1.0 or 0.0, or the task's own score in [0, 1] with `partial`. Raises SandboxUnavailable and SandboxError."""
        said = marked(text, complete)
        made = item.hidden
        assert isinstance(made, Entry)
        answer = made.entry["answer"]
        if said is None:
            return 0.0
        if isinstance(answer, str) and said.strip() == answer.strip():
            return 1.0
        if made.single and not self.partial:
            return 0.0
        value = await own_score(request(made, said), self.sandbox)
        return value if self.partial else float(value == 1.0)

    def reference(self, item: Item) -> str | None:
        """The data set's answer; some give none."""
        return item.solution


def request(made: Entry, said: str) -> bytes:
    """What the scoring process is asked. The entry is pickled by us, and opened in the sandbox alone."""
    packed = base64.b64encode(pickle.dumps(dict(made.entry))).decode()
    asked = {"dataset": made.dataset, "options": _options(made.options), "entry": packed, "said": said}
    return json.dumps(asked).encode("utf-8", "surrogatepass")
