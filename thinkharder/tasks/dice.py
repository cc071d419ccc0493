"""Random choices that are the same on every machine and in every version of Python and NumPy, now and later."""

import hashlib
from collections.abc import MutableSequence, Sequence
from typing import TypeVar, final

T = TypeVar("T")


@final
class Dice:
    """A stream of numbers that a label decides: SHA-256 of the label and a counter, eight bytes a number.

    Python promises the same sequence for `random.random` alone, not for `choice`, `shuffle` or `randrange`, and NumPy may
    change its distributions between versions; problems that are named by a seed must not change. Labels of different
    problems share nothing, so problem 7 is the same whether 10 or 1,000 are made.
    """

    def __init__(self, *label: object) -> None:
        self._label = "|".join(map(str, label)).encode("utf-8", "surrogatepass")
        self._block, self._left = 0, b""

    def _bits64(self) -> int:
        if not self._left:
            self._left = hashlib.sha256(self._label + b"#%d" % self._block).digest()
            self._block += 1
        number, self._left = int.from_bytes(self._left[:8], "big"), self._left[8:]
        return number

    def below(self, n: int) -> int:
        """A whole number from 0 to n - 1, each equally likely. Raises ValueError for n below 1 or above 2^64."""
        if not 1 <= n <= 1 << 64:
            raise ValueError(f"n={n} must be from 1 to 2^64")
        highest = (1 << 64) - (1 << 64) % n
        while (number := self._bits64()) >= highest:
            pass
        return number % n

    def between(self, low: int, high: int) -> int:
        """A whole number from low to high, both included."""
        return low + self.below(high - low + 1)

    def chance(self) -> float:
        """A number in [0, 1): a multiple of 2^-53."""
        return (self._bits64() >> 11) / (1 << 53)

    def choice(self, items: Sequence[T]) -> T:
        """One of the items."""
        return items[self.below(len(items))]

    def shuffle(self, items: MutableSequence[T]) -> None:
        """Put the items into a random order, in place (Fisher and Yates)."""
        for last in range(len(items) - 1, 0, -1):
            other = self.below(last + 1)
            items[last], items[other] = items[other], items[last]

    def sample(self, items: Sequence[T], n: int) -> list[T]:
        """n different places' items, in random order. Raises ValueError where there are fewer."""
        if n > len(items):
            raise ValueError(f"cannot take {n} of {len(items)}")
        mixed = list(items)
        self.shuffle(mixed)
        return mixed[:n]
