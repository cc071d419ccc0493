"""The command line on the default model itself."""

import sys
from pathlib import Path

import pytest

from tests.cli.shell import thinkharder

pytestmark = [pytest.mark.model, pytest.mark.slow]
WORDS = ("How many is 2 + 2?", "--max-tokens", "40", "--strategy", "self-consistency:n=4")


def test_solve(default_model_path: Path) -> None:
    ran = thinkharder("solve", *WORDS, "--model", f"gguf:{default_model_path}", "--tokens", "2000", "--json")
    assert ran.code in (0, 3), ran.err
    found = ran.json
    assert len(found["candidates"]) == 4 == found["usage"]["calls"]
    assert 0 < found["usage"]["output_tokens"] <= 160
    assert found["usage"]["exact"]
    assert found["usage"]["usd"] == 0
    assert found["usage"]["input_tokens"] + found["usage"]["output_tokens"] <= 2000
    assert ran.err.startswith("loading gguf:")


def test_dry_run_bounds_it(default_model_path: Path) -> None:
    bound = thinkharder("solve", *WORDS, "--model", f"gguf:{default_model_path}", "--dry-run", "--json").json[
        "dry_run"
    ]["worst_case"]
    spent = thinkharder("solve", *WORDS, "--model", f"gguf:{default_model_path}", "--json").json["usage"]
    for name in ("calls", "requests", "input_tokens", "output_tokens"):
        assert spent[name] <= bound[name]


@pytest.mark.skipif(sys.platform == "win32", reason="needs pseudo-terminals")
def test_ctrl_c(default_model_path: Path) -> None:
    terminal = pytest.importorskip("tests.cli.terminal")
    words = (
        "solve",
        "Tell a long story.",
        "--model",
        f"gguf:{default_model_path}",
        "--max-tokens",
        "2000",
        "-s",
        "self-consistency:n=8",
    )
    with terminal.Terminal(*words) as shown:
        shown.until(lambda text: "tokens/s" in text)
        shown.type(b"\x03")
        assert shown.end(15) == 130
        assert "it was interrupted" in shown.text
        assert "Traceback" not in shown.text
