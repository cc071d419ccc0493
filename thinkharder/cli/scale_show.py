"""The text of `thinkharder scale`, from its document."""

from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from thinkharder.cli.text import clean, one_line

WHAT = {"pass": "pass@k (at least one of k is right)", "vote": "maj@k (the vote of k)"}
AXIS = {"tokens": "tokens", "flops": "FLOPs", "seconds": "s", "usd": "$"}


def show(told: dict[str, Any], out: Console) -> None:
    """Print everything: tables in colour on a terminal, aligned lines elsewhere."""
    for pool in told["pools"]:
        _pool(pool, told["gain_per_1k"], out)
    if "models" in told:
        _models(told["models"], out)


def _pool(pool: dict[str, Any], threshold: float, out: Console) -> None:
    low, high = pool["samples"]
    drawn = f"{low}" if low == high else f"{low} to {high}"
    _line(out, f"{pool['pool']}: {pool['problems']} problems, {drawn} samples each", "bold")
    _line(out, f"one sample is right {_share(pool['accuracy']['pass'])}")
    _law(pool, out)
    for name, rows in pool["forecasts"].items():
        _forecast(name, rows, out)
    _limits(pool, threshold, out)
    if pool["recommendation"]:
        _advice(pool["recommendation"], pool, threshold, out)
    for note in pool["notes"]:
        _line(out, f"note: {one_line(note, 300)}", "yellow")
    out.print()


def _law(pool: dict[str, Any], out: Console) -> None:
    law, rows = pool["law"], pool["comparison"]["laws"]
    numbers = ", ".join(_named(name, one) for name, one in list(law["parameters"].items())[:6])
    more = len(law["parameters"]) - 6
    _line(out, f"law of the right rates: {law['name']} ({law['why']})")
    _line(
        out,
        f"  {numbers}{f' and {more} more' if more > 0 else ''}; goodness of fit p = {law['goodness_of_fit']['p']:.2f}",
    )
    made = pool["comparison"]
    title = "laws compared on data that they have not seen"
    if made["extrapolated_from"]:
        title += f"; extrapolated from {made['extrapolated_from']} to {made['extrapolated_to']} samples"
    header = ["law", "held-out log-likelihood a problem", "behind the best", "error of pass@k", "bias"]
    table = [
        [
            row["law"],
            _number(row["held_out"], 3),
            "" if row["behind"] is None else f"{row['behind']:.3f} ± {row['behind_error']:.3f}",
            _points(row["extrapolation"]),
            _points(row["bias"], sign=True),
        ]
        for row in rows
    ]
    _table(title, header, table, out)
    curves = [
        [
            one["of"],
            one["law"],
            ", ".join(_named(name, v) for name, v in one["parameters"].items()),
            _points(one["rmse"]),
        ]
        for one in pool["curves"]
    ]
    if curves:
        _table("curves through what was recorded", ["of", "law", "numbers [95%]", "rmse"], curves, out)


def _forecast(name: str, rows: Sequence[dict[str, Any]], out: Console) -> None:
    what = WHAT.get(name) or f"best@k (the highest of k scores by {name.partition(':')[2]})"
    units = [unit for unit in AXIS if unit in rows[0]]
    header = ["k", "forecast for these problems [95%]", "observed", *(AXIS[unit] for unit in units)]
    table = [
        [
            f"{row['k']:,}",
            _share(row),
            _points(row["observed"]),
            *(_amount(row[unit], unit) for unit in units),
        ]
        for row in rows
    ]
    _table(what, header, table, out)


def _limits(pool: dict[str, Any], threshold: float, out: Console) -> None:
    limit = pool["vote_limit"]
    if limit:
        never = limit["never"]
        _line(
            out,
            f"the vote's limit: {_share(limit, 'accuracy')}; {never['count']} problems it will never get, "
            f"{limit['always']['count']} it surely will",
        )
        if never["count"]:
            more = never["count"] - len(never["problems"])
            names = ", ".join(one_line(name, 40) for name in never["problems"])
            _line(out, f"  never: {names}{f' and {more} more' if more else ''}")
    for name, one in pool["saturation"].items():
        label = WHAT.get(name, name).partition(" ")[0] if name in WHAT else name
        if one["n_star"] is None:
            told = f"is still worth its tokens at the last budget here ({one['tokens']:,.0f} tokens)"
        else:
            ends = " to ".join("beyond" if end is None else f"{end:,}" for end in (one["low"], one["high"]))
            told = (
                f"N* = {one['n_star']:,} [{ends}], {one['tokens']:,.0f} tokens, {100 * one['accuracy']:.1f}%"
            )
        _line(out, f"{label} at {100 * threshold:g} points a 1,000 tokens: {told}")


def _advice(found: dict[str, Any], pool: dict[str, Any], threshold: float, out: Console) -> None:
    steps = found["steps"]
    out.print()
    _line(out, "recommendation", "bold")
    header = ["from tokens", "strategy", "samples", "accuracy [95%]", "points a 1,000 tokens", "p"]
    table = [
        [
            f"{step['input_tokens'] + step['output_tokens']:,.0f}",
            step["strategy"],
            f"{step['samples']:.1f}",
            _share(step, "accuracy"),
            _points(step["gain_per_1k"], sign=True),
            "" if step["p"] is None else f"{step['p']:.2g}",
        ]
        for step in steps
    ]
    _table("what the data support, by budget", header, table, out)
    for line in advice_lines(found, pool, threshold):
        _line(out, line)


def advice_lines(found: dict[str, Any], pool: dict[str, Any], threshold: float) -> list[str]:
    """The recommendation in sentences."""
    steps, take = found["steps"], found["take"]
    first, last = steps[0], steps[-1]
    lines = []
    if found["budget"] is not None:
        budget = f"{found['budget']:,.0f} tokens a problem"
        if take is None:
            lines.append(
                f"at {budget} not even one sample fits ({_tokens(first):,.0f}): a smaller model, or a larger budget"
            )
        else:
            lines.append(
                f"at {budget}: {take['strategy']}, {_share(take, 'accuracy')}, {_tokens(take):,.0f} tokens"
            )
    if len(steps) == 1:
        lines.append(
            "no strategy here is shown to be worth its tokens over one sample: take greedy decoding, or a better base model"
        )
    else:
        second = steps[1]
        lines.append(
            f"below {_tokens(second):,.0f} tokens: greedy decoding or one sample, or a better base model; "
            f"one {last['times_one_sample']:.1f} times the size costs per sample what {last['strategy']} does, "
            f"and is the better buy if a sample of it is right more often than {100 * last['accuracy']:.0f}%"
        )
        lines.append(
            f"beyond {_tokens(last):,.0f} tokens ({last['strategy']}): nothing here is shown to gain {100 * threshold:g} points a 1,000 tokens"
        )
    largest = max(_tokens(option) for option in found["options"])
    for name in ("vote", "pass"):
        one = pool["saturation"].get(name)
        if one and one["tokens"] > largest:
            what = "the vote" if name == "vote" else "a perfect verifier (pass@k)"
            lines.append(
                f"by forecast {what} still gains beyond the {largest:,.0f} tokens recorded, up to about {one['tokens']:,.0f}: record more samples there"
            )
    if found["left_out"]:
        best = found["left_out"][0]
        lines.append(
            f"left out: {best['strategy']} ({best['why']})"
            + (f" and {len(found['left_out']) - 1} more" if len(found["left_out"]) > 1 else "")
        )
    return lines


def _models(models: dict[str, Any], out: Console) -> None:
    unit = AXIS[models["unit"]]
    for rows in models["pairs"]:
        small, large = (rows[0][side].partition(": ")[0] for side in ("small", "large"))
        header = [unit, small, large, "difference [95%]", "better"]
        table = [
            [
                _amount(row["compute"], models["unit"]),
                f"{_points(row['first'])} {row['small'].partition(': ')[2]}",
                f"{_points(row['second'])} {row['large'].partition(': ')[2]}",
                f"{_points(row['difference'], sign=True)} [{_points(row['low'], sign=True)}, {_points(row['high'], sign=True)}]",
                {"first": small, "second": large, "none": "no difference shown"}.get(
                    row["verdict"], "out of reach"
                ),
            ]
            for row in rows
        ]
        _table(
            f"the same {unit} a problem, {models['problems']} problems, best strategy of each",
            header,
            table,
            out,
        )


def _tokens(option: dict[str, Any]) -> float:
    return float(option["input_tokens"] + option["output_tokens"])


def _share(row: dict[str, Any], key: str = "value") -> str:
    return f"{100 * row[key]:.1f}% [{100 * row['low']:.1f}, {100 * row['high']:.1f}]"


def _points(value: float | None, sign: bool = False) -> str:
    return "" if value is None else f"{100 * value:+.1f}" if sign else f"{100 * value:.1f}"


def _number(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:.{digits}f}"


def _named(name: str, one: dict[str, Any]) -> str:
    if one["value"] is None:
        return f"{name} = infinite"
    ends = (
        ""
        if one["low"] is None
        else f" [{one['low']:.3g}, {'∞' if one['high'] is None else format(one['high'], '.3g')}]"
    )
    return f"{name} = {one['value']:.3g}{ends}"


def _amount(value: float, unit: str) -> str:
    return (
        f"{value:.2e}"
        if unit == "flops"
        else f"{value:.4g}"
        if unit in ("usd", "seconds")
        else f"{value:,.0f}"
    )


def _line(out: Console, text: str, style: str = "") -> None:
    out.print(Text(clean(text), style=style), soft_wrap=True)


def _table(title: str, header: Sequence[str], rows: Sequence[Sequence[str]], out: Console) -> None:
    if not out.is_terminal:
        widths = [max(len(row[i]) for row in [header, *rows]) for i in range(len(header))]
        _line(out, title + ":")
        for row in [header, *rows]:
            _line(
                out,
                "  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip(),
            )
        return
    table = Table(title=title, title_justify="left", title_style="bold", box=None, padding=(0, 2, 0, 0))
    for name in header:
        table.add_column(name, style="cyan" if name == header[0] else "", overflow="fold")
    for row in rows:
        table.add_row(*(Text(clean(cell)) for cell in row))
    out.print(table)
