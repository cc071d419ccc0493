"""Every strategy's search on a scripted toy, compared node by node with the tree that was looked at and kept."""

import json

import pytest

from tests.golden.trees import CASES, HERE, differences, grow
from thinkharder import strategies
from thinkharder.core.spec import parse


@pytest.mark.parametrize("name", CASES)
def test_the_tree_is_the_golden_one(name: str) -> None:
    expected = json.loads((HERE / f"{name}.json").read_text(encoding="utf-8"))
    found = json.loads(json.dumps(grow(name)))
    assert list(differences(expected, found)) == []


def test_every_strategy_has_a_tree_and_every_tree_a_case() -> None:
    built_in = {getattr(strategies, name).__spec_name__ for name in strategies.__all__}
    assert {parse(case.spec).name for case in CASES.values()} == built_in
    assert {path.stem for path in HERE.glob("*.json")} == set(CASES)


def test_differences_are_found() -> None:
    kept = {"a": [1, {"b": 2}], "c": 3}
    assert list(differences(kept, {"a": [1, {"b": 5}], "d": 3})) == [
        "$.a[1].b: 2 became 5",
        "$.c: only in the golden tree",
        "$.d: only in the new one",
    ]
    assert list(differences([1], [1, 2])) == ["$: 1 nodes were 2"]
