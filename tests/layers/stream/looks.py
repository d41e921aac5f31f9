"""What probes see, and what a fault makes of it."""

from __future__ import annotations

from fraiseql_chaos.core import NS_PER_MS, Json
from fraiseql_chaos.history import Sample
from fraiseql_chaos.layers.stream.model import StreamFault


def look(probe: str, *, took_ms: float = 1, error: str = "", at_ms: float = 0, **value: Json) -> Sample:
    """Return one look of a probe."""
    began_ns = round(at_ms * NS_PER_MS)
    return Sample(probe=probe, began_ns=began_ns, at_ns=began_ns + round(took_ms * NS_PER_MS), ok=not error, value=value, error=error)


def path(through: int = 2, around: int = 0, connecting: int = 0) -> Sample:
    """Return a look at the service's connections."""
    value: dict[str, Json] = {"through_edge": through, "around_edge": around, "connecting": connecting}
    return Sample(probe="service_path", began_ns=0, at_ns=NS_PER_MS, ok=through > 0 and around == 0, value=value)


def seen(fault: StreamFault, before: tuple[Sample, ...], during: tuple[Sample, ...]) -> tuple[int, int]:
    """Return how often a fault recognises itself, and the service under it."""
    sightings = fault.sightings(before, during)
    counts = {shows: sum(s.count for s in sightings if s.shows == shows) for shows in ("fault", "reach")}
    return counts["fault"], counts["reach"]
