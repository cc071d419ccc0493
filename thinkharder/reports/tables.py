"""The tables of the page: each figure's numbers, and what has no figure."""

from collections.abc import Sequence

from thinkharder.reports.findings import Bin, Calibration, Comparison, Curve, Fit, Part, Point
from thinkharder.reports.html import Markup, cell, table
from thinkharder.reports.wording import chance, count, known, money, percent, spread


def accuracy(part: Part) -> Markup:
    """One row a strategy and budget."""
    rows: list[list[Markup]] = []
    quiet: list[int] = []
    for curve in part.curves:
        for point in curve.points:
            if curve.reference or curve.oracle:
                quiet.append(len(rows))
            rows.append(_accuracy_row(curve, point))
    heads = (
        "strategy",
        "budget",
        "accuracy",
        "95% interval",
        "samples",
        "tokens in",
        "tokens out",
        "agreement",
    )
    return table(heads, rows, quiet)


def _accuracy_row(curve: Curve, point: Point) -> list[Markup]:
    return [
        cell(named(curve)),
        cell(point.budget, _number(point.budget)),
        cell(percent(point.accuracy), point.accuracy),
        cell(spread(point.low, point.high).strip(" ()") or "–", point.low),
        cell(count(point.samples), point.samples),
        cell(count(point.input_tokens), point.input_tokens),
        cell(count(point.output_tokens), point.output_tokens),
        cell(percent(point.agreement), point.agreement),
    ]


def _number(budget: str) -> float:
    """What a budget sorts by: the number in it."""
    digits = "".join(c for c in budget if c.isdigit() or c == ".")
    try:
        return float(digits)
    except ValueError:
        return float("nan")


def named(curve: Curve) -> str:
    """A curve's name with what a reader must know of it."""
    return (
        f"{curve.name} (a selection that knows the tests)"
        if curve.oracle and not curve.reference
        else curve.name
    )


def frontier(points: Sequence[Point]) -> Markup:
    """The points that nothing cheaper beats."""
    rows = [
        [
            cell(p.strategy),
            cell(p.budget, _number(p.budget)),
            cell(count(p.tokens), p.tokens),
            cell(percent(p.accuracy), p.accuracy),
            cell(spread(p.low, p.high).strip(" ()") or "–", p.low),
        ]
        for p in points
    ]
    return table(("strategy", "budget", "tokens a problem", "accuracy", "95% interval"), rows)


def bins(groups: Sequence[Bin]) -> Markup:
    """One row a group and strategy."""
    rows = [
        [
            cell(b.group),
            cell(b.strategy),
            cell(count(b.problems), b.problems),
            cell(percent(b.accuracy), b.accuracy),
            cell(spread(b.low, b.high).strip(" ()") or "–", b.low),
        ]
        for b in groups
    ]
    return table(("group", "strategy", "problems", "accuracy", "95% interval"), rows)


def splits(part: Part) -> Markup:
    """One row a strategy."""
    rows = [
        [cell(s.strategy), cell(s.budget, _number(s.budget))]
        + [cell(percent(x), x) for x in (s.right, s.selection, s.coverage, s.truncated, s.abstained)]
        for s in part.splits
    ]
    heads = ("strategy", "budget", "right", "not selected", "never sampled", "cut off", "no answer")
    return table(heads, rows)


def calibrations(items: Sequence[Calibration]) -> Markup:
    """One row a confidence."""
    rows = [
        [
            cell(c.name),
            cell(f"{c.auroc:.3f}" if known(c.auroc) else "–", c.auroc),
            cell(f"{c.ece:.3f}" if known(c.ece) else "–", c.ece),
            cell(f"{c.brier:.3f}" if known(c.brier) else "–", c.brier),
        ]
        for c in items
    ]
    return table(("confidence", "AUROC", "ECE", "Brier score"), rows)


def reliability(item: Calibration) -> Markup:
    """The bins of one reliability diagram."""
    rows = [
        [
            cell(percent(b.confidence), b.confidence),
            cell(percent(b.accuracy), b.accuracy),
            cell(spread(b.low, b.high).strip(" ()") or "–", b.low),
            cell(count(b.count), b.count),
        ]
        for b in item.bins
    ]
    return table(("mean confidence", "share that is right", "95% interval", "cases"), rows)


def cost(part: Part) -> Markup:
    """What each strategy costs at its largest budget, and what a right answer costs there; what nobody knows is left out."""
    curves = [curve for curve in part.curves if curve.points]
    quiet = [i for i, curve in enumerate(curves) if curve.reference or curve.oracle]
    timed = any(known(curve.points[-1].seconds) for curve in curves)
    priced = any(known(curve.points[-1].usd) for curve in curves)
    rows = []
    for curve in curves:
        p = curve.points[-1]
        per_right = p.tokens / p.accuracy if known(p.accuracy) and p.accuracy > 0 else float("nan")
        row = [cell(named(curve)), cell(p.budget, _number(p.budget))]
        row += [cell(count(x), x) for x in (p.samples, p.input_tokens, p.output_tokens, per_right)]
        row += [cell(f"{count(p.seconds)} s" if known(p.seconds) else "–", p.seconds)] if timed else []
        row += [cell(money(p.usd), p.usd)] if priced else []
        rows.append(row)
    heads = ["strategy", "largest budget", "samples", "tokens in", "tokens out", "tokens a right answer"]
    return table([*heads, *(["seconds"] if timed else []), *(["USD"] if priced else [])], rows, quiet)


def fits(items: Sequence[Fit]) -> Markup:
    """One row a law: its parameters and how well it does."""
    rows = []
    for fit in items:
        last = fit.curve[-1] if fit.curve else None
        rows.append(
            [
                cell(fit.metric),
                cell(f"{fit.law} (best)" if fit.best else fit.law),
                cell(fit.parameters or "–"),
                cell(fit.quality or "–"),
                cell(
                    f"{percent(last.value)}{spread(last.low, last.high)} at {count(last.k)}" if last else "–"
                ),
            ]
        )
    return table(("metric", "law", "parameters", "how good", "furthest forecast"), rows)


def comparisons(items: Sequence[Comparison]) -> Markup:
    """One row a pair of strategies."""
    rows = [
        [
            cell(c.first),
            cell(c.second),
            cell(f"{100 * c.difference:+.1f} points" if known(c.difference) else "–", c.difference),
            cell(
                f"{100 * c.low:+.1f} to {100 * c.high:+.1f}" if known(c.low) and known(c.high) else "–", c.low
            ),
            cell(chance(c.p), c.p),
            cell(c.words),
        ]
        for c in items
    ]
    return table(("strategy", "against", "difference", "95% interval", "p (corrected)", "in words"), rows)
