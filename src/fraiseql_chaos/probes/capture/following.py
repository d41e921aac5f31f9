"""
Which packet that one kernel sent is which that the other received: by the packets' own bytes, and by nothing that the link says.

Most arrive as they were sent, and are found by their bytes. Where the same bytes were sent more than once (IPv6 has no identification that would tell
a retransmission from what it repeats, TCP's timestamps may stand still, and what a network asks for again and again, as its routers, never changes), an
arrival belongs to the earliest that has none yet and may still be on its way, and only if all have one it is a copy, of the last: a link that loses one
and doubles its twin at once cannot be told from one that did neither. None is on its way for longer than ``hold``.

What arrives changed is found by what is left of it: among packets of the same length with at least one piece in common (an eighth of the packet, the
IP header with its identification, the ports with the sequence number) it belongs to the one that differs in the fewest bits. If even that one differs
in more than ``_FEW_BITS`` and a sixteenth of its bits, nobody sent it: the link made it. It is looked for among those that did not arrive otherwise
first, and only then, as a bent copy, among the others.

Each piece is looked up once, and of those who share it only the nearest are looked at, counted from the packet that arrived in front: pieces that all
packets share, as a payload of zeros, must not let the work grow with their number squared, and how long a queue held them all must not mislead.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from fraiseql_chaos.core import Duration, seconds
from fraiseql_chaos.probes.capture.pcap import Captured

__all__ = ["HOLD", "Arrival", "Crossing", "Followed", "follow"]

HOLD: Final = seconds(1)
"""How long a link may keep a packet, if nothing else is said: longer than any fault of everyday magnitudes does."""

_PIECES: Final = 8
_NEAREST: Final = 16
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


class _Bent(NamedTuple):
    """What arrived and equals nothing that was sent; ``anchor`` is the ordinal of the packet that arrived whole before it."""

    place: int
    packet: Captured
    anchor: int


def follow(sent: Sequence[Captured], arrived: Sequence[Captured], *, hold: Duration = HOLD) -> Followed:
    """
    Find out what became of each packet.

    Args:
        sent: What the sender's kernel handed to the link, in that order.
        arrived: What the receiver's kernel was handed by it, in that order.
        hold: How long the link may keep a packet.
    """
    arrivals: list[list[Arrival]] = [[] for _ in sent]
    twins: dict[bytes, list[int]] = {}
    for ordinal, packet in enumerate(sent):
        twins.setdefault(packet.raw, []).append(ordinal)
    changed, anchor = list[_Bent](), 0
    for place, packet in enumerate(arrived):
        same = twins.get(packet.raw)
        if same is None:
            changed.append(_Bent(place, packet, anchor))
        else:
            anchor = same[0] if len(same) == 1 else _whose(same, sent, arrivals, packet.at_ns, hold)
            arrivals[anchor].append(Arrival(packet.at_ns, place, packet.raw, changed=False))
    for ordinals in ([n for n, its in enumerate(arrivals) if not its], range(len(sent))):
        changed = _attribute(changed, ordinals, sent, arrivals)
    strangers = [bent.packet for bent in changed]
    overtaken = _overtaken(arrivals)
    crossings = (
        Crossing(packet.at_ns, packet.raw, tuple(sorted(its, key=lambda arrival: arrival.place)), late)
        for packet, its, late in zip(sent, arrivals, overtaken, strict=True)
    )
    return Followed(tuple(crossings), tuple(strangers))


def _whose(same: list[int], sent: Sequence[Captured], arrivals: list[list[Arrival]], at_ns: int, hold: Duration) -> int:
    """Return which of several equal packets arrived, and forget those in front of it that the question is settled for."""
    while len(same) > 1 and sent[same[1]].at_ns <= at_ns and (arrivals[same[0]] or at_ns - sent[same[0]].at_ns > hold.ns):
        del same[0]
    return same[0]


def _attribute(changed: list[_Bent], ordinals: Sequence[int], sent: Sequence[Captured], arrivals: list[list[Arrival]]) -> list[_Bent]:
    """Give what arrived changed to who sent it, if that is among some ordinals; return what nobody of those sent."""
    if not changed:
        return []
    index: dict[tuple[int, int, int, bytes], list[int]] = {}
    for ordinal in ordinals:
        for key in _pieces(sent[ordinal].raw):
            index.setdefault(key, []).append(ordinal)
    nobodys = []
    for bent in changed:
        raw = bent.packet.raw
        candidates = {ordinal for key in _pieces(raw) for ordinal in _nearest(index.get(key, []), bent.anchor)}
        bits, few = int.from_bytes(raw), max(_FEW_BITS, len(raw) * 8 // _SHARE)
        differing = {
            ordinal: (bits ^ int.from_bytes(sent[ordinal].raw)).bit_count() for ordinal in candidates if sent[ordinal].at_ns <= bent.packet.at_ns
        }
        near = [ordinal for ordinal, many in differing.items() if many <= few]
        if near:
            its = min(near, key=lambda ordinal: (bool(arrivals[ordinal]), differing[ordinal], abs(ordinal - bent.anchor)))
            arrivals[its].append(Arrival(bent.packet.at_ns, bent.place, raw, changed=True))
        else:
            nobodys.append(bent)
    return nobodys


def _nearest(ordinals: list[int], anchor: int) -> list[int]:
    middle = bisect_left(ordinals, anchor)
    return ordinals[max(0, middle - _NEAREST // 2) : middle + _NEAREST // 2]


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
