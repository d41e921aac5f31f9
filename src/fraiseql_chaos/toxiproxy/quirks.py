"""
Toxics that no fault of ours is: Toxiproxy takes any number for an attribute, and our faults refuse what would be meaningless.

    nothing    latency 0, slicer without sizes, toxicity 0: shown by the API, and does nothing
    hold       bandwidth 0: what arrives waits until the toxic is changed or removed
    wander     latency with a jitter wider than itself: what would arrive before it was sent arrives at once
    enduring   a fault with a last word that is kept for the day its toxic is removed: to change a toxic is not to remove it

A ``Quirk`` carries such a toxic to the engine, which asks a fault for no more than its scope and what it does to a connection. It is never
declared in an experiment, so it has no witnesses.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from fraiseql_chaos.core import Duration, JsonObject
from fraiseql_chaos.history import Sample
from fraiseql_chaos.layers.stream.model import FOREVER_NS, Direction, Door, Ending, Item, Meeting, Opening, Origin, Passed, StreamFault, Toxic
from fraiseql_chaos.layers.stream.scope import Scope
from fraiseql_chaos.plan import Fidelity, Sighting
from fraiseql_chaos.toxiproxy.per_connection import PerConnection

__all__ = ["Hold", "Quirk", "Wander", "enduring", "hold", "nothing", "wander"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Quirk:
    """
    A fault of the API's own.

    Args:
        says: What it does, in a few words.
        make: Makes it act on a connection.
        scope: Which connections it hits.
        memory: What it knows of its connections, for the one that will stand in its place when the toxic is changed.
    """

    kind: ClassVar[str] = "quirk"
    failure_type: ClassVar[str] = "toxiproxy"
    layer: ClassVar[str] = "stream"
    fidelity: ClassVar[Fidelity] = "wire"
    silences: ClassVar[bool] = False
    witnesses: ClassVar[tuple[str, ...]] = ()
    door: ClassVar[Door] = "open"
    acts_at_once: ClassVar[bool] = True

    says: str
    make: Callable[[Meeting], Toxic | None]
    scope: Scope = Scope()
    memory: object = None

    def parameters(self) -> JsonObject:
        """Return no magnitudes: those that the client wrote are shown by the API."""
        return {}

    def __str__(self) -> str:
        return self.says

    def toxic(self, meeting: Meeting) -> Toxic | None:
        """Return what it does to a connection."""
        return self.make(meeting)

    def sightings(self, before: tuple[Sample, ...], during: tuple[Sample, ...]) -> tuple[Sighting, ...]:  # noqa: ARG002  nobody looks
        """Return none: it is never part of an experiment."""
        return ()


def nothing() -> Quirk:
    """Return a fault that leaves everything alone, and keeps its place in line for the day it is changed."""
    return Quirk(says="nothing", make=lambda _: None)


def hold(direction: Direction, scope: Scope) -> Quirk:
    """Return a fault that lets nothing leave before it is healed."""
    return Quirk(says="holds everything", make=lambda _: Hold(direction), scope=scope)


def wander(delay_ns: int, jitter: Duration, direction: Direction, scope: Scope) -> Quirk:
    """Return a latency whose jitter may be wider than its delay, which may be negative."""
    return Quirk(says="wandering latency", make=lambda meeting: Wander(delay_ns, jitter, direction, meeting), scope=scope)


def enduring(fault: StreamFault, before: Sequence[StreamFault] = ()) -> tuple[Quirk, Quirk]:
    """
    Return two faults in line that do together what one does which swallows: the front swallows, and the rear has the last word.

    Args:
        fault: One that cuts connections as it is healed, if it has swallowed anything on them.
        before: What stood there, if the toxic was changed; its rear is kept, so that nothing is cut, and what was swallowed is not forgotten.
    """
    match before:
        case [Quirk(), Quirk(memory=PerConnection() as losses) as rear]:
            pass
        case _:
            losses = PerConnection(Loss)
            rear = Quirk(says="cuts what lost something", make=lambda meeting: Rear(losses.on(meeting.connection)), memory=losses)
    front = Quirk(says=str(fault), make=lambda meeting: Front(fault.toxic(meeting), losses.on(meeting.connection)), scope=fault.scope)
    return front, rear


@dataclass(slots=True, weakref_slot=True)
class Loss:
    """Whether a connection has lost anything."""

    is_there: bool = False


class Front:
    """Do what another toxic does, but keep quiet at the end."""

    __slots__ = ("_loss", "_toxic")

    def __init__(self, toxic: Toxic | None, loss: Loss) -> None:
        self._toxic = toxic
        self._loss = loss

    def begin(self, at_ns: int) -> Iterable[Passed]:
        """Do of its own accord what the other does."""
        return self._toxic.begin(at_ns) if isinstance(self._toxic, Opening) else ()

    def pass_on(self, item: Item, origin: Origin, at_ns: int) -> Iterable[Passed]:
        """Let leave what the other does, and notice what it does not."""
        passes = (Passed(at_ns, item, origin),) if self._toxic is None else tuple(self._toxic.pass_on(item, origin, at_ns))
        self._loss.is_there |= not passes
        return passes


class Rear:
    """Cut a connection, at the end, that has lost something: it could not be understood any more."""

    __slots__ = ("_loss",)

    def __init__(self, loss: Loss) -> None:
        self._loss = loss

    def pass_on(self, item: Item, origin: Origin, at_ns: int) -> Iterable[Passed]:
        """Let the item leave at once."""
        return (Passed(at_ns, item, origin),)

    def end(self, at_ns: int) -> Iterable[Passed]:
        """Cut, if anything was lost."""
        return (Passed(at_ns, Ending.CUT, Origin("down", 0, 0)),) if self._loss.is_there else ()


class Hold:
    """Keep what goes one way; healing lets it go, in order."""

    __slots__ = ("_direction",)

    def __init__(self, direction: Direction) -> None:
        self._direction = direction

    def pass_on(self, item: Item, origin: Origin, at_ns: int) -> Iterable[Passed]:
        """Let the item leave in 146 years."""
        return (Passed(FOREVER_NS if origin.direction == self._direction else at_ns, item, origin),)


class Wander:
    """Delay what goes one way by a draw around the delay, but never into the past."""

    __slots__ = ("_delay_ns", "_direction", "_jitter_ns", "_rolls")

    def __init__(self, delay_ns: int, jitter: Duration, direction: Direction, meeting: Meeting) -> None:
        self._delay_ns = delay_ns
        self._jitter_ns = jitter.ns
        self._direction = direction
        self._rolls = meeting.rolls(direction)

    def pass_on(self, item: Item, origin: Origin, at_ns: int) -> Iterable[Passed]:
        """Let the item leave at an instant drawn for its ordinal."""
        if origin.direction != self._direction:
            return (Passed(at_ns, item, origin),)
        drawn_ns = self._delay_ns + round((2 * self._rolls[origin.ordinal] - 1) * self._jitter_ns)
        return (Passed(at_ns + max(0, drawn_ns), item, origin),)
