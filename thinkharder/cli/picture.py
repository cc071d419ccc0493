"""The live display's picture: pure functions from a tally to something rich can draw."""

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from thinkharder.cli.job import Job
from thinkharder.cli.tally import Standing, Tally
from thinkharder.cli.text import last_words, one_line, redact

WIDEST = 100
VOTES_SHOWN, LATEST_SHOWN = 6, 4


def render(
    tally: Tally, job: Job, model: str, now: float, notice: str = "", width: int = WIDEST
) -> RenderableType:
    """One frame; `now` in seconds since the run began. Pure."""
    width = min(width, WIDEST)
    parts: list[RenderableType] = [_header(job, model, width), Text()]
    if tally.standings:
        parts += [votes_table(tally.ranked(), tally.samples, width, VOTES_SHOWN, tally.abstained), Text()]
    elif tally.samples == 0:
        parts += [Text("waiting for the first sample …", style="dim"), Text()]
    parts += [_latest(tally, width)] if tally.latest else []
    parts += [Text(one_line(tally.decisions[-1], width), style="yellow")] if tally.decisions else []
    if tally.last_failure:
        failed = f"{tally.failures or 1} failed: {tally.last_failure}"
        parts.append(Text(redact(one_line(failed, width)), style="red"))
    parts += [Text(), _meters(tally, now, width)]
    if notice:
        parts.append(Text(notice, style="bold yellow"))
    return Group(*parts)


def _header(job: Job, model: str, width: int) -> RenderableType:
    from thinkharder.core.registry import spec_of

    head = Text("thinkharder ", style="bold")
    head.append(one_line(str(spec_of(job.strategy)), width // 2), style="cyan")
    head.append(" on ", style="dim")
    head.append(one_line(model, width // 3), style="cyan")
    return Group(head, Text(one_line(job.problem.text, width), style="dim italic"))


def votes_table(
    standings: list[Standing], samples: int, width: int, most: int, abstained: int = 0
) -> RenderableType:
    """The answers with their votes as bars, the leading one first and highlighted."""
    longest = max(12, width - 44)
    grid = Table.grid(padding=(0, 1))
    grid.add_column(max_width=longest, no_wrap=True, overflow="ellipsis")
    grid.add_column(width=26)
    grid.add_column(justify="right", no_wrap=True)
    grid.add_column(no_wrap=True, overflow="ellipsis")
    top = standings[0].votes if standings else 1
    for place, standing in enumerate(standings[:most]):
        leads = standing.votes == top
        style, colour = ("bold green", "green") if place == 0 else ("", "green" if leads else "blue")
        score = "" if standing.score is None else f", score {standing.score:.2f}"
        bar = ProgressBar(
            total=top,
            completed=standing.votes,
            width=24,
            style="grey23",
            complete_style=colour,
            finished_style=colour,
        )
        answer = Text(one_line(standing.answer, longest), style=style)
        word = "vote" if standing.votes == 1 else "votes"
        grid.add_row(answer, Padding(bar, (0, 1)), Text(str(standing.votes), style=style), Text(word + score))
    rest = standings[most:]
    if rest:
        count = str(sum(s.votes for s in rest))
        grid.add_row(
            Text(f"{len(rest)} others", style="dim"), "", Text(count, style="dim"), Text("votes", style="dim")
        )
    if abstained:
        grid.add_row(
            Text("no answer", style="dim"),
            "",
            Text(str(abstained), style="dim"),
            Text(f"of {samples}", style="dim"),
        )
    return grid


def _latest(tally: Tally, width: int) -> RenderableType:
    grid = Table.grid(padding=(0, 1))
    for _ in range(3):
        grid.add_column(no_wrap=True)
    grid.add_column(no_wrap=True, overflow="ellipsis", max_width=max(10, width - 40))
    shown = list(tally.latest)[-LATEST_SHOWN:]
    for back, data in enumerate(reversed(shown)):
        score = tally.scores.get(data["id"])
        answer = "–" if data["answer"] is None else one_line(data["answer"], 16)
        told = f"{data['tokens']} tokens" + ("" if score is None else f", score {score:.2f}")
        tail = last_words(str(data["text"]), width - 40)
        grid.add_row(
            Text(f"#{tally.samples - back}", style="dim"),
            Text(answer, style="bold" if back == 0 else ""),
            Text(told, style="dim"),
            Text(tail, style="dim"),
        )
    return grid


def _meters(tally: Tally, now: float, width: int) -> RenderableType:
    rows: list[tuple[str, float, float | None, str]] = []
    budget = tally.budget
    rate = tally.rate(now)
    speed = f"{rate:,.0f} tokens/s" if rate >= 1 else ""
    of = f" of at most {tally.expected}" if tally.expected else ""
    failed = f", {tally.failures} failed" if tally.failures else ""
    rows.append(("samples", tally.samples, tally.expected, f"{tally.samples}{of}{failed}"))
    rows.append(
        ("tokens", tally.tokens, budget.tokens, _against(tally.tokens, budget.tokens, "") + f"  {speed}")
    )
    if budget.output_tokens:
        rows.append(
            (
                "output",
                tally.output_tokens,
                budget.output_tokens,
                _against(tally.output_tokens, budget.output_tokens, ""),
            )
        )
    if budget.calls:
        calls = tally.spent().calls
        rows.append(("calls", calls, budget.calls, _against(calls, budget.calls, "")))
    if budget.usd:
        usd = tally.spent().usd or 0.0
        rows.append(("dollars", usd, budget.usd, f"${usd:.4f} of ${budget.usd:g}"))
    rows.append(
        (
            "time",
            now,
            budget.seconds,
            f"{now:.1f} s" + (f" of {budget.seconds:g} s" if budget.seconds else ""),
        )
    )
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(width=24)
    grid.add_column(no_wrap=True, overflow="ellipsis", max_width=max(10, width - 38))
    for name, done, total, told in rows:
        grid.add_row(name, meter(done, total), told)
    return grid


def meter(done: float, total: float | None, width: int = 24) -> RenderableType:
    """A bar of what is used of a limit: yellow from 75%, red at the end; nothing where there is no limit."""
    if not total:
        return Text()
    share = done / total
    colour = "red" if share >= 0.999 else "yellow" if share >= 0.75 else "cyan"
    return ProgressBar(
        total=total,
        completed=min(done, total),
        width=width,
        style="grey23",
        complete_style=colour,
        finished_style=colour,
    )


def _against(done: float, limit: float | None, unit: str) -> str:
    return f"{done:,.0f}{unit}" + (f" of {limit:,.0f}{unit}" if limit else "")
