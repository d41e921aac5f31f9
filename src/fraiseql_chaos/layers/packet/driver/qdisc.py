"""
Queueing disciplines: what a kernel does to packets that leave a device, and what it counts of them.

One for each device, at its root. It is put there or changed in one request, and packets that wait in it stay; that the device goes is its end. Sources:
rtnetlink(7), ``linux/rtnetlink.h``, ``linux/gen_stats.h``.
"""

from __future__ import annotations

import errno
import socket
import struct
from typing import Final, NamedTuple

from fraiseql_chaos.errors import CapabilityError
from fraiseql_chaos.layers.packet.driver.netlink import ask, attribute, attributes_in

__all__ = ["NO_NETEM", "Counts", "counts_of", "set_netem", "set_qdisc"]

NO_NETEM: Final = "this kernel has no sch_netem, which the netem mechanism acts with; get it: modprobe sch_netem (CONFIG_NET_SCH_NETEM)"

_RTM_NEWQDISC: Final = 36
_RTM_GETQDISC: Final = 38
_CREATE_OR_CHANGE: Final = 0x400 | 0x100
_ECHO: Final = 0x8
"""Without it the kernel tells everybody who listens to changes, and not who asked."""
_ROOT: Final = 0xFFFFFFFF
_TCA_KIND: Final = 1
_TCA_OPTIONS: Final = 2
_TCA_STATS2: Final = 7
_STATS_QUEUE: Final = 3
_TC: Final = struct.Struct("=BxxxiIII")
_QUEUE: Final = struct.Struct("=5I")


class Counts(NamedTuple):
    """What waits now, in packets and in bytes of frames, and how many packets were not handed on since the device was made."""

    waiting: int = 0
    waiting_bytes: int = 0
    dropped: int = 0


def set_netem(name: str, options: bytes) -> None:
    """
    Have a device's packets pass through ``netem``, or change what it does.

    Args:
        name: The device.
        options: See ``netem_options``.

    Raises:
        CapabilityError: If the kernel has no netem.
        OSError: If it refuses otherwise.
    """
    try:
        set_qdisc(name, "netem", options)
    except FileNotFoundError:
        raise CapabilityError(f"{NO_NETEM}; nothing was armed") from None


def set_qdisc(name: str, kind: str, options: bytes) -> None:
    """
    Put a discipline at a device's root, or change the one that is there.

    Raises:
        FileNotFoundError: If the kernel has none of this kind.
        OSError: If it refuses otherwise.
    """
    fixed = _TC.pack(socket.AF_UNSPEC, socket.if_nametoindex(name), 0, _ROOT, 0)
    ask(
        _RTM_NEWQDISC,
        fixed + attribute(_TCA_KIND, kind.encode() + b"\0") + attribute(_TCA_OPTIONS, options),
        f"have {name} send through {kind}",
        flags=_CREATE_OR_CHANGE,
    )


def counts_of(name: str) -> Counts:
    """Return what a device's discipline counts; nothing if it has none."""
    fixed = _TC.pack(socket.AF_UNSPEC, socket.if_nametoindex(name), 0, _ROOT, 0)
    try:
        told = ask(_RTM_GETQDISC, fixed, f"tell what waits in {name}", flags=_ECHO)
    except OSError as error:
        if error.errno in {errno.ENOENT, errno.EINVAL}:
            return Counts()
        raise
    statistics = attributes_in(attributes_in(told[_TC.size :]).get(_TCA_STATS2, b""))
    if _STATS_QUEUE not in statistics:
        return Counts()
    waiting, waiting_bytes, dropped, _, _ = _QUEUE.unpack_from(statistics[_STATS_QUEUE])
    return Counts(waiting, waiting_bytes, dropped)
