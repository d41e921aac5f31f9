"""
What TCP made of what happened to its segments: whether every byte that was torn came again, whole, in another one.

A segment *takes place* in its stream if it carries data, a SYN or a FIN; what only acknowledges takes none, and nobody sends it again. It is *torn* if nothing
arrived that equals it: it was lost, or something in it was changed. It is *mended* if every place of its stream that it took arrived whole all the same,
in whichever segments, before or after: the sender's kernel cuts anew what it sends again. All this is read off what both kernels were handed, and off nothing
that either of them says.

A kernel takes its time to send again, twice as much each time, and a record ends. What was torn last so shortly before that end that its sender need not have
tried once more is *awaited*: nobody knows whether it would have come. A sender that reset its connection is not waited for.

Sequence numbers are unwrapped along each flow; a SYN with a number of its own begins another stream on the same ports.

Source:
    RFC 9293, section 3.4 (sequence numbers); RFC 6298, sections 2.1, 5.5 and 5.7 (one second at first, then twice as long; three where the handshake itself
    had to be sent again, for then nothing is known of the round trip).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from fraiseql_chaos.core import seconds
from fraiseql_chaos.layers.packet.packet import FIN, RST, SYN, TCP, read_packet
from fraiseql_chaos.probes.capture.following import Crossing

__all__ = ["Segment", "mend"]

_WRAP: Final = 2**32

_FIRST_RETRY: Final = seconds(1)
"""After which an unanswered SYN is sent again; segments with data sooner, as soon as a round trip was measured."""

_FIRST_RETRY_UNMEASURED: Final = seconds(3)
"""After which data are sent again that follow a handshake which had to be."""


class Segment(NamedTuple):
    """
    A segment that takes place in its stream, as it was sent.

    Attributes:
        torn: Whether nothing arrived that equals it.
        mended: Whether it was torn, and what it carried arrived whole all the same.
        awaited: Whether it was torn and not mended, and the record ended before it had to be sent again.
        copies: How many arrivals that equal it were beyond the first.
        overtaken: Whether it arrived whole after a segment of its stream that was sent later.
    """

    torn: bool
    mended: bool
    awaited: bool
    copies: int
    overtaken: bool


class _Place(NamedTuple):
    ordinal: int
    at_ns: int
    begin: int
    end: int
    arrived: tuple[int, ...]


@dataclass(slots=True)
class _Stream:
    opened: int
    """The sequence number of its SYN; -1 if it was open before the record began."""
    places: list[_Place] = field(default_factory=list)
    handshakes: int = 0
    """How often its SYN was sent."""
    was_reset: bool = False
    """Whether its sender reset it, and so gave up all that was still unacknowledged."""


def mend(crossings: Sequence[Crossing], *, ended_ns: int) -> list[Segment | None]:
    """
    Return what became of each packet of one direction, as a segment of its stream; None for what takes no place in one.

    Args:
        crossings: All packets that went one way, in the order they were sent.
        ended_ns: When the record of them ended.
    """
    found: list[Segment | None] = [None] * len(crossings)
    for stream in _streams(crossings):
        places = stream.places
        whole = _merged((place.begin, place.end) for place in places if place.arrived)
        begins = [begin for begin, _ in whole]
        earliest_of_later: int | None = None
        for place in reversed(places):
            torn = not place.arrived
            at = bisect_right(begins, place.begin) - 1
            late = not torn and earliest_of_later is not None and place.arrived[0] > earliest_of_later
            mended = torn and at >= 0 and whole[at][1] >= place.end
            found[place.ordinal] = Segment(
                torn=torn,
                mended=mended,
                awaited=torn and not mended and not stream.was_reset and _due_ns(place, stream) > ended_ns,
                copies=max(0, len(place.arrived) - 1),
                overtaken=late,
            )
            if not torn:
                earliest_of_later = place.arrived[0] if earliest_of_later is None else min(place.arrived[0], earliest_of_later)
    return found


def _due_ns(place: _Place, stream: _Stream) -> int:
    """Return until when what a segment carried must have been sent again: after twice the time between the last two times, and not before the first retry."""
    times = [other.at_ns for other in stream.places if other.begin < place.end and place.begin < other.end]
    first = _FIRST_RETRY_UNMEASURED if stream.handshakes > 1 else _FIRST_RETRY
    return times[-1] + max(first.ns, 2 * (times[-1] - times[-2]) if len(times) > 1 else 0)


def _streams(crossings: Sequence[Crossing]) -> Iterable[_Stream]:
    """Return the places of each stream, in the order they were sent, with sequence numbers that do not wrap."""
    current: dict[bytes, _Stream] = {}
    streams: list[_Stream] = []
    for ordinal, crossing in enumerate(crossings):
        packet = read_packet(crossing.raw)
        if packet is None or packet.protocol != TCP:
            continue
        opened = packet.sequence if packet.flags & SYN else -1
        stream = current.get(packet.flow)
        if stream is None or (opened >= 0 and opened != stream.opened):
            stream = current[packet.flow] = _Stream(opened)
            streams.append(stream)
        stream.was_reset |= bool(packet.flags & RST)
        stream.handshakes += bool(packet.flags & SYN)
        length = packet.payload_bytes + bool(packet.flags & SYN) + bool(packet.flags & FIN)
        if length:
            last = stream.places[-1].begin if stream.places else packet.sequence
            begin = last + (packet.sequence - last + _WRAP // 2) % _WRAP - _WRAP // 2
            whole = tuple(sorted(arrival.place for arrival in crossing.arrivals if not arrival.changed))
            stream.places.append(_Place(ordinal, crossing.at_ns, begin, begin + length, whole))
    return streams


def _merged(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return spans that neither touch nor overlap, in order, which cover the same."""
    merged: list[tuple[int, int]] = []
    for begin, end in sorted(spans):
        if merged and begin <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(end, merged[-1][1])
        else:
            merged.append((begin, end))
    return merged
