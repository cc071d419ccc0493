"""What sharing one budget out across problems gains: checkers, votes, mode errors, recorded pools, and what deciding costs.

python -m benchmarks.allocation [checker] [votes] [mode] [speed]   (all without a name)

Everything is simulated and seeded: draws are made beforehand, one sample costs 1, budgets are means a problem. The share of
a gain is (accuracy - uniform) / (best - uniform), with 1.96 standard errors over trials of its numerator.
"""

import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np

from benchmarks.allocation_sim import (
    CAP,
    Draws,
    Floats,
    best_of_n,
    fixed_allocation,
    learned,
    population,
    run,
    solved_by,
    vote_curve,
    votes,
)
from benchmarks.machine import describe
from thinkharder.allocate import Allocator, Blend, Board, Elimination, Greedy, Predicted, Uniform, deal

BETAS: Final = ((2.0, 1.0), (1.0, 1.0), (0.5, 0.5), (0.3, 1.0))
BUDGETS: Final = (2, 4, 8, 16)


def share(values: Sequence[float], base: Sequence[float], best: float) -> str:
    """The share of the gain that is reached, with its error."""
    rise = np.array(values) - np.array(base)
    whole = best - float(np.mean(base))
    error = 1.96 * rise.std(ddof=1) / np.sqrt(len(rise))
    return f"{100 * rise.mean() / whole:.0f} ± {100 * error / whole:.0f}%"


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """A Markdown table."""
    for row in (head, ["---"] * len(head), *rows):
        print("| " + " | ".join(map(str, row)) + " |")
    print(flush=True)


# ---- checkers -------------------------------------------------------------------------------------------------------


def checker(size: int = 400, trials: int = 20) -> None:
    """Solved problems leave: the share of the optimal policy's gain over n samples for each."""
    print(f"Checker, no side information ({size} problems, {trials} trials)\n")
    rows = []
    allocators = (Greedy(hopeless=0), Greedy(), Elimination(), Elimination(explore="entropy"))
    for a, b in BETAS:
        for n in BUDGETS:
            tried = [
                _tried(allocators, np.full(size, a), np.full(size, b), n, seed) for seed in range(trials)
            ]
            rows.append([f"Beta({a:g}, {b:g})", n, *_cells(tried)])
    names = ("greedy, hopeless=0", "greedy", "elimination, ucb", "elimination, entropy")
    table(("rates", "budget", "n for each", "optimum", *names), rows)
    _features(size, trials)


def _tried(
    allocators: Sequence[Allocator], a: Floats, b: Floats, n: int, seed: int, chance: Floats | None = None
) -> list[float]:
    """Problems solved on rates that are drawn: by n for each, by the optimum, by each allocator."""
    rng = np.random.default_rng(seed)
    rates = rng.beta(a, b)
    right = rng.random((len(a), CAP)) < rates[:, None]
    draws = Draws(1 - right.astype(np.int64), right.astype(np.float64))
    found = [*best_of_n(rates, [n]), *solved_by(rates, a, b, [n])]
    for allocator in allocators:
        found.append(float(run(allocator, draws, len(a) * n, checked=True, chance=chance).solved.mean()))
    return found


def _cells(tried: Sequence[Sequence[float]]) -> list[str]:
    base, best, *others = np.array(tried).T
    gap = float((best - base).mean())
    shares = [share(one.tolist(), base.tolist(), float(base.mean()) + gap) for one in others]
    return [f"{base.mean():.3f}", f"{best.mean():.3f}", *shares]


def _features(size: int, trials: int, strength: float = 4.0) -> None:
    print(f"Checker with a predicted chance f, rates Beta({strength:g} f, {strength:g} (1 - f)), f uniform\n")
    f = (np.arange(size) + 0.5) / size
    trusting = Greedy(alpha=strength / 2, beta=strength / 2, hopeless=0)
    allocators = (Uniform(), Greedy(hopeless=0), trusting, Predicted())
    rows = []
    for n in BUDGETS:
        tried = [_tried(allocators, strength * f, strength * (1 - f), n, seed, f) for seed in range(trials)]
        rows.append([n, *_cells(tried)])
    names = ("round-robin", "greedy, strength 1", "greedy, strength 4", "predicted")
    table(("budget", "n for each", "optimum with f", *names), rows)


# ---- votes ----------------------------------------------------------------------------------------------------------


def allocators(prior: Greedy) -> dict[str, Allocator]:
    """Those that are compared."""
    return {
        "uniform": Uniform(),
        "greedy": Greedy(),
        "greedy, learned": prior,
        "greedy, agreement": Greedy(objective="agreement", hopeless=0),
        "elimination, uniform": Elimination(explore="uniform"),
        "elimination, entropy": Elimination(explore="entropy"),
        "blend": Blend(),
    }


def vote(size: int = 200, trials: int = 6) -> None:
    """The share of the oracle's gain over the uniform vote."""
    print(f"Votes ({size} problems, {trials} trials, 6 wrong answers, at most {CAP} samples each)\n")
    rows, names = [], list(allocators(Greedy()))
    for a, b in BETAS[:3]:
        found: dict[tuple[str, int], list[float]] = {}
        oracle: list[list[float]] = []
        for seed in range(trials):
            rng = np.random.default_rng(seed)
            answers = population(a, b, size, rng)
            draws = answers.draw(CAP, rng)
            prior = Greedy(profiles=learned(population(a, b, 300, rng), rng), hopeless=0)
            curves = [vote_curve((answers.draw(CAP, rng) for _ in range(60)), answers.gold) for _ in range(2)]
            oracle.append(fixed_allocation(curves[0], curves[1], BUDGETS))
            for name, allocator in allocators(prior).items():
                for n in BUDGETS:
                    right = votes(run(allocator, draws, size * n), answers.gold).mean()
                    found.setdefault((name, n), []).append(float(right))
        best = np.mean(oracle, axis=0)
        for place, n in enumerate(BUDGETS):
            base = found["uniform", n]
            cells = [share(found[name, n], base, float(best[place])) for name in names[1:]]
            rows.append([f"Beta({a:g}, {b:g})", n, f"{np.mean(base):.3f}", f"{best[place]:.3f}", *cells])
    table(("right answer", "budget", "uniform", "oracle", *names[1:]), rows)


def mode(size: int = 200, trials: int = 4) -> None:
    """Samples a problem until the vote misses the likeliest answer no more often than that of n for each does."""
    print(f"Mode error ({size} problems, {trials} trials; budgets tried: {MODE_BUDGETS})\n")
    rows = []
    for a, b in BETAS[:3]:
        errors: dict[str, Floats] = {}
        for seed in range(trials):
            rng = np.random.default_rng(100 + seed)
            answers = population(a, b, size, rng)
            answers = replace(answers, gold=answers.chances.argmax(axis=1))
            draws = answers.draw(512, rng)
            agree = Greedy(objective="agreement", hopeless=0)
            for name, allocator in (
                ("uniform", Uniform()),
                ("greedy, agreement", agree),
                ("blend", Blend()),
                ("elimination, uniform", Elimination(explore="uniform", confidence=0.999)),
            ):
                missed = [
                    1 - votes(run(allocator, draws, size * n, wave=20), answers.gold).mean()
                    for n in MODE_BUDGETS
                ]
                errors[name] = errors.get(name, 0.0) + np.array(missed) / trials
        for n in (16, 64):
            goal = float(errors["uniform"][MODE_BUDGETS.index(n)])
            rows.append(
                [
                    f"Beta({a:g}, {b:g})",
                    n,
                    f"{goal:.4f}",
                    *(_reached(errors[k], goal, n) for k in errors if k != "uniform"),
                ]
            )
    table(
        ("right answer", "n for each", "its mode error", "greedy, agreement", "blend", "elimination, 0.999"),
        rows,
    )


MODE_BUDGETS: Final = (2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64)


def _reached(errors: Floats, goal: float, n: int) -> str:
    """The first budget (between two tried ones, in logarithms) at which the error is down to the goal."""
    for place, error in enumerate(errors):
        if error <= goal:
            if place == 0:
                return f"<= {MODE_BUDGETS[0]}"
            before = errors[place - 1]
            part = (before - goal) / (before - error)
            low, high = np.log(MODE_BUDGETS[place - 1]), np.log(MODE_BUDGETS[place])
            needed = float(np.exp(low + part * (high - low)))
            return f"{needed:.1f} ({n / needed:.1f} times fewer)"
    return f"> {MODE_BUDGETS[-1]}"


# ---- speed ----------------------------------------------------------------------------------------------------------


def speed(size: int = 10_000) -> None:
    """Milliseconds of a decision, and of telling the board what came of one."""
    rng = np.random.default_rng(0)
    board = Board(size, cost=300.0)
    rows = rng.integers(0, size, 6 * size)
    board.order(np.bincount(rows, minlength=size))
    board.tell(rows, rng.integers(0, 3, 6 * size), tokens=rng.integers(100, 300, 6 * size))
    out = []
    for name, allocator in (*allocators(Greedy()).items(), ("elimination, ucb", Elimination())):
        if name == "greedy, learned":
            continue
        deal(allocator, board.state(0.3), 16)
        took = []
        for _ in range(200):
            began = time.perf_counter()
            deal(allocator, board.state(0.3), 16)
            took.append(time.perf_counter() - began)
        out.append([name, f"{1e3 * np.median(took):.2f}", f"{1e3 * np.quantile(took, 0.95):.2f}"])
    print(f"A decision on {size} open problems, 16 samples ({_machine()})\n")
    table(("allocator", "median ms", "95% ms"), out)


def _machine() -> str:
    here: dict[str, Any] = dict(describe())
    return f"{here['processor']}, Python {here['python']}, numpy {here['packages']['numpy']}"


def main(words: Sequence[str]) -> None:
    """Run the parts that are named."""
    parts = {"checker": checker, "votes": vote, "mode": mode, "speed": speed}
    for name, part in parts.items():
        if name in words or not words:
            part()


if __name__ == "__main__":
    main(sys.argv[1:])
