"""models, strategies, doctor, demo, help and version."""

import json
import sys
import time
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.shell import ROOT, Ran, thinkharder
from thinkharder import assemble
from thinkharder.cli import doctor
from thinkharder.cli.demo import problem
from thinkharder.cli.docstrings import explain, first_sentence
from thinkharder.cli.strategies import names
from thinkharder.core import registry

Call = Callable[..., Ran]
COMMANDS = (
    [],
    ["solve"],
    ["solve-many"],
    ["demo"],
    ["models"],
    ["models", "pull"],
    ["models", "show"],
    ["strategies"],
    ["doctor"],
    ["tasks"],
    ["bench"],
    ["bench", "resume"],
    ["bench", "status"],
    ["bench", "compare"],
    ["records", "verify"],
    ["records", "export"],
    ["records", "import"],
    ["replay"],
    ["scale"],
    ["report"],
)


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_help_has_examples(call: Call, command: list[str]) -> None:
    ran = call(*command, "--help")
    assert ran.code == 0
    assert "Examples" in ran.out
    assert f"thinkharder {command[0] if command else 'solve'}" in ran.out
    assert "\x1b" not in ran.out


def test_without_a_command_the_help_comes(call: Call) -> None:
    ran = call()
    assert ran.code == 0
    assert "Commands" in ran.out


def test_strategies_are_all_listed(call: Call) -> None:
    ran = call("strategies")
    assemble.load_built_in()
    listed = [line.split(":")[0] for line in ran.out.splitlines()]
    assert listed == registry.names("strategy")
    assert len(listed) >= 10
    assert "arXiv:2203.11171" in ran.out


@pytest.mark.parametrize("kind", ["strategy", "verifier", "rule", "stream-rule", "select", "comparator"])
def test_each_is_explained_with_its_options(call: Call, kind: str) -> None:
    assemble.load_built_in()
    lists = {"verifier": ["--verifiers"], "comparator": ["--verifiers"], "strategy": []}.get(
        kind, ["--rules"]
    )
    for name in names(kind):
        ran = call("strategies", name, "--json", *lists)
        assert ran.code == 0
        found = ran.json
        assert found["summary"]
        assert {o["name"] for o in found["options"]} == set(
            registry.options(registry.factory(found["kind"], name))
        )
        assert all(o["type"] and o["default"] for o in found["options"])
        assert call("strategies", name, *lists).out.startswith(name)


def test_an_explained_default_builds_the_same(call: Call) -> None:
    """What is shown as a default is what a spec takes."""
    for name in registry.names("strategy"):
        found = call("strategies", name, "--json").json
        spec = ", ".join(f"{o['name']}={o['default']}" for o in found["options"])
        built = assemble.build_strategy(f"{name}({spec})")
        assert registry.spec_of(built) == registry.spec_of(assemble.build_strategy(name)), spec


def test_docstrings_in_parts() -> None:
    told = explain(registry.factory("strategy", "self-consistency"))
    assert told.summary.startswith("Sample N chains")
    assert told.paper == "Wang et al. 2022, arXiv:2203.11171"
    assert told.cost.startswith("at most n generations")
    assert first_sentence("See e.g. this. And that.") == "See e.g. this"


def test_models_are_listed(call: Call) -> None:
    ran = call("models")
    assert ran.out.startswith("smollm2-135m: ")
    assert ran == call("models", "list")
    found = call("models", "list", "--json").json
    assert found[0]["name"] == "smollm2-135m"
    assert call("models", "show", "smollm2-135m", "--json").json == found[0]
    assert "Apache-2.0" in call("models", "show", "smollm2-135m").out


def test_doctor_looks_at_everything(call: Call) -> None:
    ran = call("doctor", "--json")
    topics = {f["topic"] for f in ran.json["findings"]}
    assert topics >= {"python", "machine", "engines", "packages", "sandbox", "cache", "settings"}
    assert ran.code == (0 if ran.json["works"] else 1)
    plain = call("doctor")
    assert "python version: " in plain.out
    assert plain.code == ran.code


def test_doctor_names_extras_that_exist() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    for package, extra, _ in doctor.PACKAGES.values():
        lines = project["optional-dependencies"][extra] if extra else project["dependencies"]
        assert any(line.startswith(package.replace("_", "-")) for line in lines), package


def test_doctor_shows_no_keys_and_survives_a_broken_check(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-very-secret-1")

    def broken() -> None:
        raise RuntimeError("went wrong")

    monkeypatch.setattr(doctor, "_cache", broken)
    ran = call("doctor")
    assert "OPENAI_API_KEY: set" in ran.out
    assert "very-secret" not in ran.out
    assert "RuntimeError: went wrong" in ran.out


def test_doctor_tells_of_broken_settings(call: Call, tmp_path: Path) -> None:
    (tmp_path / "thinkharder.toml").write_text("tokns = 5")
    assert "did you mean tokens" in call("doctor").out


def test_demo_shows_problem_and_right_answer(call: Call) -> None:
    right = problem()["answer"]
    ran = call("demo", "--model", f"toy:categorical(answers=[{right}])")
    assert ran.code == 0, ran.err
    assert ran.out.startswith(problem()["text"].strip()[:30])
    assert f"The right answer is {right}." in ran.out
    document = call("demo", "--model", f"toy:categorical(answers=[{right}])", "--json").json
    assert document["answer"] == right


def test_demo_settings_are_settings(call: Call) -> None:
    assert problem()["settings"].keys() <= {
        "strategy",
        "answer-type",
        "tokens",
        "max-tokens",
        "temperature",
        "seed",
        "verifier",
    }
    assert json.loads(call("demo", "--dry-run", "--json", "--model", "toy:categorical(answers=[1])").out)[
        "dry_run"
    ]


def test_version_is_fast() -> None:
    began = time.perf_counter()
    ran = thinkharder("--version")
    seconds = time.perf_counter() - began
    assert ran.code == 0
    assert ran.out.startswith("thinkharder ")
    assert seconds < 3, "far above what is promised (0.3 s), even on a busy machine"


def test_nothing_heavy_is_imported() -> None:
    """What costs start-up time stays out until it is used."""
    script = (
        "import sys; from thinkharder.cli.main import main; main({words}); "
        "print(sorted({{m.split('.')[0] for m in sys.modules}} & {heavy}), file=sys.stderr)"
    )
    heavy = {
        "openai",
        "sympy",
        "math_verify",
        "huggingface_hub",
        "openvino",
        "openvino_genai",
        "xllamacpp",
        "gguf",
        "rich",
        "scipy",
        "torch",
    }
    import subprocess

    from tests.cli.shell import environment

    for words, more in (
        (["--version"], {"numpy", "typer", "pydantic", "asyncio"}),
        (["solve", "2 + 2", "-q"], set()),
    ):
        done = subprocess.run(
            [sys.executable, "-c", script.format(words=words, heavy=heavy | more)],
            capture_output=True,
            text=True,
            env=environment(),
            check=True,
        )
        assert done.stderr.strip() == "[]"
