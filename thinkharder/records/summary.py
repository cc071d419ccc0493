"""What is in a file of samples or a store, in numbers."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from thinkharder.records.pool import Pool, read_pool
from thinkharder.records.store import Store, store_file
from thinkharder.records.stored import STORE_ENDINGS


def is_store(path: Path) -> bool:
    """Whether the path names a store or the folder of a run."""
    return path.is_dir() or path.suffix in STORE_ENDINGS


def summary(path: str | Path) -> dict[str, Any]:
    """Counts, fields and means of each group of samples; of a store its models and cells too. None: unknown."""
    place = Path(path)
    if not is_store(place):
        return {"path": str(place), "pools": [pool_summary(read_pool(place))]}
    with Store.open(place) as store:
        cells, done = 0, 0
        for cell in store.cells():
            cells, done = cells + 1, done + (cell.error is None)
        found = store.groups()
        models = [{"name": origin.name, "digest": origin.digest} for origin in store.models()]
    chosen: dict[tuple[str, str, str], int] = {}
    for place_in, group in enumerate(found):
        chosen.setdefault((group.task, group.model, group.digest), place_in)
    pools = []
    for place_in, group in enumerate(found):
        row: dict[str, Any] = {"task": group.task, "model": group.model, "sampling": group.params}
        row |= {"samples": group.samples, "problems": group.problems}
        row["pool"] = place_in in chosen.values()
        pools.append(row)
    return {
        "path": str(store_file(place)),
        "models": models,
        "cells": cells,
        "cells_failed": cells - done,
        "pools": pools,
    }


def pool_summary(pool: Pool) -> dict[str, Any]:
    """A pool in numbers: samples a problem, fields, mean tokens, share truncated, right and of at least one right."""
    right = pool.correct
    known = ~np.isnan(right)
    per = [right[pool.starts[p] : pool.starts[p + 1]] for p in range(len(pool.problems))]
    return {
        "name": pool.name,
        "problems": len(pool.problems),
        "samples": len(pool),
        "samples_a_problem": [int(pool.counts.min()), int(pool.counts.max())],
        "fields": sorted(pool.has),
        "prompt_tokens": _mean(pool.prompt_tokens),
        "completion_tokens": _mean(pool.completion_tokens),
        "truncated": float(pool.truncated.mean()) if "finish" in pool.has else None,
        "right": float(right[known].mean()) if known.all() else None,
        "any_right": float(np.mean([np.any(one > 0) for one in per])) if known.all() else None,
    }


def _mean(counts: NDArray[np.int32]) -> float | None:
    return float(counts.mean()) if (counts >= 0).all() else None
