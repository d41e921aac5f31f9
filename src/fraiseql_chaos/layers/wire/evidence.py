"""
What witnesses can say about faults on messages: read off samples, the same for several faults.

    server_log        the server's own words, with SQLSTATE and process            fault
    server_sessions   its list of the service's sessions, over the control socket  fault
    edge_login        a client of our own that logs in through the edge            fault

A sample of ``server_sessions`` is ``{"backends": [{"pid", "state", "wait_event", "state_age_ms"}, ...]}``, of ``edge_login``
``{"sqlstate": ..., "took_ms": ...}``. None of them is the injector's word: the server does not know that there is a proxy.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any, cast

from fraiseql_chaos.core import Duration
from fraiseql_chaos.history import Sample
from fraiseql_chaos.layers.stream.traces import looks_of, took_ns
from fraiseql_chaos.layers.wire.trigger import Trigger
from fraiseql_chaos.plan import Sighting

__all__ = ["errors_logged", "logged_lost", "logins_refused", "sessions_lost", "spoilt", "waited"]

_SESSIONS = "pg_stat_activity over the control socket"
_CLIENT = "PostgreSQL client through the same edge"
_LOST_CLIENT = (
    "unexpected eof on client connection",
    "could not receive data from client",
    "could not send data to client",
    "connection to client lost",
)

type Samples = tuple[Sample, ...]


def errors_logged(sqlstate: str, before: Samples, during: Samples) -> Sighting:
    """Count the errors of one SQLSTATE in the server's log, if it had none before."""
    lines, earlier = ([s for s in samples if s.probe == "server_log" and s.value.get("sqlstate") == sqlstate] for samples in (during, before))
    return _told_apart("server log", len(lines), len(earlier), f"{len(lines)} lines of the server's log have SQLSTATE {sqlstate}")


def logged_lost(before: Samples, during: Samples) -> Sighting:
    """Count the server's complaints about clients that went without a word, if it had none before."""
    lines, earlier = (
        [s for s in samples if s.probe == "server_log" and any(words in str(s.value["message"]).lower() for words in _LOST_CLIENT)]
        for samples in (during, before)
    )
    return _told_apart("server log", len(lines), len(earlier), f"{len(lines)} lines of the server's log tell of a client that went without a word")


def sessions_lost(before: Samples, during: Samples) -> Sighting:
    """Count the service's sessions that were there and then were not, if none went before."""
    looks = [_pids(s) for s in before if _is_answered(s)]
    gone, earlier = _gone([*looks[-1:], *(_pids(s) for s in during if _is_answered(s))]), _gone(looks)
    statement = f"{len(gone)} sessions of the service were on one look's list and not on the next one's"
    return _told_apart(_SESSIONS, len(gone), len(earlier), statement)


def logins_refused(sqlstate: str, before: Samples, during: Samples) -> Sighting:
    """Count the logins of our own that were refused with one SQLSTATE, if none was before."""
    tried, earlier = ([s for s in samples if s.probe == "edge_login"] for samples in (during, before))
    refused, refused_before = (sum(s.value.get("sqlstate") == sqlstate for s in samples) for samples in (tried, earlier))
    return _told_apart(_CLIENT, refused, refused_before, f"{refused} of {len(tried)} logins were refused with {sqlstate}")


def logins_late(at_least: Duration, before: Samples, during: Samples) -> Sighting:
    """Count the logins of our own whose first answer took so long, if none took so long before."""
    tried, earlier = (looks_of("edge_login", samples) for samples in (during, before))
    late, late_before = (sum(took_ns(s) >= at_least.ns for s in samples) for samples in (tried, earlier))
    return _told_apart(_CLIENT, late, late_before, f"{late} of {len(tried)} logins were answered after {at_least} or more")


def waited(at_least: Duration, before: Samples, during: Samples) -> Sighting:
    """Count the looks that found a session of the service waiting for its client, within a transaction or a statement, for so long."""
    looks = [s for s in during if _is_answered(s)]
    found, earlier = (sum(any(_waits(one, at_least) for one in _backends(s)) for s in samples if _is_answered(s)) for samples in (looks, before))
    statement = f"{found} of {len(looks)} looks found a session of the service that had waited for its client for {at_least} or more"
    return _told_apart(_SESSIONS, found, earlier, statement)


def spoilt(trigger: Trigger, before: Samples, during: Samples, *, at_least: Duration | None = None) -> Sighting:
    """
    Count the questions of our own that got a wrong answer, or none, if all were answered rightly before.

    One alone proves nothing, because machines stand still by themselves. Nor do any where the fault counts the messages of all connections
    together: the one that it was meant to hit may have been ours.

    Args:
        trigger: Which messages the fault is placed on.
        before: What witnesses saw before the fault.
        during: What they saw while it was armed.
        at_least: An answer that took so long counts, too; None if lateness is not what the fault does.
    """
    asked, earlier = looks_of("edge_answer", during), looks_of("edge_answer", before)
    bad = sum(not s.ok or (at_least is not None and took_ns(s) >= at_least.ns) for s in asked)
    statement = f"{bad} of {len(asked)} questions of ours were answered wrongly, {'late ' if at_least is not None else ''}or not at all"
    if trigger.counted == "edge":
        return Sighting(witness=_CLIENT, count=0, statement=f"{statement}, but the messages of all connections were counted, and ours among them")
    if not any(s.ok for s in earlier):
        return Sighting(witness=_CLIENT, count=0, statement=f"{statement}, and none rightly before the fault, so nothing can be told apart")
    if bad == 1:
        return Sighting(witness=_CLIENT, count=0, statement=f"only {statement}")
    return _told_apart(_CLIENT, bad, sum(not s.ok or (at_least is not None and took_ns(s) >= at_least.ns) for s in earlier), statement)


def _told_apart(witness: str, count: int, earlier: int, statement: str) -> Sighting:
    """Return what was counted; as nothing, if the same was there before the fault."""
    if count and earlier:
        return Sighting(witness=witness, count=0, statement=f"{statement}, and {earlier} before the fault, so nothing can be told apart")
    return Sighting(witness=witness, count=count, statement=statement)


def _gone(looks: list[set[int]]) -> set[int]:
    return {pid for now, later in pairwise(looks) for pid in now - later}


def _is_answered(sample: Sample) -> bool:
    return sample.probe == "server_sessions" and sample.ok


def _backends(sample: Sample) -> Iterator[dict[str, Any]]:
    yield from cast("list[dict[str, Any]]", sample.value["backends"])


def _pids(sample: Sample) -> set[int]:
    return {backend["pid"] for backend in _backends(sample)}


def _waits(backend: dict[str, Any], at_least: Duration) -> bool:
    return backend["wait_event"] in {"ClientRead", "ClientWrite"} and backend["state"] != "idle" and backend["state_age_ms"] >= at_least.ms
