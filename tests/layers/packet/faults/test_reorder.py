"""Packets that are held back are overtaken, as many as asked for, and no others."""

from __future__ import annotations

from itertools import pairwise

import pytest

from fraiseql_chaos.core import NS_PER_MS, ms, us
from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.layers.packet.asked import interval, markov_spread
from fraiseql_chaos.layers.packet.faults import Reorder
from fraiseql_chaos.layers.packet.match import Match
from layers.packet.looks import HEALTHY, cuts, seen
from layers.packet.packets import armed_with, numbered, run_out, tcp
from layers.packet.promises import check_packet_fault


@pytest.mark.parametrize(
    "fault", [Reorder(rate=0.3, delay=ms(3)), Reorder(rate=1, delay=ms(3), gap=4), Reorder(rate=0.5, delay=ms(1), correlation=0.5)], ids=str
)
def test_it_keeps_what_every_fault_owes(fault: Reorder) -> None:
    check_packet_fault(fault)


def held(fault: Reorder, number: int = 20_000, seed: int = 1) -> list[bool]:
    """Return for each packet whether it was held back."""
    engine, packet = armed_with(fault, seed=seed), tcp(b"x")
    return [not engine.feed("up", packet, 0) for _ in range(number)]


def overtaken(fault: Reorder, number: int, apart_ns: int) -> list[int]:
    """Return which packets arrived behind one that was sent later."""
    engine, sent, arrived = armed_with(fault), numbered(number), []
    for n, packet in enumerate(sent):
        arrived += [raw for _, raw in engine.feed("up", packet, n * apart_ns)]
    arrived += [raw for _, _, raw in run_out(engine)]
    places = [sent.index(raw) for raw in arrived]
    assert sorted(places) == list(range(number))
    return [place for n, place in enumerate(places) if any(later > place for later in places[:n])]


def test_what_is_held_back_is_overtaken_where_traffic_is_dense() -> None:
    """Method: every tenth of 300 packets, a millisecond apart, held for 5 ms; all but the last of them are overtaken."""
    assert overtaken(Reorder(rate=1, delay=ms(5), gap=10), 300, NS_PER_MS) == list(range(9, 299, 10))


def test_nothing_is_overtaken_where_nothing_follows_in_time() -> None:
    assert overtaken(Reorder(rate=0.5, delay=us(500)), 100, NS_PER_MS) == []


@pytest.mark.parametrize("fault", [Reorder(rate=0.05, delay=ms(10**6)), Reorder(rate=0.25, delay=ms(10**6), correlation=0.5)], ids=str)
def test_the_share_that_was_asked_for_is_held_back(fault: Reorder) -> None:
    fates = held(fault)
    low, high = interval(sum(fates), len(fates), spread=markov_spread(fault.correlation))
    assert low <= fault.rate <= high


def test_with_correlation_neighbours_share_their_fate_as_often_as_that() -> None:
    """Method: two neighbours are alike with probability c + (1 - c)(r^2 + (1 - r)^2); four standard deviations of 20,000 are allowed."""
    fates = held(Reorder(rate=0.25, delay=ms(10**6), correlation=0.5))
    alike = sum(one == other for one, other in pairwise(fates)) / 19_999
    assert alike == pytest.approx(0.5 + 0.5 * (0.25**2 + 0.75**2), abs=4 * 0.4 / 20_000**0.5 * 1.5)


def test_the_seed_decides_which() -> None:
    fault = Reorder(rate=0.3, delay=ms(10**6), correlation=0.3)
    assert held(fault, 300) == held(fault, 300) != held(fault, 300, seed=2)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"rate": 0, "delay": ms(1)}, "reorder: rate is a share above 0 and at most 1, not 0"),
        ({"rate": 0.5, "delay": ms(0)}, "reorder: a delay of 0 would change nothing; it must be above 0"),
        ({"rate": 0.5, "delay": 1}, r"reorder: delay=1 has no unit; write delay=ms\(250\)"),
        ({"rate": 0.5, "delay": ms(1), "gap": 0}, "reorder: gap is a whole number of packets, at least 1, not 0"),
        ({"rate": 0.5, "delay": ms(1), "correlation": 1}, "reorder: correlation is a share from 0 on and below 1, not 1"),
        ({"rate": 0.5, "delay": ms(1), "direction": 1}, "reorder: direction is one of .*, not 1"),
        (
            {"rate": 1, "delay": ms(1)},
            "reorder: where every packet is held back alike none overtakes another; give a rate below 1, a gap above 1 or a match",
        ),
    ],
)
def test_what_has_no_meaning_is_refused_by_name(arguments: dict[str, object], told: str) -> None:
    with pytest.raises(DeclarationError, match=f"^{told}; nothing was armed$"):
        Reorder(**arguments)  # type: ignore[arg-type]  # what the checker refuses is what is tried here


def test_all_packets_of_a_kind_may_be_held_back() -> None:
    assert Reorder(rate=1, delay=ms(1), match=Match(tcp="syn")).rate == 1


def test_it_is_told_in_a_few_words() -> None:
    told = "25 % of every 5th packet held back for 2 ms towards the server, correlation 0.5"
    assert str(Reorder(rate=0.25, delay=ms(2), gap=5, correlation=0.5, direction="up")) == told
    assert str(Reorder(rate=0.01, delay=ms(2))) == "1 % of the packets held back for 2 ms both ways"


def test_fewer_overtaken_than_held_back_contradict_nothing_and_more_do() -> None:
    fault = Reorder(rate=0.5, delay=ms(1), gap=10, direction="up")
    told = "5 % asked; 50 of 1000 packets sent towards the server that arrived had been overtaken, 5 %"
    assert seen(fault, HEALTHY, cuts(10, overtaken=5)) == (50, told)
    assert seen(fault, HEALTHY, cuts(10, overtaken=1))[0] == 10
    assert seen(fault, HEALTHY, cuts(10, overtaken=20))[0] == 0
