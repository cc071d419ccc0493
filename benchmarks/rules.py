"""What published stopping rules do: how often they are wrong and how many samples they need, where the truth is known and on
recorded pools; what a decision costs.

python -m benchmarks.rules errors|bets|pool POOL…|cost [--runs 2000] [--cap 20000] [--trials 1000]

`errors`: independent draws from known rates. `bets`: ways to bet in CITE, with one-hot and with soft answer probabilities, on a
target that is known to be the mode. Each prints a Markdown table.
"""

import argparse
import time
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from thinkharder.core.types import Candidate
from thinkharder.records.pool import Pool, read_pool
from thinkharder.records.sample import Sample
from thinkharder.replay import classed, replay
from thinkharder.replay.block import Tables
from thinkharder.replay.population import stops
from thinkharder.replay.spend import waves
from thinkharder.replay.votes import majority
from thinkharder.stopping import (
    AdaptiveConsistency,
    Cite,
    CountRule,
    Dsc,
    Esc,
    Margin,
    Mmc,
    Msprt,
    Ppr,
    Sprt,
    Unanimous,
    ask,
)

Floats = NDArray[np.float64]
TEN = (0.12, *[0.1] * 8, 0.08)
GAPS = (0.02, 0.1, 0.2, 0.4)


def rates(gap: float) -> tuple[float, ...]:
    """Four answers, the leading two `gap` apart."""
    return 0.35 + gap / 2, 0.35 - gap / 2, 0.15, 0.15


def populations() -> Iterator[tuple[str, tuple[float, ...]]]:
    """Names and rates."""
    for gap in GAPS:
        yield f"Δ = {gap}", rates(gap)
    yield "ten near-equal", TEN
    yield "two equal", (0.5, 0.5)


def rules(answers: int) -> list[tuple[str, CountRule]]:
    """The rules, those with a K of so many answers."""
    return [
        ("margin(m=3)", Margin(3)),
        ("esc", Esc()),
        ("dsc", Dsc()),
        ("adaptive-consistency", AdaptiveConsistency()),
        ("adaptive-consistency(prior=dirichlet)", AdaptiveConsistency(prior="dirichlet")),
        ("sprt", Sprt()),
        ("msprt", Msprt()),
        ("msprt(prior=1, beta=0.001)", Msprt(1, beta=0.001)),
        ("ppr-1v1(answers=K)", Ppr(answers=answers)),
        ("cite", Cite()),
        ("cite(answers=K)", Cite(answers=answers)),
        ("mmc", Mmc()),
        ("mmc(pairs=leading)", Mmc(pairs="leading")),
    ]


def errors(runs: int, cap: int) -> None:
    """Wrong stops, stops at all, and draws, by population and rule."""
    for name, shares in populations():
        print(
            f"\n{name}: {runs} runs, cap {cap}\n\n| rule | wrong | stopped | samples of those | samples of all |"
        )
        print("|---|---|---|---|---|")
        tie = sorted(shares)[-1] == sorted(shares)[-2]
        for label, rule in rules(len(shares)):
            # Its integral is over every profile of counts that comes up: too slow where runs are very long.
            ends = stops(rule, shares, runs, min(cap, 500) if "dirichlet" in label else cap)
            wrong = float(ends.stopped.mean()) if tie else ends.wrong
            some = f"{ends.samples[ends.stopped].mean():,.1f}" if ends.stopped.any() else "–"
            row = (f"{wrong:.2%}", f"{ends.stopped.mean():.1%}", some, f"{ends.samples.mean():,.1f}")
            print(f"| `{label}` | {' | '.join(row)} |", flush=True)


class Kelly:
    """Stakes the running mean gain over the running mean square, within [0, most]."""

    def __init__(self, shape: tuple[int, ...], most: float) -> None:
        self.most, self.n = most, 1
        self.gain, self.square, self.capital = np.zeros(shape), np.full(shape, 0.25), np.zeros(shape)

    def see(self, gain: Floats) -> Floats:
        """Log capital after one more draw."""
        stake = np.clip(self.gain / self.square, 0, self.most)
        self.capital = self.capital + np.log1p(stake * gain)
        self.gain, self.square = self.gain + gain, self.square + gain * gain
        return self.capital


class Mixture:
    """The mean over 41 stakes from 0 to 1 (a hair below, so that one loss does not end it)."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.stakes = np.append(np.arange(40) / 40, 0.999)
        self.logs = np.zeros((*shape, len(self.stakes)))

    def see(self, gain: Floats) -> Floats:
        """Log capital after one more draw."""
        self.logs = self.logs + np.log1p(gain[..., None] * self.stakes)
        most = self.logs.max(axis=-1)
        return np.asarray(most + np.log(np.exp(self.logs - most[..., None]).mean(axis=-1)))


def bettor(name: str, shape: tuple[int, ...]) -> Kelly | Mixture:
    """A way to bet."""
    return Mixture(shape) if name == "mixture" else Kelly(shape, 0.95)


def needed(gap: float, soft: bool, bet: str, level: float, runs: int, cap: int) -> float:
    """Mean samples until the known mode is certified against each other answer."""
    shares, rng = np.array(rates(gap)), np.random.default_rng(0)
    made = bettor(bet, (runs, len(shares) - 1))
    samples, live = np.full(runs, cap), np.ones(runs, np.bool_)
    for drawn in range(1, cap + 1):
        votes = np.eye(len(shares))[rng.choice(len(shares), runs, p=shares)]
        seen = 0.5 * votes + 0.5 * shares if soft else votes
        certain = made.see(seen[:, :1] - seen[:, 1:]).min(axis=1) >= -np.log(level)
        samples[live & certain] = drawn
        live &= ~certain
        if not live.any():
            break
    return float(samples.mean())


def bets(runs: int, cap: int) -> None:
    """Samples of ways to bet, one-hot and soft."""
    gaps = GAPS[1:]
    print("| answer probabilities | stakes | level | " + " | ".join(f"Δ = {gap}" for gap in gaps) + " |")
    print("|---" * (3 + len(gaps)) + "|")
    for soft in (False, True):
        for bet in ("mixture", "Kelly"):
            for shown, level in (("δ", 0.05), ("δ/3", 0.05 / 3)):
                found = [f"{needed(gap, soft, bet, level, runs, cap):.0f}" for gap in gaps]
                print(
                    f"| {'soft' if soft else 'one-hot'} | {bet} | {shown} | {' | '.join(found)} |", flush=True
                )


def pool(path: str, trials: int) -> None:
    """Accuracy, agreement and cost on a recorded pool."""
    known = classed(read_pool(path))
    n, answers = int(known.counts.min()), int(known.classes.max()) + 1
    made = [(label.replace("K", str(answers)), rule) for label, rule in rules(answers)]
    specs = [
        f"self-consistency(n={n})",
        *(f"self-consistency(n={n},until={label.replace(' ', '')})" for label, _ in made),
        f"self-consistency(n={n},until=unanimous(k=3))",
    ]
    print(f"\n{known.pool.name}: {len(known.problems)} problems, n = {n}, {trials} resamplings\n")
    print("| until | samples | requests | accuracy | agreement |\n|---|---|---|---|---|")
    labels = ["–", *(label for label, _ in made), "unanimous(k=3)"]
    for label, row in zip(labels, replay(known, specs, trials=trials), strict=True):
        accuracy = "–" if row.accuracy is None else f"{row.accuracy:.2%}"
        agreed = "–" if row.agreement is None else f"{row.agreement:.1%}"
        print(f"| `{label}` | {row.samples:.2f} | {row.requests:.2f} | {accuracy} | {agreed} |", flush=True)


def live_cost(rule: CountRule, draws: Sequence[Candidate], repeats: int = 15) -> tuple[float, float]:
    """Seconds of a decision as a run makes it, draw after draw up to 40: the mean, and the last; the best of repeats."""
    best = np.full(len(draws) + 1, np.inf)
    for repeat in range(repeats):
        # Answers of other names are another history, of which nothing is kept.
        named = [Candidate(id="", text="", answer_class=(d.answer_class or 0) + 10 * repeat) for d in draws]
        for count in range(len(draws) + 1):
            prefix = named[:count]
            began = time.perf_counter()
            ask(rule, prefix, 1000)
            best[count] = min(best[count], time.perf_counter() - began)
    return float(best.mean()), float(best[-1])


def many_cost(rule: CountRule, repeats: int = 3) -> float:
    """Processor seconds of a decision in a block of the replay: 8,192 runs, 40 draws."""
    rng = np.random.default_rng(0)
    drawn = rng.choice(4, (8, 40), p=rates(0.1))
    samples = [
        Sample(str(p), i, answer=str(a), gold="0") for p, row in enumerate(drawn) for i, a in enumerate(row)
    ]
    known = classed(Pool.of(samples, "cost"), "number")
    block = next(Tables(known, 0, 40).blocks(8192 // 8, 40))()
    _, standings = majority(block)
    _ = standings.history
    cap = np.full(block.runs, 40, np.int16)
    never: Any = _Never(rule)
    best = np.inf
    for _ in range(repeats):
        began = time.process_time()
        waves(never, standings, cap)
        best = min(best, time.process_time() - began)
    return float(best / (41 * block.runs))


class _Never:
    """Asks a rule, and goes on all the same, so that each of its decisions is made."""

    def __init__(self, rule: Any) -> None:
        self.rule = rule
        self.start, self.step = getattr(rule, "start", tuple), getattr(rule, "step", None)

    def wants(self, seen: Any) -> Any:
        return np.maximum(self.rule.wants(seen), 1)


def cost() -> None:
    """Microseconds live, nanoseconds among many."""
    rng = np.random.default_rng(3)
    draws = [Candidate(id="", text="", answer_class=int(a)) for a in rng.choice(4, 40, p=rates(0.1))]
    print("| rule | live, mean of 0 to 40 draws | live, after 40 | among 8,192 runs |\n|---|---|---|---|")
    for label, rule in [*rules(4), ("unanimous(k=3)", Unanimous(3))]:
        mean, last = live_cost(rule, draws)
        many = many_cost(rule)
        print(f"| `{label}` | {mean * 1e6:.1f} µs | {last * 1e6:.1f} µs | {many * 1e9:.0f} ns |", flush=True)


def main() -> None:
    """Parse and run."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=("errors", "bets", "pool", "cost"))
    parser.add_argument("pools", nargs="*")
    parser.add_argument("--runs", type=int, default=2000)
    parser.add_argument("--cap", type=int, default=20_000)
    parser.add_argument("--trials", type=int, default=1000)
    args = parser.parse_args()
    if args.what == "errors":
        errors(args.runs, args.cap)
    elif args.what == "bets":
        bets(args.runs, args.cap)
    elif args.what == "pool":
        for path in args.pools:
            pool(path, args.trials)
    else:
        cost()


if __name__ == "__main__":
    main()
