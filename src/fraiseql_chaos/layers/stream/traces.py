"""
What faults of a stream leave behind, read from what witnesses saw: the questions that several faults ask.

Three habits keep a fault from claiming what it did not do. A single odd look proves nothing, because machines stand still by themselves.
What looked the same before the fault, or was not looked at then, cannot be told apart. And that the fault happened says nothing about the
service, so whether the service was under it (its *reach*) is asked of the kernel: which way its connections go.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from statistics import median

from fraiseql_chaos.core import NS_PER_MS
from fraiseql_chaos.history import Sample
from fraiseql_chaos.layers.stream.scope import Scope
from fraiseql_chaos.plan import Sighting

__all__ = ["GIVEN_UP", "broken", "looks_of", "reach", "reach_of_broken", "slow", "took_ns"]

GIVEN_UP = frozenset({"ETIMEDOUT", "TimeoutError"})
"""How probes say that they stopped waiting."""

_KERNEL = "kernel, asked for the service's connections"


def looks_of(probe: str, samples: Collection[Sample]) -> list[Sample]:
    """Return the samples of one probe."""
    return [sample for sample in samples if sample.probe == probe]


def took_ns(sample: Sample) -> int:
    """Return how long a look took."""
    return sample.at_ns - sample.began_ns


def slow(
    before: Collection[Sample], during: Collection[Sample], *, floor_ns: int, witness: str, what: str, given_up_counts: bool = False
) -> Sighting:
    """
    Count the looks that took as long as a fault demands, if most did, and had not before.

    Args:
        before: Looks of one probe before the fault.
        during: Looks of the same probe while it was armed.
        floor_ns: How long the fault makes them take at least.
        witness: Who looked.
        what: What was looked at, in the plural: ``round trips``.
        given_up_counts: Whether a look that the probe gave up is a slow one: it is where the fault may hold longer than the probe waits.
    """
    healthy = [took_ns(s) for s in before if s.ok]
    trips = [took_ns(s) for s in during if s.ok]
    late = [took for took in trips if took >= floor_ns]
    in_vain = [took_ns(s) for s in during if s.error in GIVEN_UP] if given_up_counts else []
    trips, late = trips + in_vain, late + in_vain
    if len(late) * 2 <= len(trips):
        count, statement = 0, f"only {len(late)} of {len(trips)} {what} took {floor_ns / NS_PER_MS:g} ms or more"
    elif not healthy or median(healthy) >= floor_ns:
        count, statement = 0, f"{what} were as slow before the fault, or not measured, so nothing can be told apart"
    else:
        count = len(late)
        statement = f"{count} {what} took {median(late) / NS_PER_MS:.1f} ms at the median, against {median(healthy) / NS_PER_MS:.1f} ms before"
        statement += f"; {len(in_vain)} of them were given up" if in_vain else ""
    return Sighting(witness=witness, count=count, statement=statement)


def broken(
    before: Collection[Sample], during: Collection[Sample], *, bitten: Callable[[Sample], bool], scope: Scope, witness: str, what: str, how: str
) -> Sighting:
    """
    Count the looks that bear a fault's mark, if there were as many as its scope demands, and none in health.

    Args:
        before: Looks of one probe before the fault.
        during: Looks of the same probe while it was armed.
        bitten: Tells whether a look bears the mark.
        scope: Whom the fault hits: of a share of all connections at least half of that share must bear it.
        witness: Who looked.
        what: What was looked at, in the plural: ``connects``.
        how: What the mark is: ``were answered ECONNREFUSED``.
    """
    marked, marked_before = sum(map(bitten, during)), sum(map(bitten, before))
    statement = f"{marked} of {len(during)} {what} {how}, {marked_before} of {len(before)} before"
    least = len(during) * scope.toxicity / 2 if scope.first is None and not scope.from_connection else 0
    if not any(s.ok for s in before):
        return Sighting(witness=witness, count=0, statement=f"{statement}, when none was well, so nothing can be told apart")
    if marked_before or marked <= least:
        return Sighting(
            witness=witness, count=0, statement=f"only {statement}" if not marked_before else f"{statement}, so nothing can be told apart"
        )
    return Sighting(witness=witness, count=marked, statement=statement)


def reach(during: Collection[Sample], *, connecting_counts: bool = False) -> Sighting:
    """
    Return how often the service was found on the edge and nowhere else, if most looks found it so: one that mostly goes elsewhere is not under it.

    Args:
        during: What witnesses saw while the fault was armed, looks of ``service_path`` among it.
        connecting_counts: Whether a connect of the service's that got no answer yet counts as a connection: it does where the fault makes it wait.
    """
    paths = looks_of("service_path", during)
    on_edge = sum(s.ok or (connecting_counts and bool(s.value.get("connecting")) and not s.value["around_edge"]) for s in paths)
    statement = f"{on_edge} of {len(paths)} looks found the service's connections on this edge and none around it"
    if not paths:
        statement = "nobody looked which way the service's connections go, so nobody can tell whether it was under the fault"
    elif on_edge * 2 <= len(paths):
        statement = f"only {statement}, so what a client of the edge sees is not what the service gets"
        on_edge = 0
    return Sighting(witness=_KERNEL, count=on_edge, statement=statement, shows="reach")


def reach_of_broken(before: Collection[Sample], during: Collection[Sample]) -> Sighting:
    """Return how often the service was found on the edge before a fault that ends connections, if it never went around it afterwards."""
    healthy, paths = looks_of("service_path", before), looks_of("service_path", during)
    on_edge, around = sum(s.ok for s in healthy), sum(bool(s.value["around_edge"]) for s in paths)
    statement = f"{on_edge} of {len(healthy)} looks before the fault found the service's connections on this edge, and {around} of {len(paths)} during it found any around it"
    if not healthy or not paths:
        on_edge = 0
        statement = "nobody looked which way the service's connections go, before the fault or during it, so nobody can tell whether it was under it"
    elif around or on_edge * 2 <= len(healthy):
        on_edge = 0
        statement += ", so what a client of the edge sees is not what the service gets"
    return Sighting(witness=_KERNEL, count=on_edge, statement=statement, shows="reach")
