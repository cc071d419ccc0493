"""Settings from files and the environment."""

import os
import re
from pathlib import Path

import pytest

from thinkharder import config
from thinkharder.core.errors import ConfigError, UnknownOption

WHOLE = """
model = "toy:scripted"
answer_type = "math"
tokens = 20_000
seconds = 1.5
[engine]
gpu-layers = 3
memory = 2
[roles]
judge = "toy:scripted"
[prices."openai:m"]
input = 1
output = 2.5
[prompts.cot]
x = "y"
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    (tmp_path / "project" / "deep").mkdir(parents=True)
    return tmp_path


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    return path


def test_a_whole_file(home: Path) -> None:
    found = config.read_file(write(home / "a.toml", WHOLE))
    assert found.values == {"model": "toy:scripted", "answer-type": "math", "tokens": 20_000, "seconds": 1.5}
    assert found.engine == {"gpu-layers": 3, "memory": 2.0}
    assert found.roles == {"judge": "toy:scripted"}
    assert found.prices == {"openai:m": {"input": 1.0, "output": 2.5}}
    assert found.prompts == {"cot": {"x": "y"}}
    assert found.origins["tokens"] == str(home / "a.toml")


def test_from_weak_to_strong(home: Path) -> None:
    own = write(home / "own.toml", "tokens = 1\ncalls = 1\nseed = 1")
    near = write(home / "project" / "thinkharder.toml", "tokens = 2\ncalls = 2")
    env = {"THINKHARDER_TOKENS": "3k", "THINKHARDER_CONFIG": str(own), "THINKHARDER_SEED": " "}
    found = config.load(home / "project" / "deep", env)
    assert found.values == {"seed": 1, "calls": 2, "tokens": 3000}
    assert found.files == (own, near)
    assert found.origins == {"seed": str(own), "calls": str(near), "tokens": "THINKHARDER_TOKENS"}


def test_the_user_file_is_found(home: Path) -> None:
    if config.default_user_file() != home / "config" / "thinkharder" / "thinkharder.toml":
        pytest.skip("another platform's directory")
    write(config.default_user_file(), "tokens = 5")
    assert config.load(home, {}).values == {"tokens": 5}


def test_the_nearest_project_file_counts(home: Path) -> None:
    write(home / "thinkharder.toml", "tokens = 1")
    write(home / "project" / "thinkharder.toml", "calls = 1")
    assert config.load(home / "project" / "deep", {}).values == {"calls": 1}


def test_nothing_anywhere(home: Path) -> None:
    assert config.load(home / "project", {"PATH": "x"}).values.keys() <= set(config.SETTINGS)


@pytest.mark.parametrize(
    ("text", "error", "says"),
    [
        ("tokns = 5", UnknownOption, "did you mean tokens"),
        ("[engin]\nthreads = 1", UnknownOption, "did you mean engine"),
        ("[engine]\nthread = 1", UnknownOption, "did you mean threads"),
        ("engine = 3", ConfigError, "must be a table"),
        ("tokens = true", ConfigError, "must be a whole number"),
        ("tokens = 1.0", ConfigError, "must be a whole number"),
        ("tokens = -1", ConfigError, "at least 1"),
        ("usd = 0", ConfigError, "greater than 0"),
        ("usd = nan", ConfigError, "must be a number"),
        ("model = 5", ConfigError, "must be text in quotes"),
        ('model = " "', ConfigError, "must not be empty"),
        ('api-key = "x"', ConfigError, "read from the environment only"),
        ('hf_token = "x"', ConfigError, "read from the environment only"),
        ('sandbox = "none"', ConfigError, "--sandbox none on the command line"),
        ('[prices]\n"openai:m" = 3', ConfigError, "input = …, output = …"),
        ('[prices."openai:m"]\ninput = 3', ConfigError, "needs output"),
        ('[prices."openai:m"]\ninput = -3\noutput = 1', ConfigError, "at least 0"),
        ("x = [", ConfigError, "not valid TOML"),
    ],
)
def test_wrong_files(home: Path, text: str, error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=re.escape(says)):
        config.read_file(write(home / "a.toml", text))


@pytest.mark.parametrize(
    "text",
    [
        'model = "openai:m@https://evil.example/v1"',
        'model = "openai:m@evil.example/v1"',
        'model = "openai:m@http://localhost@evil.example/v1"',
        'model = "openai:m@http://localhost.evil.example/v1"',
        '[roles]\njudge = "openai:m@https://evil.example/v1"',
        'verifier = "python:evil:check"',
        'strategy = "best-of-n(verifier=python(x))"',
    ],
)
def test_a_project_may_do_no_harm(home: Path, text: str) -> None:
    path = write(home / "project" / "thinkharder.toml", text)
    config.read_file(path)
    with pytest.raises(ConfigError, match="project's file cannot"):
        config.load(home / "project", {})


@pytest.mark.parametrize("host", ["http://localhost:8000/v1", "http://127.0.0.1/v1", "http://[::1]:8000/v1"])
def test_a_project_may_use_this_machine(home: Path, host: str) -> None:
    write(home / "project" / "thinkharder.toml", f'model = "openai:m@{host}"')
    assert config.load(home / "project", {}).values


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give files away")
def test_files_of_others_are_refused(home: Path) -> None:
    path = write(home / "project" / "thinkharder.toml", "tokens = 5")
    os.chown(path, 12345, 12345)
    with pytest.raises(ConfigError, match="belongs to another user"):
        config.load(home / "project", {})


@pytest.mark.parametrize(
    ("variables", "error", "says"),
    [
        ({"THINKHARDER_TOKNS": "5"}, UnknownOption, "did you mean THINKHARDER_TOKENS"),
        ({"THINKHARDER_TOKENS": "0"}, ConfigError, "THINKHARDER_TOKENS: tokens must be at least 1"),
        ({"THINKHARDER_SANDBOX": "none"}, ConfigError, "--sandbox none"),
        ({"THINKHARDER_CONFIG": "nowhere.toml"}, ConfigError, "is not a file"),
    ],
)
def test_wrong_variables(home: Path, variables: dict[str, str], error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=re.escape(says)):
        config.load(home, variables)


def test_variables_of_the_engine_and_of_roles() -> None:
    found = config.from_environment(
        {"THINKHARDER_GPU_LAYERS": "2", "THINKHARDER_ROLE_JUDGE": "toy:x", "HOME": "/"}
    )
    assert (found.engine, found.roles) == ({"gpu-layers": 2}, {"judge": "toy:x"})


def test_every_variable_of_the_package_is_known() -> None:
    package = Path(config.__file__).parent
    named = {
        v
        for path in package.rglob("*.py")
        if path.name != "config.py"
        for v in re.findall(r"THINKHARDER_[A-Z_]+[A-Z]", path.read_text("utf-8"))
    }
    config.from_environment(
        {name: "1" for name in named if name not in ("THINKHARDER_SANDBOX",)}
        | {"THINKHARDER_SANDBOX": "auto"}
    )


def test_the_page_names_every_key() -> None:
    page = (Path(config.__file__).parents[1] / "docs" / "configuration.md").read_text("utf-8")
    for key in (*config.SETTINGS, *config.ENGINE, *config.TABLES, *config.PRICE):
        assert f"`{key}`" in page or f"[{key}" in page, key
