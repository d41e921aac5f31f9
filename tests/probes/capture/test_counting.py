"""Captures made by hand become samples: the right packets in the right slices, and none where nobody can say."""

from __future__ import annotations

import dataclasses
import socket
from typing import Any

import pytest

from fraiseql_chaos.core import Json, ms
from fraiseql_chaos.history import Sample
from fraiseql_chaos.layers.packet.answers import reset_for, unreachable_for
from fraiseql_chaos.layers.packet.checksums import repaired
from fraiseql_chaos.layers.packet.match import Match
from fraiseql_chaos.layers.packet.packet import ACK, PSH, SYN, read_packet
from fraiseql_chaos.probes.capture import Armed, Capture, capture_samples
from fraiseql_chaos.probes.capture.pcap import Captured

NEAR, FAR = "10.0.0.1", "10.0.0.2"
MS = ms(1).ns
SERVER = 5432

ARMED = Armed(fault_id="0-loss", match=Match(), arming_ns=1000 * MS, armed_ns=1001 * MS, healing_ns=2000 * MS, healed_ns=2001 * MS, hold=ms(100))


def segment(number: int, *, up: bool = True, flags: int = ACK | PSH, payload: bytes = b"hello", port: int = SERVER) -> bytes:
    """A TCP segment with right checksums."""
    source, destination = (NEAR, FAR) if up else (FAR, NEAR)
    ports = (40000, port) if up else (port, 40000)
    tcp = ports[0].to_bytes(2) + ports[1].to_bytes(2) + (number * 100).to_bytes(4) + bytes(4) + bytes((0x50, flags)) + bytes(6) + payload
    head = bytes((0x45, 0)) + (20 + len(tcp)).to_bytes(2) + number.to_bytes(2) + bytes((0x40, 0, 64, 6, 0, 0))
    raw = head + socket.inet_aton(source) + socket.inet_aton(destination) + tcp
    packet = read_packet(raw)
    assert packet is not None
    return repaired(packet)


class Scene:
    """Both ends' captures, written packet by packet."""

    def __init__(self) -> None:
        self.near: list[Captured] = []
        self.far: list[Captured] = []

    def sends(self, at_ms: float, raw: bytes, *arrives: tuple[float, bytes], up: bool = True) -> Scene:
        """One packet and its arrivals, each as how much later and what."""
        sender, receiver = (self.near, self.far) if up else (self.far, self.near)
        sender.append(Captured(round(at_ms * MS), raw, sent=True))
        receiver.extend(Captured(round((at_ms + later_ms) * MS), what, sent=False) for later_ms, what in arrives)
        return self

    def passes(self, at_ms: float, raw: bytes, *, up: bool = True) -> Scene:
        return self.sends(at_ms, raw, (0.2, raw), up=up)

    def told(self, at_ms: float, raw: bytes) -> Scene:
        """Something arrives at the near end that nobody sent."""
        self.near.append(Captured(round(at_ms * MS), raw, sent=False))
        return self

    def capture(self, **changes: Any) -> Capture:
        return dataclasses.replace(Capture(near=self.near, far=self.far, began_ns=0, ended_ns=3000 * MS), **changes)

    def samples(self, fault: Armed = ARMED, **changes: Any) -> list[Sample]:
        return capture_samples(self.capture(**changes), [fault])


def counts(sample: Sample, *names: str) -> list[Json]:
    return [sample.value[name] for name in names]


def test_each_packet_is_counted_as_what_became_of_it() -> None:
    a, b, c, d, e = map(segment, range(5))
    bent, mended = bytearray(d), bytearray(e)
    bent[-1] ^= 1
    mended[-1] ^= 1
    packet = read_packet(bytes(mended))
    assert packet is not None
    whole = repaired(packet)
    scene = (
        Scene()
        .sends(1110, a)
        .sends(1111, b, (0.2, b), (0.3, b))
        .sends(1112, c, (3, c))
        .sends(1113, d, (0.2, bytes(bent)))
        .sends(1114, e, (0.2, whole))
    )
    scene.far.sort(key=lambda packet: packet.at_ns)
    (sample,) = scene.samples()
    assert sample.ok
    assert sample.value == {
        "of": "0-loss",
        "direction": "up",
        "sent": 5,
        "arrived": 4,
        "missing": 1,
        "copies": 1,
        "overtaken": 1,
        "changed": 2,
        "bad_checksum": 1,
        "uncounted": 0,
        "answered": 0,
        "segments": 5,
        "torn": 3,
        "mended": 0,
        "awaited": 0,
        "segment_copies": 1,
        "segments_overtaken": 0,
        "bytes_sent": 5 * len(a),
        "bytes_arrived": 4 * len(a),
        "delay_us_p50": 200,
        "delay_us_p99": 3000,
        "delay_us_max": 3000,
    }


def test_tcp_cannot_count_wrong_checksums_of_others_nor_of_what_contradicts_its_own_lengths() -> None:
    """A router solicitation met a fault once, and no counter of TCP's could have told."""
    whole = segment(1)
    packet = read_packet(whole)
    assert packet is not None
    payload, length, other = bytearray(whole), bytearray(whole), bytearray(segment(2))
    payload[-1] ^= 1
    length[packet.header + 12] ^= 0x80
    other[9] = 17
    other[24:26] = (len(other) - 20).to_bytes(2)
    datagram = read_packet(bytes(other))
    assert datagram is not None
    sent = repaired(datagram)
    bent = bytearray(sent)
    bent[-1] ^= 1
    for arrives, expected in (((whole, bytes(payload)), [1, 0]), ((whole, bytes(length)), [1, 1]), ((sent, bytes(bent)), [1, 1])):
        (sample,) = Scene().sends(1110, arrives[0], (0.2, arrives[1])).samples()
        assert counts(sample, "bad_checksum", "uncounted") == expected


def test_slices_begin_with_the_fault_and_never_mix_it_with_health() -> None:
    scene = Scene()
    for number, at_ms in enumerate((950, 999.5, 1000.5, 1001, 1100.9, 1101, 1999, 2000.5, 2002)):
        scene.passes(at_ms, segment(number))
    spans = [(sample.began_ns / MS, round(sample.at_ns / MS, 3), sample.value["sent"]) for sample in scene.samples()]
    assert spans == [(900, 1000, 2), (1001, 1101, 2), (1101, 1201, 1), (1901, 2000, 1), (pytest.approx(2001), pytest.approx(2101), 1)]


def test_what_was_sent_while_a_fault_was_armed_or_healed_is_on_no_side() -> None:
    assert Scene().passes(1000.5, segment(1)).passes(2000.5, segment(2)).samples() == []


def test_what_may_still_be_on_its_way_at_the_end_is_unknown_and_not_missing() -> None:
    """Whether it arrived or not: to count those alone that did would flatter the link."""
    scene = Scene().passes(2850, segment(1)).sends(2890, segment(2)).sends(2950, segment(3)).passes(2960, segment(4))
    assert [counts(sample, "sent", "missing") for sample in scene.samples()] == [[2, 1]]
    patient = dataclasses.replace(ARMED, hold=ms(120))
    assert [counts(sample, "sent", "missing") for sample in scene.samples(patient)] == [[1, 0]]


def test_what_was_sent_before_the_record_is_not_counted() -> None:
    scene = Scene().passes(5, segment(1)).passes(15, segment(2))
    assert [counts(sample, "sent") for sample in scene.samples(began_ns=10 * MS)] == [[1]]


def test_only_packets_that_the_fault_is_about_are_counted() -> None:
    scene = Scene().passes(1110, segment(1)).passes(1111, segment(2, port=80)).passes(1112, segment(3, payload=b"")).passes(1113, b"\x45 no packet")
    (sample,) = scene.samples(dataclasses.replace(ARMED, match=Match(port=SERVER, tcp="data")))
    assert counts(sample, "sent") == [1]


def test_counting_faults_count_from_when_they_are_armed() -> None:
    scene = Scene().passes(900, segment(1)).passes(910, segment(2)).passes(1110, segment(3)).passes(1111, segment(4)).passes(1112, segment(5))
    samples = scene.samples(dataclasses.replace(ARMED, match=Match(tcp="data", first=2)))
    assert [counts(sample, "sent") for sample in samples] == [[2], [2]]


def test_each_direction_and_each_fault_has_samples_of_its_own() -> None:
    scene = Scene().passes(1110, segment(1)).passes(1110, segment(2, up=False), up=False).passes(1160, segment(3, up=False), up=False)
    other = dataclasses.replace(ARMED, fault_id="1-delay", match=Match(tcp="syn"))
    found = capture_samples(scene.passes(1130, segment(4, flags=SYN, payload=b"")).capture(), [ARMED, other])
    assert [(s.value["of"], s.value["direction"], s.value["sent"]) for s in found] == [
        ("0-loss", "up", 2),
        ("0-loss", "down", 2),
        ("1-delay", "up", 1),
    ]


@pytest.mark.parametrize("answer", [reset_for, unreachable_for], ids=["RST", "ICMP"])
def test_an_answer_that_nobody_sent_counts_where_the_answered_packet_went(answer: Any) -> None:
    raw = segment(1)
    scene = Scene().sends(1110, raw).told(1110.1, answer(read_packet(raw))).told(1110.2, segment(9, up=False, port=99))
    assert [counts(sample, "direction", "sent", "missing", "answered") for sample in scene.samples()] == [["up", 1, 1, 1]]


def test_what_arrives_at_the_very_beginning_may_have_been_sent_before() -> None:
    raw = segment(1)
    packet = read_packet(raw)
    assert packet is not None
    reset = reset_for(packet)
    assert reset is not None
    scene = Scene().passes(5, raw).told(50, reset).told(150, reset)
    assert [counts(sample, "sent", "answered") for sample in scene.samples()] == [[1, 0], [0, 1]]


def test_a_capture_with_a_flaw_has_no_counts_that_could_be_believed() -> None:
    (sample,) = Scene().sends(1110, segment(1)).samples(flaw="the kernel had no room for 3 packets")
    assert (sample.ok, sample.error, sample.value) == (False, "the kernel had no room for 3 packets", {"of": "0-loss", "direction": "up"})


def test_a_file_that_was_full_ends_the_record_and_spoils_nothing_before() -> None:
    scene = Scene().passes(1110, segment(1)).sends(2500, segment(2))
    assert [counts(sample, "sent", "missing") for sample in scene.samples(ended_ns=2550 * MS, not_kept=5)] == [[1, 0]]
