"""The published figures at a small scale: a killed bench, and many samples in little memory."""

import argparse
import sys
from pathlib import Path

import pytest

from benchmarks import crash, million

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
BOUND_MB = 250.0
"""Of this the interpreter with numpy and pyarrow takes up to 150."""


@pytest.mark.slow
def test_a_killed_bench_repeats_at_most_what_was_in_flight(tmp_path: Path) -> None:
    found = crash.crash(
        tmp_path, argparse.Namespace(kills=4, problems=6, token_seconds=2e-3, longest=0.4, seed=3)
    )
    assert (found["lost"], found["repeated"], found["doubled"], found["verify"]) == (0, 0, 0, [])
    assert found["served_twice"] <= found["in_flight"]
    assert (found["exit_code_of_the_last"], found["cells"]) == (0, 6 * 3 * 2)


@pytest.mark.slow
def test_memory_does_not_grow_with_the_samples() -> None:
    steps = ("import", "read_pool(store)", "export parquet", "read_pool(parquet)", "verify")
    found = million.run(4000, steps)["steps"]
    assert {name: step["peak_mb"] for name, step in found.items() if step["peak_mb"] > BOUND_MB} == {}
    assert found["read_pool(store)"]["said"] == "4000 text 3999"
    assert found["verify"]["said"].endswith("all is as it was written")
