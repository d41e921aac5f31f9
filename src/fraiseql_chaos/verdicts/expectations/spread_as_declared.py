"""
Under a latency that varies, answers vary as it does: what is declared is what the percentiles show.

A request that makes so many round trips meets so many draws, each its own. So its latency is what it is in health plus a sum of draws, and the distribution of such a
sum is known: Irwin and Hall's for uniform draws, a normal one for normal draws. The requests whose round trips all fall into the window, however the draws
come out, are compared with it by the test of Kolmogorov and Smirnov. *Violated* says that such answers would come from the declared distribution less often
than once in a thousand runs. *Held* says that they might, and that there were enough of them: with 50 a difference of 0.28 anywhere in the
distribution would have been found, which a service whose requests wait for each other, or one that draws a single delay, exceeds.

Sources: Kolmogorov (1933); Hall, "The Distribution of Means for Samples of Size N Drawn from a Population in Which the Variate Takes Values Between 0 and 1" (1927).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from statistics import NormalDist
from typing import ClassVar, Final

import numpy as np

from fraiseql_chaos.core import Json
from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.history import History
from fraiseql_chaos.stats import value_at
from fraiseql_chaos.verdicts.crossings import Hold, holds_of, unmixed
from fraiseql_chaos.verdicts.model import Finding
from fraiseql_chaos.verdicts.requests import fault_windows, in_ms, phase_of, was_given_up
from fraiseql_chaos.verdicts.wording import span

__all__ = ["SpreadAsDeclared", "spread_as_declared"]

_ANSWERS: Final = 50
_ALPHA: Final = 0.001
_SHOWN: Final = (10, 50, 90)

type Distribution = Callable[[float], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class SpreadAsDeclared:
    """
    Expect the answers under one latency with jitter to be distributed as the sum of its draws.

    Args:
        round_trips: How often a request asks the database and waits, one time after another; at least 1.

    Raises:
        DeclarationError: If it is no number of round trips.
    """

    kind: ClassVar[str] = "spread_as_declared"

    round_trips: int

    def __post_init__(self) -> None:
        if isinstance(self.round_trips, bool) or not isinstance(self.round_trips, int) or self.round_trips < 1:
            raise DeclarationError(
                f"spread_as_declared: round_trips={self.round_trips!r} is no number of round trips; give 1 or more; nothing was judged"
            )

    def __str__(self) -> str:
        return f"answers under the latency are spread as the sum of {self.round_trips} of its draws"

    def judge(self, history: History) -> Finding:
        """Compare the answers that lie in the window whole with the distribution declared."""
        holds = holds_of(history)
        if len(holds) != 1 or not holds[0].jitter_ns or not unmixed(history, steady=False):
            return self._cannot_tell("one latency with jitter and without ramp, on all connections, is needed, and nothing beside it")
        hold = holds[0]
        windows = fault_windows(history)
        healthy = [o.latency_ns for o in history.operations if o.outcome == "ok" and phase_of(o, windows) == "before"]
        inside = [o for o in history.operations if hold.begun_ns <= o.planned_ns and o.planned_ns + self._longest_ns(hold) <= hold.end_ns]
        # Whoever was given up has not less than its age; left out, the longest would be missing.
        taken = [o.latency_ns for o in inside if o.outcome == "ok" or was_given_up(o)]
        if len(taken) < _ANSWERS or not healthy:
            few = f"{len(taken)} answers under the latency and {len(healthy)} before it are too few; {_ANSWERS} are needed, and one"
            return self._cannot_tell(few)
        return self._compared([taken_ns - value_at(healthy, 50) for taken_ns in taken], hold)

    def _longest_ns(self, hold: Hold) -> int:
        spread_ns = hold.jitter_ns * (4 if hold.distribution == "normal" else 1)
        return self.round_trips * (hold.delay_ns + spread_ns)

    def _compared(self, added_ns: list[float], hold: Hold) -> Finding:
        from scipy.stats import kstest  # noqa: PLC0415  takes a second to import

        declared = _sum_of_draws(hold, self.round_trips)
        distance, chance = kstest(added_ns, lambda values: np.array([declared(value) for value in values]))
        numbers: dict[str, Json] = {"answers": len(added_ns), "distance": round(float(distance), 4), "p_value": round(float(chance), 6)}
        told = []
        for p in _SHOWN:
            here, there = value_at(added_ns, p), _quantile(declared, p / 100, high=2.0 * self._longest_ns(hold))
            numbers |= {f"p{p}_ms": in_ms(here), f"p{p}_declared_ms": in_ms(there)}
            told.append(f"p{p} {span(here)} ({span(there)} declared)")
        return Finding(
            expectation=self,
            verdict="violated" if chance < _ALPHA else "held",
            statement=f"the latency added to {len(added_ns)} answers had {', '.join(told)}, and is {distance:.2f} away from the declared distribution at most",
            numbers=numbers,
        )

    def _cannot_tell(self, statement: str) -> Finding:
        return Finding(expectation=self, verdict="inconclusive", statement=statement, numbers={})


def spread_as_declared(*, round_trips: int) -> SpreadAsDeclared:
    """Expect the answers under one latency with jitter to be distributed as the sum of its draws; see ``SpreadAsDeclared``."""
    return SpreadAsDeclared(round_trips=round_trips)


def _sum_of_draws(hold: Hold, count: int) -> Distribution:
    """Return the distribution function of a sum of independent draws; that a normal one is cut off at nothing is left out of account."""
    if hold.distribution == "normal":
        return NormalDist(count * hold.delay_ns, math.sqrt(count) * hold.jitter_ns).cdf
    least_ns, width_ns = count * (hold.delay_ns - hold.jitter_ns), 2 * hold.jitter_ns
    return lambda value: _irwin_hall((value - least_ns) / width_ns, count)


def _irwin_hall(value: float, count: int) -> float:
    """Return the chance that so many draws between 0 and 1 come to at most this."""
    if value >= count:
        return 1.0
    parts = ((-1.0) ** k * math.comb(count, k) * (value - k) ** count for k in range(max(-1, math.floor(value)) + 1))
    return min(1.0, max(0.0, sum(parts) / math.factorial(count)))


def _quantile(declared: Distribution, share: float, *, high: float) -> float:
    """Return where a distribution function reaches a share, by halving."""
    low = 0.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if declared(middle) < share else (low, middle)
    return high
