"""`thinkharder strategies`: what can be chosen, with source, cost and needs; with a name, one of them in full."""

import json
from typing import Annotated, Any

import typer

from thinkharder.cli.docstrings import explain, first_sentence
from thinkharder.cli.flags import examples
from thinkharder.core.errors import UnknownName, UsageError

EXAMPLES = examples(
    "thinkharder strategies",
    "thinkharder strategies self-consistency",
    "thinkharder strategies --verifiers",
    "thinkharder strategies --rules",
)
KINDS = {
    "strategy": "Strategies (--strategy)",
    "verifier": "Verifiers (--verifier)",
    "rule": "Stopping rules (until=…)",
    "stream-rule": "Stream rules (watch=…)",
    "select": "Selections (select=…)",
    "comparator": "Comparators",
}


def add(app: typer.Typer) -> None:
    """Put the command into the application."""
    app.command("strategies", epilog=EXAMPLES)(strategies)


def strategies(
    name: Annotated[
        str | None, typer.Argument(help="Explain this one, with its options", show_default=False)
    ] = None,
    rules: Annotated[bool, typer.Option("--rules", help="Stopping rules and selections instead")] = False,
    verifiers: Annotated[bool, typer.Option("--verifiers", help="Verifiers instead")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Tracebacks on errors")] = False,
) -> None:
    """List strategies, verifiers and rules, or explain one: paper, cost, needs, options with types and defaults."""
    from thinkharder import assemble

    if rules and verifiers:
        raise UsageError("--rules and --verifiers are two lists; ask for one of them")
    assemble.load_built_in()
    kinds = (
        ["verifier", "comparator"]
        if verifiers
        else ["rule", "stream-rule", "select"]
        if rules
        else ["strategy"]
    )
    if name is not None:
        kinds = kinds if rules or verifiers else list(KINDS)
        found = one(name, kinds)
        print(json.dumps(found, indent=2, default=str)) if as_json else _show(found)
        return
    tables = {kind: [row(kind, known) for known in names(kind)] for kind in kinds}
    if as_json:
        print(json.dumps(tables, indent=2, default=str))
        return
    _list(tables)


def names(kind: str) -> list[str]:
    """The names of a kind, as lists show them."""
    from thinkharder.core import registry

    return registry.names(kind)


def row(kind: str, name: str) -> dict[str, Any]:
    """What is said of one: summary, paper, cost, needs, options (name, type, default)."""
    from thinkharder.core import registry

    try:
        made = registry.factory(kind, name)
    except Exception as error:  # a plugin that cannot be imported must not hide the others
        return {
            "name": name,
            "kind": kind,
            "summary": f"cannot be loaded: {error}",
            "needs": [],
            "options": [],
        }
    told = explain(made)
    return {
        "name": name,
        "kind": kind,
        "summary": told.summary,
        "detail": told.detail,
        "paper": told.paper,
        "reference": told.reference,
        **({"certifies": certified(told.detail)} if kind == "rule" else {}),
        "names": told.names,
        "cost": told.cost,
        "departures": told.departures,
        "needs": list(getattr(made, "needs", ())),
        "options": [
            {"name": option, "type": kind_of(wanted), "default": shown(default)}
            for option, (wanted, default) in registry.options(made).items()
        ],
    }


def certified(detail: str) -> str | None:
    """What a rule certifies, by the paragraph of its docstring that says so; None where that is nothing."""
    for paragraph in detail.split("\n\n"):
        if paragraph.startswith("Certifies") and not paragraph.startswith("Certifies: nothing"):
            return paragraph
    return None


def one(name: str, kinds: list[str]) -> dict[str, Any]:
    """The one of that name among the kinds. Raises UnknownName with the nearest names."""
    for kind in kinds:
        if name in names(kind):
            return row(kind, name)
    every = [known for kind in kinds for known in names(kind)]
    raise UnknownName(kinds[0] if len(kinds) < 3 else "strategy, verifier or rule", name, every)


def kind_of(wanted: Any) -> str:
    """A type in words."""
    import types
    import typing

    from thinkharder.core import registry

    if wanted in registry.KIND_OF:
        return str(registry.KIND_OF[wanted])
    origin, inner = typing.get_origin(wanted), typing.get_args(wanted)
    if origin in (typing.Union, types.UnionType):
        return " or ".join(kind_of(item) for item in inner)
    if origin is typing.Literal:
        return ", ".join(map(str, inner))
    if origin is tuple:
        return f"list of {kind_of(inner[0])}"
    words = {int: "whole number", float: "number", bool: "true or false", str: "text", type(None): "null"}
    return words.get(wanted, getattr(wanted, "__name__", str(wanted)))


def shown(default: Any) -> str:
    """A default as it is written in a spec."""
    from dataclasses import MISSING

    from thinkharder.core import registry
    from thinkharder.core.spec import Spec

    if default is MISSING:
        return "(must be given)"
    if hasattr(default, "__spec_name__") or hasattr(type(default), "__spec_name__"):
        return str(registry.spec_of(default))
    return str(Spec("x", {"": default}))[2:-1]


def _list(tables: dict[str, list[dict[str, Any]]]) -> None:
    from rich.table import Table
    from rich.text import Text

    from thinkharder.cli.printing import console

    out = console()
    for kind, rows in tables.items():
        if not rows:
            continue
        if not out.is_terminal:
            for item in rows:
                needs = f" [needs {', '.join(item['needs'])}]" if item["needs"] else ""
                paper = f" ({item['paper']})" if item.get("paper", "–") != "–" else ""
                sure = " [certifies the mode]" if item.get("certifies") else ""
                text = f"{item['name']}: {first_sentence(item['summary'])}{paper}{needs}{sure}"
                out.print(text, soft_wrap=True, markup=False)
            continue
        full = kind in ("strategy", "verifier")
        table = Table(
            title=KINDS[kind], title_justify="left", title_style="bold", box=None, padding=(0, 2, 0, 0)
        )
        table.add_column("name", style="bold cyan", no_wrap=True)
        table.add_column("what it does", ratio=5)
        if full:
            table.add_column("cost", ratio=4, style="dim")
        if kind == "rule":
            table.add_column("certifies", ratio=1)
        table.add_column("paper", ratio=2, style="dim")
        for item in rows:
            needs = f" (needs {', '.join(item['needs'])})" if item["needs"] else ""
            cells = [Text(item["name"]), Text(first_sentence(item["summary"]) + needs)]
            cells += [Text(item.get("cost", "").split(";")[0].rstrip("."))] if full else []
            cells += [Text("the mode" if item.get("certifies") else "–")] if kind == "rule" else []
            table.add_row(*cells, Text(item.get("paper", "–")))
        out.print(table)
        out.print()
    if out.is_terminal:
        out.print("thinkharder strategies NAME explains one, with its options.", style="dim")


def _show(item: dict[str, Any]) -> None:
    from rich.table import Table
    from rich.text import Text

    from thinkharder.cli.printing import console

    out = console()
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="bold cyan", no_wrap=True)
    grid.add_column(ratio=1)
    for label in ("reference", "names", "cost", "departures"):
        if item.get(label):
            grid.add_row(label, Text(item[label]))
    if item["needs"]:
        grid.add_row("needs", Text(", ".join(item["needs"])))
    out.print(Text.assemble((item["name"], "bold cyan"), (f"  {item['kind']}", "dim")))
    out.print(Text(item["summary"]))
    if item.get("detail"):
        out.print()
        out.print(Text(item["detail"]))
    out.print()
    out.print(grid)
    if item["options"]:
        table = Table(
            box=None, padding=(0, 3, 0, 0), title="Options", title_justify="left", title_style="bold"
        )
        table.add_column("option", style="bold", no_wrap=True)
        table.add_column("type")
        table.add_column("default")
        for option in item["options"]:
            table.add_row(
                Text(option["name"].replace("_", "-")), Text(option["type"]), Text(option["default"])
            )
        out.print()
        out.print(table)
