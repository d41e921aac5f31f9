"""Packets are late by as much as asked for, in order or not."""

from __future__ import annotations

from statistics import mean, stdev

import pytest

from fraiseql_chaos.core import NS_PER_MS, ms
from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.layers.packet.faults import PacketDelay
from layers.packet.looks import HEALTHY, cuts, seen
from layers.packet.packets import armed_with, numbered, run_out, tcp
from layers.packet.promises import check_packet_fault


@pytest.mark.parametrize(
    "fault",
    [PacketDelay(delay=ms(5)), PacketDelay(delay=ms(5), jitter=ms(5), keeps_order=False, distribution="normal", direction="down")],
    ids=str,
)
def test_it_keeps_what_every_fault_owes(fault: PacketDelay) -> None:
    check_packet_fault(fault)


def arrivals(fault: PacketDelay, *, number: int = 1000, apart_ms: float = 1, seed: int = 1) -> list[tuple[float, int]]:
    """Return when each packet left, in milliseconds, and which it was, in the order they left."""
    engine, sent, left = armed_with(fault, seed=seed), numbered(number), []
    for n, packet in enumerate(sent):
        at_ns = round(n * apart_ms * NS_PER_MS)
        while (due_ns := engine.due_ns) is not None and due_ns <= at_ns:
            left += [(due_ns, raw) for _, raw in engine.take(due_ns)]
        left += [(at_ns, raw) for _, raw in engine.feed("up", packet, at_ns)]
    left += [(due_ns, raw) for due_ns, _, raw in run_out(engine)]
    which = {packet: n for n, packet in enumerate(sent)}
    return [(at_ns / NS_PER_MS, which[raw]) for at_ns, raw in left]


def test_a_burst_is_shifted_and_not_spread_out() -> None:
    assert arrivals(PacketDelay(delay=ms(50)), number=5, apart_ms=0.5) == [(50 + n * 0.5, n) for n in range(5)]


@pytest.mark.parametrize(("distribution", "deviation"), [("uniform", 20 / 3**0.5), ("normal", 20)])
def test_jitter_is_spread_as_asked(distribution: str, deviation: float) -> None:
    """Method: 1000 packets too far apart to meet; four standard deviations of the mean and a tenth of the deviation are allowed."""
    fault = PacketDelay(delay=ms(100), jitter=ms(20), distribution=distribution)  # type: ignore[arg-type]  # one of two
    late = [at - n * 500 for at, n in arrivals(fault, apart_ms=500)]
    assert mean(late) == pytest.approx(100, abs=4 * deviation / 1000**0.5)
    assert stdev(late) == pytest.approx(deviation, rel=0.1)
    assert distribution == "normal" or all(80 <= one <= 120 for one in late)


def test_a_delay_is_never_negative() -> None:
    late = [at - n * 500 for at, n in arrivals(PacketDelay(delay=ms(10), jitter=ms(10), distribution="normal"), apart_ms=500)]
    assert min(late) == 0
    assert max(late) > 25


def test_jitter_keeps_order_or_does_not_as_asked() -> None:
    kept, lost = (arrivals(PacketDelay(delay=ms(20), jitter=ms(20), keeps_order=keeps)) for keeps in (True, False))
    assert [n for _, n in kept] == list(range(1000))
    assert [at for at, _ in kept] == sorted(at for at, _ in kept)
    assert sum(n != place for place, (_, n) in enumerate(lost)) > 500
    assert sorted(n for _, n in lost) == list(range(1000))


def test_the_seed_decides_by_how_much() -> None:
    fault = PacketDelay(delay=ms(20), jitter=ms(20))
    assert arrivals(fault, number=50) == arrivals(fault, number=50) != arrivals(fault, number=50, seed=2)


def test_order_is_kept_each_way_by_itself() -> None:
    engine = armed_with(PacketDelay(delay=ms(20), direction="down"))
    engine.feed("down", tcp(b"x"), 0)
    assert engine.feed("up", tcp(b"y"), 1) == [("up", tcp(b"y"))]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"delay": 250}, r"packet_delay: delay=250 has no unit; write delay=ms\(250\)"),
        ({"delay": ms(0)}, "packet_delay: a delay of 0 would change nothing; it must be above 0"),
        ({"delay": ms(5), "jitter": 5}, r"packet_delay: jitter=5 has no unit; write jitter=ms\(250\)"),
        ({"delay": ms(5), "jitter": ms(6)}, "packet_delay: jitter 6 ms exceeds delay 5 ms, and nothing can arrive before it was sent"),
        ({"delay": ms(5), "keeps_order": 1}, "packet_delay: keeps_order is true or false, not 1"),
        ({"delay": ms(5), "distribution": "pareto"}, "packet_delay: distribution is one of 'uniform' .*, 'normal' .*, not 'pareto'"),
        ({"delay": ms(5), "direction": "left"}, "packet_delay: direction is one of .*, not 'left'"),
    ],
)
def test_what_has_no_meaning_is_refused_by_name(arguments: dict[str, object], told: str) -> None:
    with pytest.raises(DeclarationError, match=f"^{told}; nothing was armed$"):
        PacketDelay(**arguments)  # type: ignore[arg-type]  # what the checker refuses is what is tried here


def test_it_is_told_in_a_few_words() -> None:
    told = "packets delayed by 250 ms +/- 50 ms (normal) towards the service, out of order"
    assert str(PacketDelay(delay=ms(250), jitter=ms(50), distribution="normal", keeps_order=False, direction="down")) == told
    assert str(PacketDelay(delay=ms(250))) == "packets delayed by 250 ms both ways"


def test_it_is_seen_where_most_slices_were_as_late_as_it_demands() -> None:
    fault = PacketDelay(delay=ms(50), jitter=ms(10), direction="up")
    told = "50 ms asked; in 10 of 10 slices packets sent towards the server took as long as that demands, 45 ms at the median, against 0.03 ms before"
    assert seen(fault, HEALTHY, cuts(10, delay_us=45_000)) == (10, told)
    assert seen(fault, HEALTHY, cuts(10, delay_us=39_000))[0] == 0
    assert seen(fault, cuts(10, delay_us=45_000), cuts(10, delay_us=45_000))[0] == 0
