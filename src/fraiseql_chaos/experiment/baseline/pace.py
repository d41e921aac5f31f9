"""
How fast the machine itself was: the time of a fixed computation in our own process, taken between bursts.

It asks nobody for anything and touches no memory to speak of, so it changes only when the processor's speed does, or when somebody else has the
processor: a neighbour, or on a virtual machine a neighbour of its host, of whom no counter of ours tells. Where the pace varies, everything does;
and where it differs between two baselines, they differ by the machine. Nothing is corrected by it, for not all that is measured is computation.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import Final

from fraiseql_chaos.baselines.naming import PACE
from fraiseql_chaos.core import now_ns
from fraiseql_chaos.experiment.baseline.plan import LIMIT_BETWEEN_RUNS
from fraiseql_chaos.experiment.baseline.readings import Reading

__all__ = ["pace_ms", "pace_reading"]

ROUNDS: Final = 50_000
"""2 ms on a usual processor: long against the clock, short against a burst."""


def pace_ms(rounds: int = ROUNDS) -> float:
    """Carry out the computation once and return how long it took, in milliseconds."""
    began_ns, state = now_ns(), 1
    for _ in range(rounds):
        state = state * 48271 % 2147483647
    return (now_ns() - began_ns) / 1e6


def pace_reading(samples: Sequence[float]) -> dict[str, Reading]:
    """Return what the samples of one repetition say."""
    what = "a fixed computation of the collector's own: how fast the machine itself was, median"
    reading = Reading(
        group="resources", what=what, unit="ms", better="neither", limit=LIMIT_BETWEEN_RUNS, value=median(samples), samples=tuple(samples)
    )
    return {PACE: reading}
