"""Texts of candidates, chosen and packed into blocks that the page unpacks on demand.

A block is base64 of raw deflate (RFC 1951) of JSON, for several problems at once: samples of one problem are alike, so
they pack well together. Base64 holds no character that HTML gives a meaning to.
"""

import base64
import json
import math
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypedDict, final

from thinkharder.reports.findings import Browser, ProblemRow

BLOCK_CHARACTERS = 400_000
"""A block is closed when its texts reach this many characters: unpacked in a few milliseconds."""
BLOCK_PROBLEMS = 16


class Texts(TypedDict):
    """What is shown of one problem: its question ("" unknown), and candidates as `problems.candidate` makes them."""

    question: str
    found: list[dict[str, Any]]


def pack(plain: str) -> str:
    """Text as base64 of raw deflate. Lone surrogates, which JSON may hold, become U+FFFD."""
    squeezer = zlib.compressobj(9, zlib.DEFLATED, -15, 9)
    squeezed = squeezer.compress(plain.encode("utf-8", "replace")) + squeezer.flush()
    return base64.b64encode(squeezed).decode("ascii")


def unpack(packed: str) -> Any:
    """What a block holds."""
    return json.loads(zlib.decompress(base64.b64decode(packed), -15))


def pick(classes: Sequence[int], right: Sequence[float], most: int) -> list[int]:
    """Which candidates stand for all: at most `most` positions, in draw order.

    The answers take turns, those with more votes first, so that each of the common ones is seen; a right one is always
    among them where there is one. `classes` [samples] are answer classes (negative: no answer), `right` [samples] are
    1, 0 or NaN.
    """
    if len(classes) <= most:
        return list(range(len(classes)))
    groups: dict[int, list[int]] = {}
    for at, name in enumerate(classes):
        groups.setdefault(name, []).append(at)
    order = sorted(groups.values(), key=lambda group: (classes[group[0]] < 0, -len(group), group[0]))
    chosen = [group[turn] for turn in range(most) for group in order if turn < len(group)][:most]
    if chosen and not any(right[at] == 1 for at in chosen):
        chosen[-1:] = next(([at] for at in range(len(right)) if right[at] == 1), chosen[-1:])
    return sorted(chosen)


def spread_out(problems: int) -> Iterator[int]:
    """All problems, such that any beginning is spread evenly over them (where not all fit on the page)."""
    step = next(
        s for s in range(max(1, int(problems * 0.618)), 2 * problems + 2) if math.gcd(s, problems) == 1
    )
    return ((i * step) % problems for i in range(problems))


@final
class Packer:
    """Fills blocks with problems until `limit` bytes are packed (None: no limit)."""

    def __init__(self, problems: int, limit: int | None) -> None:
        self.block_of = [-1] * problems
        self.blocks: list[str] = []
        self.bytes = 0
        self.candidates = 0
        self._limit = limit

    def fill(self, order: Iterable[int], texts: Callable[[int], Texts]) -> None:
        """Ask for the texts of each problem in turn, and pack them, until all are or the limit is reached."""
        waiting: dict[int, Texts] = {}
        characters = 0
        for problem in order:
            waiting[problem] = found = texts(problem)
            characters += sum(
                len(one["text"] or "") + len(one["reasoning"] or "") + 100 for one in found["found"]
            )
            if characters >= BLOCK_CHARACTERS or len(waiting) >= BLOCK_PROBLEMS:
                if not self._close(waiting):
                    return
                waiting, characters = {}, 0
        if waiting:
            self._close(waiting)

    def _close(self, waiting: Mapping[int, Texts]) -> bool:
        """Pack these problems into a block; False where they do not all fit."""
        named = {str(problem): found for problem, found in waiting.items()}
        packed = pack(json.dumps(named, separators=(",", ":"), ensure_ascii=False))
        if self._limit is not None and self.bytes + len(packed) > self._limit:
            if len(waiting) > 1:  # perhaps some of them fit
                return all(self._close({problem: found}) for problem, found in waiting.items())
            return False
        for problem, found in waiting.items():
            self.block_of[problem] = len(self.blocks)
            self.candidates += len(found["found"])
        self.blocks.append(packed)
        self.bytes += len(packed)
        return True


def index(browser: Browser) -> list[dict[str, Any]]:
    """The list of problems as the page reads it: NaN is null, `classes` are (answer, votes, right)."""
    return [
        _line(i, row, block)
        for i, (row, block) in enumerate(zip(browser.rows, browser.block_of, strict=True))
    ]


def _line(i: int, row: ProblemRow, block: int) -> dict[str, Any]:
    return {
        "i": i,
        "id": row.id,
        "level": row.level,
        "gold": row.gold,
        "samples": row.samples,
        "rate": number(row.rate),
        "vote": row.vote,
        "share": number(row.share),
        "vote_right": number(row.vote_right),
        "tokens": number(row.tokens),
        "truncated": row.truncated,
        "abstained": row.abstained,
        "classes": [(votes.answer, votes.votes, number(votes.right)) for votes in row.classes],
        "other_answers": row.other_answers,
        "other_votes": row.other_votes,
        "block": block,
    }


def number(value: float | None) -> float | None:
    """A number for JSON: rounded to 5 digits behind the point, null where it is not known."""
    return None if value is None or not math.isfinite(value) else round(float(value), 5)
