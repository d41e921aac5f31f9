"""
How often something came out in a simulation, set against how often it may.

A simulation of N runs does not give the true share of alarms but a draw around it. So a share is "at most" the stated one unless so many alarms would be seen in
fewer than one of 10 000 such simulations if the true share were the stated one; and the other way round for power. Every simulation has a seed, so a test that
passes once passes always, and each is shown red beside it by a function that is deliberately wrong.
"""

from __future__ import annotations

from scipy.stats import binom

CHANCE = 1e-4


def is_at_most(count: int, runs: int, share: float) -> bool:
    """Tell whether a count is no more than a true share explains."""
    return bool(binom.sf(count - 1, runs, share) >= CHANCE)


def is_at_least(count: int, runs: int, share: float) -> bool:
    """Tell whether a count is no less than a true share explains."""
    return bool(binom.cdf(count, runs, share) >= CHANCE)
