"""What rules see of many runs at once is what each run alone sees."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.replay.pools import pools
from thinkharder.core.types import Candidate
from thinkharder.records.pool import Pool
from thinkharder.replay.block import Block, Tables
from thinkharder.replay.classed import classed
from thinkharder.replay.votes import majority
from thinkharder.stopping import Seen

FIELDS = [name for name in Seen.__dataclass_fields__ if name not in ("drawn", "cap", "state")]


def alone(block: Block, run: int, count: int) -> Seen:
    """What one run has seen after so many draws."""
    answers = block.raw[:count, run].tolist()
    draws = [Candidate(id="", text="", answer_class=None if a < 0 else a) for a in answers]
    return Seen.of(draws, 9)


@settings(max_examples=60)
@given(pools(width=14), st.integers(0, 99))
def test_many_runs_see_what_each_alone_sees(pool: Pool, seed: int) -> None:
    known = classed(pool, "number")
    for make in Tables(known, seed, 8).blocks(2, 14):
        block = make()
        _, standings = majority(block)
        cap = np.full(block.runs, 9, np.int16)
        for count in range(block.depth + 1):
            together = standings.whole(count, cap)
            for run in range(block.runs):
                if count <= int(block.most[run]):
                    one = alone(block, run, count)
                    got = {name: int(getattr(together, name)[run]) for name in FIELDS}
                    assert got == {name: getattr(one, name) for name in FIELDS}
