"""What a run has told so far, folded from its events: the numbers behind every live display."""

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, final

from thinkharder.core.protocols import Strategy
from thinkharder.core.usage import Budget, Usage
from thinkharder.events import Event

WINDOW = 2.0
"""Seconds over which tokens per second are measured."""
KEPT = 6
"""Latest samples that are kept for display."""


@dataclass(slots=True)
class Standing:
    """One answer class: how it is written, its votes, its best score."""

    answer: str
    votes: int = 0
    score: float | None = None


@final
class Tally:
    """A fold over events. `spent` is what the run's ledger has booked; `expected` the most samples there can be."""

    def __init__(self, budget: Budget, spent: Callable[[], Usage], expected: int | None = None) -> None:
        self.budget, self.spent, self.expected = budget, spent, expected
        self.samples = self.abstained = self.failures = self.others = 0
        self.standings: dict[int, Standing] = {}
        self.latest: deque[Mapping[str, Any]] = deque(maxlen=KEPT)
        self.scores: dict[str, float | None] = {}
        self.classes: dict[str, int] = {}
        self.decisions: list[str] = []
        self.last_failure = ""
        self.streamed = 0
        self._recent: deque[tuple[float, int]] = deque()

    def take(self, event: Event) -> None:
        """Add one event."""
        handler = getattr(self, f"_{event.kind}", None)
        if handler is not None:
            handler(event)

    @property
    def tokens(self) -> int:
        """Tokens so far: what is booked, and what of the requests in flight has arrived."""
        booked = self.spent()
        return booked.input_tokens + max(booked.output_tokens, self.streamed)

    @property
    def output_tokens(self) -> int:
        """Output tokens so far."""
        return max(self.spent().output_tokens, self.streamed)

    def rate(self, now: float) -> float:
        """Output tokens a second over the last two seconds, `now` in seconds since the run began."""
        while self._recent and self._recent[0][0] < now - WINDOW:
            self._recent.popleft()
        span = min(WINDOW, now)
        return sum(count for _, count in self._recent) / span if span > 0.05 else 0.0

    def ranked(self) -> list[Standing]:
        """The answers, most votes first."""
        return sorted(self.standings.values(), key=lambda s: -s.votes)

    def _progress(self, event: Event) -> None:
        count = event.data["tokens"]
        self.streamed += count
        if self._recent and event.at - self._recent[-1][0] < 0.05:
            at, before = self._recent[-1]
            self._recent[-1] = (at, before + count)
        else:
            self._recent.append((event.at, count))

    def _candidate(self, event: Event) -> None:
        data = event.data
        if data["error"] is not None:
            self.failures += data["kind"] == "answer"
            return
        if data["kind"] != "answer":
            self.others += 1
            return
        self.samples += 1
        self.latest.append(data)
        which = data["answer_class"]
        if which is None:
            self.abstained += 1
            return
        standing = self.standings.setdefault(which, Standing(data["answer"] or ""))
        standing.votes += 1
        self.classes[data["id"]] = which

    def _score(self, event: Event) -> None:
        name, value = event.data["id"], event.data["score"]
        self.scores[name] = value
        standing = self.standings.get(self.classes.get(name, -1))
        if standing is not None and value is not None:
            standing.score = value if standing.score is None else max(standing.score, value)

    def _decision(self, event: Event) -> None:
        self.decisions.append(str(event.data["text"]))

    def _failure(self, event: Event) -> None:
        self.last_failure = str(event.data["error"])


def expected_samples(strategy: Strategy) -> int | None:
    """The most answers that the strategy can draw, where it says."""
    try:
        return sum(step.samples for step in strategy.plan())
    except Exception:  # a third-party strategy without a plan
        return None
