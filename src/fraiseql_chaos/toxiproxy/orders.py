"""
From a fault of ours to what arms it on a Toxiproxy elsewhere: toxics to add, or a proxy to disable.

    Latency   -> latency      SlowClose -> slow_close            Slicer -> slicer       Refuse -> the proxy is disabled
    Bandwidth -> bandwidth    Timeout   -> timeout               Limit  -> limit_data
    Reset     -> reset_peer

What a Toxiproxy cannot do is refused, by name, before anything is armed; nothing is rounded to what it can. Where it does a little less than the fault says
(see docs/toxiproxy.md), that is Toxiproxy's, and the witnesses will tell.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from fraiseql_chaos.core import Duration, JsonObject
from fraiseql_chaos.core.units import NS_PER_MS, NS_PER_US
from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.layers.stream.faults import Bandwidth, Latency, Limit, Refuse, Reset, Slicer, SlowClose, Timeout
from fraiseql_chaos.plan import Fault
from fraiseql_chaos.toxiproxy.mapping import KILOBYTE

__all__ = ["Add", "Disable", "orders_for"]

type Stream = Literal["upstream", "downstream"]

_STREAMS: Final[Mapping[str, tuple[Stream, ...]]] = {"up": ("upstream",), "down": ("downstream",), "both": ("upstream", "downstream")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Add:
    """A toxic to add."""

    type: str
    stream: Stream
    toxicity: float
    attributes: Mapping[str, int]

    def body(self, name: str) -> JsonObject:
        """Return what is sent."""
        return {"name": name, "type": self.type, "stream": self.stream, "toxicity": self.toxicity, "attributes": dict(self.attributes)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Disable:
    """A proxy to disable."""


def orders_for(fault: Fault) -> tuple[Add, ...] | Disable:
    """
    Return what arms a fault on a Toxiproxy.

    Raises:
        DeclarationError: If a Toxiproxy cannot do it, or not exactly.
    """
    orders: tuple[Add, ...] | Disable
    match fault:
        case Latency():
            orders = _latency(fault)
        case Bandwidth():
            orders = _bandwidth(fault)
        case SlowClose():
            orders = _add(fault, "slow_close", fault.direction, {"delay": _whole_ms(fault, fault.delay)})
        case Timeout():
            orders = _add(fault, "timeout", fault.direction, {"timeout": _whole_ms(fault, fault.after)})
        case Reset():
            orders = _reset(fault)
        case Slicer():
            sizes = {"average_size": fault.average_bytes, "size_variation": fault.variation_bytes, "delay": _whole_us(fault, fault.delay)}
            orders = _add(fault, "slicer", fault.direction, sizes)
        case Limit():
            orders = _add(fault, "limit_data", fault.direction, {"bytes": fault.bytes})
        case Refuse():
            orders = Disable()
        case _:
            raise _cannot(fault, f"the fault {fault.kind!r}")
    return orders


def _latency(fault: Latency) -> tuple[Add, ...]:
    if fault.distribution != "uniform":
        raise _cannot(fault, f"{fault.distribution} jitter")
    if fault.ramp.ns:
        raise _cannot(fault, "ramps")
    return _add(fault, "latency", fault.direction, {"latency": _whole_ms(fault, fault.delay), "jitter": _whole_ms(fault, fault.jitter)})


def _bandwidth(fault: Bandwidth) -> tuple[Add, ...]:
    if fault.rate_bytes_per_s % KILOBYTE:
        raise _cannot(fault, f"rates other than whole kilobytes ({KILOBYTE} bytes) a second")
    return _add(fault, "bandwidth", fault.direction, {"rate": fault.rate_bytes_per_s // KILOBYTE})


def _reset(fault: Reset) -> tuple[Add, ...]:
    if fault.direction != "both":
        raise _cannot(fault, "resetting one end alone")
    # One toxic resets both ends; a second one for the other stream would toss a second coin.
    return _add(fault, "reset_peer", "up", {"timeout": _whole_ms(fault, fault.after)})


def _add(
    fault: Bandwidth | Latency | Limit | Reset | Slicer | SlowClose | Timeout, kind: str, direction: str, attributes: Mapping[str, int]
) -> tuple[Add, ...]:
    scope, streams = fault.scope, _STREAMS[direction]
    if scope.from_connection or scope.first is not None:
        raise _cannot(fault, "choosing connections by their number")
    if scope.toxicity < 1 and len(streams) > 1:
        raise _cannot(fault, "hitting both directions of the same share of connections: it tosses a coin for each")
    return tuple(Add(type=kind, stream=stream, toxicity=scope.toxicity, attributes=attributes) for stream in streams)


def _whole_ms(fault: Fault, span: Duration) -> int:
    if span.ns % NS_PER_MS:
        raise _cannot(fault, f"parts of a millisecond, as in {span}")
    return span.ns // NS_PER_MS


def _whole_us(fault: Fault, span: Duration) -> int:
    if span.ns % NS_PER_US:
        raise _cannot(fault, f"parts of a microsecond, as in {span.ns} ns")
    return span.ns // NS_PER_US


def _cannot(fault: Fault, what: str) -> DeclarationError:
    return DeclarationError(f"{fault.kind}: Toxiproxy cannot do {what}; nothing was armed")
