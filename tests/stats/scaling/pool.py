"""A made-up task whose rates, answers and scores are known."""

import numpy as np

from thinkharder.stats.scaling import Evidence


def evidence(problems: int = 60, draws: int = 16, seed: int = 0) -> Evidence:
    """Beta rates, one strong wrong answer and three weak ones, some abstentions, a scorer that knows something."""
    rng = np.random.default_rng(seed)
    p, silent = rng.beta(0.8, 1.0, problems), rng.beta(1.0, 9.0, problems)
    wrong = rng.dirichlet([2.0, 0.5, 0.5, 0.5], problems) * ((1 - p) * (1 - silent))[:, None]
    shares = np.concatenate([p[:, None], ((1 - p) * silent)[:, None], wrong], axis=1)
    picks = np.array([rng.choice(6, draws, p=row / row.sum()) for row in shares])
    classes = np.where(picks == 1, -1, np.where(picks == 0, 0, picks - 1))
    right = (classes == 0).astype(float)
    return Evidence(
        problems=tuple(f"p{i}" for i in range(problems)),
        right=right,
        classes=classes,
        prompt_tokens=np.full(problems, 80.0),
        completion_tokens=rng.integers(100, 300, (problems, draws)).astype(float),
        scores={"guess": 0.5 * right + rng.random((problems, draws))},
    )
