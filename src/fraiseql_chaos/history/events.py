"""
What can be written into a history: one small frozen class an event.

A history is the only thing that comes back from an experiment, and the only thing a verdict may be computed from. So everything a
judge could need is an event: what was asked for, what was sent and answered, what the faults were told to do, what independent
witnesses saw, and how well the instrument itself behaved.

Times are integer nanoseconds since the run's *origin*, the instant the first request was planned for; what happened before
(connecting, arming early) is negative. All processes of a run share the machine's monotonic clock, so all times are comparable.

``type`` names are the words in the JSONL file. They are append-only: a reader of the next release must read today's files.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Literal

from fraiseql_chaos.core import JsonObject

__all__ = [
    "SCHEMA",
    "Begin",
    "End",
    "Event",
    "Evidence",
    "FaultArmed",
    "FaultDeclared",
    "FaultHealed",
    "FaultHit",
    "GeneratorStalled",
    "Inventory",
    "LoadPlanned",
    "Operation",
    "Outcome",
    "ProcessExited",
    "Sample",
    "Shows",
]

SCHEMA = "fraiseql-chaos/history/1"

type Outcome = Literal["ok", "fail", "indeterminate"]
"""``ok``: the right answer came back. ``fail``: it certainly did not take effect or was answered wrongly. ``indeterminate``: nobody can know."""

type Shows = Literal["fault", "reach"]
"""What evidence is of. ``fault``: that the fault happened. ``reach``: that the service under test was under it. Either alone proves nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Begin:
    """
    The first line: what was run, on what, and how to run it again.

    Attributes:
        schema: The version of this file's format.
        experiment: The experiment's id: a test's node id, or a name given on the command line.
        seed: The seed every random choice derives from.
        replay: The command line that repeats the run.
        origin_monotonic_ns: The machine's monotonic clock at time zero of this file.
        origin_wall: The same instant for people: ISO 8601 with its offset.
        target: Versions and kind of the service and the server under test.
        machine: What it ran on.
        disarmed: True when injection was switched off on purpose, as a negative control.
    """

    type: ClassVar[str] = "begin"
    schema: str = SCHEMA
    experiment: str
    seed: int
    replay: str
    origin_monotonic_ns: int
    origin_wall: str
    target: JsonObject
    machine: JsonObject
    disarmed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadPlanned:
    """
    What the load generator was told to do: how many requests, how fast, for how long.

    Attributes:
        mark: What the unique parts of its requests begin with, ``<mark>-<ordinal>``: so a row that is found afterwards names its request. Lines of
            before there were marks have none.
    """

    type: ClassVar[str] = "load_planned"
    requests: int
    rate_per_s: float
    lasting_ns: int
    in_flight_max: int
    operations: tuple[str, ...]
    mark: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """
    One request of the load, from its plan to its end.

    Attributes:
        ordinal: Its place in the plan, from 0.
        name: The operation's name in the workload.
        planned_ns: When it was due. Latency counts from here, so a stalled service cannot hide behind a waiting client.
        sent_ns: When it was really sent; None if it never was, because the bound on requests in flight was reached.
        done_ns: When the answer was complete, or when the wait for it was given up.
        outcome: See ``Outcome``.
        cause: Empty for ``ok``; otherwise a word of ``workload.causes``: ``timeout``, ``graphql_error``, ``wrong_answer``, ...
        detail: The error's own words, cut to a bounded length.
        status: The HTTP status, if one came.
    """

    type: ClassVar[str] = "operation"
    ordinal: int
    name: str
    planned_ns: int
    sent_ns: int | None
    done_ns: int
    outcome: Outcome
    cause: str = ""
    detail: str = ""
    status: int | None = None

    @property
    def latency_ns(self) -> int:
        """From the planned instant to the end: what a user who arrived on time waited."""
        return self.done_ns - self.planned_ns

    @property
    def service_ns(self) -> int | None:
        """From the real send to the end; None if it was never sent."""
        return None if self.sent_ns is None else self.done_ns - self.sent_ns


@dataclass(frozen=True, slots=True, kw_only=True)
class GeneratorStalled:
    """The load generator itself was not running for a while: its own heartbeat came late. Not the service's doing."""

    type: ClassVar[str] = "generator_stalled"
    at_ns: int
    stall_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultDeclared:
    """
    A fault of the plan, as a value.

    Attributes:
        fault: Its id within the run, ``<ordinal>-<kind>``, as in ``0-latency``.
        kind: The fault's wire name.
        failure_type: The plan's name for this kind of failure.
        layer: Where it acts.
        fidelity: How real it is: ``kernel``, ``server``, ``wire`` or ``in-process``.
        target: What it acts on, as in ``database``.
        parameters: Its magnitudes, units in the names.
        description: The fault in one sentence, for people.
        arm_at_ns, heal_at_ns: The planned window; None means that a guard decided.
        dice: What its dice are called, which with the seed decides every random choice of its; empty in a history from before they were told.
    """

    type: ClassVar[str] = "fault_declared"
    fault: str
    kind: str
    failure_type: str
    layer: str
    fidelity: str
    target: str
    parameters: JsonObject
    description: str
    arm_at_ns: int | None
    heal_at_ns: int | None
    dice: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultArmed:
    """The driver reports the fault armed: ``began_ns`` when it set out to, ``at_ns`` when it was done."""

    type: ClassVar[str] = "fault_armed"
    fault: str
    began_ns: int
    at_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultHealed:
    """The driver reports the fault healed: ``began_ns`` when it set out to, ``at_ns`` when it was done; ``error`` if it failed."""

    type: ClassVar[str] = "fault_healed"
    fault: str
    began_ns: int
    at_ns: int
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultHit:
    """
    One thing that a fault did to one item, by the injector's own ledger. It explains; it never decides.

    Attributes:
        fault: The fault's id; empty for a connection that was cut because it could not be read.
        at_ns: When.
        connection: The connection's ordinal at its edge, from 0; None for a packet, which knows its ``flow`` instead.
        direction: ``up`` towards the server, ``down`` towards the service.
        ordinal: The item's place in that direction, from 0: of a chunk, of a message where ``message`` is not empty, of a packet among those that the
            fault was about where ``flow`` is not.
        bytes: How long it was.
        decision: What was done.
        message: The message's name in the protocol, where the fault is placed on messages.
        sql: The statement it belongs to, cut to a bounded length, likewise.
        delivered: Whether the message was handed on whole all the same; None where that is not known.
        answered: The SQLSTATE of the error that was handed to the client instead; empty if none was.
        flow: Protocol, sender and receiver of a packet.
    """

    type: ClassVar[str] = "fault_hit"
    fault: str
    at_ns: int
    connection: int | None
    direction: Literal["up", "down"]
    ordinal: int
    bytes: int
    decision: str
    message: str = ""
    sql: str = ""
    delivered: bool | None = None
    answered: str = ""
    flow: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """
    One look of a probe.

    Attributes:
        probe: The probe's name, as in ``edge_round_trip``.
        began_ns, at_ns: When the look began and ended.
        ok: Whether the probed thing answered as it does in health.
        value: What was measured, units in the keys.
        error: What it said when it did not answer.
    """

    type: ClassVar[str] = "sample"
    probe: str
    began_ns: int
    at_ns: int
    ok: bool
    value: JsonObject = field(default_factory=dict)
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """
    What one witness can say about one fault.

    Attributes:
        fault: The fault's id.
        witness: Who saw it, as in ``server log`` or ``client through the edge``.
        count: How often it was seen while armed; 0 means that this witness saw nothing.
        independent: False for the injector's own ledger, which never decides.
        statement: What was seen, in one sentence with numbers.
        shows: See ``Shows``. Lines of before there were two kinds have none, and were all about the fault.
        counted: Where a share of all packets was asked for, ``asked``, what bears the fault's mark in words, ``how``, and for each way under ``ways``
            how many of how many did, as ``{"marked": 51, "of": 1020}``. ``spread`` is by how much the variance of such a count exceeds that of
            independent packets, and with ``at_most`` fewer than asked contradict nothing. Empty where no share was asked for, or counted.
    """

    type: ClassVar[str] = "evidence"
    fault: str
    witness: str
    count: int
    independent: bool
    statement: str
    shows: Shows = "fault"
    counted: JsonObject = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessExited:
    """A process of the rig ended although nobody asked it to."""

    type: ClassVar[str] = "process_exited"
    at_ns: int
    process: str
    status: str
    log_tail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """
    What the database holds of the requests of one operation: asked after every fault was healed, past every edge.

    Attributes:
        at_ns: When it was asked.
        operation: The operation's name in the workload.
        query: The question, as it was asked.
        found: How often each request was found, by its ordinal as text; a request that is not in it was not found.
        under_way: How many sessions of the service were still at work then: what they do later is not in it.
        error: Why it could not be counted; nothing is in ``found`` then.
    """

    type: ClassVar[str] = "inventory"
    at_ns: int
    operation: str
    query: str
    found: JsonObject
    under_way: int = 0
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """The last line. A file without it was cut short and may not be judged."""

    type: ClassVar[str] = "end"
    at_ns: int
    events: int


type Event = (
    Begin
    | LoadPlanned
    | Operation
    | GeneratorStalled
    | FaultDeclared
    | FaultArmed
    | FaultHealed
    | FaultHit
    | Sample
    | Evidence
    | ProcessExited
    | Inventory
    | End
)
