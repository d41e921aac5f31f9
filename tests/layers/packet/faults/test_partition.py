"""Nothing passes a partition, and those who are to be told are told."""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from fraiseql_chaos.core import ms, now_ns
from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.layers.packet.answers import reset_for, unreachable_for
from fraiseql_chaos.layers.packet.barrier import How
from fraiseql_chaos.layers.packet.faults import Partition
from fraiseql_chaos.layers.packet.match import Match
from fraiseql_chaos.layers.packet.model import Directions
from fraiseql_chaos.rig.keeper import Keeper
from layers.packet.looks import HEALTHY, cut, cuts, kernels, path, seen
from layers.packet.packets import armed_with, read, tcp, tcp6, udp
from layers.packet.promises import check_packet_fault
from links import Link, linked


@pytest.mark.parametrize("how", ["drop", "unreachable", "reset"])
@pytest.mark.parametrize("direction", ["both", "up", "down"])
def test_it_keeps_what_every_fault_owes(how: How, direction: Directions) -> None:
    check_packet_fault(Partition(how=how, direction=direction))


def test_silence_lets_nothing_pass_and_nobody_know() -> None:
    engine = armed_with(Partition())
    assert [engine.feed(way, packet, 0) for way in ("up", "down") for packet in (tcp(), tcp6(), udp())] == [[]] * 6


def test_the_sender_is_told_as_asked() -> None:
    for how, answer in (("reset", reset_for), ("unreachable", unreachable_for)):
        engine = armed_with(Partition(how=how))  # type: ignore[arg-type]  # literals
        for packet in (tcp(b"x"), tcp6(b"x")):
            assert engine.feed("up", packet, 0) == [("down", answer(read(packet)))]
            assert engine.feed("down", packet, 0) == [("up", answer(read(packet)))]


def test_one_way_is_cut_and_the_other_is_not() -> None:
    engine = armed_with(Partition(direction="down"))
    assert (engine.feed("up", tcp(), 0), engine.feed("down", tcp(), 0)) == ([("up", tcp())], [])


def test_only_what_fits_is_turned_back() -> None:
    engine = armed_with(Partition(match=Match(port=5432)))
    assert (engine.feed("up", tcp(), 0), engine.feed("up", udp(), 0)) == ([], [("up", udp())])


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"direction": "left"}, "partition: direction is one of .*, not 'left'"),
        ({"how": "reject"}, "partition: how is one of 'drop' .*, 'unreachable' .*, 'reset' .*, not 'reject'"),
    ],
)
def test_what_has_no_meaning_is_refused_by_name(arguments: dict[str, object], told: str) -> None:
    with pytest.raises(DeclarationError, match=f"^{told}; nothing was armed$"):
        Partition(**arguments)  # type: ignore[arg-type]  # what the checker refuses is what is tried here


def test_it_is_told_in_a_few_words() -> None:
    assert str(Partition()) == "everything both ways silently dropped"
    assert str(Partition(direction="up", how="reset", match=Match(tcp="data"))) == "everything towards the server answered with a reset, of data"


def test_it_is_seen_where_nothing_arrived_and_not_where_anything_did() -> None:
    fault = Partition(direction="up")
    assert seen(fault, HEALTHY, cuts(10, missing=100)) == (1000, "100 % asked; 1000 of 1000 packets sent towards the server never arrived, 100 %")
    assert seen(fault, HEALTHY, (*cuts(9, missing=100), cut(100, at=5, missing=90), cut(100, at=9, missing=100)))[0] == 0
    assert seen(fault, cuts(10, missing=100), cuts(10, missing=100))[0] == 0


def test_a_refusal_is_seen_where_senders_were_told() -> None:
    fault, dead = Partition(direction="up", how="reset"), cuts(10, missing=100)
    assert seen(fault, HEALTHY, (*dead, cut(0, direction="down", answered=9)))[0] == 1000
    assert seen(fault, HEALTHY, dead) == (
        0, "100 % asked; 1000 of 1000 packets sent towards the server never arrived, 100 %; 0 answers that nobody had sent",
    )  # fmt: skip
    kernel = fault.sightings(HEALTHY, (*dead, cut(0, direction="down", answered=9), kernels(near_TcpEstabResets=2)))[1]
    assert kernel.statement == "0 segments sent again by the near kernel, 2 connections reset by the near kernel"


def test_the_service_is_under_it_if_it_was_on_the_link_before_and_found_no_way_around() -> None:
    assert [Partition().sightings(HEALTHY, (path(through=0, around=around),))[-1].count for around in (0, 1)] == [2, 0]


AT_ONCE = ms(100)
PATIENCE = ms(400)
"""How long a client of these tests lets bytes go unacknowledged, or waits for a connection (``TCP_USER_TIMEOUT``, tcp(7))."""


@pytest.fixture(scope="module")
def link() -> Iterator[Link]:
    with Keeper.start() as keeper, linked(keeper, seed=1) as link:
        yield link


@contextmanager
def impatient(link: Link) -> Iterator[socket.socket]:
    with link.near.socket(socket.AF_INET, socket.SOCK_STREAM) as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, PATIENCE.ns // 1_000_000)
        client.settimeout(10)
        yield client


def ends_with(act: Callable[[], object]) -> tuple[str, bool]:
    """Do something that cannot succeed; return the kernel's name for why not, and whether it said so at once."""
    began_ns = now_ns()
    with pytest.raises(OSError) as refusal:  # noqa: PT011  which of its errors is what is asked
        act()
    return errno.errorcode[refusal.value.errno or 0], now_ns() - began_ns < AT_ONCE.ns


@pytest.mark.parametrize(
    ("how", "connect", "standing"),
    [
        ("drop", ("ETIMEDOUT", False), ("ETIMEDOUT", False)),
        ("unreachable", ("EHOSTUNREACH", True), ("EHOSTUNREACH", False)),
        ("reset", ("ECONNREFUSED", True), ("ECONNRESET", True)),
    ],
)
def test_what_a_client_is_told_and_how_soon_depends_on_how_it_is_cut(
    link: Link, how: How, connect: tuple[str, bool], standing: tuple[str, bool]
) -> None:
    """
    Dropped, nobody is told, and only a limit of the client's own ends the wait, for new connections and for those that stand.

    Rejected by ICMP, connects fail at once, and connections that stand go on trying to their limit; reset, both fail at once.
    """
    with link.far.socket(socket.AF_INET, socket.SOCK_STREAM) as listener, impatient(link) as client, impatient(link) as late:
        listener.bind((link.far.addresses[socket.AF_INET], 0))
        listener.listen()
        client.connect(listener.getsockname())
        link.arm("cut", Partition(how=how))
        try:
            assert ends_with(lambda: late.connect(listener.getsockname())) == connect
            client.sendall(b"anybody there?")
            assert ends_with(lambda: client.recv(1)) == standing
        finally:
            link.heal("cut")
        with impatient(link) as later:
            later.connect(listener.getsockname())
