"""What is armed at an edge: by id, in order, and what connects meet."""

from __future__ import annotations

import pytest

from fraiseql_chaos.core import ms
from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.layers.stream.armed import Armed
from fraiseql_chaos.layers.stream.faults import Latency, Refuse
from fraiseql_chaos.layers.stream.scope import Scope
from layers.stream.oneway import arm, armed_with


def test_an_id_cannot_be_armed_twice() -> None:
    armed = armed_with(Latency(delay=ms(1)))
    with pytest.raises(DeclarationError, match="'0-latency' is armed already"):
        arm(armed, "0-latency", Latency(delay=ms(2)))
    assert armed.faults == (Latency(delay=ms(1)),)


def test_what_is_not_armed_can_neither_be_healed_nor_replaced() -> None:
    armed = armed_with(Latency(delay=ms(1)))
    with pytest.raises(DeclarationError, match=r"'1-refuse' is armed here \(armed: 0-latency\)"):
        armed.heal("1-refuse")
    with pytest.raises(DeclarationError, match="'1-refuse' is armed here"):
        armed.replace("1-refuse", Refuse(), now_ns=0)


def test_the_door_is_shut_while_a_fault_refuses() -> None:
    armed = armed_with(Latency(delay=ms(1)), Refuse())
    while_armed = armed.door
    armed.heal("1-refuse")
    assert (while_armed, armed.door) == ("shut", "open")


def test_every_change_makes_a_new_epoch() -> None:
    armed = Armed(1)
    arm(armed, "a", Latency(delay=ms(1)))
    armed.replace("a", Latency(delay=ms(2)), now_ns=0)
    armed.heal("a")
    assert armed.epoch == 3


def test_it_is_asked_whom_a_fault_hits() -> None:
    armed = armed_with(Latency(delay=ms(1), scope=Scope(from_connection=2)))
    assert [armed.hits_connection("0-latency", n) for n in range(4)] == [False, False, True, True]
    with pytest.raises(DeclarationError, match="'other' is armed here"):
        armed.hits_connection("other", 0)


def test_a_replacement_keeps_its_place_and_its_dice() -> None:
    armed = armed_with(Latency(delay=ms(1), scope=Scope(toxicity=0.5)), Latency(delay=ms(9)))
    hit = [any(a.fault_id == "0-latency" for a in armed.on(n)) for n in range(100)]
    armed.replace("0-latency", Latency(delay=ms(2), scope=Scope(toxicity=0.5)), now_ns=5)
    assert armed.faults == (Latency(delay=ms(2), scope=Scope(toxicity=0.5)), Latency(delay=ms(9)))
    assert [any(a.fault_id == "0-latency" for a in armed.on(n)) for n in range(100)] == hit
    assert 30 < sum(hit) < 70
