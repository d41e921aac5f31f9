"""
From what the witnesses saw to what can be said about each fault.

The injector's own ledger is written down too, marked as not independent, and never decides.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from fraiseql_chaos.history import Evidence, FaultArmed, FaultHealed, FaultHit, Sample
from fraiseql_chaos.layers.stream.hits import Hit
from fraiseql_chaos.layers.stream.ledger import Ledger
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


def own_word(planned: Planned, before: Ledger, after: Ledger) -> Evidence:
    """Return what the edge's own ledger says about a fault: written down to be compared, never to decide."""
    cut = after.connections_cut - before.connections_cut
    done = Counter(after.hits.get(planned.fault_id, {}))
    done.subtract(before.hits.get(planned.fault_id, {}))
    did = ", ".join(f"{count} chunks {decision}" for decision, count in sorted(done.items())) or "no chunk touched"
    passed = after.up.bytes + after.down.bytes - before.up.bytes - before.down.bytes
    return Evidence(
        fault=planned.fault_id,
        witness="ledger of the edge",
        count=cut + done.total(),
        independent=False,
        statement=f"{did}, {cut} connections cut; {passed} bytes passed in the whole run",
    )


def hits_of(hits: Iterable[Hit], *, origin_ns: int) -> Iterator[FaultHit]:
    """Yield what an edge's faults did as events of a run, which began at an instant of the machine's clock."""
    for hit in hits:
        yield FaultHit(
            fault=hit.fault_id,
            at_ns=hit.at_ns - origin_ns,
            connection=hit.connection,
            direction=hit.direction,
            ordinal=hit.ordinal,
            bytes=hit.bytes,
            decision=hit.decision,
        )
