"""The random numbers of the generated tasks: known values, fair, and independent of everything else."""

import hashlib
from collections import Counter

import pytest

from thinkharder.tasks.dice import Dice


def test_the_stream_is_sha_256_of_label_and_counter() -> None:
    dice = Dice("a", 1)
    block = hashlib.sha256(b"a|1#0").digest() + hashlib.sha256(b"a|1#1").digest()
    wanted = [int.from_bytes(block[i : i + 8], "big") for i in range(0, 64, 8)]
    assert [dice.below(1 << 64) for _ in range(8)] == wanted


def test_known_values() -> None:
    dice = Dice("known", 7)
    drawn = [dice.below(100) for _ in range(6)], dice.sample("abcdef", 6), round(dice.chance(), 12)
    assert drawn == ([22, 78, 11, 70, 10, 85], ["c", "b", "a", "f", "e", "d"], 0.603893840905)


def test_every_number_is_equally_likely() -> None:
    dice = Dice("fair")
    counts = Counter(dice.below(6) for _ in range(60_000))
    # a chi-square of 5 degrees of freedom passes 20.5 once in a thousand; this stream is fixed
    assert sum((counts[i] - 10_000) ** 2 / 10_000 for i in range(6)) < 20.5
    orders = Counter("".join(dice.sample("abc", 3)) for _ in range(6_000))
    assert sum((count - 1_000) ** 2 / 1_000 for count in orders.values()) < 20.5
    assert len(orders) == 6
    chances = [dice.chance() for _ in range(10_000)]
    assert 0 <= min(chances) < 0.01
    assert 0.99 < max(chances) < 1
    assert abs(sum(chances) / 10_000 - 0.5) < 0.01


def test_labels_share_nothing() -> None:
    assert [Dice("a", 1).below(10**9), Dice("a", 2).below(10**9)] != [Dice("a", 1).below(10**9)] * 2
    assert Dice("a").between(3, 3) == 3


def test_what_cannot_be_drawn_is_refused() -> None:
    with pytest.raises(ValueError, match="n=0"):
        Dice().below(0)
    with pytest.raises(ValueError, match="cannot take 3 of 2"):
        Dice().sample("ab", 3)
