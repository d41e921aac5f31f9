"""What the kernels at the two ends of a link counted while the fault was armed: segments sent again, checksums refused, duplicates told of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

from fraiseql_chaos.core import JsonObject
from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.history import History
from fraiseql_chaos.measures.model import Measurement
from fraiseql_chaos.verdicts.packets import counters_grown

__all__ = ["KernelCounts"]

_ENDS: Final = ("near", "far")


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
        """Subtract, at both ends; and say how many segments each sent meanwhile."""
        grown = counters_grown(history)
        if grown is None:
            return Measurement(measure=self, numbers={}, statement="the kernels were not looked at before and after a fault")
        by = {name: {end: grown.get(f"{end}.{name}") for end in _ENDS} for name in (*self.counters, "TcpOutSegs")}
        both = {name: sum(count or 0 for count in ends.values()) for name, ends in by.items()}
        numbers: JsonObject = {f"{end}_{name}": count for end in _ENDS for name, ends in by.items() if (count := ends[end]) is not None}
        told = ", ".join(f"{name} {both[name]}" for name in self.counters)
        return Measurement(measure=self, numbers=numbers, statement=f"both kernels together: {told}; of {both['TcpOutSegs']} segments sent")
