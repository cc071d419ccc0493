"""The lines of docs/cli.md run, and what it says of the JSON document is so."""

import re
import sys
from pathlib import Path

import pytest

from tests.cli.shell import ROOT, prepare, shell

PAGE = (ROOT / "docs" / "cli.md").read_text("utf-8")
TOY = 'toy:scripted(texts=["The answer is 408."])'


def lines() -> list[str]:
    return [
        line
        for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
        for line in block.splitlines()
        if line
    ]


@pytest.mark.skipif(sys.platform == "win32", reason="the lines are for a shell")
@pytest.mark.parametrize("line", lines())
def test_the_lines_run(line: str, tmp_path: Path) -> None:
    env = prepare(tmp_path) | {"THINKHARDER_MODEL": TOY}
    (tmp_path / "puzzle.txt").write_text("What is 17 * 24?")
    (tmp_path / "examples.py").write_text("assert add(2, 3) == 5\n")
    ran = shell(line, tmp_path, env)
    code_asked = "--tests" in line
    assert ran.code in ((3,) if code_asked else (0, 1) if "doctor" in line else (0,)), ran.err
    assert ran.out
    if "17 * 24" in line and "dry-run" not in line:
        assert "408" in ran.out


def test_there_are_lines() -> None:
    assert len(lines()) >= 15


def test_the_document_has_these_fields(tmp_path: Path) -> None:
    table = PAGE.split("## JSON")[1].split("## Exit codes")[0]
    rows = re.findall(r"^\| (`.*?) \| (.*) \|$", table, re.MULTILINE)
    told = {name for names, _ in rows for name in re.findall(r"`(\w+)`", names)}
    env = prepare(tmp_path) | {"THINKHARDER_MODEL": TOY}
    document = shell("thinkharder solve 'What is 17 * 24?' --json", tmp_path, env).json
    assert set(document) == told
    meaning = dict(rows)
    for field, sample in (
        ("usage", document["usage"]),
        ("candidates", document["candidates"][0]),
        ("votes", document["votes"][0]),
    ):
        assert set(sample) == set(re.findall(r"`(\w+)`", meaning[f"`{field}`"]))
