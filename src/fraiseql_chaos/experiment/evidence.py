"""
From what the witnesses saw to what can be said about each fault.

The injector's own ledger is written down too, marked as not independent, and never decides.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from fraiseql_chaos.experiment.deployment import Ledgers
from fraiseql_chaos.history import Evidence, FaultArmed, FaultHealed, FaultHit, Sample
from fraiseql_chaos.layers.wire.ledger import Counts
from fraiseql_chaos.plan import Planned

__all__ = ["hits_of", "own_word", "testimony"]


def testimony(planned: Planned, armed: FaultArmed, healed: FaultHealed, samples: Iterable[Sample]) -> Iterator[Evidence]:
    """
    Ask a fault what of it the witnesses saw.

    Args:
        planned: The fault.
        armed: When it was armed; what ended before is how things were in health.
        healed: When it was healed.
        samples: Everything all probes saw.

    Yields:
        The word of each independent witness.
    """
    fault = planned.declaration.fault
    seen = [sample for sample in samples if sample.probe in fault.witnesses]
    before = tuple(sample for sample in seen if sample.at_ns < armed.began_ns)
    during = tuple(sample for sample in seen if sample.at_ns >= armed.began_ns and sample.began_ns <= healed.at_ns)
    for sighting in fault.sightings(before, during):
        yield Evidence(
            fault=planned.fault_id,
            witness=sighting.witness,
            count=sighting.count,
            independent=True,
            statement=sighting.statement,
            shows=sighting.shows,
        )


def own_word(planned: Planned, before: Ledgers, after: Ledgers) -> Evidence:
    """Return what the edge's own ledgers say about a fault: written down to be compared, never to decide."""
    count, did = (_messages if planned.declaration.fault.layer == "wire" else _chunks)(planned.fault_id, before, after)
    passed = after.edge.up.bytes + after.edge.down.bytes - before.edge.up.bytes - before.edge.down.bytes
    return Evidence(
        fault=planned.fault_id,
        witness="ledger of the edge",
        count=count,
        independent=False,
        statement=f"{did}; {passed} bytes passed in the whole run",
    )


def hits_of(ledgers: Ledgers, *, origin_ns: int, since_ns: int) -> Iterator[FaultHit]:
    """
    Yield what an edge's faults did, as events of a run.

    Args:
        ledgers: The edge's word at the end of the run.
        origin_ns: When the run's own clock begins, on the machine's.
        since_ns: What is older, on the machine's clock, belongs to an earlier run on the same edge.
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
    for incident in ledgers.messages.incidents:
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


def _chunks(fault_id: str, before: Ledgers, after: Ledgers) -> tuple[int, str]:
    """Return what a fault of the stream did in a run: how much, and in words."""
    cut = after.edge.connections_cut - before.edge.connections_cut
    done = Counter(after.edge.hits.get(fault_id, {}))
    done.subtract(before.edge.hits.get(fault_id, {}))
    did = ", ".join(f"{count} chunks {decision}" for decision, count in sorted(done.items())) or "no chunk touched"
    return cut + done.total(), f"{did}, {cut} connections cut"


def _messages(fault_id: str, before: Ledgers, after: Ledgers) -> tuple[int, str]:
    """Return which messages a fault hit in a run: how many, and in words."""
    now, then = after.messages.counts.get(fault_id, Counts()), before.messages.counts.get(fault_id, Counts())
    hit = now.hit - then.hit
    words = (
        f"{hit} of {now.fitted - then.fitted} messages that fitted were hit, {now.delivered - then.delivered} of them delivered, "
        f"{now.answered - then.answered} answered with an error"
    )
    return hit, words
