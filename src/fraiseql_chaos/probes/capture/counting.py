"""
From the captures at both ends of a link to samples: for each fault and direction, what became of the packets that it was about.

A sample is a slice of 100 ms by the time of *sending*, counted from the instant the fault stood, and cut where it began to be healed, so that none mixes
a fault with health. What is left out, because nobody could say on which side of a line it falls:

- packets sent while the fault was being armed or healed;
- packets sent so shortly before the end of the record that they might still be on their way: within ``hold``, which is the longest that the link may keep
  one. All of them, arrived or not, for to count only those that arrived would call a lossy link better than it is;
- arrivals without a sender within ``hold`` of the record's begin: they may have been sent before it.

The counts of a sample: ``sent`` = ``arrived`` + ``missing``, each packet once; ``copies`` are arrivals beyond a packet's first; ``overtaken`` packets arrived
after one that was sent later; ``changed`` arrivals have other bytes, those among them with ``bad_checksum`` are refused by the kernel; ``answered`` are
arrivals at the *sender* that nobody sent and that answer its packets, as a RST or an ICMP error that the link made. Delays are those of first arrivals.
Of those with ``bad_checksum`` TCP's own count of what it refused leaves out the ``uncounted``: what is no TCP, as the ICMPv6 that every network has, and what
contradicts its own lengths and is thrown away before anybody looks at a checksum. What TCP made
of it is counted of those alone that take place in their stream, see ``mending``: ``segments``, and of these ``torn``, ``mended``, ``awaited``,
``segment_copies`` and ``segments_overtaken``.

What arrived changed has its checksums checked over the parts that it had when it was sent: bits may have made nonsense of its lengths.

Where the kernel dropped packets that a capture should have had, nobody knows which. So there are no counts then: each sample says why, and is not ok.
What exceeds the files' bound is no such case: the record simply ends where the first was not kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from fraiseql_chaos.core import Duration, JsonObject, ms
from fraiseql_chaos.core.units import NS_PER_US
from fraiseql_chaos.history import Sample
from fraiseql_chaos.layers.packet.checksums import is_whole
from fraiseql_chaos.layers.packet.match import Match
from fraiseql_chaos.layers.packet.model import DIRECTIONS, Direction
from fraiseql_chaos.layers.packet.packet import ICMP, ICMP6, TCP, Packet, read_packet
from fraiseql_chaos.probes.capture.following import HOLD, Crossing, Followed, follow
from fraiseql_chaos.probes.capture.mending import Segment, mend
from fraiseql_chaos.probes.capture.pcap import Captured

__all__ = ["PROBE", "SLICE", "Armed", "Capture", "capture_samples"]

PROBE: Final = "link_capture"

SLICE: Final = ms(100)


@dataclass(frozen=True, slots=True, kw_only=True)
class Capture:
    """
    What both ends saw.

    Attributes:
        near, far: The packets of each end, on the machine's monotonic clock.
        began_ns, ended_ns: From when until when both were recorded without a gap.
        not_kept: How many packets came after a file was full, of both ends.
        flaw: Why nothing can be counted; empty if it can.
    """

    near: Sequence[Captured]
    far: Sequence[Captured]
    began_ns: int
    ended_ns: int
    not_kept: int = 0
    flaw: str = ""

    def followed(self, direction: Direction, hold: Duration = HOLD) -> Followed:
        """Return what became of each packet that went one way, on a link that keeps none for longer than ``hold``."""
        sender, receiver = (self.near, self.far) if direction == "up" else (self.far, self.near)
        return follow([packet for packet in sender if packet.sent], [packet for packet in receiver if not packet.sent], hold=hold)


@dataclass(frozen=True, slots=True, kw_only=True)
class Armed:
    """
    A fault, and when it acted; times on the machine's monotonic clock.

    Attributes:
        fault_id: Its id within the run.
        match: Which packets it is about.
        arming_ns, armed_ns: When arming began, and when it was done.
        healing_ns, healed_ns: The same of healing.
        hold: See the header; at least what the faults of the link may hold a packet for, together.
    """

    fault_id: str
    match: Match
    arming_ns: int
    armed_ns: int
    healing_ns: int
    healed_ns: int
    hold: Duration = HOLD


class _Slice(NamedTuple):
    began_ns: int
    ended_ns: int


@dataclass(slots=True)
class _Counts:
    sent: int = 0
    arrived: int = 0
    missing: int = 0
    copies: int = 0
    overtaken: int = 0
    changed: int = 0
    bad_checksum: int = 0
    uncounted: int = 0
    answered: int = 0
    segments: int = 0
    torn: int = 0
    mended: int = 0
    awaited: int = 0
    segment_copies: int = 0
    segments_overtaken: int = 0
    bytes_sent: int = 0
    bytes_arrived: int = 0
    delays_ns: list[int] = field(default_factory=list)

    def add(self, crossing: Crossing, packet: Packet, segment: Segment | None) -> None:
        """Count one packet that was sent, and read; and as a segment, if it takes place in a stream."""
        arrivals = crossing.arrivals
        changed = [arrival for arrival in arrivals if arrival.changed]
        self.sent += 1
        self.bytes_sent += len(crossing.raw)
        self.missing += not arrivals
        self.arrived += bool(arrivals)
        self.copies += max(0, len(arrivals) - 1)
        self.overtaken += crossing.overtaken
        self.changed += len(changed)
        bad = [arrival.raw for arrival in changed if not is_whole(packet._replace(raw=arrival.raw))]
        self.bad_checksum += len(bad)
        self.uncounted += sum(packet.protocol != TCP or read_packet(raw) is None for raw in bad)
        if arrivals:
            self.bytes_arrived += len(arrivals[0].raw)
            self.delays_ns.append(max(0, arrivals[0].at_ns - crossing.at_ns))
        if segment is not None:
            self.segments += 1
            self.torn += segment.torn
            self.mended += segment.mended
            self.awaited += segment.awaited
            self.segment_copies += segment.copies
            self.segments_overtaken += segment.overtaken

    def to_json(self) -> JsonObject:
        """Return the counts as the value of a sample; delays only if something arrived."""
        value: JsonObject = {name: getattr(self, name) for name in self.__slots__ if name != "delays_ns"}
        if self.delays_ns:
            ordered = sorted(self.delays_ns)
            for name, share in (("p50", 0.5), ("p99", 0.99), ("max", 1.0)):
                value[f"delay_us_{name}"] = ordered[min(len(ordered) - 1, int(share * len(ordered)))] // NS_PER_US
        return value


def capture_samples(capture: Capture, faults: Iterable[Armed]) -> list[Sample]:
    """
    Return what a capture says about some faults: one sample for each fault, direction and slice in which packets were sent that it is about.

    Args:
        capture: What both ends saw.
        faults: The faults that were armed on this link.
    """
    faults = tuple(faults)
    hold = max((fault.hold for fault in faults), default=HOLD)
    ways = {direction: capture.followed(direction, hold) for direction in DIRECTIONS}
    segments = {direction: mend(followed.crossings, ended_ns=capture.ended_ns) for direction, followed in ways.items()}
    back: dict[Direction, Direction] = {"up": "down", "down": "up"}
    return [
        sample
        for fault in faults
        for direction, followed in ways.items()
        for sample in _samples(capture, fault, direction, zip(followed.crossings, segments[direction], strict=True), ways[back[direction]].strangers)
    ]


def _samples(
    capture: Capture, fault: Armed, direction: Direction, sent: Iterable[tuple[Crossing, Segment | None]], answers: Sequence[Captured]
) -> Iterator[Sample]:
    slices: dict[_Slice, _Counts] = {}
    flows: set[bytes] = set()
    counter, is_anew = fault.match.counter(), False
    last_ns = capture.ended_ns - fault.hold.ns
    for crossing, segment in sent:
        if crossing.at_ns >= fault.arming_ns and not is_anew:
            # A fault counts the packets of a connection from when it is armed.
            counter, is_anew = fault.match.counter(), True
        packet = read_packet(crossing.raw)
        if packet is None or not counter.fits(packet, direction):
            continue
        flows.add(packet.flow)
        if capture.began_ns <= crossing.at_ns <= last_ns and (place := _slice(fault, capture, crossing.at_ns)):
            slices.setdefault(place, _Counts()).add(crossing, packet, segment)
    for stranger in answers:
        place = _slice(fault, capture, stranger.at_ns) if capture.began_ns + fault.hold.ns <= stranger.at_ns <= capture.ended_ns else None
        if place is not None and _answers_one_of(stranger.raw, flows):
            slices.setdefault(place, _Counts()).answered += 1
    for place, counts in sorted(slices.items()):
        value: JsonObject = {"of": fault.fault_id, "direction": direction, **({} if capture.flaw else counts.to_json())}
        yield Sample(probe=PROBE, began_ns=place.began_ns, at_ns=place.ended_ns, ok=not capture.flaw, value=value, error=capture.flaw)


def _slice(fault: Armed, capture: Capture, at_ns: int) -> _Slice | None:
    """Return the slice an instant lies in; None if the fault was being armed or healed."""
    if at_ns < fault.arming_ns:
        zero_ns, first_ns, last_ns = fault.arming_ns, capture.began_ns, fault.arming_ns - 1
    elif fault.armed_ns <= at_ns < fault.healing_ns:
        zero_ns, first_ns, last_ns = fault.armed_ns, fault.armed_ns, fault.healing_ns - 1
    elif at_ns > fault.healed_ns:
        zero_ns, first_ns, last_ns = fault.healed_ns + 1, fault.healed_ns + 1, capture.ended_ns
    else:
        return None
    began_ns = zero_ns + (at_ns - zero_ns) // SLICE.ns * SLICE.ns
    return _Slice(max(began_ns, first_ns), min(began_ns + SLICE.ns - 1, last_ns))


def _answers_one_of(raw: bytes, flows: set[bytes]) -> bool:
    """Tell whether a packet goes the way back of one of some flows, or is an ICMP error that quotes a packet of one."""
    packet = read_packet(raw)
    if packet is None:
        return False
    if packet.protocol in {ICMP, ICMP6} and (quoted := _quoted_flow(packet.raw[packet.payload : packet.end])):
        return quoted in flows
    return _turned(packet) in flows


def _turned(packet: Packet) -> bytes:
    """Return the flow of what the packet would be an answer to."""
    addresses, half = packet.addresses, len(packet.addresses) // 2
    ports = packet.flow[1 + 2 * half :]
    return packet.flow[:1] + addresses[half:] + addresses[:half] + ports[2:] + ports[:2]


def _quoted_flow(quoted: bytes) -> bytes | None:
    """Return the flow of a packet that an ICMP error quotes the begin of: too short to be read as a packet, long enough for addresses and ports."""
    if len(quoted) >= 28 and quoted[0] >> 4 == 4:
        protocol, addresses, header = quoted[9], quoted[12:20], (quoted[0] & 0x0F) << 2
    elif len(quoted) >= 48 and quoted[0] >> 4 == 6:
        protocol, addresses, header = quoted[6], quoted[8:40], 40
    else:
        return None
    return bytes((protocol,)) + addresses + (b"" if protocol in {ICMP, ICMP6} else quoted[header : header + 4])
