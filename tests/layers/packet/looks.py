"""What probes of a link see, and what a fault makes of it."""

from __future__ import annotations

from fraiseql_chaos.core import NS_PER_MS, Json
from fraiseql_chaos.history import Sample
from fraiseql_chaos.layers.packet.model import PacketFault

SLICE_NS = 100 * NS_PER_MS


def cut(sent: int = 100, *, at: int = 0, direction: str = "up", missing: int = 0, size: int = 100, delay_us: int = 30, **more: Json) -> Sample:
    """Return the slice of a capture that begins ``at`` slices after 0."""
    arrived = sent - missing
    value: dict[str, Json] = {
        "of": "0-fault",
        "direction": direction,
        "sent": sent,
        "arrived": arrived,
        "missing": missing,
        "copies": 0,
        "overtaken": 0,
        "changed": 0,
        "bad_checksum": 0,
        "answered": 0,
        "bytes_sent": sent * size,
        "bytes_arrived": arrived * size,
        "delay_us_p50": delay_us if arrived else None,
        "delay_us_p99": delay_us if arrived else None,
        "delay_us_max": delay_us if arrived else None,
    }
    return Sample(probe="link_capture", began_ns=at * SLICE_NS, at_ns=(at + 1) * SLICE_NS, ok=True, value=value | more)


def cuts(number: int, *, frm: int = 0, **of: Json) -> tuple[Sample, ...]:
    """Return so many slices, one after the other, all alike."""
    return tuple(cut(at=frm + n, **of) for n in range(number))  # type: ignore[arg-type]  # the names are those of ``cut``


def kernels(**counters: int) -> Sample:
    """Return a look at both kernels' counters, named with ``_`` for the dot."""
    value: dict[str, Json] = {name.replace("_", ".", 1): count for name, count in counters.items()}
    return Sample(probe="link_kernels", began_ns=0, at_ns=1, ok=True, value=value)


def path(through: int = 2, around: int = 0, connecting: int = 0) -> Sample:
    """Return a look at the service's connections."""
    value: dict[str, Json] = {"through_edge": through, "around_edge": around, "connecting": connecting}
    return Sample(probe="service_path", began_ns=0, at_ns=NS_PER_MS, ok=through > 0 and around == 0, value=value)


HEALTHY = (*cuts(10), *cuts(10, direction="down"), kernels(near_TcpRetransSegs=1, far_TcpRetransSegs=1), path(), path())
"""What all of them see in health."""


def seen(fault: PacketFault, before: tuple[Sample, ...], during: tuple[Sample, ...]) -> tuple[int, str]:
    """Return how often the capture saw a fault, and in which words."""
    sighting = fault.sightings(before, during)[0]
    assert (sighting.witness, sighting.shows) == ("capture at both ends of the link", "fault")
    return sighting.count, sighting.statement
