"""
What may be computed with: finite numbers, and enough of them.

NaN compares false with everything, so a sorted array that holds one is in no order, and a median of it is whatever stood in the middle. So
every function of this package takes its arrays through here, and says what was wrong with which value before anything is computed.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from fraiseql_chaos.errors import DeclarationError

__all__ = ["Numbers", "checked", "checked_level"]

type Numbers = npt.NDArray[np.float64]


def checked(values: Sequence[float] | Numbers, *, what: str, at_least: int = 1) -> Numbers:
    """
    Return the values as an array of floats.

    Args:
        values: Numbers in one dimension, in any unit.
        what: How the message calls them, as in "the old repetitions".
        at_least: How few of them are too few.

    Raises:
        DeclarationError: If there are fewer, or one of them is no finite number.
    """
    try:
        numbers = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as problem:
        raise DeclarationError(f"{what} must be numbers ({problem}); nothing was computed") from None
    if numbers.ndim != 1:
        raise DeclarationError(f"{what} must be one row of numbers, not an array of {numbers.ndim} dimensions; nothing was computed")
    if len(numbers) < at_least:
        raise DeclarationError(f"{what} are {len(numbers)}, and at least {at_least} are needed; nothing was computed")
    if not np.isfinite(numbers).all():
        first = int(np.flatnonzero(~np.isfinite(numbers))[0])
        raise DeclarationError(f"{what} must be finite, and number {first + 1} of {len(numbers)} is {numbers[first]}; nothing was computed")
    return numbers


def checked_level(level: float) -> float:
    """
    Return a confidence level if it is one.

    Raises:
        DeclarationError: If it does not lie between 0 and 1.
    """
    if not 0 < level < 1:
        raise DeclarationError(f"a level of confidence lies between 0 and 1, as 0.95 does, not at {level!r}; nothing was computed")
    return level
