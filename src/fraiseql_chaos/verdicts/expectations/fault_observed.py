"""
The fault really happened.

No fault, no verdict: a fault that nobody but its injector saw, or that the service was not under, proves nothing about the service,
however well the service did. So each fault asked about must be recorded as armed and as healed without an error, and witnesses that do not
depend on the injector's word must have seen two things: that it happened, and that it reached the service. What is missing makes the run
inconclusive. It never makes it violated: that a fault did not bite is our failing, not the service's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Protocol

from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.history import FaultRecord, History, Shows
from fraiseql_chaos.verdicts.model import Finding
from fraiseql_chaos.verdicts.requests import in_ms

__all__ = ["FaultObserved", "HasKind", "fault_observed"]


class HasKind(Protocol):
    """A fault, or a class of faults: anything with a wire name."""

    @property
    def kind(self) -> str:
        """The wire name."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultObserved:
    """
    Expect independent evidence of every fault of the given kinds.

    Args:
        kinds: Wire names; none means every fault that was declared.

    Raises:
        DeclarationError: If a kind is empty.
    """

    kind: ClassVar[str] = "fault_observed"

    kinds: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not all(self.kinds):
            raise DeclarationError("fault_observed: a fault's kind is a name such as 'latency', not an empty text; nothing was judged")

    def __str__(self) -> str:
        which = f"each {' and '.join(self.kinds)} fault" if self.kinds else "every fault"
        return f"{which} was seen by an independent witness, was met by the service, and healed"

    def judge(self, history: History) -> Finding:
        """Look at each fault's record for what is missing."""
        asked = [f for f in history.faults if not self.kinds or f.declared.kind in self.kinds]
        absent = [kind for kind in self.kinds if all(f.declared.kind != kind for f in asked)]
        missing = [f"no fault of kind {kind!r} was declared" for kind in absent] or ([] if asked else ["no fault was declared"])
        missing += [f"{f.declared.fault} {reason}" for f in asked if (reason := _missing(f, disarmed=history.begin.disarmed))]
        return Finding(
            expectation=self,
            verdict="inconclusive" if missing else "held",
            statement="; ".join(missing) if missing else "; ".join(f"{f.declared.fault}: {_testimony(f)}" for f in asked),
            numbers={
                "faults": len(asked),
                "faults_seen": sum(f.bit for f in asked),
                "sightings": {f.declared.fault: _count(f, "fault") for f in asked},
                "sightings_of_reach": {f.declared.fault: _count(f, "reach") for f in asked},
                "armed_for_ms": {f.declared.fault: in_ms(f.healed.at_ns - f.armed.at_ns) if f.armed and f.healed else None for f in asked},
            },
        )


def fault_observed(*faults: str | HasKind) -> FaultObserved:
    """Expect independent evidence of these faults, given as kinds, classes or values; of every declared fault if none is given."""
    return FaultObserved(kinds=tuple(fault if isinstance(fault, str) else fault.kind for fault in faults))


def _missing(fault: FaultRecord, *, disarmed: bool) -> str:
    """Return what its record lacks, as the rest of a sentence; empty if nothing."""
    if disarmed:  # Arming and healing are recorded all the same, because a negative control goes through all the motions.
        return "was not injected: injection was switched off on purpose, as a negative control"
    if fault.armed is None:
        return "was never armed"
    if fault.healed is None:
        return "was never healed"
    if fault.healed.error:
        return f"did not heal: {fault.healed.error}"
    return "" if fault.bit else _unseen(fault)


def _unseen(fault: FaultRecord) -> str:
    """Return which half of it nobody saw: that it happened, or that the service was under it."""
    what: Shows = "reach" if fault.is_shown("fault") else "fault"
    lacking = {"fault": "was armed, but no independent witness {} it", "reach": "happened, but no independent witness {} the service under it"}[what]
    witnesses = [e for e in fault.evidence if e.independent and e.shows == what]
    if not witnesses:
        return lacking.format("was there to see")
    return f"{lacking.format('saw')}: " + "; ".join(f"{e.witness}: {e.statement}" for e in witnesses)


def _count(fault: FaultRecord, what: Shows) -> int:
    return sum(e.count for e in fault.evidence if e.independent and e.shows == what)


def _testimony(fault: FaultRecord) -> str:
    return "; ".join(f"{e.statement} ({e.witness})" for e in fault.evidence if e.independent and e.count > 0)
