"""Copies are as many as asked for, the same to the byte, and late if asked for."""

from __future__ import annotations

import pytest

from fraiseql_chaos.core import NS_PER_MS, ms
from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.layers.packet.asked import interval
from fraiseql_chaos.layers.packet.faults import Duplicate
from layers.packet.looks import HEALTHY, cuts, kernels, seen
from layers.packet.packets import armed_with, numbered, run_out, tcp
from layers.packet.promises import check_packet_fault


@pytest.mark.parametrize("fault", [Duplicate(rate=0.3), Duplicate(rate=1, delay=ms(5), direction="down")], ids=str)
def test_it_keeps_what_every_fault_owes(fault: Duplicate) -> None:
    check_packet_fault(fault)


@pytest.mark.parametrize("rate", [0.005, 0.02, 0.3])
def test_the_share_that_was_asked_for_comes_twice(rate: float) -> None:
    engine, packet = armed_with(Duplicate(rate=rate)), tcp(b"x")
    copies = sum(len(engine.feed("up", packet, 0)) - 1 for _ in range(20_000))
    low, high = interval(copies, 20_000)
    assert low <= rate <= high
    assert (engine.ledger().up.added, engine.ledger().up.dropped) == (copies, 0)


def test_a_copy_comes_right_behind_its_packet() -> None:
    engine, sent = armed_with(Duplicate(rate=1)), numbered(3)
    assert [engine.feed("up", packet, 0) for packet in sent] == [[("up", packet)] * 2 for packet in sent]


def test_a_copy_that_is_late_is_late_alone() -> None:
    engine, packet = armed_with(Duplicate(rate=1, delay=ms(5))), tcp(b"x")
    assert engine.feed("up", packet, 0) == [("up", packet)]
    assert list(run_out(engine)) == [(5 * NS_PER_MS, "up", packet)]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"rate": 0}, "duplicate: rate is a share above 0 and at most 1, not 0"),
        ({"rate": 1, "delay": 5}, r"duplicate: delay=5 has no unit; write delay=ms\(250\)"),
        ({"rate": 1, "direction": "left"}, "duplicate: direction is one of .*, not 'left'"),
    ],
)
def test_what_has_no_meaning_is_refused_by_name(arguments: dict[str, object], told: str) -> None:
    with pytest.raises(DeclarationError, match=f"^{told}; nothing was armed$"):
        Duplicate(**arguments)  # type: ignore[arg-type]  # what the checker refuses is what is tried here


def test_it_is_told_in_a_few_words() -> None:
    assert str(Duplicate(rate=0.02, delay=ms(5), direction="up")) == "2 % of the packets delivered twice 5 ms apart towards the server"


def test_it_is_seen_where_as_many_copies_arrived() -> None:
    fault = Duplicate(rate=0.02, direction="up")
    assert seen(fault, HEALTHY, cuts(10, copies=2)) == (20, "2 % asked; 20 of 1000 packets sent towards the server that arrived came twice, 2 %")
    assert seen(fault, HEALTHY, cuts(10, copies=20))[0] == 0
    kernel = fault.sightings(HEALTHY, (*cuts(10, copies=2), kernels(far_TcpExtTCPDSACKOldSent=9, near_TcpExtTCPDSACKRecv=8)))[1]
    assert (kernel.count, kernel.statement) == (17, "9 copies reported by the far kernel, 8 such reports received by the near kernel")
