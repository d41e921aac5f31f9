"""
What crossed a link while faults of packets acted on it: the captures of both ends, and the counters of both kernels, summed up.

A packet belongs to a fault if the fault is about it and it was sent while the fault stood; what was sent while it was being armed or healed is on no side. Where
several faults act at once each has an account of its own, and the same packet may be in both.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from fraiseql_chaos.history import FaultRecord, History, Sample
from fraiseql_chaos.verdicts.requests import fault_windows

__all__ = ["RECEIVERS", "SENDERS", "Account", "Way", "accounts", "counters_grown", "unaccounted"]

type Way = Literal["up", "down"]

SENDERS: Final[Mapping[Way, str]] = {"up": "near", "down": "far"}
RECEIVERS: Final[Mapping[Way, str]] = {"up": "far", "down": "near"}

_CAPTURE: Final = "link_capture"
_KERNELS: Final = "link_kernels"


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """
    What became of the packets of one fault.

    Attributes:
        fault: The fault.
        ways: By way, each count of the captures; a way that nothing went has none.
        flaw: Why it cannot be told; empty if it can.
    """

    fault: FaultRecord
    ways: Mapping[Way, Mapping[str, int]]
    flaw: str = ""

    def total(self, name: str) -> int:
        """Return a count of both ways together."""
        return sum(counts.get(name, 0) for counts in self.ways.values())


def accounts(history: History) -> tuple[Account, ...]:
    """Return the account of each fault of packets that was armed, in the order declared."""
    return tuple(_account(history, fault) for fault in history.faults if fault.declared.layer == "packet" and fault.armed)


def unaccounted(seen: Sequence[Account]) -> str:
    """Return why nothing can be said from these accounts; empty if something can."""
    if not seen:
        return "no fault of packets was armed"
    flaws = [account.flaw for account in seen if account.flaw]
    return f"packets could not be counted: {flaws[0]}" if flaws else ""


def _account(history: History, fault: FaultRecord) -> Account:
    assert fault.armed is not None
    healing_ns = fault.healed.began_ns if fault.healed else history.end_ns
    own = [s for s in history.samples(_CAPTURE) if s.value.get("of") == fault.declared.fault]
    during = [s for s in own if s.began_ns >= fault.armed.at_ns and s.at_ns <= healing_ns]
    flaws = [s.error for s in own if not s.ok]
    ways: dict[Way, Mapping[str, int]] = {}
    way: Way
    for way in ("up", "down"):
        counts: Counter[str] = Counter()
        for sample in during:
            if sample.value.get("direction") == way:
                counts.update({name: value for name, value in sample.value.items() if isinstance(value, int) and not name.startswith("delay")})
        if counts:
            ways[way] = counts
    flaw = flaws[0] if flaws else "" if during else "no packet of it was captured while it was armed"
    return Account(fault=fault, ways=ways, flaw=flaw)


def counters_grown(history: History) -> Mapping[str, int] | None:
    """
    Return by how much each counter of either kernel grew, from the last look before the first fault to the first one after the last.

    Returns:
        By name, as in ``near.TcpRetransSegs``; None if nobody looked both before and after.
    """
    looks, windows = [s for s in history.samples(_KERNELS) if s.ok], fault_windows(history)
    begin_ns, end_ns = min((w.begin_ns for w in windows), default=0), max((w.end_ns for w in windows), default=0)
    before = [s for s in looks if s.at_ns <= begin_ns]
    after = [s for s in looks if s.began_ns >= end_ns] or looks[-1:]
    if not windows or not before or after[0] is before[-1]:
        return None
    return _grown(before[-1], after[0])


def _grown(before: Sample, after: Sample) -> Mapping[str, int]:
    """Subtract what both have."""
    return {name: new - old for name, new in after.value.items() if isinstance(new, int) and isinstance(old := before.value.get(name), int)}
