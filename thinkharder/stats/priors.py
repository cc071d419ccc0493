"""What is known of a problem's answers before it is sampled: a mixture of answer profiles, learned from recorded runs.

A profile says which shares of the votes the answers get (a few kinds of answers, each kind of one or more answers with
one share each), how often a sample abstains, and the chance that an answer of each kind is right. Labels carry nothing:
which answer the leading one is, the samples have to show.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any, final

import numpy as np
from numpy.typing import ArrayLike

from thinkharder.core.errors import BadOption
from thinkharder.stats.checks import Floats, Ints, floats, whole

FORMAT, VERSION = "thinkharder-prior", 1
PROMPT = 0.3
"""Tokens of a prompt for each token of a sample, where nothing is known."""
LEADERS = (0.06, 0.12, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.88, 0.94, 0.98, 0.999)
RUNNERS_UP = (0.25, 0.5, 0.75, 0.97)
SPREADS = (1, 3)
ABSTAIN = {0.01: 0.6, 0.1: 0.25, 0.4: 0.1, 0.85: 0.05}
MOST_ANSWERS = 40
_SLACK = 1e-6


@final
@dataclass(frozen=True, eq=False)
class Prior:
    """G profiles with T kinds of answers each.

    - `weights` [G], of sum 1; `abstains` [G]: the chance that a sample abstains, in [0, 1];
    - `shares` [G, T]: the share of the votes cast that one answer of the kind gets, most frequent kind first; `sizes`
      [G, T] integers: answers of the kind (0: there is no such kind). Shares times sizes add up to 1;
    - `right` [G, T] in [0, 1]: the chance that a given answer of the kind is right;
    - `prompt`: tokens of the prompt for each token of a sample; `learned`: on what, for people and warnings.
    """

    weights: Floats
    abstains: Floats
    shares: Floats
    sizes: Ints
    right: Floats
    prompt: float = PROMPT
    learned: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        weights: ArrayLike,
        abstains: ArrayLike,
        shares: ArrayLike,
        sizes: ArrayLike,
        right: ArrayLike,
        prompt: float = PROMPT,
        learned: Mapping[str, Any] | None = None,
    ) -> "Prior":
        """Checked and normalised. Raises BadOption."""
        mass, away = floats("weights", weights), floats("abstains", abstains)
        share, size, good = floats("shares", shares), whole("sizes", sizes), floats("right", right)
        if share.ndim != 2 or share.shape != size.shape or share.shape != good.shape:
            raise BadOption(
                f"shares {share.shape}, sizes {size.shape}, right {good.shape}: give [profiles, kinds] each"
            )
        if mass.shape != share.shape[:1] or away.shape != mass.shape or not mass.size:
            raise BadOption(
                f"weights {mass.shape} and abstains {away.shape}: give one for each of {len(share)} profiles"
            )
        if not (mass >= 0).all() or not mass.sum() > 0:
            raise BadOption("weights must be 0 or more, and not all 0")
        for name, values in (("abstains", away), ("right", good), ("shares", share)):
            if not ((values >= 0) & (values <= 1 + _SLACK)).all():
                raise BadOption(f"{name} must lie in [0, 1]")
        total = (share * size).sum(axis=1)
        if not np.allclose(total, 1, atol=1e-3):
            raise BadOption(
                f"the shares of a profile must add up to 1, not {total[np.argmax(abs(total - 1))]:.4g}"
            )
        if not (np.isfinite(prompt) and prompt >= 0):
            raise BadOption(f"prompt={prompt} must be 0 or more tokens for each token of a sample")
        share = np.where(size > 0, share, 0.0) / total[:, None]
        return cls(
            mass / mass.sum(), np.minimum(away, 1), share, size, np.minimum(good, 1), prompt, learned or {}
        )

    def to_json(self) -> str:
        """A small document; `read_prior` reads it: `answers` of each profile of votes as [share, how many, right], and
        `profiles` as [weight, abstains, place in `answers`]."""
        rows = np.stack([self.shares, self.sizes, self.right], axis=2)
        different, which = np.unique(rows.reshape(len(rows), -1), axis=0, return_inverse=True)
        answers = [
            [[_short(share), int(size), _short(good)] for share, size, good in row if size > 0]
            for row in different.reshape(-1, *rows.shape[1:])
        ]
        profiles = [
            [_short(weight), _short(away), int(of)]
            for weight, away, of in zip(self.weights, self.abstains, which.reshape(-1), strict=True)
        ]
        document = {
            "format": FORMAT,
            "version": VERSION,
            "learned": dict(self.learned),
            "prompt": self.prompt,
        }
        return json.dumps(document | {"answers": answers, "profiles": profiles})


def read_prior(path: str | Path) -> Prior:
    """The prior of a file that `Prior.to_json` wrote. Raises BadOption saying what is wrong with it."""
    try:
        document = json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise BadOption(
            f"prior {str(path)!r} cannot be read: {error.strerror or error}; learn one with learn_prior"
        ) from None
    except ValueError as error:
        raise BadOption(f"prior {str(path)!r} is not JSON: {error}") from None
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise BadOption(f"prior {str(path)!r} is no prior: its `format` must be {FORMAT!r}")
    if document.get("version") != VERSION:
        raise BadOption(
            f"prior {str(path)!r} has version {document.get('version')!r}; this release reads {VERSION}"
        )
    try:
        return _of_document(document)
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise BadOption(f"prior {str(path)!r} lacks a field or holds a wrong one: {error!r}") from None


def _of_document(document: Mapping[str, Any]) -> Prior:
    known, rows = document["answers"], document["profiles"]
    answers = np.zeros((len(known), max(map(len, known)), 3))
    for number, kinds in enumerate(known):
        answers[number, : len(kinds)] = kinds
    weights, abstains, of = zip(*rows, strict=True)
    profiles = answers[list(of)]
    return Prior.of(
        weights,
        abstains,
        profiles[..., 0],
        profiles[..., 1],
        profiles[..., 2],
        float(document["prompt"]),
        document.get("learned"),
    )


def _short(value: float) -> float:
    return float(f"{value:.6g}")


@lru_cache(maxsize=1)
def default_prior() -> Prior:
    """The prior where nothing was recorded. Chosen by hand, fitted to nothing:

    - the leading answer's share p1 is Beta(1, 1/2), on a grid: most problems are answered alike, none is excluded;
    - the runner-up has 0.25, 0.5, 0.75 or 0.97 (all but a coin flip) of what it could have, min(p1, 1 - p1), each alike;
    - the others share the rest evenly: as few as there can be, or three times as many (up to 40);
    - samples abstain at 0.01, 0.1, 0.4 or 0.85 with weight 0.6, 0.25, 0.1, 0.05, whatever the answers;
    - an answer is right as often as it is given: the chance is its share.
    """
    grid = leader_grid()
    rows = [(w * mass, away, *profile) for w, *profile in grid for away, mass in ABSTAIN.items()]
    weights, abstains, shares, sizes = zip(*rows, strict=True)
    return Prior.of(weights, abstains, shares, sizes, shares, learned={"on": "nothing: chosen by hand"})


Profile = tuple[float, tuple[float, ...], tuple[int, ...]]
"""(weight, shares [3], sizes [3])."""


def leader_grid(
    leaders: Sequence[float] = LEADERS,
    runners_up: Sequence[float] = RUNNERS_UP,
    spreads: Sequence[int] = SPREADS,
) -> list[Profile]:
    """The profiles of votes of the default prior, or on another grid: shares of the leading answer, the runner-up's parts
    of what it could have, and by how many times the fewest the others are spread."""
    edges = [0.0, *[(a + b) / 2 for a, b in pairwise(leaders)], 1.0]
    found: list[Profile] = []
    for place, first in enumerate(leaders):
        mass = (1 - edges[place]) ** 0.5 - (1 - edges[place + 1]) ** 0.5
        for part in runners_up:
            second = part * min(first, 1 - first)
            rest = 1 - first - second
            few = max(1, math.ceil(rest / second - 1e-9))
            for spread in spreads:
                many = max(few, min(spread * few + (spread > 1), MOST_ANSWERS)) if rest > 1e-9 else 0
                each = (first, second, rest / max(many, 1) if many else 0.0)
                found.append((mass / (len(spreads) * len(runners_up)), each, (1, 1, many)))
    return found
