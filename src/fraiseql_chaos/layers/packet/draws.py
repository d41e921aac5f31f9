"""
Dice for every packet: as ``core.Rolls``, but cheap to throw one after the other.

The n-th draw is a function of the names and of n, whatever was or was not drawn before. Draws are made in blocks, each from dice of its own, because
a hash for each packet costs a microsecond, which is a third of all that a packet may cost; a block costs as much as ten.
"""

from __future__ import annotations

from typing import Final

from fraiseql_chaos.core import dice

__all__ = ["Draws"]

_BLOCK_BITS: Final = 8
_BLOCK: Final = 1 << _BLOCK_BITS


class Draws:
    """
    Dice without a memory.

    Args:
        seed: The run's seed.
        names: What chooses, from the widest to the narrowest: fault, direction.
    """

    __slots__ = ("_block", "_drawn", "_names", "_seed")

    def __init__(self, seed: int, *names: str | int) -> None:
        self._seed = seed
        self._names = names
        self._block = -1
        self._drawn: list[float] = []

    def __getitem__(self, ordinal: int) -> float:
        """Return the draw of that ordinal, an integer of at least 0, in [0, 1), on every platform the same."""
        block = ordinal >> _BLOCK_BITS
        if block != self._block:
            draw = dice(self._seed, *self._names, block).random
            self._drawn = [draw() for _ in range(_BLOCK)]
            self._block = block
        return self._drawn[ordinal & _BLOCK - 1]
