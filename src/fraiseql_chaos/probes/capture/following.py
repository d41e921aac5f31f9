"""
Which packet that one kernel sent is which that the other received: by the packets' own bytes, and by nothing that the link says.

Most arrive as they were sent, and are found by their bytes. Where the same bytes were sent more than once (IPv6 has no identification that would tell
a retransmission from what it repeats, and TCP's timestamps may stand still), an arrival belongs to the earliest that has none yet, and only if all
have one it is a copy, of the last: a link that loses one and doubles its twin cannot be told from one that did neither.

What arrives changed is found by what is left of it: among packets of the same length with at least one piece in common (an eighth of the packet, the
IP header with its identification, the ports with the sequence number) it belongs to the one that differs in the fewest bits, and of those first to one
that did not arrive otherwise. If even that one differs in more than ``_FEW_BITS`` and a sixteenth of its bits, nobody sent it: the link made it.

Each piece is looked up once, and of those who share it only the nearest in time are looked at, so the work grows with the number of packets and with
nothing else.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from fraiseql_chaos.probes.capture.pcap import Captured

__all__ = ["Arrival", "Crossing", "Followed", "follow"]

_PIECES: Final = 8
_NEAREST: Final = 8
_FEW_BITS: Final = 40
_SHARE: Final = 16


class Arrival(NamedTuple):
    """
    A packet at its receiver.

    Attributes:
        at_ns: When.
        place: Its place among all that arrived.
        raw: What arrived.
        changed: Whether that is something else than what was sent.
    """

    at_ns: int
    place: int
    raw: bytes
    changed: bool


class Crossing(NamedTuple):
    """
    A packet that was sent.

    Attributes:
        at_ns: When.
        raw: What was sent.
        arrivals: When and how it arrived, in that order; none if it did not, or not as long as was looked.
        overtaken: Whether it arrived after one that was sent later.
    """

    at_ns: int
    raw: bytes
    arrivals: tuple[Arrival, ...]
    overtaken: bool


class Followed(NamedTuple):
    """
    One direction of a link.

    Attributes:
        crossings: What was sent, in that order.
        strangers: What arrived and nobody sent.
    """

    crossings: tuple[Crossing, ...]
    strangers: tuple[Captured, ...]


def follow(sent: Sequence[Captured], arrived: Sequence[Captured]) -> Followed:
    """
    Find out what became of each packet.

    Args:
        sent: What the sender's kernel handed to the link, in that order.
        arrived: What the receiver's kernel was handed by it, in that order.
    """
    arrivals: list[list[Arrival]] = [[] for _ in sent]
    twins: dict[bytes, list[int]] = {}
    for ordinal, packet in enumerate(sent):
        twins.setdefault(packet.raw, []).append(ordinal)
    changed = []
    for place, packet in enumerate(arrived):
        same = twins.get(packet.raw)
        if same is None:
            changed.append((place, packet))
        else:
            ordinal = same[0] if len(same) == 1 else _whose(same, sent, arrivals, packet.at_ns)
            arrivals[ordinal].append(Arrival(packet.at_ns, place, packet.raw, changed=False))
    strangers = list(_attribute(changed, sent, arrivals)) if changed else []
    overtaken = _overtaken(arrivals)
    crossings = (
        Crossing(packet.at_ns, packet.raw, tuple(sorted(its, key=lambda arrival: arrival.place)), late)
        for packet, its, late in zip(sent, arrivals, overtaken, strict=True)
    )
    return Followed(tuple(crossings), tuple(strangers))


def _whose(same: list[int], sent: Sequence[Captured], arrivals: list[list[Arrival]], at_ns: int) -> int:
    """Return which of several equal packets arrived, and forget those in front of it that the question is settled for."""
    while len(same) > 1 and arrivals[same[0]] and sent[same[1]].at_ns <= at_ns:
        del same[0]
    return same[0]


def _attribute(changed: Iterable[tuple[int, Captured]], sent: Sequence[Captured], arrivals: list[list[Arrival]]) -> Iterable[Captured]:
    """Give what arrived changed to who sent it; yield what nobody sent."""
    index: dict[tuple[int, int, int, bytes], list[int]] = {}
    times = [packet.at_ns for packet in sent]
    for ordinal, packet in enumerate(sent):
        for key in _pieces(packet.raw):
            index.setdefault(key, []).append(ordinal)
    for place, packet in changed:
        before = bisect_right(times, packet.at_ns)
        candidates = set[int]()
        for key in _pieces(packet.raw):
            there = index.get(key, [])
            end = bisect_right(there, before - 1)
            candidates.update(there[max(0, end - _NEAREST) : end])
        bits = int.from_bytes(packet.raw)
        differing = {ordinal: (bits ^ int.from_bytes(sent[ordinal].raw)).bit_count() for ordinal in candidates}
        near = [ordinal for ordinal, many in differing.items() if many <= max(_FEW_BITS, len(packet.raw) * 8 // _SHARE)]
        if near:
            its = min(near, key=lambda ordinal: (bool(arrivals[ordinal]), differing[ordinal], -ordinal))
            arrivals[its].append(Arrival(packet.at_ns, place, packet.raw, changed=True))
        else:
            yield packet


def _pieces(raw: bytes) -> Iterator[tuple[int, int, int, bytes]]:
    size = len(raw)
    step = max(1, -(-size // _PIECES))
    yield from ((size, begin, step, raw[begin : begin + step]) for begin in range(0, size, step))
    header = 40 if raw[:1] >= b"\x60" else 20
    yield size, 0, header, raw[:header]
    yield size, header, 8, raw[header : header + 8]


def _overtaken(arrivals: Sequence[Sequence[Arrival]]) -> list[bool]:
    """Tell of each packet whether one that was sent later arrived before it."""
    first_of_later: int | None = None
    late = [False] * len(arrivals)
    for ordinal in range(len(arrivals) - 1, -1, -1):
        if its := arrivals[ordinal]:
            first = min(arrival.place for arrival in its)
            late[ordinal] = first_of_later is not None and first > first_of_later
            first_of_later = first if first_of_later is None else min(first, first_of_later)
    return late
