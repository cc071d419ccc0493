"""A small run on the default model."""

from pathlib import Path

import numpy as np
import pytest

from tests.bench.places import cells_of, grid_of, ran, sums
from thinkharder.bench.folder import RunFolder, Settings
from thinkharder.core.types import Sampling
from thinkharder.records.pool import read_pool

pytestmark = [pytest.mark.model, pytest.mark.slow]


async def test_a_recording_by_a_real_model(tmp_path: Path, default_model_path: Path) -> None:
    spec, out, model = sums(tmp_path, 3), tmp_path / "run", f"gguf:{default_model_path}"
    settings = Settings(Sampling(max_tokens=48), record="tokens")
    first = await ran(out, grid_of(spec, "self-consistency:n=4", model=model), settings)
    assert (first.progress.done, first.failed, first.progress.fresh) == (3, 0, 12)
    second = await ran(
        out,
        grid_of(spec, "self-consistency:n=6", "best-of-n:n=4", model=model, verifier="confidence"),
        settings,
    )
    assert (second.progress.fresh, second.progress.served) == (3 * 2, 3 * (4 + 4))
    pool = read_pool(out)
    assert list(pool.counts) == [6] * 3
    assert {"logprobs", "text", "completion_tokens", "correct"} <= pool.has
    assert np.all(pool.completion_tokens > 0)
    assert np.all(pool.completion_tokens <= 48)
    assert np.all(pool.mean_logprob < 0)
    for cell in cells_of(out):
        prompts = {draw.key for draw in cell.draws}
        assert len(prompts) == len(cell.draws), "every draw is a record of its own"
        assert 0 < cell.input_tokens < cell.output_tokens
    with RunFolder.open(out).store() as store:
        assert store.verify() == []
        (origin,) = [one for one in store.models() if one.name == model]
        assert len(origin.digest) == 64, "the model is known by its file's hash"
