"""
From a toxic of the API to the fault of ours that does it.

    latency     -> Latency        slow_close -> SlowClose     slicer     -> Slicer
    bandwidth   -> Bandwidth      timeout    -> Timeout       limit_data -> Limit
    reset_peer  -> Reset          noop       -> nothing

The API takes any whole number and any toxicity; a fault takes what has a meaning. What lies between them is settled here and in ``quirks``,
so that every toxic the API shows either acts as it says or does nothing, and none can take the proxy down.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from fraiseql_chaos.core import NS_PER_MS, ms, us
from fraiseql_chaos.layers.stream.faults import Bandwidth, Latency, Limit, Reset, Slicer, SlowClose, Timeout
from fraiseql_chaos.layers.stream.model import Direction, StreamFault
from fraiseql_chaos.layers.stream.scope import Scope
from fraiseql_chaos.toxiproxy.model import Toxic
from fraiseql_chaos.toxiproxy.quirks import hold, nothing, wander

__all__ = ["KILOBYTE", "fault_for"]

KILOBYTE: Final = 1000
"""What Toxiproxy's rates count: it lets a hundred times the rate pass in 100 ms."""


def fault_for(toxic: Toxic) -> StreamFault:
    """Return the fault that does what the toxic says."""
    if toxic.toxicity <= 0:
        return nothing()
    scope = Scope(toxicity=min(float(toxic.toxicity), 1.0))
    sizes = {name: max(0, number) for name, number in toxic.attributes.items()}  # Nothing but a latency has a meaning below 0.
    fault: StreamFault
    match toxic.type:
        case "latency":
            fault = _latency(toxic, scope)
        case "bandwidth":
            rate = sizes["rate"] * KILOBYTE
            fault = Bandwidth(rate_bytes_per_s=rate, direction=toxic.direction, scope=scope) if rate else hold(toxic.direction, scope)
        case "slow_close":
            fault = SlowClose(delay=ms(sizes["delay"]), direction=toxic.direction, scope=scope) if sizes["delay"] else nothing()
        case "timeout":
            fault = Timeout(after=ms(sizes["timeout"]), direction=toxic.direction, scope=scope)
        case "reset_peer":
            fault = Reset(after=ms(sizes["timeout"]), scope=scope)
        case "slicer":
            fault = _slicer(sizes, toxic.direction, scope)
        case "limit_data":
            fault = Limit(bytes=sizes["bytes"], direction=toxic.direction, scope=scope)
        case _:
            fault = nothing()
    return fault


def _latency(toxic: Toxic, scope: Scope) -> StreamFault:
    delay_ms, jitter_ms = toxic.attributes["latency"], max(0, toxic.attributes["jitter"])
    if jitter_ms == 0 >= delay_ms:
        return nothing()
    if jitter_ms > delay_ms:
        return wander(delay_ms * NS_PER_MS, ms(jitter_ms), toxic.direction, scope)
    return Latency(delay=ms(delay_ms), jitter=ms(jitter_ms), direction=toxic.direction, scope=scope)


def _slicer(sizes: Mapping[str, int], direction: Direction, scope: Scope) -> StreamFault:
    average = sizes["average_size"]
    if not average:
        return nothing()  # Toxiproxy cuts on and on until its stack is full, and takes every proxy with it.
    variation = min(sizes["size_variation"], average - 1)
    return Slicer(average_bytes=average, variation_bytes=variation, delay=us(sizes["delay"]), direction=direction, scope=scope)
