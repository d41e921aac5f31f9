"""Packets pass no faster than asked for, and what finds no room is lost and counted."""

from __future__ import annotations

import pytest

from fraiseql_chaos.core import NS_PER_MS, NS_PER_S
from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.layers.packet.faults import PacketRate
from fraiseql_chaos.layers.packet.match import Match
from layers.packet.looks import HEALTHY, cuts, seen
from layers.packet.packets import armed_with, numbered, run_out, tcp, udp
from layers.packet.promises import check_packet_fault

SIZE = len(numbered(1)[0])
RATE = SIZE * 1000
"""A packet of that size takes a millisecond."""


@pytest.mark.parametrize(
    "fault", [PacketRate(rate_bytes_per_s=1000), PacketRate(rate_bytes_per_s=10_000, queue_packets=1, direction="down")], ids=str
)
def test_it_keeps_what_every_fault_owes(fault: PacketRate) -> None:
    check_packet_fault(fault)


def test_packets_leave_one_after_the_other_as_they_are_through() -> None:
    engine, sent = armed_with(PacketRate(rate_bytes_per_s=RATE)), numbered(5)
    for packet in sent:
        assert engine.feed("up", packet, 0) == []
    assert list(run_out(engine)) == [((n + 1) * NS_PER_MS, "up", packet) for n, packet in enumerate(sent)]


def test_no_rounding_adds_up_in_a_long_busy_period() -> None:
    """Method: 2000 packets at a rate that no packet's time divides; together they take what their bytes take, to the nanosecond."""
    engine = armed_with(PacketRate(rate_bytes_per_s=999_983, queue_packets=10_000))
    for packet in numbered(2000):
        engine.feed("up", packet, 0)
    *_, (last_ns, _, _) = run_out(engine)
    assert last_ns == -(-2000 * SIZE * NS_PER_S // 999_983)


def test_a_pause_buys_no_burst_and_each_way_has_its_wire() -> None:
    engine, (one, other) = armed_with(PacketRate(rate_bytes_per_s=RATE)), numbered(2)
    engine.feed("up", one, 10 * NS_PER_MS)
    engine.feed("down", one, 10 * NS_PER_MS)
    engine.feed("up", other, 10 * NS_PER_MS)
    assert [(due_ns / NS_PER_MS, way) for due_ns, way, _ in run_out(engine)] == [(11, "up"), (11, "down"), (12, "up")]


def test_the_queue_takes_so_many_packets_and_drops_from_its_tail() -> None:
    engine, sent = armed_with(PacketRate(rate_bytes_per_s=RATE, queue_packets=3)), numbered(6)
    for packet in sent[:5]:
        engine.feed("up", packet, 0)
    engine.take(NS_PER_MS)
    engine.feed("up", sent[5], NS_PER_MS)
    assert [raw for _, _, raw in run_out(engine)] == [sent[1], sent[2], sent[5]]
    assert (engine.ledger().up.dropped, engine.ledger().hits["0-fault"]) == (2, {"delayed": 4, "overflowed": 2})


def test_the_queue_takes_so_many_bytes_and_an_empty_wire_any_packet() -> None:
    engine = armed_with(PacketRate(rate_bytes_per_s=RATE, queue_bytes=2 * SIZE))
    for packet in numbered(4):
        engine.feed("up", packet, 0)
    assert len(list(run_out(engine))) == 2
    engine.feed("up", tcp(bytes(3 * SIZE)), NS_PER_S)
    assert len(list(run_out(engine))) == 1


def test_what_does_not_fit_goes_around() -> None:
    engine = armed_with(PacketRate(rate_bytes_per_s=1, match=Match(port=5432)))
    engine.feed("up", tcp(), 0)
    assert engine.feed("up", udp(), 1) == [("up", udp())]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"rate_bytes_per_s": 0}, "packet_rate: rate_bytes_per_s is a whole number of bytes per second, at least 1, not 0"),
        ({"rate_bytes_per_s": 1.5}, "packet_rate: rate_bytes_per_s is a whole number of bytes per second, at least 1, not 1.5"),
        ({"rate_bytes_per_s": 1, "queue_packets": 0}, "packet_rate: queue_packets is a whole number of packets, at least 1, not 0"),
        ({"rate_bytes_per_s": 1, "queue_bytes": 19}, "packet_rate: queue_bytes is a whole number of bytes, at least 20, not 19"),
        ({"rate_bytes_per_s": 1, "direction": "left"}, "packet_rate: direction is one of .*, not 'left'"),
        (
            {"rate_bytes_per_s": 1, "queue_bytes": 100, "match": Match(size_at_least=101)},
            "packet_rate: a queue of 100 bytes has no room for packets from 101 bytes on",
        ),
    ],
)
def test_what_has_no_meaning_is_refused_by_name(arguments: dict[str, object], told: str) -> None:
    with pytest.raises(DeclarationError, match=f"^{told}; nothing was armed$"):
        PacketRate(**arguments)  # type: ignore[arg-type]  # what the checker refuses is what is tried here


def test_it_is_told_in_a_few_words() -> None:
    assert str(PacketRate(rate_bytes_per_s=1000, direction="up")) == "1000 bytes/s towards the server behind a queue of 100 packets"
    told = "1000 bytes/s both ways behind a queue of 9 packets or 5000 bytes"
    assert str(PacketRate(rate_bytes_per_s=1000, queue_packets=9, queue_bytes=5000)) == told


def test_it_is_seen_where_packets_took_their_time_and_no_more_arrived_than_can() -> None:
    """Method: 100 packets of 100 bytes in 100 ms are 100,000 bytes/s; at that rate one takes a millisecond."""
    fault = PacketRate(rate_bytes_per_s=100_000, direction="up")
    count, statement = seen(fault, HEALTHY, cuts(10, delay_us=30_000, missing=2))
    assert count == 10
    assert statement.endswith("30 ms at the median, against 0.03 ms before; 20 packets found no room or were lost otherwise")
    assert seen(fault, HEALTHY, cuts(10, delay_us=900))[0] == 0
    assert seen(fault, cuts(10, delay_us=30_000), cuts(10, delay_us=30_000))[0] == 0


def test_it_is_not_seen_where_more_arrived_than_it_lets_pass() -> None:
    fault = PacketRate(rate_bytes_per_s=10_000, direction="up")
    count, statement = seen(fault, HEALTHY, cuts(100, delay_us=30_000))
    assert count == 0
    assert "1000000 bytes arrived towards the server within 10 s: more than the rate that was asked for" in statement
