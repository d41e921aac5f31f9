"""
"At least this share of them", decided with requests of which some are unknown and some are missing.

A claim about a share is decided three ways. It is *held* if it is true even when every unknown one counts as bad. It is *violated* if
it is false even when every unknown one counts as good. Otherwise the record cannot tell.

The share is a fact about the requests of this run, and is judged as one. Too small a run may not speak, though: of 20 requests, none
bad, nobody learns about 99 %. So a share of 99 % needs 100 requests (the least number of which one may be bad), and any claim at least 20.
A run that is too small can still violate: if it has more bad ones than a run of the needed size would have been allowed.
No interval is put around the share, because failures come in bursts and an interval for independent ones would be too narrow.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from fraiseql_chaos.verdicts.model import Verdict

__all__ = ["LEAST_REQUESTS", "Share"]

LEAST_REQUESTS: Final = 20
"""Fewer requests than these are an anecdote, whatever the claim."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """
    How many were good, bad or unknown.

    Attributes:
        good, bad, unknown: Counts.
        at_least: The share of good ones that is claimed, above 0 and at most 1.
    """

    good: int
    bad: int
    unknown: int
    at_least: float

    @property
    def total(self) -> int:
        """How many there were."""
        return self.good + self.bad + self.unknown

    @property
    def needed(self) -> int:
        """The least number of requests that can hold the claim."""
        tolerated = 1 - Fraction(str(self.at_least))
        return max(LEAST_REQUESTS, math.ceil(1 / tolerated)) if tolerated else LEAST_REQUESTS

    @property
    def verdict(self) -> Verdict:
        """The answer, by the rule at the top of this file."""
        total = max(self.total, self.needed)
        required = math.ceil(Fraction(str(self.at_least)) * total)
        if total - self.bad < required:
            return "violated"
        return "held" if self.total >= self.needed and self.good >= required else "inconclusive"
