"""
When a series came to rest.

Two questions, both answered from the end backwards, because "recovered" means that it *stayed* so:

* of yes-or-no values: where does the last unbroken run of yes begin?
* of numbers: from where on is a moving median at or below a bound for good?

    slow slow FAIL slow FAIL ok ok slow ok ok ok ok ok ok |end
                             ^ final run begins    the median forgives the one slow request in it

No model is fitted and no change point is searched for: a fault's own record says when it healed, and all that is asked is how long
after that. The median of a window, rather than each single value, decides about numbers, so that one slow request out of ten, which
every healthy service has, does not postpone the day of recovery; failures, which a healthy service has not, do.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median_high

from fraiseql_chaos.errors import DeclarationError

__all__ = ["first_of_final_run", "settled_from"]


def first_of_final_run(good: Sequence[bool]) -> int:
    """Return the index at which the last unbroken run of True begins; ``len(good)`` if the series does not end well."""
    return next((index + 1 for index in range(len(good) - 1, -1, -1) if not good[index]), 0)


def settled_from(values: Sequence[float], *, at_most: float, window: int) -> int | None:
    """
    Find where a series has come down for good.

    Args:
        values: Numbers in time order.
        at_most: The bound, in their unit.
        window: How many consecutive values a median is taken of, at least 1.

    Returns:
        The index of the first value of the first window from which on no window's median exceeds the bound; None if the last one
        still does, or if there are fewer values than one window.

    Raises:
        DeclarationError: If the window is empty.
    """
    if window < 1:
        raise DeclarationError(f"a window holds at least 1 value, not {window}")
    quiet = [median_high(values[start : start + window]) <= at_most for start in range(len(values) - window + 1)]
    first = first_of_final_run(quiet)
    return first if first < len(quiet) else None
