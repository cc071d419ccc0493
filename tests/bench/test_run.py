"""Runs on toy models: what is stored, what is shared, what it cost, what fails and is tried again."""

import asyncio
from pathlib import Path

import pytest

from tests.bench.places import SLOW, TOY, cells_of, grid_of, ran, sums, timeless
from thinkharder.api import Options, solve
from thinkharder.bench.desk import Progress
from thinkharder.bench.folder import RunFolder, Settings
from thinkharder.bench.local import Screen
from thinkharder.core.errors import CapabilityError, UnknownName, UsageError
from thinkharder.core.types import Sampling
from thinkharder.records.pool import read_pool
from thinkharder.tasks.load import load_task


async def test_a_recording_is_a_pool(tmp_path: Path) -> None:
    spec = sums(tmp_path, 5)
    ended = await ran(tmp_path / "run", grid_of(spec, "self-consistency:n=6"))
    assert (ended.progress.done, ended.failed, ended.stopped) == (5, 0, False)
    assert (ended.progress.fresh, ended.progress.served) == (30, 0)
    pool = read_pool(tmp_path / "run")
    assert pool.problems == tuple(item.id for item in load_task(spec).items)
    assert list(pool.counts) == [6] * 5
    assert {"answer", "correct", "gold", "text", "completion_tokens", "prompt_tokens"} <= pool.has
    assert pool.answers is not None
    for place, problem in enumerate(pool.problems):
        gold = pool.golds[place]
        for row in pool.rows(place):
            assert pool.correct[row] == (pool.answers[row] == gold), (problem, row)


async def test_a_cell_is_what_solve_gives(tmp_path: Path) -> None:
    spec = sums(tmp_path)
    await ran(tmp_path / "run", grid_of(spec, "self-consistency:n=5", "cot", "adaptive", seeds=(7,)))
    task = load_task(spec)
    for cell in cells_of(tmp_path / "run"):
        result = await solve(
            task.item(cell.problem).problem, model=TOY, strategy=cell.strategy, options=Options(seed=7)
        )
        assert cell.answer == result.answer
        assert (cell.input_tokens, cell.output_tokens, cell.calls) == (
            result.usage.input_tokens,
            result.usage.output_tokens,
            result.usage.calls,
        )
        assert (cell.agreement, cell.confidence, cell.stopped_by) == (
            result.agreement,
            result.confidence,
            result.stopped_by,
        )
        assert len(cell.draws) == len(result.candidates)
        assert sum(draw.chosen for draw in cell.draws) == 1
        assert all(draw.key for draw in cell.draws)
        assert cell.correct == float(cell.answer == task.item(cell.problem).gold)


async def test_draws_are_shared_and_cost_what_they_cost(tmp_path: Path) -> None:
    """A row alone, and the same row served from a larger one's draws: the same cell, cost and all."""
    spec = sums(tmp_path)
    ended = await ran(tmp_path / "all", grid_of(spec, "self-consistency", "best-of-n", ns=(1, 2, 8)))
    assert ended.progress.fresh == 3 * 8, "best-of-8 holds all the others, whatever their verifier reads"
    whole = timeless(cells_of(tmp_path / "all"))
    for n in (1, 8):
        await ran(tmp_path / f"n{n}", grid_of(spec, f"best-of-n:n={n}"))
        for key, cell in timeless(cells_of(tmp_path / f"n{n}")).items():
            assert cell == whole[key]


async def test_a_second_grid_in_the_same_folder_draws_what_is_new(tmp_path: Path) -> None:
    spec, out = sums(tmp_path), tmp_path / "run"
    await ran(out, grid_of(spec, "self-consistency:n=4"))
    ended = await ran(out, grid_of(spec, "self-consistency:n=6", "self-consistency:n=4"))
    assert (ended.progress.before, ended.progress.done) == (3, 3)
    assert (ended.progress.fresh, ended.progress.served) == (3 * 2, 3 * 4)
    assert len(RunFolder.open(out).plan.grids) == 2
    again = await ran(out, None)
    assert (again.progress.done, again.progress.before, again.progress.total) == (0, 6, 6)


async def test_limits_grow(tmp_path: Path) -> None:
    spec, out = sums(tmp_path, 5), tmp_path / "run"
    await ran(out, grid_of(spec, limit=2))
    ended = await ran(out, grid_of(spec, limit=4))
    assert (ended.progress.before, ended.progress.done) == (2, 2)


async def test_scores_are_kept_with_their_cost(tmp_path: Path) -> None:
    spec, out = sums(tmp_path), tmp_path / "run"
    judge = 'toy:scripted(texts=["It is right. Grade: 5/5 \\\\boxed{5}"])'
    settings = Settings(roles={"judge": judge})
    await ran(tmp_path / "plain", grid_of(spec, "self-consistency:n=3"))
    prompts = {cell.problem: cell.input_tokens for cell in cells_of(tmp_path / "plain")}
    await ran(out, grid_of(spec, "best-of-n:n=3", verifier="judge"), settings)
    for cell in cells_of(out):
        assert cell.error is None
        costs = [draw.score_cost["judge"] for draw in cell.draws]
        answers = sum(draw_tokens(out, draw.key) for draw in cell.draws)
        assert all(cost > 0 for cost in costs)
        assert cell.output_tokens > answers
        prompt = cell.input_tokens + cell.output_tokens - answers - sum(costs)
        assert prompt == pytest.approx(prompts[cell.problem]), (
            "what is left is the problem's own prompt, once"
        )
    pool = read_pool(out, model=TOY)
    assert "judge" in pool.scores


def draw_tokens(out: Path, key: str) -> int:
    with RunFolder.open(out).store() as store:
        kept = store.generation(key)
    assert kept is not None
    assert kept.tokens is not None
    return kept.tokens


@pytest.mark.parametrize(("record", "tops"), [("none", 0), ("summary", 0), ("tokens", 0), ("tokens", 2)])
async def test_what_is_recorded_of_log_probabilities(tmp_path: Path, record: str, tops: int) -> None:
    spec, out = sums(tmp_path), tmp_path / "run"
    await ran(out, grid_of(spec, "self-consistency:n=2"), Settings(record=record, tops=tops))
    with RunFolder.open(out).store() as store:
        samples = list(store.samples())
    pool = read_pool(out)
    assert bool((pool.mean_logprob == pool.mean_logprob).all()) is (record != "none")
    for sample in samples:
        assert (sample.logprobs is not None) is (record == "tokens")
        assert (sample.tops is not None) is (tops > 0)


async def test_without_log_probabilities_what_reads_them_is_refused(tmp_path: Path) -> None:
    grid = grid_of(sums(tmp_path), "best-of-n:n=2", verifier="confidence")
    with pytest.raises(CapabilityError, match="log-prob"):
        await ran(tmp_path / "run", grid, Settings(record="none"))
    assert list((tmp_path / "run").iterdir()) == [], "what cannot be leaves nothing"


async def test_a_budget_that_is_too_tight_is_a_result(tmp_path: Path) -> None:
    out = tmp_path / "run"
    ended = await ran(
        out, grid_of(sums(tmp_path), budgets=({"tokens": 5}, {"tokens": 400}, {"tokens": 10_000}))
    )
    assert ended.failed == 0
    by_budget: dict[int, list[str | None]] = {}
    for cell in cells_of(out):
        by_budget.setdefault(cell.budget["tokens"], []).append(cell.exhausted)
        assert cell.tokens <= cell.budget["tokens"]
        assert cell.correct is not None
    assert by_budget == {5: ["tokens"] * 3, 400: by_budget[400], 10_000: [None] * 3}


async def test_stop_cuts_off_what_runs_and_keeps_what_ended(tmp_path: Path) -> None:
    spec, out = sums(tmp_path, 6), tmp_path / "run"
    seen: list[Progress] = []
    screen = Screen()

    def show(progress: Progress) -> None:
        seen.append(progress)
        if progress.done:
            screen.stop.set()

    screen.show = show
    ended = await ran(out, grid_of(spec, "self-consistency:n=2", model=SLOW), at_once=1, screen=screen)
    assert ended.stopped
    assert 0 < ended.progress.done < 6
    assert len(cells_of(out)) == ended.progress.done
    assert not [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    rest = await ran(out, None)
    assert rest.progress.before + rest.progress.done == 6
    straight = tmp_path / "straight"
    await ran(straight, grid_of(spec, "self-consistency:n=2", model=SLOW))
    assert timeless(cells_of(out)) == timeless(cells_of(straight))
    assert seen[-1].total == 6


async def test_problems_run_at_once(tmp_path: Path) -> None:
    spec = sums(tmp_path, 8)
    loop = asyncio.get_running_loop()
    took = []
    for at_once in (1, 8):
        began = loop.time()
        await ran(tmp_path / f"run{at_once}", grid_of(spec, "direct", model=SLOW), at_once=at_once)
        took.append(loop.time() - began)
    assert took[1] < 0.7 * took[0]


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"model": "toy:nosuch"}, UsageError),
        ({"verifier": "nosuch"}, UnknownName),
        ({"task": "nosuch"}, UnknownName),
        ({"task": "jsonl:nosuch.jsonl"}, UsageError),
        ({"task": "documents"}, UsageError),
    ],
)
async def test_what_is_wrong_is_said_before_anything_is_spent(
    tmp_path: Path, change: dict[str, str], error: type[Exception]
) -> None:
    task = change.pop("task", None) or sums(tmp_path)
    with pytest.raises(error):
        await ran(tmp_path / "run", grid_of(task, "best-of-n:n=2", **change))
    assert not (tmp_path / "run" / "bench.json").exists()


async def test_a_wrong_grid_does_a_run_no_harm(tmp_path: Path) -> None:
    spec, out = sums(tmp_path), tmp_path / "run"
    await ran(out, grid_of(spec, "direct"))
    with pytest.raises(UsageError):
        await ran(out, grid_of(spec, "direct", model="toy:nosuch"))
    assert len(RunFolder.open(out).plan.grids) == 1
    assert (await ran(out, None)).progress.total == 3


async def test_settings_reach_the_model(tmp_path: Path) -> None:
    out = tmp_path / "run"
    await ran(out, grid_of(sums(tmp_path), "direct"), Settings(Sampling(max_tokens=7), system="Be brief."))
    assert all(cell.output_tokens <= 7 for cell in cells_of(out))
    assert all(cell.input_tokens > 30 for cell in cells_of(out))


async def test_seeds_give_other_samples_and_both_are_kept(tmp_path: Path) -> None:
    out = tmp_path / "run"
    await ran(out, grid_of(sums(tmp_path), "self-consistency:n=4", seeds=(1, 2)))
    cells = cells_of(out)
    assert {cell.seed for cell in cells} == {1, 2}
    assert list(read_pool(out).counts) == [8] * 3
