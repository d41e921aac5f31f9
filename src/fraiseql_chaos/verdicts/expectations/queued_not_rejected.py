"""
Who comes while everything is in use waits in line, and is not sent away.

Three accounts have to agree: no request that the fault touched ended in an error, none of the fault's own clients was sent away, and the pool itself counts
nobody who got no connection. And somebody must have been in line, by the pool's own count, or nobody knows what would have become of them. A request that
was given up by its client before it was answered may still have been in line, so it proves nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

from fraiseql_chaos.core import JsonObject
from fraiseql_chaos.history import History
from fraiseql_chaos.verdicts.model import Finding, Verdict
from fraiseql_chaos.verdicts.pool import CROWD_PROBE, pool_looks, why_no_looks
from fraiseql_chaos.verdicts.requests import fault_windows, requests_during, was_given_up
from fraiseql_chaos.verdicts.shares import LEAST_REQUESTS

__all__ = ["QueuedNotRejected", "queued_not_rejected"]

_GIVEN_UP: Final = ("hung up", "timeout", "connection_lost", "connect_failed")
"""How the account of a crowd's client begins who left without a word of the service's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuedNotRejected:
    """Expect that requests wait for a connection while none is free, and that none is refused one."""

    kind: ClassVar[str] = "queued_not_rejected"

    def __str__(self) -> str:
        return "requests that find no free connection wait for one, and none is rejected"

    def judge(self, history: History) -> Finding:
        """Count those who waited and those who were sent away, by the clients' accounts and by the pool's."""
        touched, crowd = requests_during(history, "fault"), history.samples(CROWD_PROBE)
        failed = [o for o in touched if o.outcome != "ok"]
        given_up = sum(was_given_up(o) for o in failed) + sum(not s.ok and s.error.startswith(_GIVEN_UP) for s in crowd)
        rejected = [o.detail or o.cause for o in failed if not was_given_up(o)]
        rejected += [s.error for s in crowd if not s.ok and not s.error.startswith(_GIVEN_UP)]
        queued, refused = _counted(history)
        numbers: JsonObject = {
            "requests": len(touched) + len(crowd),
            "rejected": len(rejected),
            "given_up": given_up,
            "queued_by_pool": queued,
            "refused_by_pool": refused,
            "needed": LEAST_REQUESTS,
        }
        verdict: Verdict = "held"
        statement = (
            f"the pool let {queued} requests wait and refused none; all of {len(touched) + len(crowd)} requests during the fault were answered"
        )
        if rejected or refused:
            verdict = "violated"
            said = f", the first with {rejected[0]!r}" if rejected else ""
            statement = f"{len(rejected)} of {len(touched) + len(crowd)} requests during the fault were rejected{said}; the pool counts {refused or 0} refused"
        elif queued is None:
            verdict, statement = "inconclusive", why_no_looks(history)
        elif queued < LEAST_REQUESTS:
            verdict, statement = "inconclusive", f"the pool let only {queued} requests wait; {LEAST_REQUESTS} are needed"
        elif given_up:
            verdict, statement = "inconclusive", f"{given_up} requests were given up before they were answered or rejected"
        return Finding(expectation=self, verdict=verdict, statement=statement, numbers=numbers)


def queued_not_rejected() -> QueuedNotRejected:
    """Expect that requests wait for a connection while none is free; see ``QueuedNotRejected``."""
    return QueuedNotRejected()


def _counted(history: History) -> tuple[int | None, int | None]:
    """Return how many the pool let wait and how many it refused, from the last look before the faults to the last of all; None if it was not looked at."""
    looks, windows = pool_looks(history), fault_windows(history)
    begin_ns = min((window.begin_ns for window in windows), default=0)
    before = [look for look in looks if look.at_ns < begin_ns]
    if not before or looks[-1] is before[-1]:
        return None, None
    return looks[-1].queued - before[-1].queued, looks[-1].errors - before[-1].errors
