"""The figures of confidences and of scaling laws, as Vega-Lite specifications built with altair."""

from thinkharder.reports.drawing import (
    Figure,
    Row,
    altair,
    finish,
    log_axis,
    scales_of,
    share_axis,
    share_scale,
    slug,
)
from thinkharder.reports.findings import Calibration, Fit, Part
from thinkharder.reports.theme import GRID, QUIET
from thinkharder.reports.wording import count, known, percent, spread


def reliability(item: Calibration) -> Figure:
    """Accuracy against stated confidence, with the diagonal where the two are equal."""
    alt = altair()
    rows: list[Row] = [
        {
            "x": b.confidence,
            "y": b.accuracy,
            "low": b.low if known(b.low) else b.accuracy,
            "high": b.high if known(b.high) else b.accuracy,
            "n": b.count,
            "said": f"{item.name}: confidence {percent(b.confidence)}, right {percent(b.accuracy)}{spread(b.low, b.high)}, {b.count} cases",
        }
        for b in item.bins
        if known(b.accuracy)
    ]
    unit = alt.Scale(domain=[0, 1])
    base = alt.Chart(alt.Data(values=rows)).encode(
        x=alt.X("x:Q", axis=share_axis("confidence"), scale=unit), description="said:N"
    )
    y = alt.Y("y:Q", axis=share_axis("share that is right"), scale=unit)
    diagonal = alt.Data(values=[{"a": 0, "b": 0}, {"a": 1, "b": 1}])
    chart = alt.layer(
        alt.Chart(diagonal)
        .mark_line(strokeDash=[4, 4], color=QUIET, strokeWidth=1)
        .encode(x=alt.X("a:Q", scale=unit), y=alt.Y("b:Q", scale=unit)),
        base.mark_rule(color="#0072b2", opacity=0.6, strokeWidth=2).encode(y="low:Q", y2="high:Q"),
        base.mark_point(filled=True, color="#0072b2", opacity=1).encode(
            y=y,
            size=alt.Size(
                "n:Q",
                scale=alt.Scale(range=[40, 320]),
                legend=alt.Legend(title="cases", orient="bottom", direction="horizontal", tickCount=3),
            ),
        ),
    )
    about = "On the dashed line a confidence means what it says; below it, it is too sure. Bars are 95% intervals."
    return Figure(
        f"reliability-{slug(item.name)}", f"Reliability: {item.name}", about, finish(chart, 340, 300)
    )


def risk(item: Calibration) -> Figure:
    """The error among the problems that are answered, when only the surest share is."""
    alt = altair()
    rows = [
        {"x": x, "y": y, "said": f"{item.name}: answering the surest {percent(x)}, {percent(y)} wrong"}
        for x, y in item.risk
    ]
    base = alt.Chart(alt.Data(values=rows)).encode(
        x=alt.X("x:Q", axis=share_axis("share answered, surest first"), scale=alt.Scale(domain=[0, 1])),
        y=alt.Y("y:Q", axis=share_axis("error among those"), scale=alt.Scale(zero=True)),
        description="said:N",
    )
    chart = alt.layer(
        base.mark_line(color="#d55e00", strokeWidth=2, interpolate="step-before"),
        base.mark_point(color="#d55e00", filled=True, size=22),
    )
    about = "How wrong the answers are when only the surest ones are given."
    return Figure(
        f"risk-{slug(item.name)}", f"Risk and coverage: {item.name}", about, finish(chart, 340, 300)
    )


def fits(part: Part, metric: str) -> Figure:
    """What was observed, and each law with its forecast and band."""
    alt = altair()
    chosen: list[Fit] = [fit for fit in part.fits if fit.metric == metric]
    rows: list[Row] = [
        {"series": fit.law, "x": p.k, "y": p.value, "low": p.low, "high": p.high}
        | {"said": f"{fit.law}: {percent(p.value)}{spread(p.low, p.high)} at {count(p.k)} samples"}
        for fit in chosen
        for p in fit.curve
        if known(p.value)
    ]
    seen: list[Row] = [
        {"x": p.k, "y": p.value, "said": f"observed: {percent(p.value)} at {count(p.k)} samples"}
        for p in (chosen[0].observed if chosen else ())
        if known(p.value)
    ]
    names = [fit.law for fit in chosen]
    scales = scales_of(names)
    every_x = [row["x"] for row in [*rows, *seen]]
    x = alt.X("x:Q", **log_axis("samples a problem (log scale)", every_x))
    ends = [row[key] for row in rows for key in ("y", "low", "high") if known(row[key])]
    room = share_scale(ends + [row["y"] for row in seen])
    y = alt.Y("y:Q", axis=share_axis(metric), scale=room)
    base = alt.Chart(alt.Data(values=rows)).encode(
        x=x, color=scales["color"], strokeDash=scales["dash"], description="said:N"
    )
    banded = [row for row in rows if known(row["low"]) and known(row["high"])]
    band = alt.Chart(alt.Data(values=banded)).mark_area(opacity=0.12)
    last = max((row["x"] for row in seen), default=1.0)
    rule = alt.Chart(alt.Data(values=[{"end": last}])).mark_rule(color=GRID, strokeWidth=2)
    chart = alt.layer(
        rule.encode(x=alt.X("end:Q")),
        band.encode(x=x, y=alt.Y("low:Q", scale=room), y2="high:Q", color=scales["color"]),
        base.mark_line(strokeWidth=2).encode(y=y),
        base.mark_point(filled=True, size=26, opacity=1, strokeWidth=0).encode(y=y, shape=scales["shape"]),
        alt.Chart(alt.Data(values=seen))
        .mark_point(filled=True, size=50, color="#1c2127", opacity=1)
        .encode(x=x, y=y, description="said:N"),
    )
    about = "Points are observed; lines are fitted laws with their 95% bands. Right of the grey line they are forecasts."
    return Figure(f"fit-{slug(metric)}", f"Scaling of {metric}", about, finish(chart))
