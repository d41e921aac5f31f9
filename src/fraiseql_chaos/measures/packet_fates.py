"""What became of the packets that faults of packets were about: lost, doubled, overtaken, bent; and what TCP made of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

from fraiseql_chaos.core import JsonObject
from fraiseql_chaos.history import History
from fraiseql_chaos.measures.model import Measurement
from fraiseql_chaos.verdicts.packets import accounts

__all__ = ["PacketFates"]

_COUNTS: Final = {"missing": "lost", "copies": "doubled", "overtaken": "overtaken", "changed": "bent"}
_SEGMENTS: Final = ("segments", "torn", "mended", "awaited", "segment_copies", "segments_overtaken")


@dataclass(frozen=True, slots=True, kw_only=True)
class PacketFates:
    """Measure what became of the packets of each fault, and of the segments among them that take a place in their stream."""

    kind: ClassVar[str] = "packet_fates"

    def __str__(self) -> str:
        return "what became of the packets that the fault was about"

    def take(self, history: History) -> Measurement:
        """Count what the captures at both ends saw while the faults stood, both ways together, beside the share that was asked for."""
        seen = [account for account in accounts(history) if account.ways and not account.flaw]
        if not seen:
            return Measurement(measure=self, numbers={}, statement="no packet of a fault was captured while it was armed")
        numbers: JsonObject = {}
        told = []
        for account in seen:
            prefix = "" if len(seen) == 1 else f"{account.fault.declared.fault}_"
            sent = account.total("sent")
            numbers |= {
                f"{prefix}asked_share": account.fault.declared.parameters.get("rate"),
                f"{prefix}sent": sent,
                **{f"{prefix}{word}": account.total(name) for name, word in _COUNTS.items()},
                **{f"{prefix}{word}_share": round(account.total(name) / sent, 6) if sent else None for name, word in _COUNTS.items()},
                **{f"{prefix}{name}": account.total(name) for name in _SEGMENTS},
            }
            counted = ", ".join(f"{account.total(name)} {word}" for name, word in _COUNTS.items())
            told.append(f"of {sent} packets {counted}; of {account.total('torn')} torn segments {account.total('mended')} mended")
        return Measurement(measure=self, numbers=numbers, statement="; ".join(told))
