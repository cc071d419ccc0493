"""The live display: what it shows, when it draws, and that it can do the run no harm."""

import asyncio
import io
import itertools
import re
import sys
import time
from typing import Any

import pytest
from rich.console import Console

from thinkharder import config
from thinkharder.cli.flags import SolveFlags
from thinkharder.cli.job import Job, make
from thinkharder.cli.live import Live
from thinkharder.cli.picture import meter, render
from thinkharder.cli.running import run
from thinkharder.cli.tally import Tally
from thinkharder.core.usage import Budget, Usage
from thinkharder.events import Event

VOTING = "toy:categorical(answers=[18, 20, 16], weights=[0.6, 0.3, 0.1], tokens=[20, 60])"


def job(**flags: Any) -> Job:
    given = {"strategy": "self-consistency:n=16", "tokens": 20_000, "seed": 1, "model": VOTING, **flags}
    return make(SolveFlags(**given), "How many is 6 * 3?", config.Settings())


def sample(number: int, answer: str | None, kind: str = "answer", **more: Any) -> Event:
    data = {
        "id": f"a.{number}",
        "kind": kind,
        "answer": answer,
        "answer_class": None if answer is None else int(answer),
        "text": f"so it is {answer}",
        "tokens": 10,
        "error": None,
        **more,
    }
    return Event("candidate", 0.1 * number, data)


def fed(*events: Event) -> Tally:
    tally = Tally(Budget(tokens=1000), Usage, 16)
    for event in events:
        tally.take(event)
    return tally


def drawn(tally: Tally, width: int = 100, notice: str = "") -> str:
    out = io.StringIO()
    Console(file=out, width=width, force_terminal=False).print(
        render(tally, job(), "toy", 2.0, notice, width)
    )
    return out.getvalue()


def test_votes_build_up() -> None:
    tally = fed(sample(1, "18"), sample(2, "20"), sample(3, "18"), sample(4, None))
    assert [(s.answer, s.votes) for s in tally.ranked()] == [("18", 2), ("20", 1)]
    picture = drawn(tally)
    assert re.search(r"18 .* 2 votes", picture)
    assert re.search(r"20 .* 1 vote\b", picture)
    assert "4 of at most 16" in picture
    assert "no answer" in picture


def test_only_answers_vote_and_failures_are_told() -> None:
    tally = fed(
        sample(1, "18"),
        sample(2, "20", kind="critique"),
        sample(3, None, error="ServerError: 500"),
        Event("failure", 0.5, {"error": "500 from \x1b[31mhost", "type": "ServerError"}),
        Event("decision", 0.6, {"text": "2 of 4 probes agree"}),
    )
    assert (tally.samples, tally.others, tally.failures) == (1, 1, 1)
    picture = drawn(tally)
    assert "1 failed: 500 from host" in picture
    assert "2 of 4 probes agree" in picture
    assert "\x1b" not in picture


def test_scores_and_speed() -> None:
    tally = fed(
        sample(1, "18"), Event("score", 0.2, {"id": "a.1", "verifier": "judge", "score": 0.75, "note": ""})
    )
    assert tally.ranked()[0].score == 0.75
    assert "score 0.75" in drawn(tally)
    for at in range(10):
        tally.take(Event("progress", at / 10, {"tokens": 50}))
    assert tally.rate(1.0) == pytest.approx(500)
    assert tally.rate(60.0) == 0
    assert tally.tokens == 500


@pytest.mark.parametrize("width", [20, 40, 80, 100, 200])
def test_it_fits_the_terminal(width: int) -> None:
    tally = fed(*(sample(i, str(i), text="x" * 500) for i in range(40)))
    lines = drawn(tally, width, "stopping").splitlines()
    assert max(map(len, lines)) <= width
    assert len(lines) < 30


def test_nothing_yet() -> None:
    assert "waiting for the first sample" in drawn(fed())


def test_meter_without_a_limit_is_empty() -> None:
    out = io.StringIO()
    Console(file=out).print(meter(5, None))
    assert out.getvalue().strip() == ""


async def test_the_first_sample_is_drawn_at_once_and_later_ones_are_throttled() -> None:
    out = io.StringIO()
    live = Live(Console(file=out, force_terminal=True, width=100, height=40))
    live.begin(job(), "toy", Usage)
    live.take(sample(1, "18"))
    assert "vote" in out.getvalue(), "drawn within the event itself"
    draws = []
    real = live._live.update  # type: ignore[union-attr]
    live._live.update = lambda *a, **k: (draws.append(time.monotonic()), real(*a, **k))  # type: ignore[union-attr,method-assign,assignment]
    for number in range(2, 400):
        live.take(sample(number, "18"))
        await asyncio.sleep(0.001)
    await asyncio.sleep(0.2)
    live.close()
    gaps = [b - a for a, b in itertools.pairwise(draws)]
    assert 2 <= len(draws) < 60
    assert min(gaps) > 0.02
    assert "399" in out.getvalue()


def test_a_broken_display_does_not_end_the_run() -> None:
    class Broken:
        def loading(self, what: str, done: int = 0, total: int = 0) -> None: ...
        def begin(self, job: Job, model: str, spent: Any) -> None: ...
        def take(self, event: Event) -> None:
            raise OSError("the terminal went away")

        def interrupted(self, again: str) -> None: ...
        def close(self) -> None: ...

    outcome = run(job(), Broken())
    assert outcome.error is None
    assert outcome.result is not None
    assert outcome.result.answer == "18"


@pytest.mark.skipif(sys.platform == "win32", reason="needs pseudo-terminals")
class TestOnATerminal:
    def test_it_moves_and_then_the_answer_stands_alone(self) -> None:
        terminal = pytest.importorskip("tests.cli.terminal")
        slow = VOTING.replace("tokens=[20, 60]", "tokens=[20, 60], token_seconds=0.02")
        words = ("solve", "How many is 6 * 3?", "--model", slow, "-s", "self-consistency:n=16", "--seed", "1")
        with terminal.Terminal(*words, "--tokens", "20k") as shown:
            shown.until("waiting for the first sample")
            moving = shown.until("3 votes")
            assert "of at most 16" in moving
            assert "tokens/s" in moving
            assert "of 20,000" in moving
            assert shown.end() == 0
            assert "of at most" not in shown.text, "the live display is gone"
            assert shown.text.startswith("╭─ answer")
            assert "18" in shown.text.splitlines()[1]
            assert not shown.screen.cursor.hidden

    @pytest.mark.parametrize(
        ("env", "colour", "moves"),
        [({"NO_COLOR": "1"}, False, True), ({"TERM": "dumb"}, False, False), ({}, True, True)],
    )
    def test_plain_modes(self, env: dict[str, str], colour: bool, moves: bool) -> None:
        terminal = pytest.importorskip("tests.cli.terminal")
        with terminal.Terminal(
            "solve", "How many is 6 * 3?", "--model", VOTING, "--seed", "1", **env
        ) as shown:
            assert shown.end() == 0
            assert (b"\x1b[1;32m" in shown.raw or b"\x1b[32m" in shown.raw) == colour
            assert (b"\x1b[?25l" in shown.raw) == moves
            assert "18" in shown.text
