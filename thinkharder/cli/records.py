"""`thinkharder records`: check, export, import and describe recorded samples."""

from pathlib import Path
from typing import Annotated, Any

import typer

from thinkharder.cli.flags import examples, pretty_help

EXAMPLES = examples(
    "thinkharder records show RUN",
    "thinkharder records verify RUN",
    "thinkharder records export RUN samples.parquet",
    "thinkharder records import samples.jsonl RUN --task gsm8k --model my-model",
)
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document")]
Debug = Annotated[bool, typer.Option("--debug", help="Tracebacks on errors")]
Task = Annotated[str | None, typer.Option("--task", help="Of a store with several tasks: this one")]
Model = Annotated[str | None, typer.Option("--model", help="Of a store with several models: this one")]


def add(app: typer.Typer) -> None:
    """Put the commands into the application."""
    group = typer.Typer(
        help="Check, export, import and describe recorded samples.",
        rich_markup_mode=pretty_help(),
        no_args_is_help=True,
        epilog=EXAMPLES,
    )
    group.command("verify", epilog=examples("thinkharder records verify RUN"))(verify)
    group.command(
        "export",
        epilog=examples(
            "thinkharder records export RUN samples.jsonl.gz",
            "thinkharder records export RUN answers.parquet --without text --without logprobs",
            "thinkharder records export RUN cells.jsonl --cells",
        ),
    )(export)
    group.command(
        "import", epilog=examples("thinkharder records import samples.jsonl RUN --task gsm8k --model m")
    )(import_)
    group.command(
        "show",
        epilog=examples("thinkharder records show samples.jsonl", "thinkharder records show RUN --json"),
    )(show)
    app.add_typer(group, name="records")


def verify(
    store: Annotated[Path, typer.Argument(metavar="RUN", help="A run's folder, or its records.sqlite")],
    as_json: AsJson = False,
    debug: Debug = False,
) -> int:
    """Read all of a store and recompute every hash. Exit code 1 where something is wrong."""
    from thinkharder.cli.text import clean, dumps
    from thinkharder.records.store import Store

    with Store.open(store) as opened:
        wrong = opened.verify()
        path = str(opened.path)
    if as_json:
        print(dumps({"path": path, "ok": not wrong, "wrong": wrong}))
    else:
        for line in wrong or ["all is as it was written"]:
            print(clean(f"{path}: {line}"))
    return 1 if wrong else 0


def export(
    source: Annotated[
        Path, typer.Argument(metavar="RUN|POOL", help="A run's folder, a store, or a file of samples")
    ],
    target: Annotated[Path, typer.Argument(metavar="FILE", help=".jsonl, .jsonl.gz or .parquet")],
    task: Task = None,
    model: Model = None,
    without: Annotated[
        list[str] | None, typer.Option("--without", help="Leave a field out, such as text or logprobs")
    ] = None,
    cells: Annotated[bool, typer.Option("--cells", help="The grid's finished cells instead")] = False,
    debug: Debug = False,
) -> None:
    """Write samples to a file, one by one; the file appears when it is whole."""
    from thinkharder.core.errors import UsageError
    from thinkharder.records import exchange
    from thinkharder.records.reading import read_samples
    from thinkharder.records.store import Store

    if cells:
        if without or task is not None or model is not None:
            raise UsageError("--cells writes all cells in full; leave out --without, --task and --model")
        with Store.open(source) as store:
            count = exchange.export_cells(store, target)
        typer.echo(f"{count:,} cells in {target}", err=True)
        return
    samples = read_samples(source, task=task, model=model)
    count = exchange.export(samples, target, without=tuple(without or ()), progress=_progress("exported"))
    typer.echo(f"{count:,} samples in {target}", err=True)


def import_(
    source: Annotated[
        Path, typer.Argument(metavar="POOL", help="A .jsonl, .jsonl.gz or .parquet file, or another store")
    ],
    store: Annotated[
        Path, typer.Argument(metavar="RUN", help="A run's folder or a store; made where there is none")
    ],
    task: Annotated[str, typer.Option("--task", help="The task that the problems are of")],
    model: Annotated[str, typer.Option("--model", help="The model that gave the samples")],
    debug: Debug = False,
) -> None:
    """Read samples into a store, one by one. Those that are in it already are left as they are."""
    from thinkharder.cli.version import version
    from thinkharder.core.errors import UsageError
    from thinkharder.records import exchange
    from thinkharder.records.store import Store

    if not source.exists():
        raise UsageError(f"there is no file {source}; give a JSONL or Parquet file, or a store")
    with Store.open(store, create=True) as opened:
        read, fresh = exchange.import_samples(
            source, opened, task=task, model=model, version=version(), progress=_progress("imported")
        )
    typer.echo(f"{read:,} samples read, {fresh:,} new in {opened.path}", err=True)


def show(
    source: Annotated[
        Path, typer.Argument(metavar="RUN|POOL", help="A run's folder, a store, or a file of samples")
    ],
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """What is recorded: samples, problems, fields, models, cells."""
    from thinkharder.cli.text import clean, dumps
    from thinkharder.records.summary import summary

    told = summary(source)
    if as_json:
        print(dumps(told))
        return
    from rich.text import Text

    from thinkharder.cli.printing import console

    out = console()
    for line in _lines(told):
        out.print(Text(clean(line)), soft_wrap=True)


def _lines(told: dict[str, Any]) -> list[str]:
    lines = [told["path"]]
    if "cells" in told:
        failed = f", {told['cells_failed']:,} of them failed" if told["cells_failed"] else ""
        lines.append(f"cells: {told['cells']:,}{failed}")
        lines += [f"model: {one['name']} {one['digest']}".rstrip() for one in told["models"]]
    for pool in told["pools"]:
        if "task" in pool:
            way = "" if pool["pool"] else " (not in the pool: another way of sampling has more)"
            lines.append(
                f"task {pool['task']}, model {pool['model']}: {pool['samples']:,} samples of {pool['problems']:,}"
                f" problems{way}"
            )
            continue
        least, most = pool["samples_a_problem"]
        each = f"{least}" if least == most else f"{least} to {most}"
        lines.append(f"samples: {pool['samples']:,} of {pool['problems']:,} problems, {each} a problem")
        lines.append(f"fields of every sample: {', '.join(pool['fields']) or 'none'}")
        for name in ("prompt_tokens", "completion_tokens"):
            if pool[name] is not None:
                lines.append(f"{name.replace('_', ' ')}: {pool[name]:.1f} on average")
        for name in ("truncated", "right", "any_right"):
            if pool[name] is not None:
                what = "problems with one right" if name == "any_right" else name
                lines.append(f"{what}: {pool[name]:.1%}")
    return lines


def _progress(word: str) -> Any:
    """Tell how many samples are done, where someone watches."""
    import sys

    if not sys.stderr.isatty():
        return None
    return lambda count: print(f"\r{word} {count:,}", end="\r", file=sys.stderr, flush=True)
