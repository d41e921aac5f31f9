"""
Toxiproxy's own semantics, for ``--compat``: what ours are better than, kept for whoever must compare with it.

A toxic is a coin, tossed for each connection when the toxic begins there, and it begins anew when it is changed or when its neighbour behind it
comes or goes. So the share of connections that are hit is right, and which ones they are changes with every call of the API.

One fault of Toxiproxy's is left out: a ``slicer`` without sizes, which ends its whole process at the next chunk, does nothing here.

Source: toxics/toxic.go (Run), link.go (AddToxic, RemoveToxic, UpdateToxic) of Toxiproxy 2.12, read for their behaviour.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import replace

from fraiseql_chaos.core import NS_PER_MS
from fraiseql_chaos.layers.stream.model import Meeting, StreamFault
from fraiseql_chaos.layers.stream.model import Toxic as Acting
from fraiseql_chaos.toxiproxy.compat_toxics import Gate, Missed, Reset, Silence, Since, Timer, WholeMilliseconds
from fraiseql_chaos.toxiproxy.go_json import Float32
from fraiseql_chaos.toxiproxy.mapping import fault_for
from fraiseql_chaos.toxiproxy.model import Toxic
from fraiseql_chaos.toxiproxy.per_connection import PerConnection
from fraiseql_chaos.toxiproxy.quirks import Quirk

__all__ = ["Compat"]


class Compat:
    """Toxiproxy's semantics."""

    @property
    def keeps_refused_changes(self) -> bool:
        """A change that is refused may have been made in part, and a proxy that cannot be bound is left without an address."""
        return True

    def faults(self, toxic: Toxic, before: Sequence[StreamFault] = ()) -> Sequence[StreamFault]:
        """Return what the toxic does there."""
        match toxic.type:
            case "latency":
                return (_tossed(toxic, lambda _: WholeMilliseconds(toxic.attributes["latency"], toxic.attributes["jitter"], toxic.direction)),)
            case "timeout":
                return _timeout(toxic, before)
            case "reset_peer":
                return (_reset(toxic, before),)
            case _:
                certain = fault_for(replace(toxic, toxicity=Float32(1)))
                return (_tossed(toxic, certain.toxic),)

    def disturbs(self, line: Sequence[Toxic], index: int) -> Sequence[Toxic]:
        """Return the toxic in front: it is interrupted to be joined with another behind it."""
        return line[index - 1 : index] if index else ()


def _is_hit(toxic: Toxic) -> bool:
    return random.random() < toxic.toxicity  # noqa: S311  it has no seed there either


def _tossed(toxic: Toxic, make: Callable[[Meeting], Acting | None], memory: object = None) -> Quirk:
    return Quirk(says=f"Toxiproxy's own {toxic.type}", make=lambda meeting: (make(meeting) if _is_hit(toxic) else None) or Missed(), memory=memory)


def _timeout(toxic: Toxic, before: Sequence[StreamFault]) -> Sequence[StreamFault]:
    """Return a new timer, and the gate that was there: a gate that goes cuts, and a toxic that is changed does not."""
    lasts_ns, direction = toxic.attributes["timeout"] * NS_PER_MS, toxic.direction
    match before:
        case [_, Quirk(memory=PerConnection() as silences) as gate]:
            pass
        case _:
            silences = PerConnection(Silence)
            gate = Quirk(
                says="Toxiproxy's own timeout, its gate", make=lambda meeting: Gate(direction, silences.on(meeting.connection)), memory=silences
            )
    return (_tossed(toxic, lambda meeting: Timer(lasts_ns, direction, silences.on(meeting.connection))), gate)


def _reset(toxic: Toxic, before: Sequence[StreamFault]) -> StreamFault:
    match before:
        case [Quirk(memory=Since() as since)]:
            pass
        case _:
            since = Since()
    after_ns = max(0, toxic.attributes["timeout"]) * NS_PER_MS

    def make(meeting: Meeting) -> Reset:
        return Reset(after_ns, toxic.direction, is_hit=_is_hit(toxic), has_option=since.covers(meeting))

    return Quirk(says="Toxiproxy's own reset_peer", make=make, memory=since)
