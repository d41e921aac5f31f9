"""
When each request is due, and what it asks: pure functions of the plan and the seed.

The load is *open*: users do not wait for each other, so a request is due at its planned instant whatever became of those before it.
A closed loop would stop sending while the service hangs, and so measure the hang once instead of for everyone it met (coordinated
omission; Gil Tene, "How NOT to measure latency"). Therefore the whole plan exists before the first request is sent.

Time zero is the first request. ``constant`` spacing is the default, because its comparison of two runs has the least noise;
``poisson`` spacing is what many independent users look like, bursts included.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count, takewhile
from typing import Literal

from fraiseql_chaos.core import NS_PER_S, Duration, Rate, dice

__all__ = ["Spacing", "choose", "planned_times"]

type Spacing = Literal["constant", "poisson"]
"""``constant``: every gap is 1 / rate. ``poisson``: gaps are drawn from an exponential distribution with that mean."""


def planned_times(*, rate: Rate, lasting: Duration, spacing: Spacing, seed: int) -> tuple[int, ...]:
    """
    Return when each request is due, in nanoseconds since the first, ascending and below ``lasting``.

    Args:
        rate: Requests per second.
        lasting: Requests due at this time or later are not part of the load.
        spacing: How the gaps are chosen.
        seed: Decides the gaps of ``poisson`` spacing; ``constant`` has none to decide.
    """
    if spacing == "constant":
        # Each time is computed from its ordinal, not from the time before it: no rounding error adds up.
        return tuple(takewhile(lambda at_ns: at_ns < lasting.ns, (round(n * NS_PER_S / rate.per_s) for n in count())))
    return _poisson_times(rate, lasting, seed)


def choose(weights: Sequence[int], *, seed: int, ordinal: int) -> int:
    """
    Return which operation a request asks for, as an index into the weights.

    Args:
        weights: How often each operation is meant, relative to the others; at least one above 0.
        seed: The run's seed.
        ordinal: The request's place in the plan.
    """
    if len(weights) == 1:
        return 0
    return dice(seed, "operation", ordinal).choices(range(len(weights)), weights)[0]


def _poisson_times(rate: Rate, lasting: Duration, seed: int) -> tuple[int, ...]:
    gaps = dice(seed, "arrivals")
    times: list[int] = []
    at_s = 0.0
    while (at_ns := round(at_s * NS_PER_S)) < lasting.ns:
        times.append(at_ns)
        at_s += gaps.expovariate(rate.per_s)
    return tuple(times)
