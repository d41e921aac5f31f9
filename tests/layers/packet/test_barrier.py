"""What may not pass is dropped, refused or reset, and never passes."""

from __future__ import annotations

from fraiseql_chaos.layers.packet.answers import reset_for, unreachable_for
from fraiseql_chaos.layers.packet.barrier import turned_back
from fraiseql_chaos.layers.packet.model import DROPPED, Fate, Leaving
from fraiseql_chaos.layers.packet.packet import RST
from layers.packet.packets import icmp, read, tcp, udp


def test_silence_tells_nobody() -> None:
    assert turned_back(read(tcp()), "up", 5, "drop") is DROPPED


def test_a_refusal_goes_back_the_way_the_packet_came() -> None:
    answer = unreachable_for(read(tcp()))
    assert answer is not None
    assert turned_back(read(tcp()), "up", 5, "unreachable") == Fate("answered", (Leaving(5, "down", answer),))


def test_a_reset_is_for_tcp_and_the_rest_is_refused() -> None:
    answer, refusal = reset_for(read(tcp())), unreachable_for(read(udp()))
    assert answer is not None
    assert refusal is not None
    assert turned_back(read(tcp()), "down", 5, "reset") == Fate("answered", (Leaving(5, "up", answer),))
    assert turned_back(read(udp()), "down", 5, "reset") == Fate("answered", (Leaving(5, "up", refusal),))


def test_what_must_not_be_answered_is_dropped() -> None:
    assert turned_back(read(tcp(flags=RST)), "up", 5, "reset") is DROPPED
    assert turned_back(read(icmp(3)), "up", 5, "unreachable") is DROPPED
