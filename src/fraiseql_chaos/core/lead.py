"""
How much too early a timer must be set, so that nobody is late.

The kernel's high-resolution timers are never early, but 10 us late on a busy machine and 200 us on one that has slept for 20 ms, because its processor
must wake. So a timer is set to ring a *lead* before the instant, as long as rings were late lately, and what is left is watched on the clock. Here is
the number alone; setting timers and watching clocks is the business of the drivers.
"""

from __future__ import annotations

from typing import Final

from fraiseql_chaos.core.units import NS_PER_US

__all__ = ["LEAD_LEAST_NS", "LEAD_MOST_NS", "Lead"]

LEAD_LEAST_NS: Final = 50 * NS_PER_US
LEAD_MOST_NS: Final = 400 * NS_PER_US
"""
Between what bounds the lead follows the lateness of the rings. Its price is what it exceeds the lateness by, in processor time, for each
instant and only while something is held back; the upper bound keeps a stall of the host from costing more than that.
"""

LEAD_MARGIN: Final = 1.25
LEAD_DECAY: Final = 0.97
"""The lead is a quarter more than the latest ring was late, or what it was before less 3 %, whichever is more: half of it is gone after 23 rings."""


class Lead:
    """
    Follows how late the rings of one timer are.

    Attributes:
        ns: By how much to set the timer before the instant.
    """

    __slots__ = ("ns",)

    def __init__(self) -> None:
        self.ns = LEAD_LEAST_NS

    def learn(self, late_ns: int) -> None:
        """Take note of how late the timer rang against what it was set for."""
        wanted_ns = max(LEAD_MARGIN * late_ns, LEAD_DECAY * self.ns)
        self.ns = round(min(max(wanted_ns, LEAD_LEAST_NS), LEAD_MOST_NS))
