"""What a report shows, as plain numbers and words: gathered from a run or a pool once, then only rendered.

Shares and accuracies are in [0, 1], tokens are counts a problem, seconds and USD are a problem's; NaN is unknown.
Every interval is a 95% one. Strings may hold model output: whoever renders them escapes them.
"""

import math
from dataclasses import dataclass, field
from typing import final

NAN = float("nan")
REFERENCES = ("oracle", "random pick")
"""The two rows that every comparison holds: any right sample counts, and one sample picked blindly."""


@final
@dataclass(frozen=True, slots=True)
class Point:
    """One strategy at one budget, a mean over problems."""

    strategy: str
    budget: str
    samples: float
    input_tokens: float
    output_tokens: float
    accuracy: float
    low: float = NAN
    high: float = NAN
    agreement: float = NAN
    seconds: float = NAN
    usd: float = NAN

    @property
    def tokens(self) -> float:
        """Input and output tokens a problem; output alone where the prompt's are not known (the page says so)."""
        return self.output_tokens + (0.0 if math.isnan(self.input_tokens) else self.input_tokens)


@final
@dataclass(frozen=True, slots=True)
class Curve:
    """A strategy over its budgets, cheapest first. `live` is measured in a run, the rest is replayed."""

    name: str
    points: tuple[Point, ...]
    live: bool = False
    oracle: bool = False

    @property
    def reference(self) -> bool:
        """Whether it is one of the two reference rows, and not a strategy."""
        return self.name in REFERENCES


@final
@dataclass(frozen=True, slots=True)
class Bin:
    """A strategy's accuracy on one group of problems."""

    strategy: str
    group: str
    problems: int
    accuracy: float
    low: float
    high: float


@final
@dataclass(frozen=True, slots=True)
class Split:
    """Where a strategy's problems end: shares that add up to 1."""

    strategy: str
    budget: str
    right: float
    selection: float
    coverage: float
    truncated: float
    abstained: float


@final
@dataclass(frozen=True, slots=True)
class Reliability:
    """One bin of a reliability diagram."""

    confidence: float
    accuracy: float
    low: float
    high: float
    count: int


@final
@dataclass(frozen=True, slots=True)
class Calibration:
    """How a confidence relates to being right. `risk` is (share answered, error among those), surest first."""

    name: str
    bins: tuple[Reliability, ...]
    risk: tuple[tuple[float, float], ...]
    ece: float
    brier: float
    auroc: float


@final
@dataclass(frozen=True, slots=True)
class FitPoint:
    """A fitted or forecast value at k samples, with its band."""

    k: float
    value: float
    low: float = NAN
    high: float = NAN


@final
@dataclass(frozen=True, slots=True)
class Fit:
    """A law fitted to one metric: what was observed, what it says there and beyond."""

    metric: str
    law: str
    observed: tuple[FitPoint, ...]
    curve: tuple[FitPoint, ...]
    parameters: str = ""
    quality: str = ""
    best: bool = False


@final
@dataclass(frozen=True, slots=True)
class Comparison:
    """Two strategies on the same problems, in words and numbers; `p` is corrected for the number of pairs."""

    first: str
    second: str
    difference: float
    low: float
    high: float
    p: float
    words: str


@final
@dataclass(frozen=True, slots=True)
class Votes:
    """One answer of a problem: as shown, how many samples gave it, and whether it is right (NaN unknown)."""

    answer: str
    votes: int
    right: float


@final
@dataclass(frozen=True, slots=True)
class ProblemRow:
    """A line of the browser of problems. `rate` is the share of right samples, NaN unknown."""

    id: str
    level: str
    gold: str
    samples: int
    rate: float
    vote: str
    share: float
    vote_right: float
    tokens: float
    truncated: int
    abstained: int
    classes: tuple[Votes, ...]
    other_answers: int = 0
    other_votes: int = 0


@final
@dataclass(frozen=True, slots=True)
class Browser:
    """Problems, and where the packed texts of each lie: `block_of[i]` is an index of `blocks`, -1 none."""

    rows: tuple[ProblemRow, ...] = ()
    block_of: tuple[int, ...] = ()
    blocks: tuple[str, ...] = ()
    candidates: int = 0
    note: str = ""


@final
@dataclass(frozen=True, slots=True)
class Part:
    """All about one task and one model (or one pool). What is not known is empty, with its reason in `missing`."""

    title: str
    facts: tuple[tuple[str, str], ...]
    curves: tuple[Curve, ...]
    frontier: tuple[Point, ...] = ()
    by_rate: tuple[Bin, ...] = ()
    by_level: tuple[Bin, ...] = ()
    splits: tuple[Split, ...] = ()
    calibrations: tuple[Calibration, ...] = ()
    fits: tuple[Fit, ...] = ()
    comparisons: tuple[Comparison, ...] = ()
    summary: tuple[str, ...] = ()
    laws: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    browser: Browser = field(default_factory=Browser)
    missing: dict[str, str] = field(default_factory=dict)


@final
@dataclass(frozen=True, slots=True)
class Findings:
    """A whole report."""

    title: str
    made_by: str
    parts: tuple[Part, ...]
