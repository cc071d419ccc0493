"""Draws and generations for tests."""

from collections.abc import Sequence
from dataclasses import replace

from thinkharder.core.types import Chunk, Message, Request, Sampling, TokenLogprob
from thinkharder.models.wrap.drawn import Drawn
from thinkharder.records.cell import Cell, CellDraw
from thinkharder.records.generation import Asked, Generation, Origin

ORIGIN = Origin("toy", "ab" * 32)


def request(text: str = "What is 2 + 2?", *, draw: int = 0, seed: int = 1, **sampling: object) -> Request:
    """A request for one completion."""
    found = Sampling(max_tokens=100, temperature=0.7)
    return Request(
        (Message("user", text),),
        replace(found, **sampling),
        seed=seed,
        first_draw=draw,  # type: ignore[arg-type]
    )


def drawn(text: str, finish: str | None = "stop", logprobs: Sequence[float] = ()) -> Drawn:
    """A draw of one token a character."""
    chunks = [
        Chunk(
            text=letter,
            tokens=1,
            logprobs=(TokenLogprob(letter, logprobs[i], ((letter, logprobs[i]), ("ü", -9.5))),)
            if logprobs
            else (),
        )
        for i, letter in enumerate(text)
    ]
    return Drawn((*chunks[:-1], replace(chunks[-1], finish=finish)))  # type: ignore[arg-type]


def generation(
    text: str = "four", finish: str | None = "stop", *, problem: str = "p", **more: object
) -> Generation:
    """A generation of a problem's own text, or of `asked`."""
    asked = more.pop("asked", None) or Asked(
        ORIGIN, request(f"problem {problem}", draw=int(str(more.pop("draw", 0))))
    )
    lps = more.pop("logprobs", ())
    given = {"prompt_tokens": 7, "seconds": 0.5, "at": 1.0, "version": "1", "task": "t", "problem": problem}
    return Generation(asked, 0, more.pop("drawn", None) or drawn(text, finish, lps), **{**given, **more})  # type: ignore[arg-type]


def cell(*draws: CellDraw, problem: str = "p", **more: object) -> Cell:
    """A cell of one problem."""
    given = {"seed": 1, "correct": 1.0, "answer": "4", "output_tokens": 9}
    return Cell("t", problem, "toy", "direct", {"calls": 4}, draws=draws, **{**given, **more})  # type: ignore[arg-type]
