"""What `thinkharder scale` says, as one JSON document; its text is written from the same."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from thinkharder.assemble import build_strategy
from thinkharder.bench.advice import (
    Advice,
    Option,
    Step,
    advise,
    curves_of,
    evidence_of,
    judged,
    options_of,
)
from thinkharder.core.errors import BadOption, UnknownName
from thinkharder.core.usage import Price
from thinkharder.records.pool import Pool, read_pool
from thinkharder.replay.classed import classed
from thinkharder.stats.intervals import mean_interval
from thinkharder.stats.scaling import FITS, Curve, Evidence, Machine, PerSample, Study, matched, study
from thinkharder.stats.scaling.compute import UNITS

if TYPE_CHECKING:
    from thinkharder.cli.scale import ScaleFlags

NAMED = 10
"""Problems that are named in a list, at most; the count is always there."""
PLACES = 6


def document(
    flags: "ScaleFlags", sizes: Sequence[float | None], price: tuple[float, float] | None
) -> dict[str, Any]:
    """Everything, for each pool and for the models against each other. NaN becomes null."""
    _check(flags)
    paid = None if price is None else Price(*price)
    machines = [Machine(size, paid, flags.seconds_per_token) for size in sizes]
    pools = [read_pool(path, task=flags.task, model=flags.model) for path in flags.pools]
    told: dict[str, Any] = {
        "gain_per_1k": flags.gain_per_1k,
        "pools": [_pool(pool, machine, flags) for pool, machine in zip(pools, machines, strict=True)],
    }
    if len(pools) > 1:
        told["models"] = _models(pools, machines, flags)
    found = plain(told)
    assert isinstance(found, dict)
    return found


def _check(flags: "ScaleFlags") -> None:
    """Refuse before anything is read what would be refused after minutes."""
    if not (math.isfinite(flags.gain_per_1k) and flags.gain_per_1k > 0):
        raise BadOption(
            f"--gain-per-1k {flags.gain_per_1k:g} must be above 0, such as 0.01 for one point a 1,000 tokens"
        )
    if flags.budget is not None and not flags.budget > 0:
        raise BadOption(f"--budget {flags.budget:g} must be above 0 tokens")
    if flags.law is not None and flags.law not in FITS:
        raise UnknownName("law", flags.law, list(FITS))
    if not 0 <= flags.cached <= 1:
        raise BadOption(f"--cached {flags.cached:g} must be a share in [0, 1]")
    for spec in flags.strategy or ():
        build_strategy(spec.partition("@")[0])


def plain(value: Any) -> Any:
    """With Python's own numbers; what is not finite becomes None."""
    if isinstance(value, Mapping):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    if isinstance(value, np.ndarray | np.generic):
        return plain(value.tolist())
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _pool(pool: Pool, machine: Machine, flags: "ScaleFlags") -> dict[str, Any]:
    known, left_out = classed(pool, flags.answer_type), 0
    kept = judged(pool, known)
    if len(kept) < len(pool.problems):
        left_out = len(pool.problems) - len(kept)
        if not kept:
            raise BadOption(
                f"the pool {pool.name!r} says of no problem's samples which are right; record gold or correct"
            )
        known = classed(pool.select(kept), flags.answer_type)
    evidence = evidence_of(known)
    sample = _sample(evidence, flags)
    done = study(evidence, most=flags.most, law=flags.law, sample=sample, times=flags.times, seed=flags.seed)
    told: dict[str, Any] = {
        "pool": pool.name,
        "problems": len(evidence.problems),
        "samples": [int(evidence.n.min()), int(evidence.n.max())],
        "tokens_a_sample": None
        if sample is None
        else {"prompt": sample.prompt, "completion": sample.completion},
        "parameters": machine.parameters,
        "accuracy": {name: _interval(values[:, 0]) for name, values in done.seen.items() if name == "pass"},
        "law": _law(done),
        "comparison": _comparison(done),
        "curves": [
            {"of": one.of, "against": one.against, "law": one.law.name, "rmse": one.law.rmse}
            | {"parameters": _numbers(one.law.parameters, one.intervals)}
            for one in done.curves
        ],
        "forecasts": {name: _forecast(done, name, machine) for name in done.forecasts},
        "vote_limit": _limit(done),
        "saturation": {},
        "recommendation": None,
        "notes": list(done.notes),
    }
    if left_out:
        told["notes"].append(
            f"{left_out} problems were left out: it is not known of all their samples whether they are right"
        )
    if sample is not None and not math.isfinite(evidence.prompt):
        told["notes"].append("the pool holds no prompt_tokens: prompts are counted as 0 tokens")
    if sample is None:
        told["notes"].append("the pool holds no completion_tokens: nothing is said of what samples are worth")
        return told
    told["saturation"] = {name: asdict(done.saturation(name, flags.gain_per_1k)) for name in done.forecasts}
    options = options_of(known, flags.strategy or (), trials=flags.trials, seed=flags.seed)
    advice = advise(options, flags.gain_per_1k, flags.budget)
    told["recommendation"] = _advice(advice, options, machine)
    return told


def _sample(evidence: Evidence, flags: "ScaleFlags") -> PerSample | None:
    """Tokens of a sample, as recorded; None where the pool holds none."""
    if not math.isfinite(evidence.completion):
        return None
    prompt = evidence.prompt if math.isfinite(evidence.prompt) else 0.0
    return PerSample(prompt, evidence.completion, 1 if flags.one_by_one else None, flags.cached)


def _interval(values: Any) -> dict[str, float]:
    found = mean_interval(np.clip(values, 0, 1))
    return {"value": found.estimate, "low": found.low, "high": found.high}


def _numbers(values: Mapping[str, float], spread: Mapping[str, tuple[float, float]]) -> dict[str, Any]:
    ends = {name: spread.get(name, (float("nan"), float("nan"))) for name in values}
    return {name: {"value": v, "low": ends[name][0], "high": ends[name][1]} for name, v in values.items()}


def _law(done: Study) -> dict[str, Any]:
    law = done.rates.law
    return {
        "name": law.name,
        "why": done.comparison.why if law.name == done.comparison.chosen else "it was asked for",
        "parameters": _numbers(law.parameters, done.rates.intervals()),
        "goodness_of_fit": {"distance": done.fit_distance, "p": done.fit_p},
        "answers": None if done.answers is None else done.answers.law.parameters,
    }


def _comparison(done: Study) -> dict[str, Any]:
    made = done.comparison
    return {
        "laws": [asdict(row) for row in made.rows],
        "chosen": made.chosen,
        "extrapolated_from": made.fitted_draws,
        "extrapolated_to": made.reach,
    }


def _forecast(done: Study, name: str, machine: Machine) -> list[dict[str, Any]]:
    """Rows at the powers of two, with what was observed and what the samples cost."""
    told, seen = (
        done.forecasts[name],
        dict(zip(done.near.tolist(), done.seen.get(name, np.empty((0, 0))).T, strict=False)),
    )
    rows = []
    for i, k in enumerate(told.k.tolist()):
        if k & (k - 1):
            continue
        row = {"k": k, "value": told.value[i], "low": told.low[i], "high": told.high[i]}
        row["observed"] = float(seen[k].mean()) if k in seen else None
        rows.append(row | _cost(done, k, machine))
    return rows


def _cost(done: Study, k: int, machine: Machine) -> dict[str, float]:
    if done.sample is None:
        return {}
    spent, found = done.sample.spend(k), {}
    for unit in UNITS:
        try:
            found[unit] = float(machine.measure(spent, unit))
        except BadOption:  # not known of this model
            continue
    return found


def _limit(done: Study) -> dict[str, Any] | None:
    if done.limit is None:
        return None
    names = done.evidence.problems
    never, always = done.limit.never(), done.limit.always()
    return {
        "accuracy": done.limit.value,
        "low": done.limit.low,
        "high": done.limit.high,
        "never": {"count": len(never), "problems": [names[i] for i in never[:NAMED]]},
        "always": {"count": len(always)},
    }


def _option(option: Option, machine: Machine) -> dict[str, Any]:
    found = option.accuracy
    told: dict[str, Any] = {
        "strategy": option.spec,
        "samples": option.samples,
        "input_tokens": option.input_tokens,
        "output_tokens": option.output_tokens,
        "accuracy": found.estimate,
        "low": found.low,
        "high": found.high,
    }
    for unit in UNITS[1:]:
        try:
            told[unit] = float(machine.measure(option.spend, unit))
        except BadOption:  # not known of this model
            continue
    return told


def _advice(advice: Advice, options: Sequence[Option], machine: Machine) -> dict[str, Any]:
    def step(one: Step) -> dict[str, Any]:
        extra = {"gain_per_1k": one.gain, "p": one.p, "times_one_sample": advice.needed(one)}
        return _option(one.option, machine) | extra

    return {
        "budget": advice.budget,
        "take": None if advice.at is None else step(advice.at),
        "steps": [step(one) for one in advice.steps],
        "left_out": [{"strategy": option.spec, "why": why} for option, why in advice.refused],
        "options": [_option(option, machine) for option in options],
    }


def _models(pools: Sequence[Pool], machines: Sequence[Machine], flags: "ScaleFlags") -> dict[str, Any]:
    """Each two pools on the problems that all share, the cheaper sample first, best strategy against best strategy."""
    shared = [name for name in pools[0].problems if all(name in pool.problems for pool in pools[1:])]
    if len(shared) < 2:
        raise BadOption(
            f"the pools {', '.join(pool.name for pool in pools)} share {len(shared)} problems; models are compared on the same ones"
        )
    unit = flags.unit or ("flops" if all(machine.parameters for machine in machines) else "tokens")
    curves = []
    for pool, machine in zip(pools, machines, strict=True):
        place = {name: i for i, name in enumerate(pool.problems)}
        own = pool.select([place[name] for name in shared])
        part = classed(own, flags.answer_type)
        options = options_of(part, flags.strategy or (), trials=flags.trials, seed=flags.seed)
        if any(len(option.values) != len(shared) for option in options):
            raise BadOption(
                f"the pool {pool.name!r} does not say of every sample of the shared problems whether it is right"
            )
        curves.append((pool.name, curves_of(pool.name, options, machine, unit)))
    curves.sort(key=lambda pair: min(float(curve.compute[0]) for curve in pair[1]))
    pairs = [
        _pair(small, large, flags.seed) for i, (_, small) in enumerate(curves) for _, large in curves[i + 1 :]
    ]
    return {"unit": unit, "problems": len(shared), "order": [name for name, _ in curves], "pairs": pairs}


def _pair(small: Sequence[Curve], large: Sequence[Curve], seed: int) -> list[dict[str, Any]]:
    start = min(float(curve.compute[0]) for curve in large)
    end = max(float(curve.compute[-1]) for curve in (*small, *large))
    rows = []
    for place in np.geomspace(start, max(end, start * 1.001), PLACES):
        first, second = (_best(side, float(place)) for side in (small, large))
        found = matched(first, second, place, seed=seed)[0]
        rows.append(asdict(found) | {"verdict": found.verdict, "small": first.name, "large": second.name})
    return rows


def _best(curves: Sequence[Curve], compute: float) -> Curve:
    """The curve with the highest mean at so much compute, of those that reach down to it."""
    there = [curve for curve in curves if compute >= curve.compute[0] * (1 - 1e-9)]
    return max(there, key=lambda curve: float(curve.at(compute).mean()))
