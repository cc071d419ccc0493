"""What a person reads at the end: the answer first, then how sure and why, what it cost, and what ended it."""

import sys

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from thinkharder.cli.job import Job
from thinkharder.cli.picture import WIDEST, meter, votes_table
from thinkharder.cli.tally import Standing
from thinkharder.cli.text import clean, one_line, redact
from thinkharder.core.types import Result

VOTES_SHOWN, DECISIONS_SHOWN, SCORES_SHOWN = 8, 8, 5
PANEL_MOST = 2000
"""Characters of an answer that is still framed; a longer one is printed as it is."""
ENDED = {
    "strategy": "the strategy was done",
    "interrupt": "it was interrupted",
    "error": "an error of the model",
}
LIMIT_WORDS = {
    "tokens": "tokens",
    "output_tokens": "output tokens",
    "calls": "calls",
    "seconds": "time",
    "usd": "money",
}


class _Out(Console):
    """A console that leaves a reader who went away to `main`, which knows the exit code for it."""

    def on_broken_pipe(self) -> None:
        """Raise, where rich would exit."""
        raise BrokenPipeError


def console() -> Console:
    """Standard output; what it cannot encode is replaced, not an error."""
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="backslashreplace")
    return _Out(highlight=False, markup=False, emoji=False)


def answer_only(result: Result) -> str:
    """The answer as --quiet prints it."""
    return clean(result.answer or "")


def report(result: Result, job: Job, out: Console) -> None:
    """Print all of it: in colour on a terminal, as plain lines elsewhere."""
    if not out.is_terminal:
        out.print(Text("\n".join(plain(result, job))), soft_wrap=True)
        return
    width = min(out.width, WIDEST)
    _answer(result, out, width)
    rows: list[tuple[str, RenderableType]] = [("sure", Text(sureness(result)))]
    if len(result.votes) > 1 or (result.votes and result.votes[0].votes > 1):
        rows.append(("votes", _votes(result, width)))
    elif _scored(result):
        rows.append(("scores", Text("\n".join(_scored(result)[:SCORES_SHOWN]))))
    if why := reasons(result, job):
        rows.append(("why", Text("\n".join(why), style="")))
    rows.append(("cost", Text(cost(result))))
    rows += [("", _bar(*one)) for one in used(result, job)]
    rows.append(("ended", Text(ended(result))))
    if failures := _failures(result):
        rows.append(("failed", Text(failures, style="red")))
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="bold cyan", no_wrap=True, width=7)
    grid.add_column(max_width=width - 9, overflow="fold")
    for name, told in rows:
        grid.add_row(name, told)
    out.print(grid)


def _answer(result: Result, out: Console, width: int) -> None:
    """The answer, and the sample that it is from."""
    answer, text = clean(result.answer or "").strip("\n"), clean(result.text).strip()
    if result.answer is None:
        shown, colour = Text(nothing_said(result), style="yellow"), "yellow"
    else:
        shown, colour = Text(answer, style="bold"), "green"
    if len(answer) > PANEL_MOST:
        out.print(shown)
    else:
        frame = Panel(shown, border_style=colour, title="answer", title_align="left", padding=(0, 2))
        out.print(frame, width=width)
    if text and text != answer:
        out.print(Padding(Text(text, style="dim"), (1, 0, 1, 3)), width=width)
    else:
        out.print()


def plain(result: Result, job: Job) -> list[str]:
    """The same as lines without any decoration."""
    answer, text = clean(result.answer or "").strip("\n"), clean(result.text).strip()
    lines = [answer if result.answer is not None else f"({nothing_said(result)})", ""]
    if text and text != answer:
        lines += [text, ""]
    lines.append(f"sure: {sureness(result)}")
    if result.votes:
        shown = [f"{one_line(v.answer)} ({v.votes})" for v in result.votes[:VOTES_SHOWN]]
        more = len(result.votes) - VOTES_SHOWN
        lines.append(f"votes: {', '.join(shown)}" + (f" and {more} other answers" if more > 0 else ""))
    lines += [f"why: {reason}" for reason in reasons(result, job)]
    lines.append(f"cost: {cost(result)}")
    lines += [f"budget: {told}" for _, _, told in used(result, job)]
    lines.append(f"ended: {ended(result)}")
    if failures := _failures(result):
        lines.append(f"failed: {failures}")
    return lines


def nothing_said(result: Result) -> str:
    """Why there is no answer, where there is none."""
    chosen = next((c for c in result.candidates if c.id == result.chosen), None)
    if chosen is not None and chosen.finish == "cancelled":
        return "no sample had ended; this is the unfinished text of one"
    return "no answer could be read from the samples"


def sureness(result: Result) -> str:
    """How sure the answer is, in words."""
    words = []
    if result.agreement is not None:
        cast = sum(v.votes for v in result.votes)
        mine = round(result.agreement * cast)
        words.append(
            f"{mine} of {cast} samples agree ({result.agreement:.0%})"
            if cast > 1
            else "a single sample, nothing to compare it with"
        )
    chosen = next((c for c in result.candidates if c.id == result.chosen), None)
    if chosen is not None and chosen.score is not None:
        by = ", ".join(one_line(name, 30) for name, score in chosen.scores.items() if score == chosen.score)
        words.append(f"scored {chosen.score:.2f}" + (f" by {by}" if by else ""))
    if result.confidence is not None:
        words.append(f"estimated {result.confidence:.0%} likely to be right")
    return "; ".join(words) or "not known: no votes and no scores"


def reasons(result: Result, job: Job) -> list[str]:
    """Why this answer, in plain words: the decisions on the way to it."""
    told = [redact(one_line(decision, 300)) for decision in result.decisions]
    if len(told) > DECISIONS_SHOWN:
        left = len(told) - DECISIONS_SHOWN + 1
        told = [
            *told[: DECISIONS_SHOWN // 2],
            f"… {left} more decisions (all are in --json)",
            *told[1 - DECISIONS_SHOWN // 2 :],
        ]
    if unscored := _unscored(result):
        told.append(unscored)
    if job.why_type:
        told.insert(0, f"answers are read as {result.answer_type}: {one_line(job.why_type, 200)}")
    return told


def _unscored(result: Result) -> str:
    """What the verifier said of the samples that it did not score."""
    left = [c for c in result.candidates if c.error is None and c.score is None and c.notes]
    if not left:
        return ""
    name, note = next(iter(left[-1].notes.items()))
    return redact(
        one_line(f"{name} gave no score to {len(left)} of {len(result.candidates)} samples: {note}", 300)
    )


def cost(result: Result) -> str:
    """What was spent, in one line."""
    spent = result.usage
    parts = [f"{spent.tokens:,} tokens ({spent.input_tokens:,} in, {spent.output_tokens:,} out"]
    if spent.cached_tokens:
        parts[0] += f", {spent.cached_tokens:,} cached"
    if spent.reasoning_tokens:
        parts[0] += f", {spent.reasoning_tokens:,} thinking"
    parts[0] += ")" if spent.exact else "), partly estimated"
    parts.append(f"{spent.calls:,} call{'' if spent.calls == 1 else 's'}")
    speed = spent.output_tokens / spent.seconds if spent.seconds > 0.1 else 0
    parts.append(f"{spent.seconds:.1f} s" + (f" at {speed:,.0f} tokens/s" if speed >= 1 else ""))
    parts.append(money(spent.usd))
    return " · ".join(parts)


def money(usd: float | None) -> str:
    """Dollars in words."""
    if usd is None:
        return "price not known"
    return "$0" if usd == 0 else f"${usd:.4f}" if usd < 1 else f"${usd:.2f}"


def ended(result: Result) -> str:
    """What ended the run."""
    if result.exhausted is not None:
        return f"the limit on {LIMIT_WORDS.get(result.exhausted, result.exhausted)} was reached"
    return ENDED.get(result.stopped_by, f"the rule {result.stopped_by} was satisfied")


def _votes(result: Result, width: int) -> RenderableType:
    standings = [Standing(v.answer, v.votes, v.score) for v in result.votes]
    usable = [c for c in result.candidates if c.error is None]
    abstained = sum(c.answer is None for c in usable)
    return votes_table(standings, len(usable), width - 9, VOTES_SHOWN, abstained)


def _scored(result: Result) -> list[str]:
    scored = sorted(
        (c for c in result.candidates if c.score is not None and c.error is None),
        key=lambda c: -(c.score or 0),
    )
    return [f"{c.score:.2f}  {one_line(c.answer or c.text, 60)}" for c in scored]


def used(result: Result, job: Job) -> list[tuple[float, float, str]]:
    """For each limit what was used of it, the limit, and both in words."""
    spent = result.usage
    done = {
        "tokens": spent.tokens,
        "output_tokens": spent.output_tokens,
        "calls": spent.calls,
        "seconds": spent.seconds,
        "usd": spent.usd or 0.0,
    }
    found = []
    for name, amount in done.items():
        limit = getattr(job.budget, name)
        if limit is not None:
            whole = {"seconds": f"{limit:g} s", "usd": f"${limit:g}"}.get(
                name, f"{limit:,} {LIMIT_WORDS[name]}"
            )
            found.append((amount, limit, f"{amount / limit:.0%} of {whole}"))
    return found


def _bar(amount: float, limit: float, told: str) -> RenderableType:
    row = Table.grid(padding=(0, 2))
    row.add_column(width=24)
    row.add_column(no_wrap=True)
    row.add_row(meter(amount, limit), told)
    return row


def _failures(result: Result) -> str:
    failed = [c for c in result.candidates if c.error is not None]
    if not failed:
        return ""
    count = f"{len(failed)} of {len(result.candidates)} samples: "
    return count + redact(one_line(str(failed[-1].error), 300))
