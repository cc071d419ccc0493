"""Every figure of a part, as a Vega-Lite specification built with altair.

Each mark carries a description in words (Vega writes it as its `aria-label`): a screen reader says it and the page shows
it beside the pointer. The description of a series' mark begins with the series' name and a colon.
"""

from thinkharder.reports.drawing import (
    Figure,
    Row,
    altair,
    finish,
    log_axis,
    scales_of,
    share_axis,
    share_scale,
)
from thinkharder.reports.figures_laws import fits, reliability, risk
from thinkharder.reports.findings import Bin, Curve, Part, Point
from thinkharder.reports.theme import PARTS, QUIET
from thinkharder.reports.wording import count, known, percent, spread

AXES = {"tokens": "tokens a problem (log scale)", "samples": "samples a problem (log scale)"}
AXES |= {"seconds": "seconds a problem (log scale)"}


def every(part: Part, legends: bool = True) -> list[Figure]:
    """The figures that a part's numbers allow, in the order of the page, which has a legend of its own for the first."""
    found = [against(part, axis, legends) for axis in AXES if has_axis(part, axis)]
    found += [frontier(part)] if part.frontier else []
    found += [bins(part.by_rate, "difficulty", "share of samples that are right")] if part.by_rate else []
    found += [bins(part.by_level, "levels", "level of the task")] if part.by_level else []
    found += [splits(part)] if part.splits else []
    for item in part.calibrations:
        found += [reliability(item), risk(item)]
    found += [fits(part, metric) for metric in dict.fromkeys(fit.metric for fit in part.fits)]
    return found


def has_axis(part: Part, axis: str) -> bool:
    """Whether accuracy can be drawn against this axis: at least one strategy has a known value."""
    return any(known(getattr(p, axis)) and getattr(p, axis) > 0 for c in part.curves for p in c.points)


def _rows(curves: tuple[Curve, ...], axis: str) -> list[Row]:
    return [
        {
            "series": curve.name,
            "x": x,
            "y": point.accuracy,
            "low": point.low if known(point.low) else point.accuracy,
            "high": point.high if known(point.high) else point.accuracy,
            "said": f"{curve.name}: {percent(point.accuracy)}{spread(point.low, point.high)}, "
            f"{count(x)} {axis}, budget {point.budget}",
        }
        for curve in curves
        for point in curve.points
        if known(x := getattr(point, axis)) and x > 0 and known(point.accuracy)
    ]


def against(part: Part, axis: str, legends: bool = True) -> Figure:
    """Accuracy against compute, a line and a 95% band a strategy, with the oracle and the random pick."""
    alt = altair()
    rows = _rows(part.curves, axis)
    names = list(dict.fromkeys(row["series"] for row in rows))
    scales = scales_of(names, legends)
    x = alt.X("x:Q", **log_axis(AXES[axis], [row["x"] for row in rows]))
    base = alt.Chart(alt.Data(values=rows)).encode(x=x, color=scales["color"], description="said:N")
    room = share_scale([row[key] for row in rows for key in ("low", "high")])
    y = alt.Y("y:Q", axis=share_axis("accuracy"), scale=room)
    chart = alt.layer(
        base.mark_area(opacity=0.07).encode(y=alt.Y("low:Q", scale=room), y2="high:Q"),
        base.mark_line(strokeWidth=2).encode(y=y, strokeDash=scales["dash"]),
        base.mark_point(filled=True, size=55, opacity=1).encode(y=y, shape=scales["shape"]),
    )
    title = f"Accuracy against {axis}"
    about = "Lines are means over problems, bands their 95% intervals. Oracle: any right sample counts. Random pick: one sample, chosen blindly."
    return Figure(f"accuracy-{axis}", title, about, finish(chart))


def frontier(part: Part) -> Figure:
    """Every strategy and budget as a point, and the line of those that nothing cheaper beats."""
    alt = altair()
    points: list[Point] = [p for c in part.curves if not c.oracle and not c.reference for p in c.points]
    rows: list[Row] = [
        {"x": p.tokens, "y": p.accuracy, "series": p.strategy, "said": _said(p)}
        for p in points
        if known(p.tokens) and known(p.accuracy) and p.tokens > 0
    ]
    best: list[Row] = [
        {"x": p.tokens, "y": p.accuracy, "label": f"{p.strategy} {p.budget}", "said": _said(p)}
        for p in part.frontier
    ]
    scales = scales_of(list(dict.fromkeys(row["series"] for row in rows)))
    x = alt.X("x:Q", **log_axis(AXES["tokens"], [row["x"] for row in rows]))
    room = share_scale([row["y"] for row in rows])
    y = alt.Y("y:Q", axis=share_axis("accuracy"), scale=room)
    steps = alt.Chart(alt.Data(values=best)).encode(x=x, y=y)
    chart = alt.layer(
        steps.mark_line(interpolate="step-after", color=QUIET, strokeWidth=1.5, strokeDash=[5, 3]),
        alt.Chart(alt.Data(values=rows))
        .mark_point(filled=True, size=60, opacity=0.9)
        .encode(x=x, y=y, color=scales["color"], shape=scales["shape"], description="said:N"),
        steps.mark_point(filled=False, size=190, color=QUIET, strokeWidth=1.5).encode(description="said:N"),
    )
    about = "Ringed points are on the frontier: nothing cheaper is as accurate. The step line is the best to be had for at most that many tokens."
    return Figure("frontier", "Pareto frontier", about, finish(chart))


def _said(point: Point) -> str:
    return f"{point.strategy}: {percent(point.accuracy)}{spread(point.low, point.high)}, {count(point.tokens)} tokens, budget {point.budget}"


def bins(groups: tuple[Bin, ...], name: str, title: str) -> Figure:
    """Accuracy of each strategy on groups of problems, with intervals."""
    alt = altair()
    rows: list[Row] = [
        {
            "series": b.strategy,
            "group": b.group,
            "label": f"{b.group} ({b.problems})",
            "y": b.accuracy,
            "low": b.low if known(b.low) else b.accuracy,
            "high": b.high if known(b.high) else b.accuracy,
            "said": f"{b.strategy}: {percent(b.accuracy)}{spread(b.low, b.high)} on {b.problems} problems of {b.group}",
        }
        for b in groups
        if known(b.accuracy)
    ]
    names = list(dict.fromkeys(row["series"] for row in rows))
    scales = scales_of(names)
    order = list(dict.fromkeys(row["label"] for row in rows))
    base = alt.Chart(alt.Data(values=rows)).encode(
        x=alt.X("label:N", sort=order, axis=alt.Axis(title=f"{title} (problems)", labelAngle=0)),
        xOffset=alt.XOffset("series:N", sort=names),
        color=scales["color"],
        description="said:N",
    )
    y = alt.Y("y:Q", axis=share_axis("accuracy"), scale=alt.Scale(domain=[0, 1]))
    chart = alt.layer(
        base.mark_rule(strokeWidth=2, opacity=0.55).encode(y=alt.Y("low:Q"), y2="high:Q"),
        base.mark_point(filled=True, size=70, opacity=1).encode(y=y, shape=scales["shape"]),
    )
    words = {"difficulty": "Accuracy by difficulty", "levels": "Accuracy by level"}
    about = "Each group of problems with its number; bars are 95% intervals."
    return Figure(name, words[name], about, finish(chart, height=280))


def splits(part: Part) -> Figure:
    """What becomes of the problems, a stacked bar a strategy."""
    alt = altair()
    rows: list[Row] = []
    for item in part.splits:
        shares = (item.right, item.selection, item.coverage, item.truncated, item.abstained)
        label = f"{item.strategy} ({item.budget})" if item.budget else item.strategy
        for rank, (what, share) in enumerate(zip(PARTS, shares, strict=True)):
            said = f"{label}: {percent(share)} {what}"
            rows.append({"strategy": label, "what": what, "share": share, "rank": rank, "said": said})
    scale = alt.Scale(domain=list(PARTS), range=list(PARTS.values()))
    chart = (
        alt.Chart(alt.Data(values=[row for row in rows if known(row["share"])]))
        .mark_bar(stroke="#ffffff", strokeWidth=1)
        .encode(
            x=alt.X("share:Q", axis=share_axis("share of problems"), scale=alt.Scale(domain=[0, 1])),
            y=alt.Y(
                "strategy:N",
                sort=list(dict.fromkeys(r["strategy"] for r in rows)),
                axis=alt.Axis(title=None, labelLimit=260),
            ),
            color=alt.Color("what:N", scale=scale, legend=alt.Legend(title=None, orient="bottom", columns=5)),
            order=alt.Order("rank:Q"),
            description="said:N",
        )
    )
    about = "Not selected: a right answer was among the samples but another was chosen. Never sampled: no sample was right."
    return Figure(
        "errors", "Where errors come from", about, finish(chart, 640, 34 * max(len(part.splits), 1))
    )
