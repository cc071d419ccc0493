"""`thinkharder tasks`: which tasks there are; with a spec, what is in one; and a task as a file."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from thinkharder.cli.flags import examples

EXAMPLES = examples(
    "thinkharder tasks",
    "thinkharder tasks countdown:numbers=4,seed=1",
    "thinkharder tasks jsonl:problems.jsonl,question=text,answer=label",
    "thinkharder tasks arithmetic:n=50 --export problems.jsonl",
)
SHOWN_CHARACTERS = 600


def add(app: typer.Typer) -> None:
    """Put the command into the application."""
    app.command("tasks", epilog=EXAMPLES)(tasks)


def tasks(
    spec: Annotated[
        str | None,
        typer.Argument(metavar="SPEC", help="A task: its name, or with options", show_default=False),
    ] = None,
    limit: Annotated[int, typer.Option("--limit", help="How many problems are shown", min=1)] = 3,
    export: Annotated[
        Path | None,
        typer.Option("--export", metavar="FILE", readable=False, help="Write all problems as JSONL"),
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Try whether every gold answer passes its own check")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Tracebacks on errors")] = False,
) -> None:
    """List the tasks, or show one: split, licence, source, size, and some of its problems."""
    from thinkharder.core.errors import UsageError
    from thinkharder.tasks import load_task, write_rows

    if spec is None:
        if export is not None or check:
            raise UsageError("--export and --check need a task; write thinkharder tasks SPEC --export FILE")
        _list(as_json)
        return
    task = load_task(spec)
    failed = _failed(task) if check else None
    if export is not None:
        write_rows(task, export)
    told = _told(task, limit)
    if failed is not None:
        told["gold_fails"] = failed
    if export is not None:
        told["exported"] = str(export)
    if as_json:
        from thinkharder.cli.text import dumps

        print(dumps(told))
    else:
        _show(told)
    if failed:
        raise UsageError(f"{len(failed)} of {len(task)} gold answers do not pass; the first is {failed[0]}")


def _list(as_json: bool) -> None:
    from thinkharder.cli.strategies import kind_of, shown
    from thinkharder.tasks import known, task_names

    found: list[dict[str, Any]] = []
    for name in task_names():
        try:
            told = known(name)
        except Exception as error:  # a plugin that cannot be imported must not hide the others
            found.append({"name": name, "about": f"cannot be loaded: {error}", "options": []})
            continue
        options = [
            {"name": key, "type": kind_of(wanted), "default": shown(default)}
            for key, (wanted, default) in told.options.items()
        ]
        found.append({"name": name, "about": " ".join(told.about.split()), "options": options})
    if as_json:
        print(json.dumps(found, indent=2))
        return
    _table(found)


def _table(found: list[dict[str, Any]]) -> None:
    from rich.table import Table
    from rich.text import Text

    from thinkharder.cli.docstrings import first_sentence
    from thinkharder.cli.printing import console

    out = console()
    if not out.is_terminal:
        for row in found:
            options = ", ".join(option["name"] for option in row["options"])
            out.print(f"{row['name']}: {first_sentence(row['about'])} [{options}]", soft_wrap=True)
        return
    table = Table(box=None, padding=(0, 2, 0, 0))
    table.add_column("task", style="bold cyan", no_wrap=True)
    table.add_column("what it is", ratio=3)
    table.add_column("options", style="dim", ratio=2)
    for row in found:
        options = ", ".join(option["name"] for option in row["options"])
        table.add_row(Text(row["name"]), Text(first_sentence(row["about"])), Text(options))
    out.print(table)
    out.print()
    out.print("thinkharder tasks SPEC shows one, such as countdown:numbers=4", style="dim")


def _told(task: Any, limit: int) -> dict[str, Any]:
    """What is said of a task."""
    from thinkharder.tasks import task_rows

    levels: dict[str, int] = {}
    for item in task.items:
        if item.level is not None:
            levels[item.level] = levels.get(item.level, 0) + 1
    return {
        "name": task.name,
        "spec": task.spec,
        "split": task.split,
        "licence": task.licence,
        "source": task.source,
        "problems": len(task),
        "answer_type": task.answer_type,
        "check": task.check.name,
        "step_checks": task.steps is not None,
        "environment": task.environment is not None,
        "levels": levels,
        "fingerprint": task.fingerprint,
        "examples": list(task_rows(task.first(limit))),
    }


def _failed(task: Any) -> list[str]:
    """The problems whose gold answer does not pass, eight checks at a time."""
    import asyncio

    async def every() -> list[str]:
        gate = asyncio.Semaphore(8)

        async def one(item: Any) -> str | None:
            async with gate:
                return None if await task.gold_passes(item) else str(item.id)

        found = await asyncio.gather(*map(one, task.items))
        return [id for id in found if id is not None]

    return asyncio.run(every())


def _show(told: dict[str, Any]) -> None:
    from rich.table import Table
    from rich.text import Text

    from thinkharder.cli.printing import console
    from thinkharder.cli.text import clean

    out = console()
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="bold cyan" if out.is_terminal else "", no_wrap=True)
    grid.add_column(overflow="fold")
    words = {True: "yes", False: "no"}
    for key in (
        "split",
        "licence",
        "source",
        "problems",
        "answer_type",
        "check",
        "step_checks",
        "environment",
    ):
        value = told[key]
        grid.add_row(
            key.replace("_", " "),
            Text(clean(words.get(value, str(value)) if isinstance(value, bool) else str(value))),
        )
    if told["levels"]:
        most = list(told["levels"].items())[:8]
        more = ", …" if len(told["levels"]) > len(most) else ""
        grid.add_row("levels", Text(clean(", ".join(f"{level} ({count})" for level, count in most) + more)))
    if "gold_fails" in told:
        failed = told["gold_fails"]
        grid.add_row("gold answers", f"{told['problems'] - len(failed)} of {told['problems']} pass")
    if "exported" in told:
        grid.add_row("written to", Text(told["exported"]))
    out.print(Text.assemble((clean(told["name"]), "bold"), f"  {clean(told['spec'])}"))
    out.print(grid)
    for row in told["examples"]:
        out.print()
        out.print(Text(clean(f"{row['id']}  {row.get('level', '')}".rstrip()), style="bold"))
        question = clean(row["question"])
        out.print(
            Text(question[:SHOWN_CHARACTERS] + (" …" if len(question) > SHOWN_CHARACTERS else "")),
            soft_wrap=True,
        )
        if row.get("answer") is not None:
            out.print(Text(f"answer: {clean(row['answer'])[:200]}"), soft_wrap=True)
