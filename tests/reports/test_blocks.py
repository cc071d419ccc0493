"""Blocks hold what was put in, candidates that stand for all are chosen well, and the limit is kept."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thinkharder.reports.blocks import Packer, Texts, number, pack, pick, spread_out, unpack


@given(st.dictionaries(st.text(), st.text()))
def test_what_is_packed_is_unpacked(held: dict[str, str]) -> None:
    import json

    packed = pack(json.dumps(held, ensure_ascii=True))
    assert unpack(packed) == held
    assert packed.isascii()
    assert not set("<>&\"'") & set(packed)


def test_a_lone_surrogate_does_not_stop_it() -> None:
    assert unpack(pack('{"a": "\ud800"}')) == {"a": "?"}


@given(st.integers(1, 3000))
def test_every_problem_comes_once(problems: int) -> None:
    assert sorted(spread_out(problems)) == list(range(problems))


def test_any_beginning_is_spread_out() -> None:
    first = sorted(list(spread_out(1000))[:50])
    assert max(np.diff([0, *first, 1000])) < 60


@given(
    st.lists(st.tuples(st.integers(-1, 5), st.sampled_from([0.0, 1.0, math.nan])), max_size=40),
    st.integers(1, 8),
)
def test_who_is_picked(draws: list[tuple[int, float]], most: int) -> None:
    classes, right = [c for c, _ in draws], [r for _, r in draws]
    chosen = pick(classes, right, most)
    assert chosen == sorted(set(chosen))
    assert len(chosen) == min(most, len(draws))
    if any(r == 1 for r in right):
        assert any(right[at] == 1 for at in chosen)


def test_every_common_answer_is_seen() -> None:
    classes = [0] * 20 + [1] * 10 + [-1] * 30 + [2]
    chosen = pick(classes, [math.nan] * len(classes), 4)
    assert {classes[at] for at in chosen} == {0, 1, 2, -1}


def candidates(characters: int, seed: int = 0) -> list[dict[str, Any]]:
    letters = np.random.default_rng(seed).integers(97, 122, characters, dtype=np.uint8).tobytes().decode()
    return [{"text": letters, "reasoning": None}]


@pytest.mark.parametrize("limit", [None, 0, 5_000, 20_000])
def test_the_limit_is_kept(limit: int | None) -> None:
    packer = Packer(40, limit)
    packer.fill(range(40), lambda p: Texts(question="", found=candidates(1000, p)))
    if limit is None:
        assert packer.candidates == 40
    else:
        assert packer.bytes <= limit
        assert packer.candidates < 40
    held = {p: i for p, i in enumerate(packer.block_of) if i >= 0}
    assert len(held) == packer.candidates
    for problem, block in held.items():
        assert unpack(packer.blocks[block])[str(problem)]["found"] == candidates(1000, problem)


def test_a_huge_text_is_a_block_of_its_own() -> None:
    packer = Packer(3, None)
    packer.fill(range(3), lambda p: Texts(question="", found=candidates(500_000, p)))
    assert len(packer.blocks) == 3


def test_unknown_numbers_are_null() -> None:
    assert number(math.nan) is None
    assert number(None) is None
    assert number(np.float32(0.5)) == 0.5
