"""What the kernels at the two ends of a link counted while the fault was armed: segments sent again, checksums refused, duplicates told of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from fraiseql_chaos.core import Json
from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.history import History, Sample
from fraiseql_chaos.measures.model import Measurement
from fraiseql_chaos.verdicts.requests import fault_windows

__all__ = ["KernelCounts"]

_PROBE = "link_kernels"


@dataclass(frozen=True, slots=True, kw_only=True)
class KernelCounts:
    """
    Measure by how much counters grew from the last look before the fault to the first one after it.

    Args:
        counters: Their names, as ``nstat`` has them: ``TcpRetransSegs``, ``TcpExtTCPDSACKRecv``.

    Raises:
        DeclarationError: If none is named.

    Source:
        Linux kernel documentation, "SNMP counter".
    """

    kind: ClassVar[str] = "kernel_counts"

    counters: tuple[str, ...]

    def __post_init__(self) -> None:
        if not self.counters:
            raise DeclarationError('kernel_counts: name at least one counter, as kernel_counts("TcpRetransSegs"); nothing was measured')

    def __str__(self) -> str:
        return f"what both kernels counted: {', '.join(self.counters)}"

    def take(self, history: History) -> Measurement:
        """Subtract, at both ends; per a thousand of the segments that an end sent, too."""
        looks, windows = [s for s in history.samples(_PROBE) if s.ok], fault_windows(history)
        begin_ns, end_ns = min((w.begin_ns for w in windows), default=0), max((w.end_ns for w in windows), default=0)
        before = [s for s in looks if s.at_ns <= begin_ns]
        after = [s for s in looks if s.began_ns >= end_ns] or looks[-1:]
        if not windows or not before or after[0] is before[-1]:
            return Measurement(measure=self, numbers={}, statement="the kernels were not looked at before and after a fault")
        grown = {f"{end}_{name}": _grown(before[-1], after[0], f"{end}.{name}") for end in ("near", "far") for name in (*self.counters, "TcpOutSegs")}
        numbers: dict[str, Json] = {name: by for name, by in grown.items() if by is not None}
        told = ", ".join(f"{name} {sum(grown[f'{end}_{name}'] or 0 for end in ('near', 'far'))}" for name in self.counters)
        return Measurement(
            measure=self,
            numbers=numbers,
            statement=f"both kernels together: {told}; of {sum(grown[f'{end}_TcpOutSegs'] or 0 for end in ('near', 'far'))} segments sent",
        )


def _grown(before: Sample, after: Sample, name: str) -> int | None:
    """Return by how much a counter grew; None where this kernel has none of that name."""
    old, new = before.value.get(name), after.value.get(name)
    return new - old if isinstance(old, int) and isinstance(new, int) else None
