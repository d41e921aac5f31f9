"""
Nothing waits for ever for something that never comes.

Three things would show it. The server says so itself: it looks for deadlocks among its locks, and ends one with SQLSTATE 40P01. A connection never comes
back: when nothing is in flight any more, every connection has to be free and nobody in line. And everybody waits for everybody: requests are open at the
end, and meanwhile no session of the service is at work, so nothing can ever be given back.

What shows that none of this was: nothing is in flight after the fault, at several looks, and at the last of them the pool has all its connections back,
nobody waits, and no session of the service is inside a transaction.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

from fraiseql_chaos.core import JsonObject
from fraiseql_chaos.history import History, Sample
from fraiseql_chaos.verdicts.model import Finding, Verdict
from fraiseql_chaos.verdicts.pool import PoolLook, in_flight, pool_looks, why_no_looks
from fraiseql_chaos.verdicts.requests import fault_windows, was_given_up

__all__ = ["NoDeadlock", "no_deadlock"]

DEADLOCK_DETECTED: Final = "40P01"
SESSIONS_PROBE: Final = "server_sessions"

LOOKS_LEAST: Final = 5
"""A quarter of a second of looks: what is on its way back has arrived by then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoDeadlock:
    """Expect that everything ends, every connection comes back to the pool, and no session is stuck."""

    kind: ClassVar[str] = "no_deadlock"

    def __str__(self) -> str:
        return "everything ends, every connection comes back to the pool, and no session is stuck"

    def judge(self, history: History) -> Finding:
        """Ask the server's log, the pool when nothing is in flight any more, and the sessions."""
        begin_ns = max((window.end_ns for window in fault_windows(history)), default=0)
        open_at = in_flight(history)
        later = [look for look in pool_looks(history) if look.began_ns >= begin_ns]
        quiet = [look for look in later if not open_at(look.began_ns) and not open_at(look.at_ns)]
        sessions = [s for s in history.samples(SESSIONS_PROBE) if s.ok and s.began_ns >= begin_ns]
        open_at_end = sum(was_given_up(o) for o in history.operations)
        detected = sum(s.value.get("sqlstate") == DEADLOCK_DETECTED for s in history.samples("server_log"))
        verdict, statement = next(_answers(history, later, quiet, sessions, open_at_end=open_at_end, detected=detected))
        numbers: JsonObject = {
            "deadlocks_in_the_log": detected,
            "open_at_the_end": open_at_end,
            "quiet_looks": len(quiet),
            "quiet_looks_needed": LOOKS_LEAST,
            "not_back": quiet[-1].held if quiet else None,
            "waiting": quiet[-1].waiting if quiet else None,
        }
        return Finding(expectation=self, verdict=verdict, statement=statement, numbers=numbers)


def no_deadlock() -> NoDeadlock:
    """Expect that everything ends, every connection comes back to the pool, and no session is stuck; see ``NoDeadlock``."""
    return NoDeadlock()


def _answers(
    history: History, later: Sequence[PoolLook], quiet: Sequence[PoolLook], sessions: Sequence[Sample], *, open_at_end: int, detected: int
) -> Iterator[tuple[Verdict, str]]:
    """Yield what can be said, the weightiest first."""
    last, tail = quiet[-LOOKS_LEAST:], later[-LOOKS_LEAST:]
    if detected:
        yield "violated", f"the server detected {detected} deadlocks among its locks"
    if len(last) == LOOKS_LEAST and all(look.held or look.waiting for look in last):
        yield (
            "violated",
            f"when nothing was in flight any more, {last[-1].held} of {last[-1].size} connections had not come back, and {last[-1].waiting} waited",
        )
    idle = [not _at_work(s) for s in sessions[-LOOKS_LEAST:]]
    if open_at_end and len(tail) == LOOKS_LEAST and all(look.waiting for look in tail) and len(idle) == LOOKS_LEAST and all(idle):
        yield "violated", f"{tail[-1].waiting} clients waited for a connection to the end, while no session of the service was at work"
    if open_at_end:
        yield "inconclusive", f"{open_at_end} requests had not ended when they were given up, and whether they ever would have, nobody knows"
    if len(last) < LOOKS_LEAST:
        few = f"only {len(quiet)} looks at the pool found nothing in flight after the fault; {LOOKS_LEAST} are needed"
        yield "inconclusive", few if pool_looks(history) else why_no_looks(history)
    if last[-1].held or last[-1].waiting:
        yield "inconclusive", f"at the last look {last[-1].held} connections were not back, but at others they were"
    if not sessions:
        yield "inconclusive", "nobody looked at the service's sessions after the fault"
    if stuck := _stuck(sessions):
        yield (
            "inconclusive" if len(sessions) < LOOKS_LEAST else "violated",
            f"{len(stuck)} sessions of the service were in a transaction in all of the last looks",
        )
    yield (
        "held",
        f"all requests ended; at {len(quiet)} looks nothing was in flight, and at the last all {last[-1].size} connections were back and nobody waited",
    )


def _backends(sample: Sample) -> list[dict[str, object]]:
    backends = sample.value.get("backends")
    return [dict(b) for b in backends if isinstance(b, dict)] if isinstance(backends, list) else []


def _at_work(sample: Sample) -> bool:
    """Tell whether a session runs a statement that does not wait for a lock: what it holds, it may give back."""
    return any(b.get("state") == "active" and b.get("wait_event_type") != "Lock" for b in _backends(sample))


def _stuck(sessions: Sequence[Sample]) -> set[object]:
    """Return the sessions that were within one and the same state other than idle in all of the last looks."""
    looks = [{(b.get("pid"), b.get("state")) for b in _backends(s) if b.get("state") != "idle" and _is_old(b)} for s in sessions[-LOOKS_LEAST:]]
    return set[object]().union(*looks[:1]).intersection(*looks[1:])


def _is_old(backend: dict[str, object]) -> bool:
    age_ms = backend.get("state_age_ms")
    return isinstance(age_ms, int) and age_ms >= LOOKS_LEAST * 100
