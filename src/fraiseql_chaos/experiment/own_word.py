"""
What the injectors say of themselves: written down to be compared with what the witnesses saw, never to decide.

The ledgers of a way count since it was laid, and a run is a part of that, so each count is a difference of two.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Final

from fraiseql_chaos.experiment.deployment import Ledgers
from fraiseql_chaos.history import Evidence, FaultHit
from fraiseql_chaos.layers.packet.ends import Mechanism
from fraiseql_chaos.layers.packet.ledger import PacketLedger
from fraiseql_chaos.layers.stream.ledger import Ledger
from fraiseql_chaos.layers.wire.ledger import Counts, WireRecord
from fraiseql_chaos.plan import Planned

__all__ = ["hits_of", "own_word"]

_EDGE: Final = "ledger of the edge"

_CARRIED: Final[Mapping[Mechanism, str]] = {
    "tun": "carried between two TUN devices by a process of ours",
    "netem": "carried over veth pairs by the kernel and bent by its netem",
}


def own_word(planned: Planned, before: Ledgers, after: Ledgers) -> Evidence | None:
    """Return what the ledgers of a run's way say about a fault; None of a fault that acts elsewhere."""
    match planned.declaration.fault.layer, before, after:
        case "stream", Ledgers(edge=Ledger() as then), Ledgers(edge=Ledger() as now):
            count, did = _chunks(planned.fault_id, then, now)
            witness, passed = _EDGE, _passed(then, now)
        case "wire", Ledgers(edge=Ledger() as edge_then, messages=WireRecord() as then), Ledgers(
            edge=Ledger() as edge_now, messages=WireRecord() as now
        ):
            count, did = _messages(planned.fault_id, then, now)
            witness, passed = _EDGE, _passed(edge_then, edge_now)
        case "packet", Ledgers(link=PacketLedger() as then), Ledgers(link=PacketLedger() as now):
            count, did = _packets(planned.fault_id, then, now)
            packets = now.up.packets + now.down.packets - then.up.packets - then.down.packets
            witness, passed = "ledger of the link", f"{packets} packets crossed in the whole run, {_CARRIED[now.mechanism]}"
        case _:
            return None
    return Evidence(fault=planned.fault_id, witness=witness, count=count, independent=False, statement=f"{did}; {passed}")


def _passed(then: Ledger, now: Ledger) -> str:
    return f"{now.up.bytes + now.down.bytes - then.up.bytes - then.down.bytes} bytes passed in the whole run"


def hits_of(ledgers: Ledgers, *, origin_ns: int, since_ns: int) -> Iterator[FaultHit]:
    """
    Yield what the faults on a way did, as events of a run.

    Args:
        ledgers: Their word at the end of the run.
        origin_ns: When the run's own clock begins, on the machine's.
        since_ns: What is older, on the machine's clock, belongs to an earlier run on the same way.
    """
    for hit in ledgers.hits:
        if hit.at_ns >= since_ns:
            yield FaultHit(
                fault=hit.fault_id,
                at_ns=hit.at_ns - origin_ns,
                connection=hit.connection,
                direction=hit.direction,
                ordinal=hit.ordinal,
                bytes=hit.bytes,
                decision=hit.decision,
            )
    for packet in ledgers.packets:
        if packet.at_ns >= since_ns:
            yield FaultHit(
                fault=packet.fault_id,
                at_ns=packet.at_ns - origin_ns,
                connection=None,
                direction=packet.direction,
                ordinal=packet.ordinal,
                bytes=packet.bytes,
                decision=packet.decision,
                flow=packet.flow,
            )
    for incident in () if ledgers.messages is None else ledgers.messages.incidents:
        if incident.at_ns >= since_ns:
            yield FaultHit(
                fault=incident.fault_id,
                at_ns=incident.at_ns - origin_ns,
                connection=incident.connection,
                direction=incident.direction,
                ordinal=incident.ordinal,
                bytes=incident.bytes,
                decision=incident.decision,
                message=incident.message,
                sql=incident.sql,
                delivered=incident.delivered,
                answered=incident.answered,
            )


def _packets(fault_id: str, then: PacketLedger, now: PacketLedger) -> tuple[int, str]:
    """Return what a fault of packets did in a run: how much, and in words."""
    fitted = now.fitted.get(fault_id, 0) - then.fitted.get(fault_id, 0)
    if fault_id in now.uncounted:
        return 0, f"{fitted} packets fitted, and what became of them nobody here counts"
    done = Counter(now.hits.get(fault_id, {}))
    done.subtract(then.hits.get(fault_id, {}))
    did = ", ".join(f"{count} {decision}" for decision, count in sorted(done.items())) or "none touched"
    return done.total(), f"of {fitted} packets that fitted {did}"


def _chunks(fault_id: str, then: Ledger, now: Ledger) -> tuple[int, str]:
    """Return what a fault of the stream did in a run: how much, and in words."""
    cut = now.connections_cut - then.connections_cut
    done = Counter(now.hits.get(fault_id, {}))
    done.subtract(then.hits.get(fault_id, {}))
    did = ", ".join(f"{count} chunks {decision}" for decision, count in sorted(done.items())) or "no chunk touched"
    return cut + done.total(), f"{did}, {cut} connections cut"


def _messages(fault_id: str, before: WireRecord, after: WireRecord) -> tuple[int, str]:
    """Return which messages a fault hit in a run: how many, and in words."""
    now, then = after.counts.get(fault_id, Counts()), before.counts.get(fault_id, Counts())
    hit = now.hit - then.hit
    words = (
        f"{hit} of {now.fitted - then.fitted} messages that fitted were hit, {now.delivered - then.delivered} of them delivered, "
        f"{now.answered - then.answered} answered with an error"
    )
    return hit, words
