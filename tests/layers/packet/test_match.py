"""A match says which packets a fault is about, and counts each way of each connection by itself."""

from __future__ import annotations

import pytest

from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.layers.packet.match import Match
from fraiseql_chaos.layers.packet.packet import ACK, FIN, RST, SYN
from layers.packet.packets import icmp, read, tcp, udp

SEGMENTS = {
    "syn": tcp(flags=SYN),
    "syn-ack": tcp(flags=SYN | ACK),
    "ack": tcp(flags=ACK),
    "data": tcp(b"select"),
    "fin": tcp(flags=FIN | ACK),
    "last": tcp(b"bye", FIN | ACK),
    "rst": tcp(flags=RST),
    "udp": udp(),
    "icmp": icmp(),
}


def fitting(match: Match) -> set[str]:
    return {name for name, raw in SEGMENTS.items() if match.counter().fits(read(raw), "up")}


@pytest.mark.parametrize(
    ("match", "fits"),
    [
        (Match(), set(SEGMENTS)),
        (Match(tcp="syn"), {"syn", "syn-ack"}),
        (Match(tcp="ack"), {"ack"}),
        (Match(tcp="data"), {"data", "last"}),
        (Match(tcp="fin"), {"fin", "last"}),
        (Match(tcp="rst"), {"rst"}),
        (Match(port=5432), set(SEGMENTS) - {"udp", "icmp"}),
        (Match(port=40000), set(SEGMENTS) - {"icmp"}),
        (Match(port=53), {"udp"}),
        (Match(port=1), set()),
        (Match(size_at_least=41), {"data", "last"}),
        (Match(size_at_most=40), set(SEGMENTS) - {"data", "last"}),
        (Match(size_at_least=43, size_at_most=43), {"last"}),
        (Match(tcp="data", port=53), set()),
    ],
    ids=lambda value: str(value) if isinstance(value, Match) else f"{len(value)} kinds",
)
def test_what_fits(match: Match, fits: set[str]) -> None:
    assert fitting(match) == fits


def test_what_cannot_be_read_fits_nothing() -> None:
    assert not Match().counter().fits(None, "up")


def test_the_first_and_the_nth_are_counted_among_what_fits() -> None:
    traffic = [SEGMENTS[name] for name in ("syn", "data", "ack", "data", "data", "ack", "data")]
    counter = Match(tcp="data", nth=3).counter()
    assert [counter.fits(read(raw), "up") for raw in traffic] == [False, False, False, False, True, False, False]
    counter = Match(tcp="data", first=2).counter()
    assert [counter.fits(read(raw), "up") for raw in traffic] == [False, True, False, True, False, False, False]


def test_connections_and_ways_are_counted_each_by_itself() -> None:
    counter = Match(tcp="data", first=1).counter()
    one, other = read(tcp(b"x")), read(tcp(b"x", sport=40001))
    assert [counter.fits(one, "up"), counter.fits(other, "up"), counter.fits(one, "down"), counter.fits(one, "up")] == [True, True, True, False]


def test_a_syn_sent_again_is_the_second_and_a_new_one_on_the_same_ports_the_first() -> None:
    counter = Match(tcp="syn", first=1).counter()
    old, new = read(tcp(flags=SYN, seq=1)), read(tcp(flags=SYN, seq=2))
    assert [counter.fits(packet, "up") for packet in (old, old, old, new, new)] == [True, False, False, True, False]


def test_a_new_connection_on_the_same_ports_counts_its_data_anew() -> None:
    counter = Match(tcp="data", nth=1).counter()
    segments = [tcp(b"x"), tcp(b"x"), tcp(flags=SYN, seq=9), tcp(b"x")]
    assert [counter.fits(read(raw), "up") for raw in segments] == [True, False, False, True]


def test_the_flow_counted_longest_is_forgotten_where_there_are_too_many() -> None:
    counter = Match(tcp="data", first=1).counter(flows_kept=2)
    flows = [read(tcp(b"x", sport=port)) for port in (1, 2, 3)]
    assert [counter.fits(packet, "up") for packet in (*flows, flows[2], flows[1], flows[0])] == [True, True, True, False, False, True]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"port": 0}, r"match: port is a number from 1 to 65535, or None, not 0; nothing was armed"),
        ({"port": 65536}, r"match: port is a number from 1 to 65535, or None, not 65536; nothing was armed"),
        ({"port": "5432"}, r"match: port is a number .*, not '5432'; nothing was armed"),
        ({"size_at_least": 0}, r"match: size_at_least is a whole number of bytes, at least 1, or None, not 0; nothing was armed"),
        ({"size_at_most": 1.5}, r"match: size_at_most is a whole number of bytes, .*; nothing was armed"),
        ({"size_at_least": 9, "size_at_most": 8}, r"match: no packet is at least 9 and at most 8 bytes long; nothing was armed"),
        ({"tcp": "psh"}, r"match: tcp is one of any, syn, ack, data, fin, rst, not 'psh'; nothing was armed"),
        ({"tcp": ["syn"]}, r"match: tcp is one of .*; nothing was armed"),
        ({"first": 0}, r"match: first is a number of packets from 1, or None, not 0; nothing was armed"),
        ({"nth": True}, r"match: nth is a number of packets from 1, or None, not True; nothing was armed"),
        ({"nth": 1, "first": 1}, r"match: nth is one packet and first are several, so give one of the two; nothing was armed"),
    ],
)
def test_what_has_no_meaning_is_refused_by_name(arguments: dict[str, object], told: str) -> None:
    with pytest.raises(DeclarationError, match=f"^{told}$"):
        Match(**arguments)  # type: ignore[arg-type]  # what the checker refuses is what is tried here


def test_it_is_told_in_a_few_words() -> None:
    assert str(Match()) == Match().clause == ""
    assert Match(tcp="syn", first=1).clause == ", of SYN, the first 1 of a connection"
    assert str(Match(tcp="data", port=5432, size_at_least=100, size_at_most=200, nth=3)) == (
        "data, port 5432, from 100 bytes on, up to 200 bytes, number 3 of a connection"
    )
    assert (Match().is_everything, Match(tcp="ack").is_everything) == (True, False)
