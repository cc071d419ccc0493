"""From flags and settings to a job."""

from typing import Any

import pytest

from thinkharder import config
from thinkharder.cli.flags import SolveFlags
from thinkharder.cli.job import Job, make
from thinkharder.core.errors import BadOption, UsageError
from thinkharder.core.usage import Budget

NONE = config.Settings()


def job(settings: config.Settings = NONE, fallbacks: dict[str, Any] | None = None, **flags: Any) -> Job:
    return make(SolveFlags(**flags), "How many is 2 + 2?", settings, fallbacks)


@pytest.mark.parametrize(
    "spec",
    [
        "openai:m@localhost:8000",
        "openai:m@localhost/v1",
        "openai:m@host.example/v1",
        "openai:m@10.0.0.1:80/v1",
        "openai:m@box:8000/v1",
        "openai:m@http://key@host/v1",
        "openai:m@https://user:key@host/v1",
    ],
)
def test_addresses_that_could_lead_elsewhere(spec: str) -> None:
    with pytest.raises(BadOption):
        job(model=spec)
    with pytest.raises(BadOption):
        job(role=[f"judge={spec}"])


@pytest.mark.parametrize(
    "spec",
    [
        "openai:m",
        "openai:@cf/meta/llama-3",
        "openai:claude@20240229",
        "openai:m@http://localhost:8000/v1",
        "openai:a/b:free",
        "gguf:/x@y.z/m.gguf",
    ],
)
def test_names_that_are_none(spec: str) -> None:
    assert job(model=spec).model == spec


def test_flags_above_settings_above_fallbacks() -> None:
    settings = config.Settings({"tokens": 2, "calls": 2}, {"threads": 2, "context": 128}, {"judge": "toy:a"})
    made = job(
        settings, {"tokens": 1, "calls": 1, "seconds": 1.0}, tokens=3, threads=3, role=["draft=toy:b"], seed=7
    )
    assert made.budget == Budget(tokens=3, calls=2, seconds=1.0)
    assert made.engine == {"threads": 3, "context": 128}
    assert made.roles == {"judge": "toy:a", "draft": "toy:b"}
    assert made.seed == 7


def test_the_answer_type_is_decided_and_said() -> None:
    made = job()
    assert made.problem.answer_type == "number"
    assert "how many" in made.why_type
    assert (job(answer_type="text").problem.answer_type, job(answer_type="text").why_type) == ("text", "")


@pytest.mark.parametrize(
    "role", [["judge"], ["judge="], ["=toy:a"], ["judge=toy:a", "judge=toy:b"], ["nobody=toy:a"]]
)
def test_wrong_roles(role: list[str]) -> None:
    with pytest.raises(UsageError):
        job(role=role)
