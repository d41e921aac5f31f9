"""
Faults of packets in the words of the kernel's own emulator of networks, ``tc netem``: which of them it can do, exactly, and how.

    Loss(rate=0.05, direction="up")  -->  {"up": Netem(loss=0.05)}  -->  netem limit 44739 loss random 5%

This module is pure: from values to a value for each direction. What netem means by a word and we do not is refused, by name and before anything is armed,
and the refusal says that the other mechanism, the forwarder between two TUN devices, can do it. Nothing is approximated: a witness that counts would find
out, and rightly so. Where netem's sense of a word is another one than ours, the parameters make up for it:

* ``reorder`` lets the chosen packets overtake and delays all others. With ``gap 1`` and the share ``1 - rate`` the chosen ones are those that we do *not* hold
  back, and it is the same thing. With a larger gap it is not.
* ``rate`` counts the frame, of which 14 bytes are Ethernet's header and not the packet's; so many are taken off again.
* ``gemodel`` decides before it steps and we after; but for the first packet that is the same walk.

``corrupt`` is refused altogether. It flips a bit of the frame and not of the packet, in one of five small packets one of Ethernet's header, and never one
of what a sender's kernel left in other pages, which is most of what TCP carries: neither the share nor the place would be what was asked for.

Source:
    Linux, ``net/sched/sch_netem.c``; tc-netem(8).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from fraiseql_chaos.core import Duration
from fraiseql_chaos.core.units import NS_PER_US
from fraiseql_chaos.errors import CapabilityError
from fraiseql_chaos.layers.packet.engine import HELD_BYTES_DEFAULT
from fraiseql_chaos.layers.packet.faults import BitFlip, BurstLoss, Duplicate, Flapping, Loss, PacketDelay, PacketRate, Partition, Reorder
from fraiseql_chaos.layers.packet.model import DIRECTIONS, DIRECTIONS_OF, Direction, PacketFault

__all__ = ["FRAME_HEADER_BYTES", "LIMIT_PACKETS", "NETEM_FAULTS", "Bursts", "Netem", "check_netem", "netem_of", "netem_words", "refusal"]

FRAME_HEADER_BYTES: Final = 14
"""Ethernet's header, which a queueing discipline sees in front of each packet, and our magnitudes do not count (IEEE 802.3)."""

LIMIT_PACKETS: Final = HELD_BYTES_DEFAULT // 1500
"""How many packets may wait where no fault bounds them: as many full ones as the forwarder holds bytes."""

NETEM_FAULTS: Final[tuple[type[PacketFault], ...]] = (Loss, BurstLoss, Duplicate, Reorder, PacketDelay, PacketRate, Partition)
"""The faults that netem can do, at least as they are asked for without further words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bursts:
    """
    The two states of ``loss gemodel``.

    Attributes:
        enter, leave: The probability, at each packet, that a burst begins, or ends.
        lost_inside, lost_outside: The probability of being lost in one, and outside.
    """

    enter: float
    leave: float
    lost_inside: float
    lost_outside: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Netem:
    """
    What one ``netem`` does to the packets of one direction; without any argument, nothing.

    Attributes:
        loss: The probability of being lost, each packet by itself.
        bursts: How packets are lost in bursts; None if they are not.
        duplicate: The probability of being followed by a copy.
        delay, jitter: How long packets are held, and how much that varies.
        distribution: How it varies: ``jitter`` is half the width, or the standard deviation.
        overtaking: Which share of the packets is not held at all; None if all are.
        rate_bytes_per_s: How many bytes of packets leave in a second at most; None for no limit.
        limit_packets: How many packets may wait.
    """

    loss: float = 0.0
    bursts: Bursts | None = None
    duplicate: float = 0.0
    delay: Duration = Duration(0)
    jitter: Duration = Duration(0)
    distribution: Literal["uniform", "normal"] = "uniform"
    overtaking: float | None = None
    rate_bytes_per_s: int | None = None
    limit_packets: int = LIMIT_PACKETS


def netem_of(faults: Sequence[PacketFault]) -> Mapping[Direction, Netem]:
    """
    Return what netem must do for faults that are armed together.

    Args:
        faults: All of them, in the order they were armed.

    Raises:
        CapabilityError: If netem cannot do one of them, or not together.
    """
    check_netem(faults)
    return {way: _one(acting) for way in DIRECTIONS if (acting := _acting(faults, way))}


def check_netem(faults: Sequence[PacketFault]) -> None:
    """
    See that netem can do what is asked for.

    Args:
        faults: What would be armed at the same time.

    Raises:
        CapabilityError: If it cannot; the message names the fault and what of it is the matter.
    """
    for fault in faults:
        if (why := refusal(fault)) is not None:
            raise CapabilityError(f"{fault.kind} cannot be done by netem: {why}; the TUN forwarder can (--chaos-link=tun); nothing was armed")
    for way in DIRECTIONS:
        acting = _acting(faults, way)
        if len(acting) > 1 and not _go_together(acting):
            names = " and ".join(fault.kind for fault in acting)
            raise CapabilityError(
                f"{names} cannot be done by netem at the same time and in the same direction: of several faults it combines one loss or partition with one "
                "delay or reordering, and nothing else as exactly as the TUN forwarder can (--chaos-link=tun); nothing was armed"
            )


def refusal(fault: PacketFault) -> str | None:  # noqa: C901, PLR0911, PLR0912  one case for each fault and word
    """Return why netem cannot do a fault as it was asked for; None if it can."""
    if not fault.match.is_everything:
        return f"it meets every packet, and cannot choose by match ({fault.match})"
    match fault:
        case Loss() | BurstLoss():
            return None
        case Duplicate(delay=delay):
            return f"a copy leaves with its packet, and never delay={delay} later" if delay.ns else None
        case Reorder(gap=gap) if gap != 1:
            return f"its gap delays all but every gap-th packet, and gap={gap} holds back every {gap}th alone"
        case Reorder(correlation=correlation) if correlation:
            return f"its correlation smooths the dice, which also changes the rate, and correlation={correlation:g} repeats a fate"
        case Reorder():
            return None
        case BitFlip():
            return "it flips a bit of the frame, in Ethernet's header too and in nothing that lies in other pages, so neither rate nor where would be kept"
        case PacketDelay(jitter=jitter, keeps_order=True) if jitter.ns:
            return f"its jitter reorders, and jitter={jitter} with keeps_order=True does not; give keeps_order=False if overtaking is fine"
        case PacketDelay():
            return None
        case PacketRate(queue_bytes=queue_bytes):
            return None if queue_bytes is None else f"its queue is bounded in packets alone, and not by queue_bytes={queue_bytes}"
        case Partition(how=how):
            return None if how == "drop" else f"it drops and tells nobody, and how={how!r} answers the sender"
        case Flapping():
            return "it does not come and go by the clock"
        case _:
            return "it has no word for it"


def netem_words(netem: Netem) -> tuple[str, ...]:
    """Return what is asked for as ``tc`` has it, behind ``tc qdisc replace dev DEVICE root netem``."""
    words = ["limit", str(netem.limit_packets)]
    if netem.delay.ns:
        words += ["delay", _microseconds(netem.delay)]
        if netem.jitter.ns:
            words += [_microseconds(netem.jitter), *(("distribution", "normal") if netem.distribution == "normal" else ())]
    if netem.loss:
        words += ["loss", "random", _percent(netem.loss)]
    if netem.bursts is not None:
        bursts = netem.bursts
        words += ["loss", "gemodel", *map(_percent, (bursts.enter, bursts.leave, bursts.lost_inside, bursts.lost_outside))]
    if netem.duplicate:
        words += ["duplicate", _percent(netem.duplicate)]
    if netem.overtaking is not None:
        words += ["reorder", _percent(netem.overtaking), "gap", "1"]
    if netem.rate_bytes_per_s is not None:
        words += ["rate", f"{netem.rate_bytes_per_s}bps", str(-FRAME_HEADER_BYTES)]  # To tc, bps are bytes and bit are bits.
    return tuple(words)


def _microseconds(duration: Duration) -> str:
    return f"{duration.ns / NS_PER_US:.12g}us"  # The least unit that tc knows; a fraction of it is fine.


def _percent(share: float) -> str:
    return f"{share * 100:.10g}%"


def _acting(faults: Iterable[PacketFault], way: Direction) -> tuple[PacketFault, ...]:
    return tuple(fault for fault in faults if way in DIRECTIONS_OF[fault.direction])


def _go_together(acting: tuple[PacketFault, ...]) -> bool:
    """
    Tell whether netem, which loses before it delays, does the same as one fault behind the other.

    To lose each packet by its own chance and to delay it commute. To lose in bursts and to reorder do not, nor does anything with a copy or a queue.
    """
    losing = [fault for fault in acting if isinstance(fault, Loss | Partition)]
    holding = [fault for fault in acting if isinstance(fault, PacketDelay | Reorder)]
    return len(losing) == len(holding) == 1 and len(acting) == 2


def _one(acting: tuple[PacketFault, ...]) -> Netem:
    asked: dict[str, object] = {}
    for fault in acting:
        asked |= _parameters(fault)
    return Netem(**asked)  # type: ignore[arg-type]  # each by its name


def _parameters(fault: PacketFault) -> dict[str, object]:  # noqa: PLR0911  one case for each fault
    match fault:
        case Loss(rate=rate):
            return {"loss": rate}
        case Partition():
            return {"loss": 1.0}
        case BurstLoss():
            return {"bursts": Bursts(enter=fault.enter, leave=fault.leave, lost_inside=fault.loss_in_burst, lost_outside=fault.loss_outside)}
        case Duplicate(rate=rate):
            return {"duplicate": rate}
        case Reorder(rate=rate, delay=delay):
            return {"delay": delay, "overtaking": 1 - rate}
        case PacketDelay():
            return {"delay": fault.delay, "jitter": fault.jitter, "distribution": fault.distribution}
        case PacketRate():
            return {"rate_bytes_per_s": fault.rate_bytes_per_s, "limit_packets": fault.queue_packets}
        case _:
            raise AssertionError(f"{fault.kind} was let through")
