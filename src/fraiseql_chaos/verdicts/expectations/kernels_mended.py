"""
What happened to segments on their way, TCP mended.

That is a promise of the kernels at both ends, and what a service builds on. Two witnesses must say so, of which neither is the other's:

    captures   every segment that was lost or bent under a fault came whole all the same, in another one; see ``probes/capture/mending.py``
    counters   the kernels say that they did something about it: sent again, told of copies, queued what came out of order

A torn segment that never came again violates, whoever gave up: a kernel that is told to, a service that closes its connection instead of waiting, or a
receiver that took bent bytes for right ones. What was torn so shortly before the record's end that its sender need not have tried again may still come: that
cannot be told. Where nothing was torn, doubled or overtaken that takes a place in a stream (an acknowledgement does not) there
was nothing to mend, and where the counters say nothing of what the captures saw, one of the two is wrong: both are inconclusive.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

from fraiseql_chaos.history import History
from fraiseql_chaos.verdicts.model import Finding, Verdict
from fraiseql_chaos.verdicts.packets import Account, accounts, counters_grown, unaccounted

__all__ = ["KernelsMended", "kernels_mended"]

_DID: Final = (
    ("torn", ("TcpRetransSegs",), "segments sent again"),
    ("segment_copies", ("TcpExtTCPDSACKOldSent", "TcpExtTCPDSACKOfoSent"), "copies told of"),
    ("segments_overtaken", ("TcpExtTCPOFOQueue",), "segments queued out of order"),
)
"""What may happen to segments, the counters that must then have grown, and what these count."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KernelsMended:
    """Expect that every segment that a fault tore, doubled or held back was made good by TCP."""

    kind: ClassVar[str] = "kernels_mended"

    def __str__(self) -> str:
        return "what faults did to segments of TCP, the kernels at both ends made good"

    def judge(self, history: History) -> Finding:
        """Compare what the captures saw with what came of it, and with what the kernels say they did."""
        seen, grown = accounts(history), counters_grown(history)
        did = {meaning: None if grown is None else _both(grown, counters) for _, counters, meaning in _DID}
        verdict, statement = _answer(seen, did)
        names = ("segments", "torn", "mended", "awaited", *(name for name, _, _ in _DID if name != "torn"))
        return Finding(
            expectation=self,
            verdict=verdict,
            statement=statement,
            numbers={name: sum(account.total(name) for account in seen) for name in names}
            | {meaning.replace(" ", "_"): count for meaning, count in did.items()},
        )


def kernels_mended() -> KernelsMended:
    """Expect that every segment that a fault tore, doubled or held back was made good by TCP; see ``KernelsMended``."""
    return KernelsMended()


def _answer(seen: Sequence[Account], did: Mapping[str, int | None]) -> tuple[Verdict, str]:
    if why := unaccounted(seen):
        return "inconclusive", why
    met = {name: sum(account.total(name) for account in seen) for name, _, _ in _DID}
    torn, mended, awaited, segments = (sum(account.total(name) for account in seen) for name in ("torn", "mended", "awaited", "segments"))
    happened = f"of {segments} segments {torn} did not arrive as they were sent"
    if torn > mended + awaited:
        return "violated", f"{happened}, and what {torn - mended - awaited} of these carried never arrived whole"
    if awaited:
        return "inconclusive", f"{happened}, and the record ended before what {awaited} of these carried had to be sent again"
    statement = f"{happened}, and all they carried came whole; {met['segment_copies']} copies, {met['segments_overtaken']} overtaken"
    told = ", ".join(f"{count} {meaning}" for meaning, count in did.items() if count is not None)
    silent = [meaning for name, _, meaning in _DID if met[name] and not did[meaning]]
    if not any(met.values()):
        doubt = ": there was nothing to mend"
    elif not told:
        doubt = "; nobody read the kernels' counters before and after"
    elif silent:
        doubt = f"; but the kernels count no {silent[0]}, so one of the two is wrong"
    else:
        return "held", f"{statement}; the kernels count {told}"
    return "inconclusive", f"{statement}{doubt}"


def _both(grown: Mapping[str, int], counters: Sequence[str]) -> int:
    return sum(grown.get(f"{end}.{counter}", 0) for end in ("near", "far") for counter in counters)
