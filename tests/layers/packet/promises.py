"""What every fault of packets owes to the rest, whatever it does: many small promises, proved without a device or a clock."""

from __future__ import annotations

import json
from dataclasses import replace

from fraiseql_chaos.core import NS_PER_MS
from fraiseql_chaos.layers.packet.codec import fault_from_json, fault_to_json
from fraiseql_chaos.layers.packet.engine import LinkEngine
from fraiseql_chaos.layers.packet.model import DIRECTIONS, DIRECTIONS_OF, Direction, PacketFault
from layers.packet.looks import HEALTHY
from layers.packet.packets import armed_with, icmp, run_out, tcp, udp

type Story = list[tuple[int, Direction, bytes]]

TRAFFIC = [make(bytes([n])) for n in range(60) for make in (tcp, udp)] + [tcp(), icmp()]
END_NS = 10**12


def check_packet_fault(fault: PacketFault) -> None:
    """Prove that a fault comes back from JSON, decides the same again, accounts for every packet, lets go when it heals, and sees nothing in health."""
    assert type(fault).__module__.rpartition(".")[2] == fault.kind
    assert fault.layer == "packet"
    assert str(fault)
    assert fault_from_json(json.loads(json.dumps(fault_to_json(fault)))) == fault
    assert story(fault)[1] == story(fault)[1]
    assert len({hash(fault), hash(replace(fault))}) == 1  # type: ignore[type-var]  # every fault is a dataclass
    _check_it_keeps_to_its_way(fault)
    _check_packets_are_accounted_for(fault)
    _check_heal_lets_go(fault)
    _check_eyes(fault)


def story(fault: PacketFault, seed: int = 1) -> tuple[LinkEngine, Story]:
    """Send packets both ways, a millisecond apart, and return what left and when."""
    engine, left = armed_with(fault, seed=seed), []
    for number, packet in enumerate(TRAFFIC):
        for direction in DIRECTIONS:
            left += [(number * NS_PER_MS, way, raw) for way, raw in engine.feed(direction, packet, number * NS_PER_MS)]
    return engine, left


def _check_it_keeps_to_its_way(fault: PacketFault) -> None:
    engine = armed_with(fault)
    for direction in set(DIRECTIONS) - set(DIRECTIONS_OF[fault.direction]):
        assert [engine.feed(direction, packet, 0) for packet in TRAFFIC] == [[(direction, packet)] for packet in TRAFFIC]


def _check_packets_are_accounted_for(fault: PacketFault) -> None:
    engine, left = story(fault)
    left += run_out(engine)
    for direction, traffic in (("up", engine.ledger().up), ("down", engine.ledger().down)):
        assert traffic.packets + traffic.added == sum(way == direction for _, way, _ in left) + traffic.dropped
    assert sum(engine.ledger().hits.get("0-fault", {}).values()) > 0, "these packets are enough for it to do something"


def _check_heal_lets_go(fault: PacketFault) -> None:
    engine, _ = story(fault)
    engine.heal("0-fault", END_NS)
    engine.take(END_NS)
    assert engine.due_ns is None
    assert engine.feed("up", TRAFFIC[0], END_NS) == ((("up", TRAFFIC[0])),)
    assert (engine.ledger().up.held, engine.ledger().down.held) == (0, 0)


def _check_eyes(fault: PacketFault) -> None:
    for before, during in (((), ()), (HEALTHY, ()), (HEALTHY, HEALTHY), ((), HEALTHY)):
        sightings = fault.sightings(before, during)
        assert {s.shows for s in sightings} == {"fault", "reach"}
        assert all(s.statement and s.witness for s in sightings)
        assert not any(s.count for s in sightings if s.shows == "fault"), f"{before and 'health'} is not taken for the fault's work"
