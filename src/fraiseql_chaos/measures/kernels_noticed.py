"""How many of the packets that arrived and should not have been believed the receiving kernels noticed: copies, and wrong checksums."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final, Literal, get_args

from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.history import History
from fraiseql_chaos.measures.model import Measurement
from fraiseql_chaos.verdicts.packets import RECEIVERS, accounts, counters_grown
from fraiseql_chaos.verdicts.wording import percent

__all__ = ["KernelsNoticed", "Noticeable"]

type Noticeable = Literal["copies", "wrong_checksums"]

_COUNTERS: Final[dict[Noticeable, tuple[str, ...]]] = {
    "copies": ("TcpExtTCPDSACKOldSent", "TcpExtTCPDSACKOfoSent"),
    "wrong_checksums": ("TcpInCsumErrors",),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class KernelsNoticed:
    """
    Measure the share of what arrived that the receivers' kernels noticed.

    Args:
        of: ``copies`` of segments that take a place in their stream, which a receiver reports to the sender (D-SACK); or ``wrong_checksums``.

    Raises:
        DeclarationError: If there is no such thing.

    Source:
        RFC 2883 (D-SACK).
    """

    kind: ClassVar[str] = "kernels_noticed"

    of: Noticeable

    def __post_init__(self) -> None:
        if self.of not in _COUNTERS:
            raise DeclarationError(f"kernels_noticed: of={self.of!r} is not one of {', '.join(get_args(Noticeable.__value__))}; nothing was measured")

    def __str__(self) -> str:
        return f"share of {self.of.replace('_', ' ')} that the receiving kernels noticed"

    def take(self, history: History) -> Measurement:
        """Compare captures and counters; what a kernel counted while the fault was armed or healed is on no side of the capture, so it may be more."""
        seen, grown = [account for account in accounts(history) if not account.flaw], counters_grown(history)
        arrived = sum(
            account.total("segment_copies") if self.of == "copies" else account.total("bad_checksum") - account.total("uncounted") for account in seen
        )
        what = self.of.replace("_", " ")
        if not arrived or grown is None:
            return Measurement(measure=self, numbers={}, statement=f"no {what} arrived that could be counted, or nobody read the kernels' counters")
        noticed = sum(grown.get(f"{end}.{counter}", 0) for end in RECEIVERS.values() for counter in _COUNTERS[self.of])
        share = round(min(1.0, noticed / arrived), 6)
        return Measurement(
            measure=self,
            numbers={"arrived": arrived, "noticed": noticed, "share": share},
            statement=f"of {arrived} {what} that arrived the kernels noticed {noticed}: {percent(share)}",
        )
