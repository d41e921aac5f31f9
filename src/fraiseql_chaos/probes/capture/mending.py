"""
What TCP made of what happened to its segments: whether every byte that was torn came again, whole, in another one.

A segment *takes place* in its stream if it carries data, a SYN or a FIN; what only acknowledges takes none, and nobody sends it again. It is *torn* if nothing
arrived that equals it: it was lost, or something in it was changed. It is *mended* if every place of its stream that it took arrived whole all the same,
in whichever segments, before or after: the sender's kernel cuts anew what it sends again. All this is read off what both kernels were handed, and off nothing
that either of them says.

Sequence numbers are unwrapped along each flow; a SYN with a number of its own begins another stream on the same ports.

Source:
    RFC 9293, section 3.4 (sequence numbers).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from fraiseql_chaos.layers.packet.packet import FIN, SYN, TCP, read_packet
from fraiseql_chaos.probes.capture.following import Crossing

__all__ = ["Segment", "mend"]

_WRAP: Final = 2**32


class Segment(NamedTuple):
    """
    A segment that takes place in its stream, as it was sent.

    Attributes:
        torn: Whether nothing arrived that equals it.
        mended: Whether it was torn, and what it carried arrived whole all the same.
        copies: How many arrivals that equal it were beyond the first.
        overtaken: Whether it arrived whole after a segment of its stream that was sent later.
    """

    torn: bool
    mended: bool
    copies: int
    overtaken: bool


class _Place(NamedTuple):
    ordinal: int
    begin: int
    end: int
    arrived: tuple[int, ...]


def mend(crossings: Sequence[Crossing]) -> list[Segment | None]:
    """
    Return what became of each packet of one direction, as a segment of its stream; None for what takes no place in one.

    Args:
        crossings: All packets that went one way, in the order they were sent.
    """
    found: list[Segment | None] = [None] * len(crossings)
    for places in _streams(crossings):
        whole = _merged((place.begin, place.end) for place in places if place.arrived)
        begins = [begin for begin, _ in whole]
        earliest_of_later: int | None = None
        for place in reversed(places):
            torn = not place.arrived
            at = bisect_right(begins, place.begin) - 1
            late = not torn and earliest_of_later is not None and place.arrived[0] > earliest_of_later
            found[place.ordinal] = Segment(
                torn=torn,
                mended=torn and at >= 0 and whole[at][1] >= place.end,
                copies=max(0, len(place.arrived) - 1),
                overtaken=late,
            )
            if not torn:
                earliest_of_later = place.arrived[0] if earliest_of_later is None else min(place.arrived[0], earliest_of_later)
    return found


def _streams(crossings: Sequence[Crossing]) -> Iterable[list[_Place]]:
    """Return the places of each stream, in the order they were sent, with sequence numbers that do not wrap."""
    current: dict[bytes, tuple[int, list[_Place]]] = {}  # By flow: the sequence number of a SYN, if one was seen, and its places.
    streams: list[list[_Place]] = []
    for ordinal, crossing in enumerate(crossings):
        packet = read_packet(crossing.raw)
        if packet is None or packet.protocol != TCP:
            continue
        opened = packet.sequence if packet.flags & SYN else -1
        known, places = current.get(packet.flow, (-1, []))
        if not places or (opened >= 0 and opened != known):
            places = []
            streams.append(places)
            current[packet.flow] = opened, places
        length = packet.payload_bytes + bool(packet.flags & SYN) + bool(packet.flags & FIN)
        if length:
            last = places[-1].begin if places else packet.sequence
            begin = last + (packet.sequence - last + _WRAP // 2) % _WRAP - _WRAP // 2
            whole = tuple(sorted(arrival.place for arrival in crossing.arrivals if not arrival.changed))
            places.append(_Place(ordinal, begin, begin + length, whole))
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
