"""
Whether a share that was counted can be the one that was asked for.

Of ``n`` packets ``k`` bear a fault's mark. The interval around ``k / n`` that holds the true share with 99.9 % certainty (Wilson's, which keeps its
word also where ``k`` is 0 or small) either has the asked share in it, or the fault that was seen is not the fault that was asked for: a false
accusation once in a thousand runs, and a loss of 10 % is not taken for one of 5 % after some 800 packets.

Packets whose fates depend on each other (a burst, a correlation) say less than as many independent ones: ``spread`` is by how much the variance of
their count exceeds the binomial one, and so many times fewer packets they are worth.

Source:
    Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22 (1927).
"""

from __future__ import annotations

import math
from typing import Final

__all__ = ["HANDFUL", "LEVEL_WORDS", "interval", "markov_spread"]

_Z: Final = 3.2905267314919255
"""The normal quantile of 99.95 %: 99.9 % lie within, to both sides."""

LEVEL_WORDS: Final = "99.9 %"

HANDFUL: Final = 5
"""Fewer packets than these are worth tell nothing about a rate: their interval holds nearly every share there is."""


def interval(marked: float, number: float, *, spread: float = 1.0) -> tuple[float, float]:
    """
    Return the 99.9 % interval of the share that ``marked`` of ``number`` packets stand for.

    Args:
        marked: How many bear the mark.
        number: How many there were.
        spread: By how much the variance exceeds that of independent packets; at least 1.
    """
    if number == 0:
        return 0.0, 1.0
    share, worth = marked / number, number / spread
    z2 = _Z * _Z
    centre = (share + z2 / (2 * worth)) / (1 + z2 / worth)
    half = _Z * math.sqrt(share * (1 - share) / worth + z2 / (4 * worth * worth)) / (1 + z2 / worth)
    # Where all or none bear it, the bound is exact; rounding would leave it out.
    return (0.0 if marked == 0 else max(0.0, centre - half)), (1.0 if marked == number else min(1.0, centre + half))


def markov_spread(memory: float, weight: float = 1.0) -> float:
    """
    Return by how much the variance of a count exceeds the binomial one, where each packet's fate remembers the last one's.

    Args:
        memory: The correlation of the states of two neighbours, below 1; further ones fall off as its powers.
        weight: Which share of a fate's variance comes from that state; 1 if the state is the fate.
    """
    return max(1.0, 1 + 2 * weight * memory / (1 - memory))
