"""One end is gone, the other does not know, and learns of it when the fault heals."""

from __future__ import annotations

import pytest

from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.history import Sample
from fraiseql_chaos.layers.stream.armed import Armed
from fraiseql_chaos.layers.stream.faults import HalfOpen
from fraiseql_chaos.layers.stream.model import Ending
from fraiseql_chaos.testing import OneWay, check_stream_fault
from layers.stream.edges import Edge, eventually, greeted, receive
from layers.stream.looks import look, seen


@pytest.mark.parametrize("fault", [HalfOpen(), HalfOpen(gone="service")], ids=str)
def test_it_keeps_what_every_fault_owes(fault: HalfOpen) -> None:
    check_stream_fault(fault)


def test_what_has_no_meaning_is_refused_by_name() -> None:
    with pytest.raises(DeclarationError, match=r"^half_open: gone is one of 'server' .*, 'service' .*, not 'both'; nothing was armed$"):
        HalfOpen(gone="both")  # type: ignore[arg-type]  # what the checker refuses is what is tried here


def test_the_survivors_words_vanish_until_it_is_reset() -> None:
    armed = Armed(1)
    flow = OneWay(armed, direction="up")
    armed.arm("gone", HalfOpen(), name="gone", now_ns=0, present=(0,), upcoming=1)
    flow.renew(0)
    assert flow.take(0) == [Ending.LOST]
    flow.feed(b"anybody there?", 1)
    flow.feed(Ending.FIN, 2)
    assert flow.run_out() == []
    armed.heal("gone")
    flow.renew(3)
    assert (flow.take(3), flow.other) == ([], [(3, Ending.LOST)])


def test_a_new_connection_passes() -> None:
    armed = Armed(1)
    armed.arm("gone", HalfOpen(), name="gone", now_ns=0, present=(0,), upcoming=1)
    flow = OneWay(armed, connection=1)
    flow.feed(b"welcome", 0)
    assert flow.take(0) == [b"welcome"]


def both_ends(*numbers: tuple[int, int]) -> tuple[Sample, ...]:
    """Return looks at the service's connections and at the server's sessions, one after the other."""
    looks = []
    for n, (connections, sessions) in enumerate(numbers):
        at_ms = 10 * n
        looks += [
            look("service_path", at_ms=at_ms, through_edge=connections, around_edge=0, connecting=0),
            look("server_sessions", at_ms=at_ms + 5, sessions=sessions),
        ]
    return tuple(looks)


HEALTH = both_ends((2, 2), (2, 2), (3, 3), (3, 3))


@pytest.mark.parametrize(
    ("fault", "during", "told"),
    [
        (HalfOpen(), both_ends((3, 0), (3, 0), (3, 1)), (3, 4)),
        (HalfOpen(), both_ends((3, 3), (3, 3)), (0, 4)),
        (HalfOpen(), both_ends((3, 3), (3, 2)), (0, 4)),
        (HalfOpen(), both_ends((0, 3), (1, 4)), (0, 4)),
        (HalfOpen(gone="service"), both_ends((0, 3), (1, 4)), (2, 4)),
        (HalfOpen(gone="service"), both_ends((3, 0), (3, 0)), (0, 4)),
        (HalfOpen(), (), (0, 0)),
    ],
)
def test_it_is_seen_when_the_two_ends_disagree(fault: HalfOpen, during: tuple[Sample, ...], told: tuple[int, int]) -> None:
    assert seen(fault, HEALTH, during) == told


def test_ends_that_disagreed_in_health_prove_nothing() -> None:
    assert seen(HalfOpen(), both_ends((3, 1), (3, 1)), both_ends((3, 0), (3, 0)))[0] == 0
    assert seen(HalfOpen(), (), both_ends((3, 0), (3, 0)))[0] == 0


@pytest.mark.parametrize("gone", ["server", "service"])
def test_real_ends_both_behave_as_they_must(edge: Edge, gone: str) -> None:
    with greeted(edge) as (near, far):
        edge.control.arm(edge.name, "gone", HalfOpen(gone="server" if gone == "server" else "service"))
        lost, survivor = (far, near) if gone == "server" else (near, far)
        with pytest.raises(ConnectionResetError):
            lost.recv(1)
        survivor.sendall(b"anybody there?")
        eventually(lambda: edge.ledger.up.dropped_bytes + edge.ledger.down.dropped_bytes == 14, "the loss of what the survivor says")
        survivor.settimeout(0.05)
        with pytest.raises(TimeoutError):
            survivor.recv(1)
        survivor.settimeout(10)
        with greeted(edge) as (other, server):
            other.sendall(b"as if nothing had happened")
            assert receive(server, 26) == b"as if nothing had happened"
        edge.control.heal(edge.name, "gone")
        with pytest.raises(ConnectionResetError):
            survivor.recv(1)
    eventually(lambda: edge.ledger.connections_open == 0, "the end of the connections")
