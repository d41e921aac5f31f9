"""
What witnesses can say about faults on messages: read off samples, the same for several faults.

    server_log        the server's own words, with SQLSTATE and process            fault
    server_sessions   its list of the service's sessions, over the control socket  fault, reach
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
from fraiseql_chaos.plan import Sighting

__all__ = ["errors_logged", "logged_lost", "logins_refused", "served", "sessions_lost", "waited"]

_LOST_CLIENT = (
    "unexpected eof on client connection",
    "could not receive data from client",
    "could not send data to client",
    "connection to client lost",
)

type Samples = tuple[Sample, ...]


def errors_logged(sqlstate: str, during: Samples) -> Sighting:
    """Count the errors of one SQLSTATE in the server's log."""
    lines = [s for s in during if s.probe == "server_log" and s.value.get("sqlstate") == sqlstate]
    return Sighting(witness="server log", count=len(lines), statement=f"{len(lines)} lines of the server's log have SQLSTATE {sqlstate}")


def logged_lost(during: Samples) -> Sighting:
    """Count the server's complaints about clients that went without a word."""
    lines = [s for s in during if s.probe == "server_log" and any(words in str(s.value["message"]).lower() for words in _LOST_CLIENT)]
    return Sighting(
        witness="server log", count=len(lines), statement=f"{len(lines)} lines of the server's log tell of a client that went without a word"
    )


def sessions_lost(before: Samples, during: Samples) -> Sighting:
    """Count the service's sessions that were there and then were not."""
    looks = [_pids(s) for s in (*before[-1:], *during) if _is_answered(s)]
    gone = {pid for now, later in pairwise(looks) for pid in now - later}
    return Sighting(
        witness="pg_stat_activity over the control socket",
        count=len(gone),
        statement=f"{len(gone)} sessions of the service were on one look's list and not on the next one's",
    )


def logins_refused(sqlstate: str, during: Samples) -> Sighting:
    """Count the logins of our own that were refused with one SQLSTATE."""
    tried = [s for s in during if s.probe == "edge_login"]
    refused = sum(s.value.get("sqlstate") == sqlstate for s in tried)
    return Sighting(
        witness="PostgreSQL client through the same edge", count=refused, statement=f"{refused} of {len(tried)} logins were refused with {sqlstate}"
    )


def waited(at_least: Duration, during: Samples) -> Sighting:
    """Count the looks that found a session of the service waiting for its client, within a transaction or a statement, for so long."""
    looks = [s for s in during if _is_answered(s)]
    found = sum(any(_waits(backend, at_least) for backend in _backends(s)) for s in looks)
    return Sighting(
        witness="pg_stat_activity over the control socket",
        count=found,
        statement=f"{found} of {len(looks)} looks found a session of the service that had waited for its client for {at_least} or more",
    )


def served(before: Samples, during: Samples) -> Sighting:
    """Count the looks that found sessions of the service on the server: one that has none is under no fault of its messages."""
    looks = [s for s in (*before, *during) if _is_answered(s)]
    had = sum(bool(_pids(s)) for s in looks)
    statement = f"{had} of {len(looks)} looks found sessions of the service on the server"
    if not looks:
        statement = "nobody looked at the service's sessions, so nobody can tell whether it was under the fault"
    return Sighting(witness="pg_stat_activity over the control socket", count=had, statement=statement, shows="reach")


def _is_answered(sample: Sample) -> bool:
    return sample.probe == "server_sessions" and sample.ok


def _backends(sample: Sample) -> Iterator[dict[str, Any]]:
    yield from cast("list[dict[str, Any]]", sample.value["backends"])


def _pids(sample: Sample) -> set[int]:
    return {backend["pid"] for backend in _backends(sample)}


def _waits(backend: dict[str, Any], at_least: Duration) -> bool:
    return backend["wait_event"] in {"ClientRead", "ClientWrite"} and backend["state"] != "idle" and backend["state_age_ms"] >= at_least.ms
