"""A refusal is seen by the kernel's answer and by sessions that vanish, each for itself."""

from __future__ import annotations

from fraiseql_chaos.history import Sample
from fraiseql_chaos.layers.stream.faults import Refuse


def connect(error: str = "") -> Sample:
    return Sample(probe="edge_connect", began_ns=0, at_ns=1, ok=not error, error=error)


def sessions(count: int | None) -> Sample:
    if count is None:
        return Sample(probe="server_sessions", began_ns=0, at_ns=1, ok=False, error="the server is gone")
    return Sample(probe="server_sessions", began_ns=0, at_ns=1, ok=True, value={"sessions": count})


def seen(before: tuple[Sample, ...], during: tuple[Sample, ...]) -> tuple[int, int]:
    kernel, server = Refuse().sightings(before, during)
    assert (kernel.witness, server.witness) == ("kernel, asked by a connect to the edge", "pg_stat_activity over the control socket")
    return kernel.count, server.count


def test_refusal_has_no_magnitudes_and_says_what_it_does() -> None:
    assert (Refuse().parameters(), str(Refuse())) == ({}, "connections refused at the edge, existing ones cut")


def test_it_is_seen_by_the_kernel_and_by_the_server() -> None:
    before = (connect(), sessions(5))
    during = (connect("ECONNREFUSED"), sessions(3), connect("ECONNREFUSED"), sessions(0), sessions(0), sessions(0))
    assert seen(before, during) == (2, 3)
    kernel, server = Refuse().sightings(before, during)
    assert kernel.statement == "2 connects were answered ECONNREFUSED"
    assert server.statement == "3 of 4 looks found no session of the service on the server"


def test_it_is_not_seen_when_connects_succeed_and_sessions_stay() -> None:
    assert seen((connect(), sessions(5)), (connect(), sessions(5), sessions(1))) == (0, 0)


def test_connect_that_failed_in_another_way_is_no_refusal() -> None:
    assert seen((), (connect("ETIMEDOUT"), connect("ECONNRESET"))) == (0, 0)


def test_server_cannot_tell_when_the_service_had_no_session_before() -> None:
    assert seen((connect(), sessions(0)), (sessions(0),)) == (0, 0)


def test_server_cannot_tell_when_nobody_asked_it_before() -> None:
    assert seen((connect(),), (sessions(0),)) == (0, 0)


def test_server_that_did_not_answer_says_nothing_of_sessions() -> None:
    assert seen((sessions(None), sessions(5)), (sessions(None),)) == (0, 0)
    assert seen((sessions(None),), (sessions(0),)) == (0, 0)


def test_sessions_of_before_are_not_counted_as_evidence() -> None:
    assert seen((connect("ECONNREFUSED"), sessions(0), sessions(5)), ()) == (0, 0)
