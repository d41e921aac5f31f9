"""
Whether something happens more often than it did: Fisher's exact test, to go with the interval of the difference (see ``newcombe``).

Right for any counts, and cautious for small ones: it is conditional on how often the thing happened in both groups together, and with few of those it has few
values to choose from. The trials are independent, or there are fewer of them than it seems: the requests that fail in one outage fail together.
"""

from __future__ import annotations

from fraiseql_chaos.errors import DeclarationError

__all__ = ["fisher"]


def fisher(first: tuple[int, int], second: tuple[int, int]) -> float:
    """
    Return the chance to see shares at least this unlikely if both groups have the same true one; two-sided.

    Args:
        first: Successes, and of how many.
        second: The same of another group, independent of the first.

    Raises:
        DeclarationError: If a group is empty, or has more successes than members.

    Source:
        Fisher, "Statistical Methods for Research Workers", section 21.02, as ``scipy.stats.fisher_exact``.
    """
    for successes, count in (first, second):
        if count < 1 or not 0 <= successes <= count:
            raise DeclarationError(f"{successes} successes of {count} are no share; nothing was computed")
    from scipy.stats import fisher_exact  # noqa: PLC0415  takes a second to import

    return min(1.0, float(fisher_exact([[successes, count - successes] for successes, count in (first, second)]).pvalue))
