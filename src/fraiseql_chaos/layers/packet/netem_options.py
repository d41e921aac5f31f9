"""
What the kernel is handed for a ``netem``: its options as bytes (``linux/pkt_sched.h``).

    tc_netem_qopt (latency, limit, loss, gap, duplicate, jitter) | attribute | attribute | ...

The kernel keeps what a change does not name: a rate, a table, a correlation of whoever was there before. So every option is named each time, also the ones that
are nothing. Probabilities are shares of 2^32 - 1. Durations go twice, in the old way (ticks of 64 ns) and in the new (nanoseconds), because a kernel
that does not know the new one passes over it. A kernel before 6.6 passes over the seed likewise, and then rolls dice of its own.

How a delay varies is a table of quantiles in units of the jitter, which the kernel picks from at random: here 4096, as tc has them for the normal
distribution, computed and not read from a file of tc's.
"""

from __future__ import annotations

import struct
from functools import cache
from statistics import NormalDist
from typing import Final, Literal

from fraiseql_chaos.layers.packet.netem import FRAME_HEADER_BYTES, Netem

__all__ = ["netem_options", "quantiles"]

_ALL: Final = 2**32 - 1
_TICK_NS: Final = 64
_NESTED: Final = 0x8000

_CORRELATIONS: Final = 1
_TABLE: Final = 2
_REORDER: Final = 3
_CORRUPT: Final = 4
_LOSS: Final = 5
_RATE: Final = 6
_RATE64: Final = 8
_LATENCY64: Final = 10
_JITTER64: Final = 11
_SEED: Final = 14
_LOSS_IN_TWO_STATES: Final = 2

_QUANTILES: Final = 4096
_SCALE: Final = 8192
"""What stands for one jitter in the table (``NETEM_DIST_SCALE``)."""


def netem_options(netem: Netem, *, seed: int) -> bytes:
    """
    Return the options of a queueing discipline of the kind ``netem``.

    Args:
        netem: What it shall do.
        seed: Where its dice begin, below 2^64; for kernels that take one.
    """
    overtaking = 0.0 if netem.overtaking is None else netem.overtaking
    head = struct.pack(
        "=6I",
        _ticks(netem.delay.ns),
        netem.limit_packets,
        _share(netem.loss),
        0 if netem.overtaking is None else 1,
        _share(netem.duplicate),
        _ticks(netem.jitter.ns),
    )
    rate = netem.rate_bytes_per_s or 0
    parts = [
        _attribute(_CORRELATIONS, struct.pack("=3I", 0, 0, 0)),
        _attribute(_REORDER, struct.pack("=2I", _share(overtaking), 0)),
        _attribute(_CORRUPT, struct.pack("=2I", 0, 0)),
        _attribute(_RATE, struct.pack("=IiIi", min(rate, _ALL), -FRAME_HEADER_BYTES if rate else 0, 0, 0)),
        _attribute(_LATENCY64, struct.pack("=q", netem.delay.ns)),
        _attribute(_JITTER64, struct.pack("=q", netem.jitter.ns)),
        _attribute(_SEED, struct.pack("=Q", seed)),
    ]
    if rate > _ALL:
        parts.append(_attribute(_RATE64, struct.pack("=Q", rate)))
    if netem.bursts is not None:
        # The kernel is told which share survives in a burst, and which is lost outside.
        bursts = netem.bursts
        states = (_share(bursts.enter), _share(bursts.leave), _ALL - _share(bursts.lost_inside), _share(bursts.lost_outside))
        parts.append(_attribute(_LOSS | _NESTED, _attribute(_LOSS_IN_TWO_STATES, struct.pack("=4I", *states))))
    if netem.jitter.ns:
        table = quantiles(netem.distribution)
        parts.append(_attribute(_TABLE, struct.pack(f"={len(table)}h", *table)))
    return head + b"".join(parts)


@cache
def quantiles(distribution: Literal["uniform", "normal"]) -> tuple[int, ...]:
    """Return a distribution of standard width as the kernel takes it: evenly spread quantiles, 8192 to one jitter."""
    middles = [(n + 0.5) / _QUANTILES for n in range(_QUANTILES)]
    if distribution == "normal":
        return tuple(round(_SCALE * NormalDist().inv_cdf(middle)) for middle in middles)
    return tuple(round(_SCALE * (2 * middle - 1)) for middle in middles)


def _share(probability: float) -> int:
    return round(probability * _ALL)


def _ticks(duration_ns: int) -> int:
    return min(duration_ns // _TICK_NS, _ALL)


def _attribute(kind: int, value: bytes) -> bytes:
    return struct.pack("=HH", 4 + len(value), kind) + value + bytes(-len(value) % 4)
