"""A refusal is seen by the kernel's answer; that the service was under it, by its sessions, which were there and vanished."""

from __future__ import annotations

from fraiseql_chaos.history import Sample
from fraiseql_chaos.layers.stream.faults import Refuse
from fraiseql_chaos.testing import check_stream_fault


def connect(error: str = "") -> Sample:
    return Sample(probe="edge_connect", began_ns=0, at_ns=1, ok=not error, error=error)


def sessions(count: int | None) -> Sample:
    if count is None:
        return Sample(probe="server_sessions", began_ns=0, at_ns=1, ok=False, error="the server is gone")
    return Sample(probe="server_sessions", began_ns=0, at_ns=1, ok=True, value={"sessions": count})


def seen(before: tuple[Sample, ...], during: tuple[Sample, ...]) -> tuple[int, int]:
    kernel, server = Refuse().sightings(before, during)
    assert (kernel.witness, kernel.shows) == ("kernel, asked by a connect to the edge", "fault")
    assert (server.witness, server.shows) == ("pg_stat_activity over the control socket", "reach")
    return kernel.count, server.count


def test_refusal_has_no_magnitudes_and_says_what_it_does() -> None:
    assert (Refuse().parameters(), str(Refuse())) == ({}, "connections refused at the edge, existing ones cut")


def test_it_keeps_what_every_fault_owes() -> None:
    check_stream_fault(Refuse())


def test_it_is_seen_by_the_kernel_and_by_the_server() -> None:
    before = (connect(), sessions(0), sessions(5), sessions(4))
    during = (connect("ECONNREFUSED"), sessions(3), connect("ECONNREFUSED"), sessions(0), sessions(0), sessions(0))
    assert seen(before, during) == (2, 2)
    kernel, server = Refuse().sightings(before, during)
    assert kernel.statement == "2 connects were answered ECONNREFUSED"
    assert server.statement == "2 of 3 looks before the fault found sessions of the service, and 3 of 4 during it none"


def test_it_is_not_seen_when_connects_succeed_and_sessions_stay() -> None:
    assert seen((connect(), sessions(5)), (connect(), sessions(5), sessions(1))) == (0, 0)


def test_connect_that_failed_in_another_way_is_no_refusal() -> None:
    assert seen((), (connect("ETIMEDOUT"), connect("ECONNRESET"))) == (0, 0)


def test_a_service_that_never_used_the_server_was_not_under_it() -> None:
    """What the kernel answers to us is no word about the service."""
    during = (connect("ECONNREFUSED"), sessions(0))
    assert seen((connect(), sessions(0)), during) == (1, 0)
    assert (
        Refuse().sightings((sessions(0),), during)[1].statement == "the service had no session on the server before the fault, so it was not under it"
    )


def test_server_cannot_tell_when_nobody_asked_it_before() -> None:
    assert seen((connect(),), (sessions(0),)) == (0, 0)
    told = "nobody counted the service's sessions before the fault, so nobody can tell whether it was under it"
    assert Refuse().sightings((), (sessions(0),))[1].statement == told


def test_a_service_that_comes_back_while_nothing_can_pass_the_edge_was_not_under_it() -> None:
    around = (sessions(0), sessions(0), sessions(1), sessions(0), sessions(0))
    assert seen((sessions(5),), around) == (0, 0)
    told = "only 4 of 5 looks during the fault found no session of the service, so it was not kept from the server"
    assert Refuse().sightings((sessions(5),), around)[1].statement == told
    assert seen((sessions(5),), (sessions(0), sessions(5), sessions(5))) == (0, 0)


def test_looks_at_the_instants_of_cutting_and_reopening_may_find_the_service() -> None:
    assert seen((sessions(5),), (sessions(5), sessions(0), sessions(0), sessions(0), sessions(2))) == (0, 1)


def test_server_that_did_not_answer_says_nothing_of_sessions() -> None:
    assert seen((sessions(None), sessions(5)), (sessions(None),)) == (0, 0)
    assert seen((sessions(None),), (sessions(0),)) == (0, 0)


def test_sessions_of_before_are_not_counted_as_evidence() -> None:
    assert seen((connect("ECONNREFUSED"), sessions(0), sessions(5)), ()) == (0, 0)
