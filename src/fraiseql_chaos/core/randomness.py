"""
Every random choice of a run, derived from one seed and the name of what chooses.

A shared generator would make each draw depend on all draws before it: one fault more, or one connection earlier, and every other
dice falls differently. Here a stream of dice is a pure function of ``(seed, names...)``, so a neighbour never re-rolls another.
What this does not control, and nothing in user space can: how the kernel interleaves threads and processes.
"""

from __future__ import annotations

import hashlib
import random
import secrets
from typing import Final

__all__ = ["SEED_MAX", "Rolls", "dice", "fresh_seed"]

SEED_MAX: Final = 2**32 - 1
"""Small enough to be read aloud and to survive JSON readers that hold numbers in a double."""


def dice(seed: int, *names: str | int) -> random.Random:
    """
    Return the dice that belong to a name, and to nobody else.

    Args:
        seed: The run's seed.
        names: What chooses, from the widest to the narrowest: fault, connection ordinal, direction, chunk ordinal.

    Returns:
        A generator whose draws depend on the arguments only, on every platform and in every process.
    """
    digest = hashlib.blake2b(repr((seed, *names)).encode(), digest_size=16).digest()
    return random.Random(int.from_bytes(digest))  # noqa: S311  repeatable chance is the point; no secret is made of it


class Rolls:
    """
    Dice without a memory: the n-th roll is a function of the names and of n, whatever was or was not rolled before.

    Args:
        seed: The run's seed.
        names: What chooses, from the widest to the narrowest: fault, connection ordinal, direction.
    """

    __slots__ = ("_named",)

    def __init__(self, seed: int, *names: str | int) -> None:
        self._named = hashlib.blake2b(repr((seed, *names)).encode(), digest_size=8)

    def __getitem__(self, ordinal: int) -> float:
        """Return the roll of that ordinal, an integer of at least 0, in [0, 1): 53 bits, on every platform the same."""
        rolled = self._named.copy()
        rolled.update(ordinal.to_bytes(8))
        return (int.from_bytes(rolled.digest()) >> 11) * 2**-53


def fresh_seed() -> int:
    """Return a seed nobody chose, for runs that were not given one."""
    return secrets.randbelow(SEED_MAX + 1)
