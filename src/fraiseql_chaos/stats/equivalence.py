"""
Whether two samples are the same, as far as anybody cares: two one-sided tests (TOST).

A test that finds no difference has shown nothing: with two values it never finds one. Equivalence turns the burden round. It is claimed only if the
samples show both that the shift is above ``-margin`` and that it is below ``+margin``.

*Welch*: on means, with unequal variances; needs values that are roughly normal, as means of many requests are. *Ranks*: on the Hodges-Lehmann shift with the exact
rank-sum distribution; needs the same shape, bears a stalled repetition, and is what ``comparison`` does on logarithms.

Source: Schuirmann, Journal of Pharmacokinetics and Biopharmaceutics 15 (1987); Wellek, "Testing Statistical Hypotheses of Equivalence and Noninferiority", 2nd edition, 5.1 and 6.2.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.stats.ranks import rank_sum_below
from fraiseql_chaos.stats.sample import Numbers, checked
from fraiseql_chaos.stats.shift import differences

__all__ = ["Equivalence", "tost", "tost_ranks"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Equivalence:
    """
    What speaks for two samples being the same within a margin.

    Attributes:
        shift: New less old, in the unit of the values: of the means, or by Hodges and Lehmann.
        margin: What was tested against, in the same unit.
        p: The chance to see them this near to each other if they differ by the margin or more.
    """

    shift: float
    margin: float
    p: float


def tost(old: Sequence[float] | Numbers, new: Sequence[float] | Numbers, *, margin: float) -> Equivalence:
    """
    Test the equivalence of two means.

    Args:
        old: At least two independent numbers, in any order.
        new: The same, in the same unit.
        margin: How far apart means still count as the same, above 0, in the unit of the values.

    Raises:
        DeclarationError: If values are too few or no finite numbers, or the margin is not above 0.
    """
    before, after = checked(old, what="the old values", at_least=2), checked(new, what="the new values", at_least=2)
    margin = _checked_margin(margin)
    from scipy.special import stdtr  # noqa: PLC0415  SciPy is imported by what needs it, so that the command's help stays quick

    shift = float(after.mean() - before.mean())
    parts = before.var(ddof=1) / len(before), after.var(ddof=1) / len(after)
    error = math.sqrt(sum(parts))
    if error == 0:
        return Equivalence(shift=shift, margin=margin, p=0.0 if abs(shift) < margin else 1.0)
    freedom = sum(parts) ** 2 / (parts[0] ** 2 / (len(before) - 1) + parts[1] ** 2 / (len(after) - 1))
    return Equivalence(shift=shift, margin=margin, p=float(stdtr(freedom, (abs(shift) - margin) / error)))


def tost_ranks(old: Sequence[float] | Numbers, new: Sequence[float] | Numbers, *, margin: float) -> Equivalence:
    """
    Test the equivalence of two samples' places, by ranks.

    Args:
        old: At least two independent numbers, in any order.
        new: The same, in the same unit.
        margin: How far apart still counts as the same, above 0, in the unit of the values.

    Raises:
        DeclarationError: If values are too few or no finite numbers, or the margin is not above 0.
    """
    before, after = checked(old, what="the old values", at_least=2), checked(new, what="the new values", at_least=2)
    margin = _checked_margin(margin)
    apart, below = differences(before, after), rank_sum_below(len(before), len(after))
    # Differences on the very edge of the margin speak against equivalence.
    outside = int(np.sum(apart <= -margin)), int(np.sum(apart >= margin))
    return Equivalence(shift=float(np.median(apart)), margin=margin, p=float(below[max(outside)]))


def _checked_margin(margin: float) -> float:
    """Return the margin if it is one."""
    if not (math.isfinite(margin) and margin > 0):
        raise DeclarationError(f"a margin of equivalence is above 0, not {margin!r}; nothing was computed")
    return margin
