"""
From what the witnesses saw to what can be said about each fault.

The injector's own word is another matter, and another file (``own_word``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from fraiseql_chaos.history import Evidence, FaultArmed, FaultHealed, Sample
from fraiseql_chaos.plan import Planned

__all__ = ["ABOUT", "testimony"]

ABOUT: Final = "of"
"""What a sample's value calls the one fault that it is about, where a witness looked for its sake alone."""


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
    seen = [sample for sample in samples if sample.probe in fault.witnesses and sample.value.get(ABOUT, planned.fault_id) == planned.fault_id]
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
            counted=sighting.counted,
        )
