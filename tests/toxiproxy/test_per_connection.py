"""What is known of a connection lasts as long as a toxic holds it, and no longer."""

from __future__ import annotations

from dataclasses import dataclass

from fraiseql_chaos.toxiproxy.per_connection import PerConnection


@dataclass(slots=True, weakref_slot=True)
class Note:
    text: str = ""


def test_all_who_ask_get_the_same_value() -> None:
    notes = PerConnection(Note)
    first = notes.on(1)
    first.text = "seen"
    assert notes.on(1) is first
    assert notes.on(2).text == ""


def test_a_value_nobody_holds_is_forgotten() -> None:
    """So ten thousand connections leave nothing behind."""
    notes = PerConnection(Note)
    held = notes.on(0)
    for connection in range(1, 10_000):
        notes.on(connection)
    assert len(notes) == 1
    assert held is notes.on(0)
