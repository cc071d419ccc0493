"""Findings and pools that nobody recorded: numbers with the right shape, and texts that mean harm."""

from thinkharder.reports.findings import (
    Bin,
    Browser,
    Calibration,
    Comparison,
    Curve,
    Findings,
    Fit,
    FitPoint,
    Part,
    Point,
    ProblemRow,
    Reliability,
    Split,
    Votes,
)

BUDGETS = (1, 2, 4, 8, 16, 32)


def point(strategy: str, n: int, accuracy: float) -> Point:
    """A budget of n samples; its interval is 5 points to each side."""
    return Point(
        strategy,
        str(n),
        n,
        100.0,
        300.0 * n,
        accuracy,
        max(0, accuracy - 0.05),
        min(1, accuracy + 0.05),
        0.9,
        2.5 * n,
    )


def curve(name: str, at: float, gain: float) -> Curve:
    """A curve that gains with every doubling."""
    points = tuple(point(name, n, min(0.99, at + gain * i)) for i, n in enumerate(BUDGETS))
    return Curve(name, points, oracle=name == "oracle")


def part(strategies: int = 3, title: str = "gsm8k · toy") -> Part:
    """A part with everything in it."""
    names = ["direct", "self-consistency", "best-of-n:select=confidence", *(f"s{i}" for i in range(30))][
        :strategies
    ]
    curves = tuple(curve(name, 0.5, 0.03 + 0.005 * i) for i, name in enumerate(names))
    curves += (curve("oracle", 0.5, 0.09), curve("random pick", 0.5, 0.0))
    grid = [(k, 1 - 0.5 * k**-0.4) for k in (1, 2, 4, 8, 16, 32, 64, 128, 1000)]
    bins = tuple(
        Bin(name, group, 12, 0.2 * i + 0.05, 0.2 * i, 0.2 * i + 0.1)
        for i, group in enumerate(("0 to 20%", "20 to 40%", "40 to 60%", "60 to 80%", "80 to 100%"))
        for name in names[:3]
    )
    return Part(
        title=title,
        facts=(("problems", "60"), ("samples", "1,920")),
        curves=curves,
        frontier=curves[1].points[::2] if strategies > 1 else curves[0].points,
        by_rate=bins,
        by_level=tuple(Bin(b.strategy, f"level {b.group[0]}", 9, b.accuracy, b.low, b.high) for b in bins),
        splits=tuple(Split(name, "32", 0.6, 0.2, 0.1, 0.06, 0.04) for name in names),
        calibrations=(calibration(),),
        fits=fits(grid),
        comparisons=(
            Comparison(
                "self-consistency",
                "direct",
                0.1,
                0.05,
                0.15,
                0.001,
                "self-consistency is more accurate than direct.",
            ),
        ),
        summary=("Voting gains 10 points over one sample.",),
        browser=browser(),
        missing={"by_level": "the task has no levels"},
    )


def calibration() -> Calibration:
    """A confidence that is a little too sure."""
    return Calibration(
        "vote share",
        tuple(
            Reliability(x, x * 0.8, x * 0.8 - 0.1, min(1, x * 0.8 + 0.1), 12)
            for x in (0.1, 0.3, 0.5, 0.7, 0.9)
        ),
        tuple((i / 20, 0.3 * i / 20) for i in range(1, 21)),
        0.1,
        0.2,
        0.8,
    )


def fits(grid: list[tuple[float, float]]) -> tuple[Fit, ...]:
    """Two laws through the same points."""
    return tuple(
        Fit(
            "pass@k",
            law,
            tuple(FitPoint(k, v) for k, v in grid[:6]),
            tuple(FitPoint(k, v, v - 0.02 - move, min(1, v + 0.02 + move)) for k, v in grid),
            "a = 0.5, b = 0.4",
            "held-out log-likelihood −0.61",
            law == "beta-binomial",
        )
        for law, move in (("beta-binomial", 0.0), ("power law", 0.03))
    )


def browser() -> Browser:
    """Two problems without texts."""
    rows = tuple(
        ProblemRow(
            f"p{i}",
            "",
            "18",
            32,
            0.5,
            "18",
            0.5,
            1.0,
            300.0,
            2,
            1,
            (Votes("18", 16, 1.0), Votes("20", 13, 0.0)),
        )
        for i in range(2)
    )
    return Browser(rows, (-1, -1), (), 0, "The pool holds no texts.")


def findings(strategies: int = 3) -> Findings:
    """A report of one part."""
    return Findings("A report", "thinkharder report pool.jsonl", (part(strategies),))
