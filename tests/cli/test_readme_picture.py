"""The script behind the README's pictures makes them from a run."""

import subprocess
import sys
from pathlib import Path

from tests.cli.shell import ROOT, environment
from thinkharder.cli.demo import problem


def test_it_draws_what_a_run_shows(tmp_path: Path) -> None:
    right = problem()["answer"]
    command = [sys.executable, str(ROOT / "scripts" / "readme_picture.py"), "--out", str(tmp_path)]
    done = subprocess.run(
        [*command, "--model", f"toy:categorical(answers=[{right}, 7])", "--tokens", "20000"],
        capture_output=True,
        text=True,
        env=environment(PYTHONWARNINGS="error"),
        check=False,
    )
    assert done.returncode == 0, done.stderr
    live, end = ((tmp_path / f"{name}.svg").read_text("utf-8") for name in ("live", "demo"))
    assert "of&#160;20,000" in live
    assert "vote" in live
    assert f"The&#160;right&#160;answer&#160;is&#160;{right}." in end
    for svg in (live, end):
        assert svg.startswith("<svg")
        assert "https://" not in svg.replace("https://www.textualize.io", "").replace(
            "https://github.com/Textualize", ""
        ), "no fonts from elsewhere"
