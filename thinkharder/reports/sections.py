"""The sections of the page: words, figures with their numbers as tables, and the frame of the browser of problems."""

from collections.abc import Iterator

from thinkharder.reports import figures, frame, tables
from thinkharder.reports.drawing import Figure, slug
from thinkharder.reports.findings import REFERENCES, Findings, Part
from thinkharder.reports.frame import nothing
from thinkharder.reports.html import Markup, details, join, tag
from thinkharder.reports.render import inline
from thinkharder.reports.theme import looks

NAMES = {
    "accuracy": "Accuracy",
    "frontier": "Frontier",
    "difficulty": "Difficulty",
    "errors": "Errors",
    "calibration": "Calibration",
    "cost": "Cost",
    "scaling": "Scaling",
    "comparisons": "Comparisons",
    "problems": "Problems",
    "about": "About",
}
MARKS = {
    "circle": "M3,6a4,4 0 1,0 8,0a4,4 0 1,0 -8,0",
    "square": "M3.5,2.5h7v7h-7Z",
    "triangle-up": "M7,1.5L11.5,10H2.5Z",
    "diamond": "M7,1L12,6L7,11L2,6Z",
    "cross": "M5.5,1.5h3v3h3v3h-3v3h-3v-3h-3v-3h3Z",
    "triangle-down": "M7,10.5L2.5,2H11.5Z",
    "triangle-right": "M3,1.5L11.5,6L3,10.5Z",
}
"""The shapes of the figures' points, 14 by 12."""


def part(item: Part, number: int) -> Iterator[str]:
    """All sections of one task and model. Only the first part's carry the anchors of the navigation."""
    drawn = {figure.name: figure for figure in figures.every(item, legends=False)}
    bodies = {
        "accuracy": accuracy(item, drawn, number),
        "frontier": frontier(item, drawn),
        "difficulty": difficulty(item, drawn),
        "errors": errors(item, drawn),
        "calibration": calibration(item, drawn),
        "cost": cost(item),
        "scaling": scaling(item, drawn),
        "comparisons": comparisons(item),
        "problems": frame.problems(item, number),
        "about": about(item),
    }
    for name, body in bodies.items():
        anchor = name if number == 0 else f"{name}-{number}"
        heading = tag("h2", HEADINGS[name], id=f"{anchor}-title")
        yield tag("section", heading, "\n", body, id=anchor, aria_labelledby=f"{anchor}-title") + "\n"


HEADINGS = {
    "accuracy": "Accuracy against compute",
    "frontier": "What is worth its cost",
    "difficulty": "Easy and hard problems",
    "errors": "Where errors come from",
    "calibration": "Can the confidence be trusted?",
    "cost": "Cost",
    "scaling": "Scaling laws and forecasts",
    "comparisons": "Strategies compared on the same problems",
    "problems": "Problems and their candidates",
    "about": "How these numbers were made",
}


def figure(item: Figure, class_: str | None = None, caption: bool = True) -> Markup:
    """A drawn figure with its caption; it scrolls sideways where it does not fit."""
    drawing = Markup(inline(item).replace('aria-label="TITLE"', f'aria-label="{tag_text(item.title)}"', 1))
    head = tag("figcaption", item.title) if caption else ""
    return tag(
        "figure",
        head,
        tag("div", drawing, class_="scroll"),
        tag("p", item.about, class_="about"),
        class_=class_,
    )


def tag_text(words: str) -> Markup:
    """Words as they go into an attribute."""
    return join([words])


def said(lines: tuple[str, ...]) -> Markup:
    """Sentences as a list."""
    return tag("ul", *(tag("li", line) for line in lines), class_="said") if lines else Markup("")


def accuracy(item: Part, drawn: dict[str, Figure], number: int) -> Markup:
    """Facts, what is to be known at once, and accuracy against tokens, samples or seconds."""
    cards = [tag("div", tag("dt", name), tag("dd", value)) for name, value in item.facts]
    axes = [axis for axis in figures.AXES if f"accuracy-{axis}" in drawn]
    inputs = [
        join(
            [
                tag(
                    "input",
                    type="radio",
                    name=f"axis-{number}",
                    id=f"axis-{number}-{axis}",
                    class_=f"ax-{axis}",
                    checked=axis == axes[0],
                ),
                tag("label", axis, for_=f"axis-{number}-{axis}"),
            ]
        )
        for axis in axes
    ]
    switch = tag("fieldset", tag("legend", "compute in"), *inputs, class_="switch") if len(axes) > 1 else ""
    shown = [figure(drawn[f"accuracy-{axis}"], f"f-{axis}", caption=False) for axis in axes]
    body: list[object] = [tag("dl", *cards, class_="cards"), said(item.summary)]
    if shown:
        body += [tag("div", switch, legend(item), *shown, class_="switchable")]
        body += [details("The same as a table", tables.accuracy(item))]
    else:
        body += [
            nothing(item, "curves", "Nothing is known about accuracy here: no gold answers and no verdicts.")
        ]
    return join(body, "\n")


def legend(item: Part) -> Markup:
    """The strategies with colour, dash and shape; each hides and shows its marks in all figures."""
    names = [curve.name for curve in item.curves if curve.points]
    look = looks(names, REFERENCES)
    buttons = []
    for curve in item.curves:
        if not curve.points:
            continue
        colour, dash, shape = look[curve.name]
        dashes = f' stroke-dasharray="{dash[0]} {dash[1]}"' if dash[1] else ""
        swatch = Markup(
            '<svg width="34" height="12" viewBox="-10 0 34 12" aria-hidden="true">'
            f'<path d="M-10,6H24" stroke="{colour}" stroke-width="2"{dashes}/><path d="{MARKS[shape]}" fill="{colour}"/></svg>'
        )
        name = tag("bdi", tables.named(curve))
        buttons.append(
            tag(
                "li",
                tag(
                    "button",
                    swatch,
                    name,
                    type="button",
                    aria_pressed="true",
                    disabled=True,
                    data_series=curve.name,
                ),
            )
        )
    return tag("ul", *buttons, class_="legend", aria_label="strategies; a button hides or shows one")


def frontier(item: Part, drawn: dict[str, Figure]) -> Markup:
    """The Pareto frontier."""
    if "frontier" not in drawn:
        return nothing(item, "frontier", "No strategy has both a cost and an accuracy here.")
    return join(
        [
            figure(drawn["frontier"], caption=False),
            details("The frontier as a table", tables.frontier(item.frontier)),
        ]
    )


def difficulty(item: Part, drawn: dict[str, Figure]) -> Markup:
    """Accuracy by estimated pass rate, and by level where the task has levels."""
    body: list[object] = []
    if "difficulty" in drawn:
        body += [figure(drawn["difficulty"]), details("The same as a table", tables.bins(item.by_rate))]
    else:
        body += [nothing(item, "by_rate", "The share of right samples is not known.")]
    if "levels" in drawn:
        body += [figure(drawn["levels"]), details("The same as a table", tables.bins(item.by_level))]
    else:
        body += [
            nothing(
                item,
                "by_level",
                "No levels of difficulty are known: the samples hold none (--task names the task that has them).",
            )
        ]
    return join(body)


def errors(item: Part, drawn: dict[str, Figure]) -> Markup:
    """The decomposition of each strategy's error."""
    if "errors" not in drawn:
        return nothing(item, "splits", "Which samples are right is not known.")
    return join([figure(drawn["errors"], caption=False), details("The same as a table", tables.splits(item))])


def calibration(item: Part, drawn: dict[str, Figure]) -> Markup:
    """Reliability and risk-coverage of each confidence."""
    if not item.calibrations:
        return nothing(item, "calibrations", "There is no confidence to check here.")
    body: list[object] = [tables.calibrations(item.calibrations)]
    for one in item.calibrations:
        name = slug(one.name)
        body += [
            tag("div", figure(drawn[f"reliability-{name}"]), figure(drawn[f"risk-{name}"]), class_="pair")
        ]
        body += [details(f"Reliability of {one.name} as a table", tables.reliability(one))]
    return join(body)


def cost(item: Part) -> Markup:
    """The cost of each strategy at its largest budget."""
    if not item.curves:
        return nothing(item, "cost", "No strategy was evaluated.")
    hint = "A problem's mean at each strategy's largest budget. A dash is not known."
    return join([tag("p", hint, class_="about"), tables.cost(item)])


def scaling(item: Part, drawn: dict[str, Figure]) -> Markup:
    """The fitted laws."""
    if not item.fits:
        return nothing(item, "fits", "There are too few samples a problem to fit a law.")
    names = [name for name in drawn if name.startswith("fit-")]
    return join([said(item.laws), *(figure(drawn[name]) for name in names), tables.fits(item.fits)])


def comparisons(item: Part) -> Markup:
    """Paired comparisons in words."""
    if not item.comparisons:
        return nothing(item, "comparisons", "There are no two strategies to compare.")
    words = tuple(one.words for one in item.comparisons)
    return join([said(words), details("The same as a table", tables.comparisons(item.comparisons))])


def about(item: Part) -> Markup:
    """What the words mean."""
    lines = (
        "Intervals are 95% ones and count problems, not samples, as independent.",
        "Oracle: the share of problems with at least one right sample among those drawn; no selection can do better.",
        "Random pick: one of the drawn samples, picked blindly; what the extra samples cost without a way to choose.",
        "A tie between answers counts as the expectation over a random pick of the winners.",
        "Tokens count input and output; the prompt is counted once a request.",
        "A selection that uses the tests that decide what is right is an upper bound and marked as such.",
    )
    return said(item.notes + lines)


def foot(findings: Findings) -> Markup:
    """The end of the page."""
    words = "This page is one file: it loads nothing and runs nothing but its own script."
    return tag("footer", tag("div", words, class_="wrap"))
