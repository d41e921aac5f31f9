"""
What faults of packets leave behind, read from what witnesses saw: the questions that several faults ask.

    link_capture   what left the one kernel and what reached the other, packet by packet, summed up in slices of 100 ms by the time of sending:
                   those packets only that the fault is about, in one direction
    link_kernels   the TCP and IP counters of both kernels
    service_path   which way the service's connections go

The capture decides, because it counts what was asked for. The kernels corroborate: they know nothing of rates, but what they say they did about it
(retransmitted, queued out of order, refused a checksum) cannot be had from a link that did nothing.

Habits that keep a fault from claiming what it did not do. A share that contradicts the asked one, see ``asked``, is no evidence of the fault that was
asked for, in either direction: too little means that it acted less than it says, too much that something else acts as well, another fault of
the same kind or a machine whose own queues overflow, and no witness outside can tell the two apart. What looked as bad before proves nothing. And
a slice that could not be counted, because the kernel dropped what should have been captured, is no slice in which nothing was lost: it is not counted.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import Final

from fraiseql_chaos.core import JsonObject
from fraiseql_chaos.history import Sample
from fraiseql_chaos.layers.packet.asked import HANDFUL, LEVEL_WORDS, interval
from fraiseql_chaos.layers.packet.model import DIRECTIONS_OF, Directions
from fraiseql_chaos.plan import Sighting

__all__ = [
    "CAPTURE",
    "KERNELS",
    "WAYS",
    "Captured",
    "answers",
    "captured",
    "corroborated",
    "in_vain",
    "late",
    "looks_of",
    "number",
    "percent",
    "reach",
    "reach_of_broken",
    "received_by",
    "retransmissions",
    "sent_by",
    "share",
    "slices",
    "watched",
]

CAPTURE: Final = "capture at both ends of the link"
KERNELS: Final = "counters of both kernels"

_PATH: Final = "kernel, asked for the service's connections"

WAYS: Final = {"up": "towards the server", "down": "towards the service", "both": "both ways"}
"""Where packets were sent, as statements say it."""

NS_PER_US: Final = 1000

_SENDERS: Final = {"up": "near", "down": "far"}
_RECEIVERS: Final = {"up": "far", "down": "near"}


def looks_of(probe: str, samples: Collection[Sample]) -> list[Sample]:
    """Return the samples of one probe."""
    return [sample for sample in samples if sample.probe == probe]


@dataclass(frozen=True, slots=True, kw_only=True)
class Captured:
    """
    Slices of a capture, summed up.

    Attributes:
        sent: How many packets left the sender's kernel.
        arrived: How many of them arrived whole, each counted once.
        missing: How many did not.
        copies: How many arrivals were beyond the first of a packet.
        overtaken: How many arrived after one that was sent later.
        changed: How many arrived with other bytes.
        bad_checksum: How many of those had a wrong transport checksum.
        answered: How many arrivals nobody had sent.
    """

    sent: int = 0
    arrived: int = 0
    missing: int = 0
    copies: int = 0
    overtaken: int = 0
    changed: int = 0
    bad_checksum: int = 0
    answered: int = 0


def slices(samples: Collection[Sample], direction: Directions) -> list[Sample]:
    """Return the slices of a capture that could be counted, of one direction or both, in the order they began."""
    ways = DIRECTIONS_OF[direction]
    found = (s for s in looks_of("link_capture", samples) if s.ok and s.value.get("direction") in ways)
    return sorted(found, key=lambda s: s.began_ns)


def captured(found: Collection[Sample]) -> Captured:
    """Sum up slices."""
    return Captured(**{name: sum(number(s, name) for s in found) for name in Captured.__slots__})


def number(sample: Sample, name: str) -> int:
    """Return a count, or a time in whole units, that a sample carries; 0 if it does not."""
    held = sample.value.get(name, 0)
    return int(held) if isinstance(held, int | float) else 0


def watched(before: Collection[Sample], during: Collection[Sample]) -> bool:
    """Tell whether somebody watched the link before a fault and while it was armed, and could count what crossed it."""
    return _looked(before) and _looked(during) and not _flaws(before, during)


def _looked(samples: Collection[Sample]) -> bool:
    return any(sample.probe in {"link_capture", "link_kernels"} for sample in samples)


def _flaws(before: Collection[Sample], during: Collection[Sample]) -> list[str]:
    """Return why packets could not be counted."""
    return [sample.error for sample in looks_of("link_capture", (*before, *during)) if not sample.ok]


def share(
    before: Collection[Sample],
    during: Collection[Sample],
    *,
    direction: Directions,
    asked: float,
    marked: Callable[[Captured], int],
    among: Callable[[Captured], int] = lambda seen: seen.sent,
    how: str,
    spread: float = 1.0,
    at_most: bool = False,
) -> Sighting:
    """
    Count the packets that bear a fault's mark, if their share can be the one that was asked for, and health had not as many.

    Args:
        before: What witnesses saw before the fault.
        during: What they saw while it was armed.
        direction: Which way it acts.
        asked: The share that was asked for.
        marked: How many packets bear the mark.
        among: Of how many.
        how: What the mark is: ``never arrived``.
        spread: See ``asked.interval``.
        at_most: Whether a share below the asked one contradicts nothing.
    """
    healthy, seen = captured(slices(before, direction)), captured(slices(during, direction))
    number_marked, number_seen = marked(seen), among(seen)
    if not watched(before, during):
        return Sighting(witness=CAPTURE, count=0, statement=f"{percent(asked)} asked; {in_vain(before, during)}")
    ways = {way: captured(slices(during, way)) for way in DIRECTIONS_OF[direction]}
    counted: JsonObject = {
        "asked": asked,
        "how": how,
        "spread": spread,
        "at_most": at_most,
        "ways": {way: {"marked": marked(its), "of": among(its)} for way, its in ways.items()},
    }
    found = f", {percent(number_marked / number_seen)}" if number_seen else ""
    statement = f"{percent(asked)} asked; {number_marked} of {number_seen} packets sent {WAYS[direction]} {how}{found}"
    if not number_marked:
        return Sighting(witness=CAPTURE, count=0, statement=statement, counted=counted)
    if among(healthy) and marked(healthy) / among(healthy) * 2 >= number_marked / number_seen:
        told = f"{statement}; {marked(healthy)} of {among(healthy)} before, so nothing can be told apart"
        return Sighting(witness=CAPTURE, count=0, statement=told, counted=counted)
    low, high = interval(number_marked, number_seen, spread=spread)
    if asked < low or (asked > high and not at_most):
        told = f"{statement}, and the {LEVEL_WORDS} interval of that is {percent(low)} to {percent(high)}: not the rate that was asked for"
        return Sighting(witness=CAPTURE, count=0, statement=told, counted=counted)
    if number_seen < HANDFUL * spread:
        statement += ", too few to tell a rate"
    return Sighting(witness=CAPTURE, count=number_marked, statement=statement, counted=counted)


def late(
    before: Collection[Sample],
    during: Collection[Sample],
    *,
    direction: Directions,
    floor_ns: Callable[[Sample], int],
    field: str,
    asked: str,
) -> Sighting:
    """
    Count the slices whose packets were on their way as long as a fault demands, if most were, and had not been before.

    Args:
        before: What witnesses saw before the fault.
        during: What they saw while it was armed.
        direction: Which way it acts.
        floor_ns: How long the packets of a slice are on their way at least.
        field: Which measure of a slice must reach that: ``delay_us_p50`` or ``delay_us_max``.
        asked: What was asked for, for the statement.
    """
    healthy, looks = (_delayed(slices(samples, direction)) for samples in (before, during))
    slow, slow_before = ([s for s in found if number(s, field) * NS_PER_US >= floor_ns(s)] for found in (looks, healthy))
    statement = f"{asked} asked; in {len(slow)} of {len(looks)} slices packets sent {WAYS[direction]} took as long as that demands"
    if looks and healthy:
        taken, earlier = (median(number(s, field) for s in found) / 1000 for found in (looks, healthy))
        statement += f", {taken:.3g} ms at the median, against {earlier:.3g} ms before"
    count = len(slow)
    if len(slow) * 2 <= len(looks):
        count = 0
    elif not healthy or len(slow_before) * 2 >= len(healthy):
        count, statement = 0, f"{statement}; before it was so too, or not measured, so nothing can be told apart"
    return Sighting(witness=CAPTURE, count=count, statement=statement)


def answers(seen: Sighting, during: Collection[Sample]) -> Sighting:
    """Add how often senders were told, and take back what was seen if none was."""
    told = sum(number(s, "answered") for s in looks_of("link_capture", during))
    return replace(seen, count=seen.count if told else 0, statement=f"{seen.statement}; {told} answers that nobody had sent")


def corroborated(by: Sighting, before: Collection[Sample], during: Collection[Sample], *, counters: Sequence[tuple[str, str]]) -> Sighting:
    """
    Return what the kernels did about it; it counts where the capture has seen the fault, because counters know no rates.

    Args:
        by: What the capture says.
        before: What witnesses saw before the fault.
        during: What they saw while it was armed.
        counters: Names of counters, as ``near.TcpRetransSegs``, each with what it means: ``segments retransmitted by the near kernel``.
    """
    looks = [*looks_of("link_kernels", before)[-1:], *looks_of("link_kernels", during)]
    if len(looks) < 2:
        return Sighting(witness=KERNELS, count=0, statement="nobody read the kernels' counters before and during it")
    grown = [(max(0, number(looks[-1], name) - number(looks[0], name)), meaning) for name, meaning in counters]
    return Sighting(
        witness=KERNELS,
        count=sum(count for count, _ in grown) if by.count else 0,
        statement=", ".join(f"{count} {meaning}" for count, meaning in grown),
    )


def retransmissions(direction: Directions) -> tuple[tuple[str, str], ...]:
    """Return the counters of what is sent again because it did not arrive, by those who send that way."""
    return sent_by(direction, "TcpRetransSegs", "segments sent again")


def sent_by(direction: Directions, counter: str, meaning: str) -> tuple[tuple[str, str], ...]:
    """Return a counter of each kernel that sends that way."""
    return tuple((f"{_SENDERS[way]}.{counter}", f"{meaning} by the {_SENDERS[way]} kernel") for way in DIRECTIONS_OF[direction])


def received_by(direction: Directions, counter: str, meaning: str) -> tuple[tuple[str, str], ...]:
    """Return a counter of each kernel that receives what is sent that way."""
    return tuple((f"{_RECEIVERS[way]}.{counter}", f"{meaning} by the {_RECEIVERS[way]} kernel") for way in DIRECTIONS_OF[direction])


def _delayed(found: Collection[Sample]) -> list[Sample]:
    """Return the slices in which something arrived."""
    return [sample for sample in found if number(sample, "arrived")]


def in_vain(before: Collection[Sample], during: Collection[Sample]) -> str:
    """Return why nothing can be said where the link was not ``watched``."""
    if flaws := _flaws(before, during):
        return f"packets could not be counted: {flaws[0]}"
    return "nobody captured packets " + ("while it was armed" if _looked(before) else "before it, so nothing can be told apart")


def percent(of: float) -> str:
    """Return a share as people read it."""
    return f"{of * 100:.3g} %"


def reach(during: Collection[Sample]) -> Sighting:
    """
    Return how often the service was found on the link and nowhere else, if most looks found it so; a connect that got no answer yet counts.

    Lost packets make connects wait, and a service that waits for this link is under its faults.
    """
    paths = looks_of("service_path", during)
    on_link = sum(s.ok or (number(s, "connecting") > 0 and not number(s, "around_edge")) for s in paths)
    statement = f"{on_link} of {len(paths)} looks found the service's connections on this link and none around it"
    if not paths:
        statement = "nobody looked which way the service's connections go, so nobody can tell whether it was under the fault"
    elif on_link * 2 <= len(paths):
        statement = f"only {statement}, so what crosses the link is not what the service gets"
        on_link = 0
    return Sighting(witness=_PATH, count=on_link, statement=statement, shows="reach")


def reach_of_broken(before: Collection[Sample], during: Collection[Sample]) -> Sighting:
    """Return how often the service was found on the link before a fault that no connection need survive, if it never went around it afterwards."""
    healthy, paths = looks_of("service_path", before), looks_of("service_path", during)
    on_link, around = sum(s.ok for s in healthy), sum(number(s, "around_edge") > 0 for s in paths)
    statement = f"{on_link} of {len(healthy)} looks before the fault found the service's connections on this link, and {around} of {len(paths)} during it found any around it"
    if not healthy or not paths:
        on_link = 0
        statement = "nobody looked which way the service's connections go, before the fault or during it, so nobody can tell whether it was under it"
    elif around or on_link * 2 <= len(healthy):
        on_link = 0
        statement += ", so what crosses the link is not what the service gets"
    return Sighting(witness=_PATH, count=on_link, statement=statement, shows="reach")
