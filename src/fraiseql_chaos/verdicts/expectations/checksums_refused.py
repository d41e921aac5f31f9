"""
No kernel let a wrong checksum pass.

The captures at the receiving ends are taken before the kernel checks anything, so they hold the packets that arrived with a wrong checksum; the kernels count those
that they refused (``TcpInCsumErrors``). Fewer refused than arrived means that something bent was handed on. More may be: what came while the fault was being
armed or healed is on no side of a capture. What is no TCP has another counter, and what contradicts its own lengths is thrown away before anybody looks
at its checksum: neither is expected among these.

What arrives bent under a right checksum is not this expectation's matter: no kernel can know.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

from fraiseql_chaos.history import History
from fraiseql_chaos.verdicts.model import Finding, Verdict
from fraiseql_chaos.verdicts.packets import RECEIVERS, Account, accounts, counters_grown, unaccounted

__all__ = ["REFUSED", "ChecksumsRefused", "checksums_refused"]

REFUSED: Final = "TcpInCsumErrors"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChecksumsRefused:
    """Expect that every packet that arrived with a wrong checksum was refused by its receiver's kernel."""

    kind: ClassVar[str] = "checksums_refused"

    def __str__(self) -> str:
        return "every packet that arrives with a wrong checksum is refused by the kernel"

    def judge(self, history: History) -> Finding:
        """Compare, for each end that something bent arrived at, the capture's count with the kernel's."""
        seen, grown = accounts(history), counters_grown(history)
        verdict, statement = _answer(seen, grown)
        arrived = sum(_wrong(seen, way) for way in RECEIVERS)
        refused = None if grown is None else sum(grown.get(f"{end}.{REFUSED}", 0) for end in RECEIVERS.values())
        return Finding(expectation=self, verdict=verdict, statement=statement, numbers={"arrived_wrong": arrived, "refused": refused})


def checksums_refused() -> ChecksumsRefused:
    """Expect that every packet that arrived with a wrong checksum was refused by its receiver's kernel; see ``ChecksumsRefused``."""
    return ChecksumsRefused()


def _answer(seen: Sequence[Account], grown: Mapping[str, int] | None) -> tuple[Verdict, str]:
    if why := unaccounted(seen):
        return "inconclusive", why
    wrong = {end: _wrong(seen, way) for way, end in RECEIVERS.items()}
    if not any(wrong.values()):
        return "inconclusive", "no packet arrived with a wrong checksum that can be counted"
    if grown is None or not all(f"{end}.{REFUSED}" in grown for end in wrong):
        return "inconclusive", "nobody read the kernels' counters before and after"
    refused = {end: grown[f"{end}.{REFUSED}"] for end in wrong}
    told = ", ".join(
        f"of {wrong[end]} packets that arrived with a wrong checksum at the {end} end its kernel refused {refused[end]}" for end in wrong
    )
    return ("violated" if any(refused[end] < wrong[end] for end in wrong) else "held"), told


def _wrong(seen: Sequence[Account], way: str) -> int:
    """Return how many packets one way arrived with a wrong checksum; of faults that act at once, by the account that has most."""
    return max((counts["bad_checksum"] - counts.get("uncounted", 0) for a in seen for at, counts in a.ways.items() if at == way), default=0)
