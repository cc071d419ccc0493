"""The textbook agent runs, keeps its budget, and spends by difficulty."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from thinkharder.models.loaded import Loaded
from thinkharder.models.toy import Categorical, ToyModel

FILE = Path(__file__).parents[2] / "examples" / "textbook_agent.py"


@pytest.fixture(scope="module")
def example() -> ModuleType:
    """The example as a module."""
    spec = importlib.util.spec_from_file_location("textbook_agent", FILE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def model(*answers: str) -> Loaded:
    """A toy that gives these answers equally often."""
    return Loaded(ToyModel(Categorical(answers=answers)))


def test_it_is_short() -> None:
    assert len(FILE.read_text(encoding="utf-8").splitlines()) < 100


def test_an_easy_problem_costs_the_probes(example: ModuleType) -> None:
    found = example.InferenceTimeScalingAgent(model("102")).solve_with_scaling("What is 17 * 6?")
    assert (found.answer, found.difficulty, found.calls) == ("102", "low", 4)
    assert found.confidence == pytest.approx(4.5 / 5)


@pytest.mark.parametrize("budget", [1, 4, 5, 6, 9, 24])
@pytest.mark.parametrize("seed", range(4))
def test_the_budget_is_kept_and_something_is_found(example: ModuleType, budget: int, seed: int) -> None:
    agent = example.InferenceTimeScalingAgent(model("102", "96", "112", "7"), seed=seed)
    found = agent.solve_with_scaling("What is 17 * 6?", max_compute_budget=budget)
    assert found.answer in {"102", "96", "112", "7"}
    assert found.calls <= budget


def test_difficulties_lead_to_their_stages(example: ModuleType) -> None:
    seen = set()
    for seed in range(12):
        agent = example.InferenceTimeScalingAgent(model("102", "96"), seed=seed)
        found = agent.solve_with_scaling("What is 17 * 6?", max_compute_budget=40)
        seen.add(found.difficulty)
        assert found.calls > 4 or found.difficulty == "low"
    assert {"medium", "high"} <= seen


def test_any_strategy_can_scale(example: ModuleType) -> None:
    agent = example.InferenceTimeScalingAgent(model("102"), scaling_strategy="self-consistency:n=6")
    assert agent.solve_with_scaling("What is 17 * 6?").calls == 6


def test_the_parts_work_alone(example: ModuleType) -> None:
    agent = example.InferenceTimeScalingAgent(model("102"))
    pools = [
        agent.multiple_attempts("17 * 6?"),
        agent.deep_reasoning("17 * 6?"),
        agent.solution_search("17 * 6?"),
    ]
    assert all(pools)
    assert agent.select_best_solution(pools[2]).answer == "102"
