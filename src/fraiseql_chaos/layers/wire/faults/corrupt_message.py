"""
A byte of an exact message changes on its way: of its type, of its length, or of a value in a row.

TCP's checksum does not help, for what does this sits between two of them: a router's memory, a broken driver. A changed type or length
makes the receiver lose the thread; a changed value is the worse one, because nobody notices. The lowest bit of the last byte turns a digit
into another digit and a binary integer into its neighbour, so the row still reads as one.

Witnesses: the server does not see what the client is told. A changed message to the server shows in its log (08P01); a changed answer only in
what a client reads: one of our own, through the same edge, knows what it should be answered.

Source: PostgreSQL documentation, "Message Formats", DataRow.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from fraiseql_chaos.core import JsonObject
from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.history import Sample
from fraiseql_chaos.layers.stream.model import Door, Meeting, Toxic
from fraiseql_chaos.layers.stream.scope import Scope
from fraiseql_chaos.layers.stream.traces import reach_of_broken
from fraiseql_chaos.layers.wire.evidence import errors_logged, spoilt
from fraiseql_chaos.layers.wire.framing import HEAD_BYTES
from fraiseql_chaos.layers.wire.model import Act, Struck
from fraiseql_chaos.layers.wire.placing import check_placing
from fraiseql_chaos.layers.wire.trigger import Trigger
from fraiseql_chaos.plan import Fidelity, Sighting, parameters_of

__all__ = ["CorruptMessage"]

_PLACES = {"type": 0, "length": 4}


@dataclass(frozen=True, slots=True, kw_only=True)
class CorruptMessage:
    """
    Change one byte of messages.

    Args:
        trigger: Which messages; each row if not given. A value can only be changed in a DataRow.
        part: ``type``, the last byte of the ``length``, or the last byte of a ``value``.
        column: Which value, from 0; a row whose value is NULL, empty or missing there is left alone.
        mask: Which bits flip, 1 to 255.
        scope: On which connections.

    Raises:
        DeclarationError: If the trigger is none or names messages without that part, or a number is out of its range.
    """

    kind: ClassVar[str] = "corrupt_message"
    failure_type: ClassVar[str] = "corrupt_message"
    layer: ClassVar[str] = "wire"
    fidelity: ClassVar[Fidelity] = "wire"
    silences: ClassVar[bool] = False
    witnesses: ClassVar[tuple[str, ...]] = ("server_log", "edge_answer", "service_path")
    door: ClassVar[Door] = "open"
    acts_at_once: ClassVar[bool] = False
    reads_body_of: ClassVar[bytes] = b"D"

    trigger: Trigger = Trigger(message="DataRow")
    part: Literal["type", "length", "value"] = "value"
    column: int = 0
    mask: int = 1
    scope: Scope = Scope()

    def __post_init__(self) -> None:
        check_placing(self.kind, self.trigger)
        if self.part not in {"type", "length", "value"}:
            raise DeclarationError(f"corrupt_message: part {self.part!r} is none of 'type', 'length', 'value'; nothing was armed")
        if self.part == "value" and self.trigger.message != "DataRow":
            raise DeclarationError(f"corrupt_message: only a DataRow has values, and the trigger is {self.trigger.message}; nothing was armed")
        if self.part != "value" and self.trigger.message in {"StartupMessage", "SSLRequest", "GSSENCRequest", "CancelRequest", "EncryptionAnswer"}:
            raise DeclarationError(f"corrupt_message: {self.trigger.message} has no type, so nothing of it can be changed; nothing was armed")
        if isinstance(self.column, bool) or not isinstance(self.column, int) or self.column < 0:
            raise DeclarationError(f"corrupt_message: column is a number from 0, not {self.column!r}; nothing was armed")
        if isinstance(self.mask, bool) or not isinstance(self.mask, int) or not 1 <= self.mask <= 255:
            raise DeclarationError(f"corrupt_message: mask is a number from 1 to 255, not {self.mask!r}; nothing was armed")

    def parameters(self) -> JsonObject:
        """Return the magnitudes."""
        return parameters_of(self)

    def toxic(self, meeting: Meeting) -> Toxic | None:  # noqa: ARG002  the reader acts, for all wire faults at once
        """Return nothing: the connection's reader acts."""
        return None

    def __str__(self) -> str:
        part = f"value of column {self.column}" if self.part == "value" else self.part
        return f"{part} corrupted in {self.trigger}"

    def strike(self, struck: Struck) -> Act | None:
        """Change the byte, if the message has it."""
        place = _value_end(struck.body, self.column) if self.part == "value" else _PLACES[self.part]
        if place is None:
            return None
        return Act(decision=f"byte {place} changed ({self.part}, xor {self.mask:#04x})", patch=(place, self.mask))

    def sightings(self, before: tuple[Sample, ...], during: tuple[Sample, ...]) -> tuple[Sighting, ...]:
        """Count the server's complaints about the protocol, and the wrong answers to questions of ours."""
        return (errors_logged("08P01", before, during), spoilt(self.trigger, before, during), reach_of_broken(before, during))


def _value_end(row: bytes, column: int) -> int | None:
    """Return the place of a value's last byte in its message; None if there is none, or beyond what was read."""
    if column >= int.from_bytes(row[:2]):
        return None
    at = 2
    for _ in range(column + 1):
        size = int.from_bytes(row[at : at + 4], signed=True)
        start = at + 4
        at = start + max(size, 0)
    return HEAD_BYTES + at - 1 if size > 0 and at <= len(row) else None
