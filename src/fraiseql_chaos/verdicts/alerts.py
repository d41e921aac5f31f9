"""
When the service itself raised the alarm, and whether there was reason to: the answers of ``/ready``.

A look that is told "not ready" is an alarm. It is a true one from the arming of a fault until the service was back from the last of them, and a false one
at any other time. Looks that got no answer are none: whoever gave up waiting was told nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

from fraiseql_chaos.history import History
from fraiseql_chaos.verdicts.requests import fault_windows
from fraiseql_chaos.verdicts.timing import READY_PROBE, recovery

__all__ = ["Alarms", "alarms"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarms:
    """How many looks there were, and how many of them were told "not ready": with reason, and without."""

    looks: int
    true: int
    false: int


def alarms(history: History) -> Alarms:
    """Sort out what ``/ready`` said."""
    looks = [sample for sample in history.samples(READY_PROBE) if not sample.value.get("given_up")]
    windows, back = fault_windows(history), recovery(history)
    over_ns = max((w.end_ns for w in windows), default=0)
    back_ns = history.end_ns if back is None or back.at_ns is None else max(over_ns, back.at_ns)
    told = [sample for sample in looks if not sample.ok]
    true = sum(any(w.begin_ns <= s.at_ns < w.end_ns for w in windows) or (bool(windows) and over_ns <= s.at_ns <= back_ns) for s in told)
    return Alarms(looks=len(looks), true=true, false=len(told) - true)
