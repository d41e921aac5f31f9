"""What leaves a lane leaves in order, however many gates there are and whenever they open."""

from __future__ import annotations

from fraiseql_chaos.layers.stream.model import FOREVER_NS, Origin, Passed
from fraiseql_chaos.layers.wire.framing import Framer
from fraiseql_chaos.layers.wire.lane import Gate, Lane, Mark
from fraiseql_chaos.layers.wire.ledger import WireLedger

HERE = Origin("down", 0, 0)


def lane_of() -> Lane:
    return Lane(direction="down", framer=Framer("down"), origin=HERE)


def test_what_comes_behind_what_waits_waits_too() -> None:
    lane, out, gate = lane_of(), list[Passed](), Gate(until_ns=10)
    lane.emit(b"before", HERE, 0, out)
    lane.gates.append(gate)
    lane.emit(b"behind the gate", HERE, 1, out)
    lane.emit(b"after its time, and behind what waits", HERE, 11, out)
    assert [passed.item for passed in out] == [b"before"]
    assert (lane.due_ns, lane.held_bytes, lane.is_busy) == (10, len(b"behind the gateafter its time, and behind what waits"), True)
    lane.take(12, out, WireLedger())
    assert [(passed.at_ns, passed.item) for passed in out[1:]] == [(10, b"behind the gate"), (11, b"after its time, and behind what waits")]


def test_the_last_of_several_gates_decides() -> None:
    lane, out, gates = lane_of(), list[Passed](), [Gate(until_ns=10), Gate(until_ns=FOREVER_NS)]
    lane.gates += gates
    lane.emit(b"x", HERE, 0, out)
    lane.take(10, out, WireLedger())
    assert out == []
    gates[1].until_ns = 20
    lane.take(20, out, WireLedger())
    assert [passed.at_ns for passed in out] == [20]


def test_what_waits_is_delivered_when_it_leaves() -> None:
    lane, out, ledger = lane_of(), list[Passed](), WireLedger()
    lane.gates.append(Gate(until_ns=10))
    lane.emit(b"x", HERE, 0, out)
    lane.mark(Mark(-1, "f"), ledger)
    assert ledger.record.counts == {}
    lane.take(10, out, ledger)
    assert ledger.record.counts["f"].delivered == 1
