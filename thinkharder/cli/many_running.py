"""Run `solve-many`: load the model, share the budget out, write each result as it comes, end in order on a signal."""

import asyncio
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any, Final, final

from thinkharder import config, prompts
from thinkharder.allocate import build_allocator
from thinkharder.api import Options
from thinkharder.cli import display
from thinkharder.cli.bench_show import amount, duration, say
from thinkharder.cli.job import Job, make
from thinkharder.cli.many_file import Problems, Results, checked, line_of, read_problems
from thinkharder.cli.running import Interrupted, Signals, loaded
from thinkharder.cli.text import one_line, redact
from thinkharder.core.errors import NothingFound
from thinkharder.core.protocols import Model
from thinkharder.core.usage import Budget, Usage
from thinkharder.many import DEFAULT_STRATEGY, Many, Solved
from thinkharder.many import solve_many as solve

FAILED: Final = 1
EVERY: Final = 5.0
"""Least seconds between two lines about progress."""


async def run(flags: Any) -> int:
    """Do what the flags ask for; the exit code. Raises the UsageErrors of what they ask wrong."""
    settings = config.load()
    every = read_problems(flags.file, flags.question, flags.answer_type, flags.limit)
    build_allocator(flags.allocator)
    job = make(flags, every.problems[0].text, settings, {"strategy": DEFAULT_STRATEGY})
    results = Results(flags.out, flags.resume)
    try:
        left = every.without(results.check(every))
        progress = _Progress(len(every.ids), len(every.ids) - len(left.ids), results.spent, flags.quiet)
        if not left.ids:
            progress.end(flags.out)
            return 0
        return await _go(flags, job, left, results, progress)
    finally:
        results.close()


async def _go(flags: Any, job: Job, left: Problems, results: Results, progress: "_Progress") -> int:
    ended: asyncio.Queue[Solved | None] = asyncio.Queue()
    items = None if left.task is None else {item.id: item for item in left.task.items}

    def paid(spent: Usage) -> None:
        results.note(spent)
        progress.paid(spent)

    async def write() -> None:
        while (solved := await ended.get()) is not None:
            id = left.ids[solved.number]
            correct = await checked(left.task, None if items is None else items[id], solved)
            results.write(line_of(id, solved, correct))
            progress.take(solved, correct)

    shown = display.Quiet() if flags.quiet or sys.stderr is None else display.Lines()
    with Signals(shown) as signals, prompts.override(job.prompts):
        writer = asyncio.create_task(write())
        try:
            async with loaded(job, shown, signals) as models:
                options = _options(flags, job, left, models, signals)
                options = replace(options, spent=results.spent, told=ended.put_nowait, paid=paid)
                await solve(
                    left.problems,
                    model=models["generator"],
                    strategy=job.strategy,
                    allocator=flags.allocator,
                    budget=job.budget,
                    verifier=job.verifier,
                    options=options,
                )
        except Interrupted:
            raise NothingFound("interrupted", "it was stopped while the model was loading") from None
        finally:
            ended.put_nowait(None)
            await writer
            results.note(progress.spent, now=True)
        progress.end(flags.out)
        if signals.number is not None:
            return 128 + signals.number
    if not progress.answered:
        return NothingFound.exit_code
    return FAILED if progress.failed else 0


def _options(flags: Any, job: Job, left: Problems, models: Mapping[str, Model], signals: Signals) -> Many:
    return Many(
        solve=Options(
            answer_type=flags.answer_type,
            seed=job.seed,
            roles={role: model for role, model in models.items() if role != "generator"},
            sampling=job.sampling,
            sandbox=job.sandbox,
            interrupt=signals.event,
        ),
        floor=flags.floor,
        cap=flags.cap,
        each=Budget(tokens=flags.each_tokens),
        solved=flags.solved,
        chances=left.chances,
        wave=flags.wave,
    )


@final
class _Progress:
    """What is said on standard error: a line every few seconds in which something ended, and the end."""

    def __init__(self, total: int, before: int, spent: Usage, quiet: bool) -> None:
        self.total, self.done, self.spent, self.quiet = total, before, spent, quiet
        self.answered, self.failed, self.checked, self.right = before, 0, 0, 0.0
        self._began = self._said = time.monotonic()

    def paid(self, spent: Usage) -> None:
        """All that was spent, after a wave."""
        self.spent = spent
        if time.monotonic() >= self._said + EVERY:
            self._say(self._standing())

    def take(self, solved: Solved, correct: float | None) -> None:
        """A problem has ended."""
        self.done += 1
        self.answered += solved.result is not None and solved.result.answer is not None
        if correct is not None:
            self.checked, self.right = self.checked + 1, self.right + correct
        if solved.error is not None and not isinstance(solved.error, NothingFound):
            self.failed += 1
            if self.failed == 1:
                self._say(f"a problem failed: {one_line(redact(str(solved.error)), 300)}")

    def end(self, out: Any) -> None:
        """The last line."""
        took = duration(time.monotonic() - self._began)
        self._say(f"{self._standing()} in {took}" + (f"; results in {out}" if out is not None else ""))

    def _standing(self) -> str:
        words = [f"{self.done}/{self.total} problems", f"{self.answered} answered"]
        if self.failed:
            words.append(f"{self.failed} failed")
        if self.checked:
            words.append(f"{self.right / self.checked:.0%} right")
        return ", ".join([*words, f"{amount(self.spent.tokens)} tokens"])

    def _say(self, text: str) -> None:
        self._said = time.monotonic()
        if not self.quiet:
            with suppress(OSError, ValueError):
                say(text)
