"""Strategies that the fast path does not know: run as they are, trial by trial, problem by problem. Slow and the same."""

from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray

from thinkharder.api import run_sync
from thinkharder.core.protocols import Strategy
from thinkharder.core.usage import Budget
from thinkharder.replay.classed import Classed
from thinkharder.replay.model import Replay
from thinkharder.replay.objects import Ended, run_once
from thinkharder.replay.plan import resized
from thinkharder.replay.vector import Outcome, Setting, Told


@final
@dataclass(frozen=True, slots=True)
class Job:
    """A strategy, the hard limits of each of its runs, and the recorded scores that are its verifier."""

    strategy: Strategy
    budget: Budget | None = None
    scores: str | None = None


def one_by_one(classed: Classed, job: Job, setting: Setting, told: Told | None = None) -> Outcome:
    """The means over trials of running a strategy object on every problem. Raises ReplayMiss where it asks for what is
    not recorded."""
    return run_sync(_run(classed, job, setting, told))


async def _run(classed: Classed, job: Job, setting: Setting, told: Told | None) -> Outcome:
    sums = np.zeros((5, len(classed.problems)))
    replay = Replay(classed, seed=setting.seed, labels=True)
    for trial in range(setting.trials):
        now = replay.at(trial)
        for problem, count in enumerate(classed.counts.tolist()):
            ended = await run_once(
                now, problem, within(job.strategy, count), budget=job.budget, scores=job.scores
            )
            whole = whole_vote(classed, problem, now.order(problem)[: setting.cap])
            sums[:, problem] += (
                ended.right,
                agreement(ended, whole),
                ended.samples,
                ended.requests,
                ended.output_tokens,
            )
        if told is not None:
            told(trial + 1, setting.trials)
    return Outcome(*(sums / setting.trials))


def within(strategy: Strategy, count: int) -> Strategy:
    """The strategy on a problem with `count` recorded draws: no more than those."""
    return resized(strategy, count) if getattr(strategy, "n", 0) > count else strategy


def whole_vote(classed: Classed, problem: int, draws: NDArray[np.int64]) -> frozenset[int]:
    """The answers (classes) that win the vote of these draws; that they abstain, -1, where nobody votes."""
    voted = classed.classes[problem, draws]
    answers, votes = np.unique(voted[voted >= 0], return_counts=True)
    return frozenset(answers[votes == votes.max()].tolist()) if len(answers) else frozenset({-1})


def agreement(ended: Ended, whole: frozenset[int]) -> float:
    """|A and W| / |A or W| over the tied answers of a run and of the whole vote."""
    return len(ended.classes & whole) / len(ended.classes | whole)
