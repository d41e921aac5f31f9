"""
A freeze is seen in the kernel's table of processes; that the service was under it, in its sessions among the stopped.

That a server really stands still is seen in ``test_driver``.
"""

from __future__ import annotations

from typing import Literal

import pytest

from fraiseql_chaos.core import Json
from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.history import Sample
from fraiseql_chaos.layers.server.faults import Freeze

type What = Literal["all", "postmaster"]

POSTMASTER, CHECKPOINTER, ONE, TWO = 100, 101, 110, 111


def processes(**states: str) -> Sample:
    """The postmaster's letter, the checkpointer's and those of two sessions."""
    letters = {"postmaster": "S", "checkpointer": "S", "one": "S", "two": "S"} | states
    listed: list[Json] = [
        {"pid": pid, "state": letters[name]} for name, pid in (("postmaster", POSTMASTER), ("checkpointer", CHECKPOINTER), ("one", ONE), ("two", TWO))
    ]
    return Sample(probe="server_processes", began_ns=0, at_ns=1, ok=True, value={"postmaster": POSTMASTER, "processes": listed})


def sessions(*pids: int) -> Sample:
    backends: list[Json] = [{"pid": pid} for pid in pids]
    return Sample(probe="server_sessions", began_ns=0, at_ns=1, ok=True, value={"sessions": len(pids), "backends": backends})


STOPPED = processes(postmaster="T", checkpointer="T", one="T", two="T")
HALF = processes(postmaster="T")
HEALTHY = (processes(), sessions(ONE, TWO))


def counts(fault: Freeze, before: tuple[Sample, ...], during: tuple[Sample, ...]) -> tuple[int, int]:
    happened, reached = fault.sightings(before, during)
    assert (happened.shows, reached.shows) == ("fault", "reach")
    return happened.count, reached.count


@pytest.mark.parametrize("what", ["backends", "", "ALL", None])
def test_what_cannot_be_frozen_is_refused_with_what_can(what: What) -> None:
    with pytest.raises(DeclarationError, match=f"freeze: what {what!r} is not one of 'all', 'postmaster'; the server was left running"):
        Freeze(what=what)


@pytest.mark.parametrize(
    ("what", "before", "during", "seen"),
    [
        ("all", HEALTHY, (STOPPED, STOPPED, processes()), (2, 2)),
        ("all", HEALTHY, (HALF,), (0, 0)),
        ("all", HEALTHY, (processes(), processes(one="T")), (0, 0)),
        ("all", (processes(), sessions()), (STOPPED,), (1, 0)),
        ("all", (STOPPED, sessions(ONE)), (STOPPED,), (0, 0)),
        ("all", (processes(),), (STOPPED,), (1, 0)),
        ("all", (), (STOPPED,), (0, 0)),
        ("all", HEALTHY, (), (0, 0)),
        ("postmaster", HEALTHY, (HALF, HALF), (2, 2)),
        ("postmaster", HEALTHY, (processes(),), (0, 0)),
        ("postmaster", (processes(), sessions()), (HALF,), (1, 0)),
    ],
)
def test_it_is_seen_where_it_was_and_nowhere_else(what: What, before: tuple[Sample, ...], during: tuple[Sample, ...], seen: tuple[int, int]) -> None:
    assert counts(Freeze(what=what), before, during) == seen


def test_it_says_what_was_stopped() -> None:
    happened, reached = Freeze().sightings(HEALTHY, (STOPPED,))
    assert happened.statement == "1 of 1 looks found every process of the server stopped, and none of 1 before the fault"
    assert reached.statement == "2 of the 2 sessions that the service had on the server were among the stopped"
    assert (str(Freeze(what="postmaster")), Freeze().parameters()) == ("the postmaster stopped in its tracks", {"what": "all"})
