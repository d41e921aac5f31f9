"""
What a fault is, and when it is due.

A fault is a value: it knows its magnitudes, refuses meaningless ones, says what it looks like in JSON and to people, and knows how to
recognise its own traces in what witnesses recorded. It does not know how to act; that is its layer's driver.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Literal, Protocol

from fraiseql_chaos.core import Duration, JsonObject
from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.history import Sample, Shows

__all__ = ["Declaration", "Fault", "Fidelity", "Sighting", "Window"]

type Fidelity = Literal["kernel", "server", "wire", "in-process"]
"""How real a fault is: done by the kernel, by the server itself, by bytes on the wire, or inside the service's process."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """
    What one witness can say about a fault.

    Attributes:
        witness: Who saw it; never the injector.
        count: How often, while it was armed; 0 if this witness saw nothing.
        statement: What was seen, in one sentence with numbers.
        shows: ``fault`` that the fault happened, or ``reach`` that the service under test was under it. A fault counts as seen only with
            both: that a client of our own was refused says nothing about a service that never used the database.
        counted: Where a share was asked for: what was counted, for ``Evidence.counted``.
    """

    witness: str
    count: int
    statement: str
    shows: Shows = "fault"
    counted: JsonObject = field(default_factory=dict)


class Fault(Protocol):
    """
    A thing that can go wrong, as a value.

    Attributes:
        kind: Its wire name, equal to its file's name: ``latency``.
        failure_type: The name that ``-m "failure_type:..."`` and ``@chaos_inject`` know it by: ``network_latency``.
        layer: The package that can do it: ``stream``.
        fidelity: How real it is.
        silences: True if nothing passes while it is armed, so that no other fault on the same target could bite.
        witnesses: The probes whose samples it can be recognised in.
    """

    kind: ClassVar[str]
    failure_type: ClassVar[str]
    layer: ClassVar[str]
    fidelity: ClassVar[Fidelity]
    silences: ClassVar[bool]
    witnesses: ClassVar[tuple[str, ...]]

    def parameters(self) -> JsonObject:
        """Return its magnitudes for JSON, with units in the names."""
        ...

    def __str__(self) -> str:
        """Return the fault in a few words, for people."""
        ...

    def sightings(self, before: tuple[Sample, ...], during: tuple[Sample, ...]) -> tuple[Sighting, ...]:
        """
        Recognise itself in what the witnesses saw.

        Args:
            before: Samples of its witnesses that ended before it was armed.
            during: Samples of its witnesses taken while it was armed.

        Returns:
            One sighting for each thing that a witness can show, also where it saw nothing; at least one of each kind in ``Sighting.shows``.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """
    When a fault is armed, counted from the first planned request.

    Raises:
        DeclarationError: If it does not end after it begins.
    """

    begin: Duration
    end: Duration

    def __post_init__(self) -> None:
        for name, value in (("begin", self.begin), ("end", self.end)):
            if not isinstance(value, Duration):
                raise DeclarationError(f"a window's {name} is a duration with a unit, as seconds(1); {value!r} has none; nothing was armed")
        if self.end <= self.begin:
            raise DeclarationError(f"a fault's window must end after it begins, and this one runs from {self.begin} to {self.end}; nothing was armed")

    @property
    def length(self) -> Duration:
        """How long the fault stays armed."""
        return self.end - self.begin

    def overlaps(self, other: Window) -> bool:
        """Tell whether the two windows share an instant."""
        return self.begin < other.end and other.begin < self.end


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """
    A fault, the thing it acts on, and when.

    Attributes:
        fault: The fault.
        target: The name of the edge or server it acts on, as in ``database``.
        window: When; None if a guard in the test decides.
    """

    fault: Fault
    target: str
    window: Window | None = None
