"""
Whether one sample tends to lie above another, by ranks alone.

SciPy's test, chosen so that it is right where we are: counted out exactly without ties up to ``EXACT_MAX`` values a sample, normal with corrections for
ties and continuity beyond. With ties and few values the normal distribution is a guess, so there the permutations themselves decide
(all of them, if there are at most 10 000, else as many drawn by a seed).

A small p says that the samples differ, not by how much: give it with ``hodges_lehmann``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import numpy as np

from fraiseql_chaos.stats.ranks import EXACT_MAX
from fraiseql_chaos.stats.sample import Numbers, checked

__all__ = ["Alternative", "mann_whitney"]

type Alternative = Literal["two-sided", "less", "greater"]

FEW = 10
PERMUTATIONS_MAX = 9_999


def mann_whitney(old: Sequence[float] | Numbers, new: Sequence[float] | Numbers, *, alternative: Alternative = "two-sided", seed: int = 0) -> float:
    """
    Return the chance to see ranks this uneven if both samples were drawn alike.

    Args:
        old: At least one number, in any order; independent units.
        new: The same, in the same unit.
        alternative: Whether the new values are suspected to lie elsewhere, lower ("less") or higher ("greater").
        seed: What decides the permutations that are drawn, if there are ties and too many permutations.

    Raises:
        DeclarationError: If a sample is empty or holds what is no finite number.

    Source:
        Mann and Whitney (1947), as ``scipy.stats.mannwhitneyu``.
    """
    before, after = checked(old, what="the old values"), checked(new, what="the new values")
    from scipy.stats import PermutationMethod, mannwhitneyu  # noqa: PLC0415  takes a second to import

    together = np.concatenate([before, after])
    if together.min() == together.max():
        return 1.0
    tied = len(np.unique(together)) < len(together)
    method: object = "asymptotic"
    if not tied and max(len(before), len(after)) <= EXACT_MAX:
        method = "exact"
    elif tied and min(len(before), len(after)) <= FEW and math.comb(len(together), len(before)) <= 1e9:
        method = PermutationMethod(n_resamples=PERMUTATIONS_MAX, rng=np.random.default_rng(seed))
    return float(mannwhitneyu(after, before, alternative=alternative, method=method).pvalue)
