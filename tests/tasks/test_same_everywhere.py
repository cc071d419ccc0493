"""The same options give the same problems on every machine: content hashes, pinned.

A change here changes what published numbers were measured on: raise the generator's VERSION, and say so.
"""

import os
import subprocess
import sys

import pytest

from thinkharder.tasks import load_task

PINNED = {
    "arithmetic(n=50, seed=7)": "7ad270380f35ea31d124632c7abafa7b",
    "arithmetic(n=50, seed=7, steps=[2, 8], distractors=2, digits=1)": "8d2dedf4adc5e3f91c9ba6aad143ccf1",
    "countdown(n=50, seed=7)": "220f3b9c0a72f22db7ca7f5ec5d00c93",
    "countdown(n=20, seed=7, numbers=[3, 6], every=false, target=999)": "4cb8ed57e6f6fed35bae47c2e21765c8",
    "seating(n=50, seed=7)": "7fd78abe6523d1c7b2421718817aa96b",
    "seating(n=10, seed=7, people=[3, 6], direct=true)": "2a50f5ba464e0de3c1dacc0c6f975f59",
    "documents(n=30, seed=7)": "3195182b1b84cbe39186a07c79f53f09",
    "repair": "97e8578f8fe5af891b54def7b02868c9",
}


@pytest.mark.parametrize("spec", PINNED)
def test_content_hashes(spec: str) -> None:
    assert load_task(spec).fingerprint == PINNED[spec]


def test_neither_the_hash_seed_nor_the_process_counts() -> None:
    program = "import sys; from thinkharder.tasks import load_task; print(*(load_task(s).fingerprint for s in sys.argv[1:]))"
    specs = list(PINNED)
    for seed in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", program, *specs],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout.split() == list(PINNED.values())


@pytest.mark.parametrize("name", ["arithmetic", "countdown", "seating", "documents"])
def test_a_problem_does_not_depend_on_how_many_there_are(name: str) -> None:
    few, many = load_task(f"{name}:n=4,seed=3"), load_task(f"{name}:n=30,seed=3")
    assert few.items == many.items[:4]
    assert load_task(f"{name}:n=30,seed=3", limit=4).items == few.items
    assert load_task(f"{name}:n=4,seed=4").items != few.items
