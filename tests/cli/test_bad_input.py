"""Every row of the table in docs/errors.md, run as it stands there."""

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.cli.endpoint import serving
from tests.cli.shell import ROOT, Ran, prepare, shell

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the lines are for bash")
PAGE = ROOT / "docs" / "errors.md"
ROW = re.compile(r"^\| (\d+) \| (.+?) \| `(.+?)` \| (\d+) \| (.*?) ?\|$", re.MULTILINE)


@dataclass(frozen=True)
class Row:
    """One row of the table."""

    number: int
    what: str
    line: str
    code: int
    says: str


def rows() -> list[Row]:
    """The table's rows; a bar inside a line is written as in Markdown."""
    return [
        Row(int(number), what, line.replace("\\|", "|"), int(code), says)
        for number, what, line, code, says in ROW.findall(PAGE.read_text("utf-8"))
    ]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, dict[str, str], int]]:
    folder = tmp_path_factory.mktemp("bad")
    env = prepare(folder)
    with serving() as port:
        yield folder, env, port
    (folder / "readonly").chmod(0o755)


def test_the_table_is_whole() -> None:
    found = rows()
    numbered = re.findall(r"^\| \d+ \|", PAGE.read_text("utf-8").split("## The table")[1], re.MULTILINE)
    assert len(found) == len(numbered) >= 30
    assert [row.number for row in found] == list(range(1, len(found) + 1))
    assert len({row.line for row in found}) == len(found)


@pytest.mark.parametrize("row", rows(), ids=lambda row: f"{row.number}-{row.what.replace(' ', '-')[:40]}")
def test_row(row: Row, place: tuple[Path, dict[str, str], int]) -> None:
    folder, env, port = place
    ran = shell(row.line.replace("PORT", str(port)), folder, env)
    told = " ".join((ran.err if row.code else ran.out + ran.err).split())
    assert ran.code == row.code, f"exit {ran.code}: {ran.err}{ran.out[-500:]}"
    assert row.says.replace("PORT", str(port)) in told
    assert "Traceback" not in ran.err
    if row.code not in (0, 141):
        assert len(complaints(ran)) == 1, ran.err
    if row.code == 141:
        assert not complaints(ran)


def complaints(ran: Ran) -> list[str]:
    """The lines that say what went wrong (not those that tell of progress)."""
    return [line for line in ran.err.splitlines() if line.startswith("thinkharder: ")]


@pytest.mark.parametrize("number", [6, 20, 30, 52, 64, 75])
def test_json_says_the_same(number: int, place: tuple[Path, dict[str, str], int]) -> None:
    folder, env, port = place
    row = rows()[number - 1]
    ran = shell(row.line.replace("PORT", str(port)) + " --json", folder, env)
    assert ran.code == row.code
    error = ran.json["error"]
    assert error["exit_code"] == row.code
    assert row.says in error["message"]
    assert "Traceback" not in ran.err


@pytest.mark.parametrize("flag", ["", "--debug", "--json"])
def test_a_key_is_never_shown(flag: str, place: tuple[Path, dict[str, str], int]) -> None:
    folder, env, port = place
    key = "sk-wrong-1234567"
    line = (
        f"thinkharder solve '2 + 2' --model openai:m@http://127.0.0.1:{port}/401/v1 --trace key.jsonl {flag}"
    )
    ran = shell(line, folder, {**env, "OPENAI_API_KEY": key})
    assert ran.code == 4
    assert key not in ran.out + ran.err
    assert key not in (folder / "key.jsonl").read_text()


def test_debug_shows_the_traceback(place: tuple[Path, dict[str, str], int]) -> None:
    folder, env, _ = place
    ran = shell("thinkharder solve --file missing.txt --debug", folder, env)
    assert ran.code == 2
    assert "Traceback" in ran.err
