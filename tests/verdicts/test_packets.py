"""The account of what crossed a link: only what was sent while the fault stood, and each fault's own."""

from __future__ import annotations

import pytest

from fraiseql_chaos.verdicts.packets import accounts, counters_grown, unaccounted
from histories import Scene, outage
from links_made import armed, link


def test_ways_are_counted_apart_and_together() -> None:
    scene = armed().slice(2500, torn=1).slice(2600, torn=2).slice(2500, "down", torn=4)
    (account,) = accounts(scene.history())
    assert (account.ways["up"]["torn"], account.ways["down"]["torn"], account.total("torn"), account.total("luck")) == (3, 4, 7, 0)


@pytest.mark.parametrize("at_ms", [1900, 1950, 3950, 4001])
def test_what_is_not_wholly_within_the_fault_does_not_count(at_ms: float) -> None:
    (account,) = accounts(armed().slice(at_ms, torn=1).history())
    assert (account.ways, account.flaw) == ({}, "no packet of it was captured while it was armed")


def test_what_belongs_to_another_fault_does_not_count() -> None:
    (account,) = accounts(armed().slice(2500, of="1-loss", torn=1).history())
    assert account.ways == {}


def test_a_capture_with_a_flaw_says_so() -> None:
    (account,) = accounts(armed().slice(2500, torn=1).slice(2600, flaw="the kernel had no room for 3 packets").history())
    assert account.flaw == "the kernel had no room for 3 packets"


def test_other_faults_have_no_account() -> None:
    assert accounts(outage().history()) == ()


def test_counters_grow_from_the_last_look_before_to_the_first_after() -> None:
    grown = counters_grown(link().counters(near={"TcpRetransSegs": 5}).history())
    assert grown is not None
    assert (grown["near.TcpRetransSegs"], grown["far.TcpRetransSegs"]) == (5, 0)


def test_without_looks_on_both_sides_nothing_is_known() -> None:
    assert counters_grown(link().history()) is None
    assert counters_grown(Scene().answers(0, 1000).history()) is None


def test_why_nothing_can_be_said() -> None:
    assert unaccounted(()) == "no fault of packets was armed"
    assert unaccounted(accounts(armed().history())).startswith("packets could not be counted: no packet of it was captured")
    assert unaccounted(accounts(link().history())) == ""
