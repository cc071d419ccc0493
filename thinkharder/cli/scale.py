"""`thinkharder scale`: the laws of a recorded run, what more samples would bring, and what to buy."""

import json
import re
from dataclasses import dataclass
from typing import Annotated, Literal

import typer

from thinkharder.cli.flags import examples, takes
from thinkharder.core.errors import BadOption

EXAMPLES = examples(
    "thinkharder scale POOL.jsonl",
    "thinkharder scale RUN --gain-per-1k 0.005 --budget 4000",
    "thinkharder scale SMALL.jsonl LARGE.jsonl --parameters 0.5B --parameters 1.5B",
    "thinkharder scale POOL.jsonl --json",
)
_SIZES = {"": 1.0, "K": 1e3, "M": 1e6, "B": 1e9, "T": 1e12}
COSTS, LAWS = "Cost", "Laws"


def add(app: typer.Typer) -> None:
    """Put the command into the application."""
    app.command("scale", epilog=EXAMPLES)(scale)


@dataclass(frozen=True, slots=True)
class ScaleFlags:
    """All that `scale` takes."""

    pools: Annotated[
        list[str],
        typer.Argument(
            metavar="RUN|POOL…", show_default=False, help="Recorded samples; several are models to compare"
        ),
    ]
    gain_per_1k: Annotated[
        float,
        typer.Option(
            "--gain-per-1k",
            metavar="SHARE",
            help="Accuracy that 1,000 more tokens a problem have to bring",
            rich_help_panel=COSTS,
        ),
    ] = 0.01
    budget: Annotated[
        float | None,
        typer.Option(
            "--budget", metavar="TOKENS", help="Tokens a problem to recommend for", rich_help_panel=COSTS
        ),
    ] = None
    parameters: Annotated[
        list[str] | None,
        typer.Option(
            "--parameters",
            metavar="N",
            help="The model's parameters, such as 1.5B, for FLOPs; once for each pool",
            rich_help_panel=COSTS,
        ),
    ] = None
    price: Annotated[
        str | None,
        typer.Option(
            "--price", metavar="IN,OUT", help="US dollars per million tokens", rich_help_panel=COSTS
        ),
    ] = None
    seconds_per_token: Annotated[
        float | None,
        typer.Option(
            "--seconds-per-token",
            metavar="S",
            help="Seconds a completion token takes at your throughput",
            rich_help_panel=COSTS,
        ),
    ] = None
    one_by_one: Annotated[
        bool,
        typer.Option(
            "--one-by-one",
            help="Every sample is a request that sends the prompt again",
            rich_help_panel=COSTS,
        ),
    ] = False
    cached: Annotated[
        float,
        typer.Option(
            "--cached",
            metavar="SHARE",
            help="Of a prompt sent again, the share that a cache holds",
            rich_help_panel=COSTS,
        ),
    ] = 0.0
    law: Annotated[
        str | None,
        typer.Option(
            "--law",
            metavar="NAME",
            help="beta-binomial, zero-inflated, mixture or exponential, instead of the one that compares best",
            rich_help_panel=LAWS,
        ),
    ] = None
    most: Annotated[
        int | None,
        typer.Option(
            "--most",
            metavar="K",
            min=2,
            help="Forecast up to so many samples (16 times those recorded)",
            rich_help_panel=LAWS,
        ),
    ] = None
    strategy: Annotated[
        list[str] | None,
        typer.Option(
            "--strategy",
            "-s",
            metavar="SPEC",
            help="Replay these instead of votes and best-of-n; NAME@SCORER names the scores",
            rich_help_panel=LAWS,
        ),
    ] = None
    answer_type: Annotated[
        str,
        typer.Option(
            "--answer-type", metavar="TYPE", help="How recorded answers compare", rich_help_panel=LAWS
        ),
    ] = "auto"
    task: Annotated[
        str | None, typer.Option("--task", metavar="NAME", help="Of a RUN with several", rich_help_panel=LAWS)
    ] = None
    model: Annotated[
        str | None,
        typer.Option("--model", metavar="NAME", help="Of a RUN with several", rich_help_panel=LAWS),
    ] = None
    trials: Annotated[
        int, typer.Option("--trials", min=1, help="Resamplings in replays", rich_help_panel=LAWS)
    ] = 200
    times: Annotated[int, typer.Option("--times", min=20, help="Bootstrap fits", rich_help_panel=LAWS)] = 100
    seed: Annotated[int, typer.Option("--seed", help="Of everything random", rich_help_panel=LAWS)] = 0
    unit: Annotated[
        Literal["tokens", "flops", "seconds", "usd"] | None,
        typer.Option(
            "--unit",
            help="The axis on which models are compared (flops with --parameters, else tokens)",
            rich_help_panel=COSTS,
        ),
    ] = None
    json: Annotated[bool, typer.Option("--json", help="One JSON document")] = False
    debug: Annotated[bool, typer.Option("--debug", help="Tracebacks on errors")] = False


@takes(ScaleFlags)
def scale(flags: ScaleFlags) -> None:
    """Fit the scaling laws of recorded samples, forecast what more of them bring, and recommend what to buy."""
    from thinkharder.cli.printing import console
    from thinkharder.cli.scale_document import document
    from thinkharder.cli.scale_show import show

    if not flags.pools:
        raise BadOption(
            "name a recorded run or pool, such as thinkharder scale RUN; bench and records import make them"
        )
    told = document(flags, sizes(flags), price(flags.price))
    if flags.json:
        print(json.dumps(told, indent=2, allow_nan=False))
        return
    show(told, console())


def sizes(flags: ScaleFlags) -> list[float | None]:
    """Parameters of each pool's model. Raises BadOption where they are not as many as the pools."""
    if not flags.parameters:
        return [None] * len(flags.pools)
    if len(flags.parameters) != len(flags.pools):
        raise BadOption(
            f"--parameters was given {len(flags.parameters)} times for {len(flags.pools)} pools; give it once for each, in their order"
        )
    return [size(text) for text in flags.parameters]


def size(text: str) -> float:
    """A number of parameters such as 1.5B, 500M or 7e9. Raises BadOption."""
    match = re.fullmatch(r"\s*(\d+(?:\.\d*)?(?:[eE]\+?\d+)?)\s*([KMBTkmbt]?)\s*", text)
    if not match or float(match[1]) <= 0:
        raise BadOption(f"--parameters {text!r} is no number of parameters; write 1.5B, 500M or 7e9")
    return float(match[1]) * _SIZES[match[2].upper()]


def price(text: str | None) -> tuple[float, float] | None:
    """US dollars per million input and output tokens. Raises BadOption."""
    if text is None:
        return None
    parts = text.split(",")
    try:
        found = tuple(float(part) for part in parts)
    except ValueError:
        found = ()
    if len(found) != 2 or not all(0 <= value < float("inf") for value in found):
        raise BadOption(
            f"--price {text!r} must be two numbers, US dollars per million input and output tokens, such as 0.15,0.60"
        )
    return found[0], found[1]
