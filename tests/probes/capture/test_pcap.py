"""What is written can be read, by us and by an independent reader of such files; what is damaged is told from what is only cut short."""

from __future__ import annotations

import random
from pathlib import Path

import dpkt
import pytest

from fraiseql_chaos.errors import HistoryError
from fraiseql_chaos.probes.capture.pcap import FILE_HEADER, Captured, read_pcap, record

PACKETS = (
    Captured(1_700_000_000_123_456_789, bytes.fromhex("45") + b"a" * 59, sent=True),
    Captured(1_700_000_000_123_456_790, bytes.fromhex("60") + b"b" * 1499, sent=False),
    Captured(1_700_000_001_000_000_000, bytes.fromhex("f0"), sent=True),
)


def write(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


WRITTEN = FILE_HEADER + b"".join(map(record, PACKETS))


def test_what_is_written_is_read(tmp_path: Path) -> None:
    assert read_pcap(write(tmp_path / "a.pcap", WRITTEN)) == (PACKETS, True)


def test_no_packets_are_a_file_too(tmp_path: Path) -> None:
    assert read_pcap(write(tmp_path / "a.pcap", FILE_HEADER)) == ((), True)


def test_an_independent_reader_finds_the_same(tmp_path: Path) -> None:
    """Method: dpkt, which reads what tcpdump writes; it tells the cooked head from the packet, and times as decimals that keep their nanoseconds."""
    with write(tmp_path / "a.pcap", WRITTEN).open("rb") as file:
        reader = dpkt.pcap.Reader(file)
        assert reader.datalink() == dpkt.pcap.DLT_LINUX_SLL
        found = [(float(at_s), dpkt.sll.SLL(frame)) for at_s, frame in list(reader)[:2]]
    assert [bytes(cooked.data) if isinstance(cooked.data, bytes) else frame_of(cooked) for _, cooked in found] == [p.raw for p in PACKETS[:2]]
    assert [cooked.type for _, cooked in found] == [4, 0]
    assert [round(at_s, 3) for at_s, _ in found] == [1_700_000_000.123] * 2


def frame_of(cooked: dpkt.sll.SLL) -> bytes:
    """Return the packet behind a cooked head, as it was before it was read."""
    return bytes(cooked)[16:]


@pytest.mark.parametrize("missing", [1, 20, 21])
def test_a_record_without_its_end_is_where_a_killed_capture_stopped(tmp_path: Path, missing: int) -> None:
    assert read_pcap(write(tmp_path / "a.pcap", WRITTEN[:-missing])) == (PACKETS[:2], False)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "begins with nothing"),
        (b"\xd4\xc3\xb2\xa1" + FILE_HEADER[4:], "is not a capture of ours"),
        (FILE_HEADER[:-1], "is not a capture of ours"),
        (FILE_HEADER + b"\xff" * 40, "damaged at byte 24"),
        (WRITTEN[:24] + b"\0" * 8 + b"\x0f\0\0\0" * 2 + WRITTEN[40:], "damaged at byte 24"),
        (WRITTEN[:40] + b"\x09\x09" + WRITTEN[42:], "damaged at byte 40"),
    ],
    ids=["nothing", "microseconds", "half a header", "no record", "shorter than its head", "neither sent nor received"],
)
def test_what_is_no_capture_is_named_with_its_place(tmp_path: Path, data: bytes, words: str) -> None:
    with pytest.raises(HistoryError, match=f"{words}.*no packet was read from it"):
        read_pcap(write(tmp_path / "a.pcap", data))


def test_garbage_is_never_more_than_an_error(tmp_path: Path) -> None:
    """Method: a thousand files with a few bytes changed; each is read, cut short, or refused, and nothing else."""
    dice, outcomes = random.Random(7), set[str]()  # noqa: S311  chance that is repeatable
    for _ in range(1000):
        data = bytearray(WRITTEN[:150])
        for _ in range(dice.randint(1, 4)):
            data[dice.randrange(24, len(data))] = dice.randrange(256)
        try:
            outcomes.add("whole" if read_pcap(write(tmp_path / "a.pcap", bytes(data))).is_whole else "cut short")
        except HistoryError:
            outcomes.add("refused")
    assert outcomes == {"cut short", "refused"}
