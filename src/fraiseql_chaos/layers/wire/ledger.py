"""
What the wire faults of an edge hit: bounded in detail, exact in number.

It is the injector's own word and never decides whether a fault bit. It answers what no witness outside can: did any traffic pass, which
statement was hit, was it delivered. The first ``limit`` incidents are kept whole, because the first ones explain the most; beyond that only
the counts go on.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

from fraiseql_chaos.core import JsonObject
from fraiseql_chaos.errors import PeerProtocolError
from fraiseql_chaos.layers.stream.model import Direction
from fraiseql_chaos.layers.wire.trigger import Occurrences

__all__ = ["INCIDENTS_DEFAULT", "SQL_SHOWN", "Counts", "Incident", "WireLedger", "WireRecord", "record_from_json", "record_to_json"]

INCIDENTS_DEFAULT: Final = 10_000
"""About 4 MB at most; a run's load is a few thousand requests."""

SQL_SHOWN: Final = 200
"""How many characters of a statement are kept: enough to know it again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """
    One message that was hit, or that could not be read.

    Attributes:
        fault_id: Which fault; empty if the message could not be read.
        connection: The connection's ordinal at its edge.
        direction: Which way it went.
        ordinal: The message's place in that direction, from 0.
        message: Its name in the protocol; empty if it has none.
        bytes: Its length with its head.
        sql: The statement it belongs to, cut to ``SQL_SHOWN``; empty if it is not known.
        decision: What was done, in words.
        at_ns: When, on the machine's monotonic clock.
        delivered: Whether the message itself was handed on whole.
        answered: The SQLSTATE of the error that the client was handed for it; empty if none was.
    """

    fault_id: str
    connection: int
    direction: Direction
    ordinal: int
    message: str
    bytes: int
    sql: str
    decision: str
    at_ns: int
    delivered: bool = False
    answered: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """
    What one fault did, exactly.

    Attributes:
        fitted: How many messages fitted its trigger, but for counting and chance.
        hit: How many of them it hit.
        delivered: How many of those were handed on whole all the same.
        answered: For how many of those the client was handed an error.
    """

    fitted: int = 0
    hit: int = 0
    delivered: int = 0
    answered: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class WireRecord:
    """
    What a ledger says at one instant.

    Attributes:
        messages_up, messages_down: How many whole messages came by.
        unreadable: How many connections were cut because they could not be read.
        counts: What each fault did, by its id.
        incidents: The first of them, in the order they happened.
        dropped: How many more there were.
    """

    messages_up: int
    messages_down: int
    unreadable: int
    counts: Mapping[str, Counts]
    incidents: tuple[Incident, ...]
    dropped: int


class WireLedger:
    """
    The ledger of one edge, shared by its connections.

    Args:
        limit: How many incidents are kept whole.

    Attributes:
        messages: How many whole messages came by, by direction.
        unreadable: How many connections could not be read.
        dropped: How many incidents are only counted.
    """

    __slots__ = ("_counts", "_incidents", "_limit", "_occurrences", "dropped", "messages", "unreadable")

    def __init__(self, limit: int = INCIDENTS_DEFAULT) -> None:
        self.messages: dict[Direction, int] = {"up": 0, "down": 0}
        self.unreadable = self.dropped = 0
        self._limit = limit
        self._incidents: list[Incident] = []
        self._counts: defaultdict[str, Counts] = defaultdict(Counts)
        self._occurrences: defaultdict[tuple[str, int], Occurrences] = defaultdict(Occurrences)

    def occurrences(self, fault_id: str, armed_ns: int) -> Occurrences:
        """Return the count of one arming of a fault that counts over all connections."""
        return self._occurrences[fault_id, armed_ns]

    def fitted(self, fault_id: str) -> None:
        """Count a message that fits a trigger."""
        counts = self._counts[fault_id]
        self._counts[fault_id] = replace(counts, fitted=counts.fitted + 1)

    def add(self, incident: Incident) -> int:
        """Write an incident down, and return by which number to come back to it."""
        if incident.fault_id:
            counts = self._counts[incident.fault_id]
            self._counts[incident.fault_id] = replace(counts, hit=counts.hit + 1)
        else:
            self.unreadable += 1
        if len(self._incidents) >= self._limit:
            self.dropped += 1
            return -1
        self._incidents.append(incident)
        return len(self._incidents) - 1

    def delivered(self, number: int, fault_id: str) -> None:
        """Add that the message was handed on whole."""
        counts = self._counts[fault_id]
        self._counts[fault_id] = replace(counts, delivered=counts.delivered + 1)
        if number >= 0:
            self._incidents[number] = replace(self._incidents[number], delivered=True)

    def answered(self, number: int, fault_id: str, sqlstate: str) -> None:
        """Add which error the client was handed."""
        counts = self._counts[fault_id]
        self._counts[fault_id] = replace(counts, answered=counts.answered + 1)
        if number >= 0:
            self._incidents[number] = replace(self._incidents[number], answered=sqlstate)

    @property
    def record(self) -> WireRecord:
        """What it says now."""
        return WireRecord(
            messages_up=self.messages["up"],
            messages_down=self.messages["down"],
            unreadable=self.unreadable,
            counts=dict(self._counts),
            incidents=tuple(self._incidents),
            dropped=self.dropped,
        )


def record_to_json(record: WireRecord) -> JsonObject:
    """Return the record as JSON."""
    return asdict(record) | {"incidents": [asdict(incident) for incident in record.incidents]}


def record_from_json(raw: Any) -> WireRecord:
    """
    Read what ``record_to_json`` wrote.

    Raises:
        PeerProtocolError: If it is anything else.
    """
    try:
        fields = dict(raw)
        counts = {fault_id: Counts(**counted) for fault_id, counted in fields["counts"].items()}
        incidents = tuple(Incident(**incident) for incident in fields["incidents"])
        return WireRecord(**fields | {"counts": counts, "incidents": incidents})
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise PeerProtocolError(f"the edge proxy answered with something that is no record of messages ({error}): {raw!r}") from None
