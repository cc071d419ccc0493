"""The recommendation: for this task and model, at this budget, this strategy with these parameters.

Options are strategies with parameters, each with its tokens and each problem's accuracy over many replays. The frontier
starts at the cheapest option (one sample) and goes from step to step by the largest gain per token (the upper concave envelope
of accuracy over tokens). A step counts only where the data support it: its paired test against the step before, at the 5%
level divided by the number of options (Bonferroni), and a gain per 1,000 tokens of at least what the user says they are
worth. What is below the first step, and what is beyond the last, is said too.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray

from thinkharder.assemble import build_strategy
from thinkharder.core.errors import BadOption, UsageError
from thinkharder.core.spec import Spec, parse
from thinkharder.records.pool import Pool
from thinkharder.replay.classed import BEYOND, CONFIDENCE, Classed
from thinkharder.replay.table import Row, replay
from thinkharder.stats.compare import compare
from thinkharder.stats.intervals import Interval, mean_interval
from thinkharder.stats.scaling.compute import Machine, Spend
from thinkharder.stats.scaling.evidence import Evidence
from thinkharder.stats.scaling.matched import Curve
from thinkharder.stats.scaling.saturation import envelope

ALPHA = 0.05
VOTES = ("self-consistency", "self-consistency(until=unanimous)", "self-consistency(until=margin)")
SCORED = ("best-of-n", "weighted-vote")
SAME_TEXT = frozenset({"code"})
"""Answer types whose texts say nothing by being equal: the vote over programs is over what they do. Recorded answers do:
where they are recorded, equal ones are of one class."""


@final
@dataclass(frozen=True, eq=False)
class Option:
    """A strategy with parameters, as replayed: means a problem of samples and tokens, and accuracy of each problem [P]."""

    spec: str
    family: str
    """The strategy without its number of samples."""
    samples: float
    input_tokens: float
    output_tokens: float
    values: NDArray[np.float64]

    @property
    def tokens(self) -> float:
        """Input and output tokens a problem."""
        return self.input_tokens + self.output_tokens

    @property
    def accuracy(self) -> Interval:
        """The mean over problems with its 95% interval."""
        return mean_interval(np.clip(self.values, 0.0, 1.0))

    @property
    def spend(self) -> Spend:
        """Its tokens, none of them cached."""
        none = np.zeros(())
        return Spend(np.asarray(self.input_tokens), np.asarray(self.output_tokens), none)


@final
@dataclass(frozen=True, eq=False)
class Step:
    """A step of the frontier: what it gains over the step before per 1,000 tokens (NaN for the first), and the p of that."""

    option: Option
    gain: float
    p: float


@final
@dataclass(frozen=True, eq=False)
class Advice:
    """What to buy. `steps` by rising tokens, the first is one sample; `at` the best step within `budget` tokens."""

    threshold: float
    budget: float | None
    steps: tuple[Step, ...]
    at: Step | None
    refused: tuple[tuple[Option, str], ...]
    """Options of the envelope that were left out, each with the reason."""

    @property
    def last(self) -> Step:
        """The step beyond which nothing more is worth its tokens."""
        return self.steps[-1]

    def needed(self, step: Step) -> float:
        """How many times the compute of one sample a step takes: a model that many times larger costs as much a sample.

        Where such a model is right in more single samples than the step, it is the better buy.
        """
        return step.option.tokens / self.steps[0].option.tokens


def advise(options: Sequence[Option], threshold: float, budget: float | None = None) -> Advice:
    """The frontier of the options at a threshold (accuracy per 1,000 tokens), and the step to take within a budget.

    Raises BadOption for a threshold that is not above 0, no option, or a budget under the cheapest.
    """
    if not (np.isfinite(threshold) and threshold > 0):
        raise BadOption(
            f"the threshold {threshold!r} must be an accuracy per 1,000 tokens above 0, such as 0.01"
        )
    if not options:
        raise BadOption("there is nothing to recommend from; replay at least one strategy")
    ordered = sorted(options, key=lambda option: (option.tokens, -float(option.values.mean())))
    steps, refused = [Step(ordered[0], float("nan"), float("nan"))], []
    left = ordered[1:]
    while left:
        now = steps[-1].option
        ahead = [one for one in left if one.tokens > now.tokens and one.values.mean() > now.values.mean()]
        if not ahead:
            break
        row = [now, *ahead]
        hull = envelope(np.array([o.tokens for o in row]), np.array([float(o.values.mean()) for o in row]))
        best = row[int(hull[1])]
        gain = 1000 * float((best.values - now.values).mean()) / (best.tokens - now.tokens)
        if gain < threshold:
            break
        left = [one for one in ahead if one is not best]
        p = compare(best.values, now.values, names=(best.spec, now.spec)).p
        if p < ALPHA / len(options):
            steps.append(Step(best, gain, p))
        else:
            refused.append(
                (best, f"no difference shown to {now.spec} (p = {p:.2g} on {len(now.values)} problems)")
            )
    within = [step for step in steps if budget is None or step.option.tokens <= budget * (1 + 1e-9)]
    return Advice(threshold, budget, tuple(steps), within[-1] if within else None, tuple(refused))


def judged(pool: Pool, known: Classed) -> list[int]:
    """The problems (places in the pool) all of whose samples are known to be right or wrong."""
    unknown: list[list[bool]] = (known.recorded & np.isnan(known.right)).tolist()
    return [place for place, bad in enumerate(unknown) if not any(bad) and pool.counts[place]]


def usable(classed: Classed) -> bool:
    """Whether a vote over these recorded answers means anything."""
    return classed.votes and (classed.kind.name not in SAME_TEXT or "answer" in classed.pool.has)


def evidence_of(classed: Classed) -> Evidence:
    """A classed pool as the arrays that the laws are fitted to. Problems without any judged draw are left out."""
    kept: NDArray[np.bool_] = np.asarray(np.isfinite(classed.right).any(axis=1))
    if not kept.any():
        raise BadOption(
            f"the pool {classed.name!r} says of no sample whether it is right; record `gold` or `correct` with its samples"
        )
    prompt = classed.input_tokens.astype(np.float64)
    output = classed.output_tokens.astype(np.float64)
    known = bool((output[classed.classes != BEYOND] >= 0).all())
    return Evidence(
        problems=tuple(name for name, there in zip(classed.problems, kept.tolist(), strict=True) if there),
        right=classed.right[kept],
        classes=classed.classes[kept].astype(np.int64),
        prompt_tokens=np.where(prompt >= 0, prompt, np.nan)[kept],
        completion_tokens=np.where(output >= 0, output, np.nan)[kept] if known else None,
        scores={name: values[kept] for name, values in classed.scores.items()},
        votable=usable(classed),
    )


def sizes(most: int) -> list[int]:
    """Sample counts to replay: 2, 3, 4, 6, 8, 12, 16 … and `most`."""
    every = sorted({n for power in range(1, 20) for n in (2**power, 3 * 2 ** (power - 1))})
    return sorted({*(n for n in every if n < most), *([most] if most > 1 else [])})


def options_of(
    classed: Classed, strategies: Sequence[str] = (), *, trials: int = 200, seed: int = 0
) -> list[Option]:
    """One sample, and every strategy at every size of `sizes`, replayed on a pool; NAME@SCORER reads those scores.

    By default votes, votes that stop early, and for each scorer best-of-n and the weighted vote; votes are left out where
    equality of the recorded answers means nothing. Prompts of unknown length count as 0 tokens. Raises UsageError for what cannot be replayed from this pool.
    """
    if (classed.output_tokens[classed.recorded] < 0).any():
        raise BadOption(
            f"the pool {classed.name!r} lacks token counts; record completion_tokens with its samples"
        )
    groups: dict[str, list[str]] = {}
    for given in strategies or (*(VOTES if usable(classed) else ()), *_scored(classed)):
        text, _, scorer = given.partition("@")
        own = [name for name in classed.scores if name != CONFIDENCE]
        if not scorer and len(own) > 1 and "verifier" in build_strategy(text).needs:
            named = ", ".join(f"{text}@{name}" for name in own)
            raise UsageError(f"the pool {classed.name!r} has several verifiers' scores; name one: {named}")
        groups.setdefault(scorer, []).append(text)
    found = [_option(row, "", "direct") for row in replay(classed, ["direct"], None, trials, seed)]
    most = sizes(int(classed.counts.min()))
    for scorer, texts in groups.items():
        for row in replay(classed, texts, most, trials, seed, verifier=scorer or None) if most else ():
            found.append(_option(row, scorer, row.strategy))
    if any(np.isnan(option.values).any() for option in found):
        raise BadOption(f"the pool {classed.name!r} does not say of every sample whether it is right")
    return found


def _option(row: Row, scorer: str, strategy: str) -> Option:
    """A row of a replay under its whole spec."""
    read, tail = parse(strategy), f" by {scorer}" if scorer else ""
    rest = {name: value for name, value in read.args.items() if name != "n"}
    spec = Spec(read.name, rest if strategy == "direct" else {"n": row.budget, **rest})
    spent = (row.samples, row.input_tokens or 0.0, row.output_tokens or 0.0)
    return Option(f"{spec}{tail}", f"{Spec(read.name, rest)}{tail}", *spent, row.by_problem)


def curves_of(name: str, options: Sequence[Option], machine: Machine, unit: str) -> list[Curve]:
    """Each family of options (a strategy without its n) as a curve over compute, for comparisons between models."""
    families: dict[str, list[Option]] = {}
    for option in options:
        families.setdefault(option.family, []).append(option)
    found = []
    for strategy, members in families.items():
        spent = np.array([float(machine.measure(one.spend, unit)) for one in members])
        order = np.argsort(spent, kind="stable")
        kept = [i for j, i in enumerate(order) if j == 0 or spent[i] > spent[order[j - 1]]]
        values = np.stack([members[i].values for i in kept], axis=1)
        found.append(Curve(f"{name}: {strategy}", spent[kept], values))
    return found


def _scored(classed: Classed) -> list[str]:
    kinds = SCORED if usable(classed) else SCORED[:1]
    return [f"{kind}@{scorer}" for kind in kinds for scorer in classed.scores]
