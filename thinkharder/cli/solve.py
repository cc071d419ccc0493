"""`thinkharder solve`: one problem, one answer, one budget."""

import sys
from typing import Any

import typer

from thinkharder.cli.flags import RunFlags, SolveFlags, examples, takes

EXAMPLES = examples(
    'thinkharder solve "What is 17 * 24?" --strategy self-consistency:n=16 --tokens 20k',
    "thinkharder solve --file puzzle.txt --strategy best-of-n:n=8 --verifier judge --seconds 60",
    "cat puzzle.txt | thinkharder solve - --json > answer.json",
    "thinkharder solve --file task.md --tests examples.py --answer-type code",
    'thinkharder solve "…" --model openai:qwen3@http://localhost:8000/v1 --dry-run',
)


def add(app: typer.Typer) -> None:
    """Put the command into the application."""
    app.command("solve", epilog=EXAMPLES)(solve)


@takes(SolveFlags)
def solve(flags: SolveFlags) -> None:
    """Solve a problem: sample, check, vote, within a hard budget.

    Exit codes: 0 answered, 2 usage, 3 nothing found within the budget, 4 model unreachable, 130 interrupted.
    """
    from thinkharder import config
    from thinkharder.cli.reading import problem_text

    settings = config.load()
    text = problem_text(flags.problem, flags.file)
    raise typer.Exit(answer(flags, text, settings))


def answer(flags: RunFlags, text: str, settings: Any, fallbacks: Any = None) -> int:
    """Run the job that the flags describe, print its outcome, and return the exit code."""
    from thinkharder.cli import display
    from thinkharder.cli.job import make
    from thinkharder.core.errors import ThinkharderError

    shown = display.choose(flags.quiet)
    job = make(flags, text, settings, fallbacks)
    if flags.dry_run:
        from thinkharder.cli.worst import show_worst_case

        show_worst_case(job, shown, as_json=flags.json)
        return 0
    from thinkharder.cli.running import run

    outcome = run(job, shown)
    by_signal = None if outcome.signal is None else 128 + outcome.signal
    if outcome.error is not None:
        if by_signal is not None:
            outcome.error.exit_code = by_signal  # type: ignore[attr-defined]
        if isinstance(outcome.error, OSError):  # not to be taken for a failure of our own output
            failure = f"{type(outcome.error).__name__}: {outcome.error}"
            raise ThinkharderError(
                f"the run failed ({failure}); run it again with --debug and report what it prints"
            ) from outcome.error
        raise outcome.error
    assert outcome.result is not None
    _print(flags, job, outcome.result)
    if by_signal is not None:
        return by_signal
    return 0 if outcome.result.answer is not None else _unanswered(flags, outcome.result)


def _print(flags: RunFlags, job: Any, result: Any) -> None:
    if flags.json:
        from thinkharder.cli.document import document
        from thinkharder.cli.text import dumps

        unicode = (getattr(sys.stdout, "encoding", None) or "").lower().replace("-", "") == "utf8"
        print(dumps(document(result, job), ascii_only=not unicode))
    elif flags.quiet:
        from thinkharder.cli.text import clean

        if hasattr(sys.stdout, "reconfigure"):
            sys.stdout.reconfigure(errors="backslashreplace")
        if result.answer is not None:
            print(clean(result.answer))
    else:
        from thinkharder.cli.printing import console, report

        report(result, job, console())
    if sys.stdout is not None:
        sys.stdout.flush()


def _unanswered(flags: RunFlags, result: Any) -> int:
    """There are samples, but no answer in any of them that could win: said on standard error, exit code 3."""
    from thinkharder.core.errors import NothingFound

    sys.stderr.write(
        f"thinkharder: no {result.answer_type} answer could be read from {len(result.candidates)} samples; "
        "raise the budget, or ask for another --answer-type such as text\n"
    )
    return NothingFound.exit_code
