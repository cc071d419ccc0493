"""Learn a prior from recorded runs: how often which answer profiles occur, and when which answer is right.

Mixture weights on a fixed grid of profiles by expectation-maximisation (Laird 1978, "Nonparametric Maximum Likelihood
Estimation of a Mixing Distribution", JASA 73), with the default prior as `strength` problems more: a few recorded problems
move the default, many replace it, and nothing is ever impossible. Only numpy.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from thinkharder.core.errors import BadOption
from thinkharder.stats.checks import Floats, Ints, class_ids, same_shape, shares
from thinkharder.stats.priors import PROMPT, Prior, Profile, leader_grid
from thinkharder.stats.priors_law import Work

MOST = 64
"""Draws of a problem that are read, at most."""
RATES = {0.002: 0.35, 0.01: 0.2, 0.03: 0.15, 0.1: 0.12, 0.2: 0.08, 0.4: 0.05, 0.65: 0.03, 0.9: 0.02}
"""Rates of abstaining and their weight before anything is seen."""
NEAR = 0.1
"""Profiles whose leading shares differ by less than about this learn from one another which answer is right."""
LEADERS_FINE = (0.03, *[step / 25 for step in range(2, 25)], 0.98, 0.999)
RUNNERS_UP_FINE = (0.15, 0.3, 0.45, 0.6, 0.75, 0.9, 0.98)
SPREADS_FINE = (1, 2, 5)
ENOUGH = 100
"""From so many problems on profiles are learned on the fine grid."""
KEPT = 0.97
"""The weight of the profiles that are kept; the others are left to the coarse grid."""
PSEUDO = 1.0
"""Problems of which one of the given answers is right, beside those recorded."""
SHARPNESS = np.geomspace(0.25, 256, 81)
"""How the chance of being right goes with the share: share ** sharpness; 1: right as often as given."""
_NEVER = 1e-300
_STEPS = 200


Looked = tuple[int, int, int, int, Floats]
"""Draws, votes, those of the leader and of the runner-up, and how right the leader is, the runner-up, and the others
together, [3] (NaN: unknown)."""


def learn_prior(
    classes: ArrayLike,
    right: ArrayLike | None = None,
    *,
    prompt: float | None = None,
    strength: float = 10.0,
    learned: Mapping[str, Any] | None = None,
) -> Prior:
    """A prior from recorded draws of problems like those to come.

    `classes` [problems, draws]: the answer's class within its problem, -1 abstains, -2 nothing recorded; `right`
    [problems, draws] in [0, 1], NaN unknown; without it an answer is taken to be right as often as it is given.
    `prompt`: tokens of a prompt for each token of a sample. `strength`: how many problems the default prior counts for.
    Give recorded draws of other problems than those that the prior is used on and judged by. Raises BadOption.
    """
    ids = class_ids(classes)[:, :MOST]
    good = np.full(ids.shape, np.nan) if right is None else shares("right", np.asarray(right))[:, :MOST]
    same_shape(classes=ids, right=good)
    if not strength > 0:
        raise BadOption(f"strength={strength} must be above 0 problems: it keeps every profile possible")
    drawn = (ids != -2).sum(axis=1)
    ids, good = ids[drawn > 0], good[drawn > 0]
    if not len(ids):
        raise BadOption("there is no recorded draw to learn from")
    seen = [_seen(*problem) for problem in zip(ids, good, strict=True)]
    weights, share, size, right = _learned(seen, strength)
    g, z = np.nonzero(weights)
    told = {"problems": len(ids), "draws": int((ids != -2).sum()), "strength": strength}
    return Prior.of(
        weights[g, z],
        np.array(list(RATES))[z],
        share[g],
        size[g],
        right[g],
        PROMPT if prompt is None else prompt,
        told | dict(learned or {}),
    )


def _learned(seen: list[Looked], strength: float) -> tuple[Floats, Floats, Ints, Floats]:
    """Weights [G, Z], shares, sizes and right [G, 3] of the profiles learned."""
    fine = len(seen) >= ENOUGH
    grid = leader_grid(LEADERS_FINE, RUNNERS_UP_FINE, SPREADS_FINE) if fine else leader_grid()
    before, share, size = _grid(grid)
    rates = np.array(list(RATES.values()))
    chance = _votes(share, size, seen)[:, :, None] * _abstained(seen)[:, None, :]
    weights, belongs = _mixture(chance, before[:, None] * rates, strength)
    every = share, size
    if fine:
        # What the data do not ask for is left to the coarse grid: each profile costs time where decisions are tabulated.
        ranked = np.sort(weights, axis=None)[::-1]
        weights[weights < ranked[int(np.searchsorted(ranked.cumsum(), KEPT))]] = 0.0
        coarse = _grid(leader_grid())
        weights = np.concatenate([weights, (1 - weights.sum()) * coarse[0][:, None] * rates])
        every = np.concatenate([share, coarse[1]]), np.concatenate([size, coarse[2]])
    return weights, *every, _right(every, (share, size), belongs.sum(axis=2), seen)


def _grid(profiles: list[Profile]) -> tuple[Floats, Floats, Ints]:
    """Weights [G] of sum 1, shares [G, 3], sizes [G, 3]."""
    weights, share, size = (np.array(column) for column in zip(*profiles, strict=True))
    return weights / weights.sum(), share, size


def _seen(classes: Ints, right: Floats) -> Looked:
    drawn = int((classes != -2).sum())
    votes = np.bincount(classes[classes >= 0], minlength=2)
    good = np.array([right[classes == c].mean() if n else 0.0 for c, n in enumerate(votes.tolist())])
    order = np.sort(votes)[::-1]
    first, second = int(order[0]), int(order[1])
    known = np.full(3, np.nan)
    if first:
        lead, next_ = good[votes == first], good[votes == second] if second else np.zeros(1)
        known[0] = lead.mean()
        known[1] = lead.mean() if second == first else next_.mean()
        known[2] = max(good.sum() - known[0] - known[1], 0.0)
    return drawn, int(votes.sum()), first, second, known


def _votes(share: Floats, size: Ints, seen: list[Looked]) -> Floats:
    """The chance of each problem's votes under each profile, [P, G]."""
    found = np.ones((len(seen), len(share)))
    work = Work(share, size, np.zeros(share.shape), max(1, *(one[1] for one in seen), 1))
    for a in {one[2] for one in seen} - {0}:
        mass = work.leader(a, follows=False)[0]
        for number, (_, voted, first, second, _) in enumerate(seen):
            if first == a:
                found[number] = mass[:, voted - a, second]
    return found


def _abstained(seen: list[Looked]) -> Floats:
    """The chance of how often each problem's draws abstained under each rate, [P, Z], but for a factor."""
    rates = np.array(list(RATES))
    voted = np.array([one[1] for one in seen])[:, None]
    away = np.array([one[0] for one in seen])[:, None] - voted
    found: Floats = rates**away * (1 - rates) ** voted
    return found


def _mixture(chance: Floats, before: Floats, strength: float) -> tuple[Floats, Floats]:
    """Weights [G, Z] that make the problems likely, and the chances that each problem is of each, [P, G, Z]."""
    chance = chance / chance.max(axis=(1, 2), keepdims=True)
    weights = before
    for _ in range(_STEPS):
        belongs = chance * weights
        belongs /= belongs.sum(axis=(1, 2), keepdims=True)
        weights = (belongs.sum(axis=0) + strength * before) / (len(chance) + strength)
    return weights, belongs


def _right(
    wanted: tuple[Floats, Ints], known_of: tuple[Floats, Ints], belongs: Floats, seen: list[Looked]
) -> Floats:
    """The chance that an answer of each kind is right, for the profiles wanted, [G, 3], from those that problems belong
    to: that any answer is (near profiles alike) times the share
    of its p ** sharpness, so that it is the same for equals: two answers that share the votes evenly are a coin flip."""
    share, size = known_of
    known = np.array([one[4] for one in seen])
    there = ~np.isnan(known).any(axis=1)
    if not there.any():
        given: Floats = wanted[0] * (wanted[1] > 0)
        return given
    belongs, known = belongs[there], known[there]
    near = np.exp(-((wanted[0][:, None, 0] - share[None, :, 0]) ** 2) / (2 * NEAR**2))
    weight = belongs @ near.T
    some = np.minimum(known.sum(axis=1), 1.0)
    any_right = (weight.T @ some + PSEUDO) / (weight.sum(axis=0) + PSEUDO)
    leader, runner_up = _kinds(share, size, [one for one, known in zip(seen, there, strict=True) if known])
    leader, runner_up = (
        (belongs[:, :, None] * kind).reshape(len(belongs), -1) for kind in (leader, runner_up)
    )
    scores = []
    for sharpness in SHARPNESS.tolist():
        each = _shared(share, size, sharpness).ravel()
        chance = np.stack([leader @ each, runner_up @ each], axis=1)
        chance = np.concatenate([chance, 1 - chance.sum(axis=1, keepdims=True)], axis=1)
        prior = -0.5 * np.log(sharpness / 1.5) ** 2
        scores.append((known * np.log(np.maximum(chance, 1e-9))).sum() + prior)
    found: Floats = any_right[:, None] * _shared(*wanted, float(SHARPNESS[int(np.argmax(scores))]))
    return found


def _kinds(share: Floats, size: Ints, seen: list[Looked]) -> tuple[Floats, Floats]:
    """Of which kind the answer with the most votes is, given the profile, and that with the second most, [P, G, 3] each.

    With near shares the leader of some recorded draws is often not the most frequent answer. That the others have no more
    votes than these two is left out.
    """
    log = np.log(np.where(size > 0, np.maximum(share, 1e-12), _NEVER))
    rest = np.log(np.maximum(1 - share[:, :, None] - share[:, None, :], 1e-12))
    ways = np.log(np.maximum(size[:, :, None] * (size[:, None, :] - np.eye(3, dtype=int)), _NEVER))
    leader, runner_up = (np.zeros((len(seen), *share.shape)) for _ in range(2))
    for number, (_, voted, first, second, _) in enumerate(seen):
        ahead = (first * log)[:, :, None]
        next_ = (second * log)[:, None, :]
        score = ways + ahead + next_ + (voted - first - second) * rest
        chance = np.exp(score - score.max(axis=(1, 2), keepdims=True))
        chance /= chance.sum(axis=(1, 2), keepdims=True)
        leader[number], runner_up[number] = chance.sum(axis=2), chance.sum(axis=1)
    return leader, runner_up


def _shared(share: Floats, size: Ints, sharpness: float) -> Floats:
    """Each answer's part of the shares to that power, [G, 3]."""
    power = (size > 0) * (share / share.max(axis=1, keepdims=True)) ** sharpness
    found: Floats = power / (power * size).sum(axis=1, keepdims=True)
    return found
