"""In which order a trial draws a problem's recorded samples: a permutation that depends on seed, trial and problem alone.

Counter-based (the finaliser of SplitMix64: Steele, Lea and Flood 2014, "Fast Splittable Pseudorandom Number
Generators"), so that any trial of any problem is had by itself: other problems, other trials, how the work is cut up and
which path replays it change nothing.
"""

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_GAMMA = np.uint64(0x9E3779B97F4A7C15)
_TOP = np.uint64(1 << 63)


def roots(seed: int, problems: Sequence[str]) -> NDArray[np.uint64]:
    """The number that a problem's permutations grow from, by seed and id, [P]."""
    digests = (hashlib.blake2b(f"{seed}|{name}".encode(), digest_size=8).digest() for name in problems)
    return np.array([int.from_bytes(digest, "big") for digest in digests], dtype=np.uint64)


def orders(
    root: NDArray[np.uint64], trials: NDArray[np.int64], counts: NDArray[np.int64], width: int
) -> NDArray[np.int64]:
    """Which recorded draw comes when: [P, trials, width], each row a permutation of 0 … width-1.

    The first `counts[p]` places of problem p hold its recorded draws (0 … counts[p]-1), the others what is beyond.
    """
    place = np.arange(width, dtype=np.uint64)
    mask = np.uint64((1 << max(1, (width - 1).bit_length())) - 1)
    stream = _mixed(root[:, None] + _GAMMA * (trials.astype(np.uint64) + np.uint64(1))[None, :])
    keys = _mixed(stream[:, :, None] + _GAMMA * (place + np.uint64(1)))
    keys >>= np.uint64(1)
    keys &= ~mask
    keys |= place
    if width > int(counts.min(initial=width)):
        keys |= np.where(place[None, :] >= counts.astype(np.uint64)[:, None], _TOP, np.uint64(0))[:, None, :]
    keys.sort(axis=-1)
    keys &= mask
    found: NDArray[np.int64] = keys.astype(np.int64)
    return found


def order(root: np.uint64, trial: int, count: int) -> NDArray[np.int64]:
    """One trial of one problem: [count], the recorded draws in the order in which they come."""
    one = np.array([root], dtype=np.uint64)
    found: NDArray[np.int64] = orders(one, np.array([trial]), np.array([count]), count)[0, 0]
    return found


def _mixed(z: NDArray[np.uint64]) -> NDArray[np.uint64]:
    z ^= z >> np.uint64(30)
    z *= np.uint64(0xBF58476D1CE4E5B9)
    z ^= z >> np.uint64(27)
    z *= np.uint64(0x94D049BB133111EB)
    z ^= z >> np.uint64(31)
    return z
