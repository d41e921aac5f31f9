"""The link comes and goes by the clock, from the moment it is armed."""

from __future__ import annotations

import pytest

from fraiseql_chaos.core import NS_PER_MS, ms
from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.layers.packet.engine import LinkEngine
from fraiseql_chaos.layers.packet.faults import Flapping
from layers.packet.looks import HEALTHY, cut, cuts, path, seen
from layers.packet.packets import tcp
from layers.packet.promises import check_packet_fault


@pytest.mark.parametrize(
    "fault",
    [Flapping(up_for=ms(10), down_for=ms(5)), Flapping(up_for=ms(3), down_for=ms(1000), how="reset", direction="down")],
    ids=str,
)
def test_it_keeps_what_every_fault_owes(fault: Flapping) -> None:
    check_packet_fault(fault)


def test_it_is_down_first_then_up_and_so_on_from_its_arming() -> None:
    engine = LinkEngine(seed=1)
    engine.arm("0-fault", Flapping(up_for=ms(3), down_for=ms(2)), dice="x", now_ns=7 * NS_PER_MS)
    passed = [bool(engine.feed("up", tcp(), n * NS_PER_MS)) for n in range(7, 19)]
    assert passed == [False, False, True, True, True, False, False, True, True, True, False, False]


def test_while_it_is_down_senders_are_told_as_asked() -> None:
    engine = LinkEngine(seed=1)
    engine.arm("0-fault", Flapping(up_for=ms(3), down_for=ms(2), how="unreachable"), dice="x", now_ns=0)
    ((direction, raw),) = engine.feed("up", tcp(), 0)
    assert (direction, raw[20:22]) == ("down", b"\x03\x0d")
    assert engine.feed("up", tcp(), 2 * NS_PER_MS) == [("up", tcp())]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"up_for": ms(0), "down_for": ms(1)}, "flapping: a up_for of 0 would change nothing; it must be above 0"),
        ({"up_for": ms(1), "down_for": 1}, r"flapping: down_for=1 has no unit; write down_for=ms\(250\)"),
        ({"up_for": ms(1), "down_for": ms(1), "how": "x"}, "flapping: how is one of .*, not 'x'"),
        ({"up_for": ms(1), "down_for": ms(1), "direction": "x"}, "flapping: direction is one of .*, not 'x'"),
    ],
)
def test_what_has_no_meaning_is_refused_by_name(arguments: dict[str, object], told: str) -> None:
    with pytest.raises(DeclarationError, match=f"^{told}; nothing was armed$"):
        Flapping(**arguments)  # type: ignore[arg-type]  # what the checker refuses is what is tried here


def test_it_is_told_in_a_few_words() -> None:
    assert str(Flapping(up_for=ms(700), down_for=ms(300))) == "everything both ways silently dropped for 300 ms of every 1 s"


def test_it_is_seen_where_the_link_came_and_went() -> None:
    fault = Flapping(up_for=ms(300), down_for=ms(300), direction="up")
    during = tuple(cut(at=n, missing=100 if n // 3 % 2 == 0 else 0) for n in range(12))
    assert seen(fault, HEALTHY, during) == (600, "600 of 1200 packets never arrived; nothing did in 6 of 12 slices, in 2 stretches")
    assert seen(fault, during, during)[0] == 0


def test_a_link_that_is_gone_or_there_does_not_flap() -> None:
    fault = Flapping(up_for=ms(300), down_for=ms(300), direction="up")
    assert seen(fault, HEALTHY, cuts(10, missing=100))[1].endswith("it did not come and go")
    assert [seen(fault, HEALTHY, cuts(10, missing=missing))[0] for missing in (0, 100)] == [0, 0]
    assert seen(Flapping(up_for=ms(300), down_for=ms(300), direction="up", how="reset"), HEALTHY, cuts(10, missing=50))[0] == 0


def test_the_service_is_under_it_if_it_was_on_the_link_before_and_found_no_way_around() -> None:
    fault = Flapping(up_for=ms(300), down_for=ms(300))
    assert [fault.sightings(HEALTHY, (path(through=0, around=around),))[-1].count for around in (0, 1)] == [2, 0]
