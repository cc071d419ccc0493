"""`thinkharder report`: one self-contained page, and every figure, of a run or of recorded samples."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from thinkharder.cli.flags import examples, takes

EXAMPLES = examples(
    "thinkharder report samples.jsonl --html report.html",
    "thinkharder report RUN --html report.html --figures figures",
    "thinkharder report samples.jsonl -s direct -s self-consistency --budgets 1,4,16 --task gsm8k",
)
PAGE, EVALUATION, TEXTS = "Output", "What is evaluated", "Texts on the page"


@dataclass(frozen=True, slots=True)
class ReportFlags:
    """All that `report` takes."""

    source: Annotated[
        Path,
        typer.Argument(
            metavar="RUN|POOL",
            readable=False,
            help="The folder of a run, a store, or a file of samples (.jsonl, .parquet)",
        ),
    ]
    html: Annotated[
        Path | None,
        typer.Option(
            "--html", metavar="FILE", readable=False, help="Write the page here", rich_help_panel=PAGE
        ),
    ] = None
    figures: Annotated[
        Path | None,
        typer.Option(
            "--figures",
            metavar="DIR",
            readable=False,
            help="Write every figure as PNG and SVG into this folder",
            rich_help_panel=PAGE,
        ),
    ] = None
    title: Annotated[
        str | None, typer.Option("--title", metavar="TEXT", help="The page's title", rich_help_panel=PAGE)
    ] = None
    strategy: Annotated[
        list[str] | None,
        typer.Option(
            "--strategy",
            "-s",
            metavar="SPEC",
            help="A strategy to replay, NAME@SCORER to name its scores; may be repeated (default: those that the samples"
            " allow)",
            rich_help_panel=EVALUATION,
        ),
    ] = None
    budgets: Annotated[
        str | None,
        typer.Option(
            "--budgets",
            metavar="N,N,…",
            help="Numbers of samples, and tokens=N (default: 1, 2, 4 … all)",
            rich_help_panel=EVALUATION,
        ),
    ] = None
    verifier: Annotated[
        str | None,
        typer.Option(
            "--verifier", metavar="NAME", help="Whose recorded scores decide", rich_help_panel=EVALUATION
        ),
    ] = None
    trials: Annotated[
        int | None,
        typer.Option(
            "--trials", metavar="N", min=1, help="Resamplings of the samples", rich_help_panel=EVALUATION
        ),
    ] = None
    seed: Annotated[
        int, typer.Option("--seed", metavar="N", min=0, help="Of the resamplings", rich_help_panel=EVALUATION)
    ] = 0
    ragged: Annotated[
        Literal["cap", "refuse"],
        typer.Option(
            "--ragged",
            metavar="cap|refuse",
            help="Problems with too few samples: use what they have, or refuse",
            rich_help_panel=EVALUATION,
        ),
    ] = "refuse"
    answer_type: Annotated[
        str,
        typer.Option(
            "--answer-type", metavar="TYPE", help="How answers are read", rich_help_panel=EVALUATION
        ),
    ] = "auto"
    task: Annotated[
        str | None,
        typer.Option(
            "--task",
            metavar="SPEC",
            help="The task of the samples: gives questions and levels",
            rich_help_panel=EVALUATION,
        ),
    ] = None
    candidates: Annotated[
        int,
        typer.Option(
            "--candidates", metavar="N", min=0, help="Texts of each problem, in full", rich_help_panel=TEXTS
        ),
    ] = 8
    all_texts: Annotated[
        bool,
        typer.Option("--all-texts", help="Every text, however large the page becomes", rich_help_panel=TEXTS),
    ] = False
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document")] = False
    debug: Annotated[bool, typer.Option("--debug", help="Tracebacks on errors")] = False

    def asking(self) -> dict[str, Any]:
        """What is to be replayed."""
        return {
            "strategies": tuple(self.strategy or ()),
            "budgets": _budgets(self.budgets),
            "verifier": self.verifier,
            "trials": self.trials,
            "seed": self.seed,
            "ragged": self.ragged,
        }

    def texts(self) -> dict[str, Any]:
        """Which texts the page holds."""
        return {"candidates": None, "limit": None} if self.all_texts else {"candidates": self.candidates}

    def rest(self) -> dict[str, Any]:
        """How answers are read, and what the page is called."""
        return {"answer_type": self.answer_type, "task": self.task, "title": self.title}


def add(app: typer.Typer) -> None:
    """Put the command into the application."""
    app.command("report", epilog=EXAMPLES)(takes(ReportFlags)(report))


def report(flags: ReportFlags) -> None:
    """One page that opens offline: accuracy against compute, errors, calibration, laws, and every problem."""
    from thinkharder.core.errors import UsageError

    if flags.html is None and flags.figures is None:
        raise UsageError("nothing would be written; add --html report.html, or --figures FOLDER, or both")
    made = _make(flags)
    if flags.as_json:
        import json

        print(json.dumps(made, indent=2))
        return
    _say(made)


def _budgets(text: str | None) -> tuple[int | str, ...]:
    """Numbers of samples, and `tokens=N`."""
    from thinkharder.core.errors import BadOption
    from thinkharder.replay.plan import read_budget

    found: list[int | str] = []
    for piece in filter(None, (part.strip() for part in (text or "").split(","))):
        try:
            budget = read_budget(piece)
        except BadOption as error:
            raise BadOption(f"--budgets: {error}") from None
        found.append(budget if isinstance(budget, int) else f"tokens={budget.tokens}")
    return tuple(dict.fromkeys(found))


def _make(flags: ReportFlags) -> dict[str, Any]:
    """Gather and write; what was written."""
    from thinkharder.cli.version import version
    from thinkharder.reports import gather, page, render
    from thinkharder.reports.figures import every
    from thinkharder.reports.problems import Shown
    from thinkharder.reports.rated import Asking

    html, folder = flags.html, flags.figures
    render.converter()  # before the work, where it is missing
    wanted = gather.Wanted(asking=Asking(**flags.asking()), shown=Shown(**flags.texts()), **flags.rest())
    found = gather.gather(flags.source, wanted, _tell, f"thinkharder {version()}")
    made: dict[str, Any] = {"html": None, "bytes": 0, "text_bytes": 0, "figures": [], "parts": []}
    if html is not None:
        made["html"], made["bytes"] = str(html), page.write(found, html)
        made["text_bytes"] = sum(len(block) for part in found.parts for block in part.browser.blocks)
    for number, part in enumerate(found.parts):
        made["parts"].append({"title": part.title, "summary": list(part.summary), "texts": part.browser.note})
        if folder is not None:
            place = folder if len(found.parts) == 1 else folder / f"part-{number}"
            made["figures"] += [str(path) for path in render.save(every(part), place)]
    return made


def _tell(line: str) -> None:
    """What is being done, on standard error."""
    import sys

    from thinkharder.cli.text import clean

    if sys.stderr is not None:
        print(clean(line), file=sys.stderr, flush=True)


def _say(made: dict[str, Any]) -> None:
    from rich.text import Text

    from thinkharder.cli.printing import console
    from thinkharder.cli.text import clean
    from thinkharder.reports.wording import size

    out = console()
    for part in made["parts"]:
        out.print(Text(clean(part["title"]), style="bold"), soft_wrap=True)
        for line in (*part["summary"], part["texts"]):
            out.print(Text(f"  {clean(line)}"), soft_wrap=True)
    if made["html"]:
        told = f"{made['html']}: {size(made['bytes'])}, of which {size(made['text_bytes'])} are texts"
        out.print(Text(told), soft_wrap=True)
    if made["figures"]:
        first = Path(made["figures"][0]).parent
        out.print(Text(f"{first}: {len(made['figures'])} files of figures"), soft_wrap=True)
