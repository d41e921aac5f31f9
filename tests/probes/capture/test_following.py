"""Captures made by hand: lost, doubled, overtaken, bent and invented packets are each found to be what they are."""

from __future__ import annotations

import random
import time

from fraiseql_chaos.core import seconds
from fraiseql_chaos.probes.capture.following import Followed, follow
from fraiseql_chaos.probes.capture.pcap import Captured

A, B, C = (bytes((0x45, 0, 0, 60)) + bytes((n, n * 3, n * 7)) * 10 + b"the payload of all of them" for n in (1, 2, 3))
LAG = 1000


def sent(*packets: bytes) -> list[Captured]:
    return [Captured(1_000_000 * place, raw, sent=True) for place, raw in enumerate(packets)]


def arrived(*packets: tuple[int, bytes]) -> list[Captured]:
    """Packets and when they were sent, in the order they arrive, each a little later."""
    return [Captured(1_000_000 * place + LAG, raw, sent=False) for place, raw in packets]


def flipped(raw: bytes, *places: int) -> bytes:
    bent = bytearray(raw)
    for place in places:
        bent[place] ^= 0x10
    return bytes(bent)


def fates(followed: Followed) -> list[str]:
    """Each packet's arrivals, ``=`` for whole and ``~`` for changed, and ``<`` if it was overtaken."""
    return ["".join("~" if arrival.changed else "=" for arrival in c.arrivals) + "<" * c.overtaken for c in followed.crossings]


def test_what_arrives_as_it_was_sent_is_found() -> None:
    followed = follow(sent(A, B, C), arrived((0, A), (1, B), (2, C)))
    assert fates(followed) == ["=", "=", "="]
    assert [c.arrivals[0].at_ns - c.at_ns for c in followed.crossings] == [LAG] * 3
    assert followed.strangers == ()


def test_what_does_not_arrive_is_missed() -> None:
    assert fates(follow(sent(A, B, C), arrived((0, A), (2, C)))) == ["=", "", "="]
    assert fates(follow(sent(A, B), [])) == ["", ""]
    assert follow([], []) == ((), ())


def test_what_arrives_twice_is_one_packet_and_a_copy() -> None:
    assert fates(follow(sent(A, B), arrived((0, A), (0, A), (1, B)))) == ["==", "="]


def test_a_late_copy_has_not_been_overtaken() -> None:
    """Its first arrival is what counts: nobody waited for the copy."""
    assert fates(follow(sent(A, B), arrived((0, A), (1, B), (1, A)))) == ["==", "="]


def test_the_late_one_is_overtaken_and_not_those_that_passed_it() -> None:
    assert fates(follow(sent(A, B, C), arrived((1, B), (2, C), (2, A)))) == ["=<", "=", "="]
    assert fates(follow(sent(A, B, C), arrived((2, C), (2, B), (2, A)))) == ["=<", "=<", "="]


def test_what_was_lost_overtakes_nobody() -> None:
    assert fates(follow(sent(A, B, C), arrived((0, A), (1, B)))) == ["=", "=", ""]


def test_a_bent_packet_is_still_whose_it_was() -> None:
    """Anywhere: in the header, at its identification, in the payload, at the very end."""
    for place in range(len(A)):
        followed = follow(sent(A, B, C), arrived((0, A), (1, flipped(B, place)), (2, C)))
        assert fates(followed) == ["=", "~", "="], place
        assert followed.crossings[1].arrivals[0].raw == flipped(B, place)


def test_a_few_bits_and_repaired_checksums_are_not_too_many() -> None:
    assert fates(follow(sent(A, B, C), arrived((2, flipped(A, 5, 10, 11, 26, 27, 50))))) == ["~", "", ""]


def test_a_bent_packet_belongs_to_one_that_did_not_arrive_otherwise() -> None:
    """Method: the very same bytes sent twice, of which one arrives whole and the other bent."""
    assert fates(follow(sent(A, A), arrived((1, A), (1, flipped(A, 30))))) == ["=", "~"]


def test_a_bent_copy_is_a_copy() -> None:
    assert fates(follow(sent(A), arrived((0, A), (0, flipped(A, 30))))) == ["=~"]


def test_what_nobody_sent_is_a_stranger() -> None:
    answer = bytes((0x45, 0, 0, 40)) + bytes(range(100, 136))
    followed = follow(sent(A, B), arrived((0, A), (1, answer), (1, B)))
    assert fates(followed) == ["=", "="]
    assert [stranger.raw for stranger in followed.strangers] == [answer]


def test_a_packet_of_the_same_length_is_not_taken_for_a_bent_one() -> None:
    other = bytes((0x45, 0, 0, 60)) + random.Random(1).randbytes(len(A) - 4)  # noqa: S311  chance that is repeatable
    assert [stranger.raw for stranger in follow(sent(A, B), arrived((1, other))).strangers] == [other]


def test_what_was_sent_after_an_arrival_is_not_what_arrived() -> None:
    followed = follow([Captured(2_000_000, A, sent=True)], [Captured(1_000_000, flipped(A, 30), sent=False)])
    assert (fates(followed), len(followed.strangers)) == ([""], 1)


def test_equal_packets_are_served_in_the_order_they_were_sent() -> None:
    """As retransmissions over IPv6 are, if their timestamps stand still: the first was lost, and the second arrives when both had been sent."""
    followed = follow(sent(A, A, A), arrived((0, A), (1, A), (2, A)))
    assert [[arrival.place for arrival in c.arrivals] for c in followed.crossings] == [[0], [1], [2]]
    assert fates(follow(sent(A, A), arrived((1, A)))) == ["=", ""]
    assert fates(follow(sent(A, A), arrived((0, A), (0, A), (1, A)))) == ["==", "="]


def test_what_is_repeated_for_ever_is_not_taken_for_what_was_lost_long_ago() -> None:
    """A router is asked for in the same words every few seconds: what arrives when a partition has healed is not what was lost in it."""
    asked = [Captured(number * 4_000_000_000, A, sent=True) for number in range(3)]
    came = [Captured(number * 4_000_000_000 + 50_000, A, sent=False) for number in (0, 2)]
    assert fates(follow(asked, came)) == ["=", "", "="]
    assert fates(follow(asked, came, hold=seconds(5))) == ["=", "=", ""]


def test_identifications_that_begin_anew_confuse_nobody() -> None:
    """Method: two packets that share IPv4's identification of 16 bits, and differ in nothing but what they carry."""
    again = A[:-4] + b"back"
    assert fates(follow(sent(A, B, again), arrived((0, A), (1, B), (2, again)))) == ["=", "=", "="]
    assert fates(follow(sent(A, B, again), arrived((1, B), (2, flipped(again, 20))))) == ["", "=", "~"]


def test_the_work_grows_with_the_packets_and_with_nothing_else() -> None:
    """Method: 20 000 packets that are alike but for a counter, a fifth of them bent: every pair looked at would be 80 million."""
    dice = random.Random(3)  # noqa: S311  chance that is repeatable
    packets = [bytes((0x45, 0, 0, 60)) + n.to_bytes(4) + b"\0" * 20 + n.to_bytes(4) + b"x" * 28 for n in range(20_000)]
    there = [(n, flipped(raw, dice.randrange(4, 60)) if n % 5 == 0 else raw) for n, raw in enumerate(packets)]
    began_s = time.process_time()
    followed = follow(sent(*packets), arrived(*there))
    assert time.process_time() - began_s < seconds(10).s
    assert fates(followed) == ["~" if n % 5 == 0 else "=" for n in range(20_000)]
