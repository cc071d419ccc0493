"""The integrity check finds what was changed or damaged."""

import re
import sqlite3
from pathlib import Path

import pytest

from tests.records.made import cell, generation
from thinkharder.records.cell import CellDraw
from thinkharder.records.store import Store

TAMPERED = {
    "UPDATE generations SET text = 'fife'": "its hash",
    "UPDATE generations SET draw = 7": "model, branch, seed and number",
    "UPDATE generations SET cut = 2": "its hash",
    "UPDATE generations SET key = 'x'": "its key",
    "UPDATE prompts SET body = replace(body, 'problem', 'puzzle')": "prompts row 1",
    "UPDATE params SET body = replace(body, '0.7', '0.8')": "params row 1",
    "UPDATE models SET name = 'other'": "model, branch",
    "UPDATE cells SET body = replace(body, 'direct', 'other')": "cell .*: its hash",
    "UPDATE cells SET key = 'x'": "cell x: its key",
    "DELETE FROM generations": "what it points to",
}


@pytest.mark.parametrize("sql", TAMPERED)
def test_verify_finds_what_was_changed(tmp_path: Path, sql: str) -> None:
    path = tmp_path / "run"
    with Store.open(path, create=True, power_safe=False) as store:
        store.put_cell(cell(CellDraw(store.put(generation("four", logprobs=[-1.0] * 4, keep=0)))))
        assert store.verify() == []
    db = sqlite3.connect(path / "records.sqlite")
    db.execute(sql)
    db.commit()
    db.close()
    with Store.open(path) as store:
        assert any(re.search(TAMPERED[sql], line) for line in store.verify())


def test_verify_finds_a_damaged_page(tmp_path: Path) -> None:
    with Store.open(tmp_path / "a.sqlite", create=True, power_safe=False) as store:
        for i in range(200):
            store.put(generation("four" * 50, draw=i))
    data = bytearray((tmp_path / "a.sqlite").read_bytes())
    data[20 * 4096 : 21 * 4096] = b"\xff" * 4096
    (tmp_path / "a.sqlite").write_bytes(data)
    with Store.open(tmp_path / "a.sqlite") as store:
        assert any("SQLite" in line for line in store.verify())
