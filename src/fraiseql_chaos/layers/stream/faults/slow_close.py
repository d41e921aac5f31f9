"""
The end of a connection is noticed late.

Bytes pass at once; a half-close or a reset is held for ``delay`` before the other side is told, as behind a middlebox that lingers. Its
sockets stay open as long on both sides, which is what exhausts a server's slots when clients come and go.

Witnesses: a client of the runner's own that says it has no more to send, and waits until the server has closed its side: the word passes
one way, the server's own farewell the other, so either direction shows. The kernel's connection table shows that the service's connections
went the same way.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar, Literal

from fraiseql_chaos.core import Duration, JsonObject
from fraiseql_chaos.history import Sample
from fraiseql_chaos.layers.stream.model import DIRECTION_WORDS, Door, Item, Meeting, Origin, Passed
from fraiseql_chaos.layers.stream.scope import Scope
from fraiseql_chaos.layers.stream.traces import looks_of, reach, slow
from fraiseql_chaos.plan import Fidelity, Sighting, check_choice, check_duration, parameters_of

__all__ = ["SlowClose"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SlowClose:
    """
    Hold endings, and endings alone.

    Args:
        delay: How long an ending is held, from its own arrival; above 0.
        direction: ``down``: the service learns late that the server ended; ``up``: the server learns late that the service ended.
        scope: Which connections it hits.

    Raises:
        DeclarationError: If the delay has no unit or is 0, or the direction is neither.
    """

    kind: ClassVar[str] = "slow_close"
    failure_type: ClassVar[str] = "slow_close"
    layer: ClassVar[str] = "stream"
    fidelity: ClassVar[Fidelity] = "wire"
    silences: ClassVar[bool] = False
    witnesses: ClassVar[tuple[str, ...]] = ("edge_farewell", "service_path")
    door: ClassVar[Door] = "open"
    acts_at_once: ClassVar[bool] = False

    delay: Duration
    direction: Literal["down", "up"] = "down"
    scope: Scope = Scope()

    def __post_init__(self) -> None:
        check_duration(self.kind, "delay", self.delay, above_0=True)
        check_choice(self.kind, "direction", self.direction, DIRECTION_WORDS)

    def parameters(self) -> JsonObject:
        """Return the magnitudes, in milliseconds."""
        return parameters_of(self)

    def __str__(self) -> str:
        return f"endings {DIRECTION_WORDS[self.direction]} held for {self.delay}"

    def toxic(self, meeting: Meeting) -> LateEnding:
        """Return what it does to a connection."""
        del meeting  # No chance is involved.
        return LateEnding(self)

    def sightings(self, before: tuple[Sample, ...], during: tuple[Sample, ...]) -> tuple[Sighting, ...]:
        """Count the farewells that took as long as the delay, if most did, and had not before; and how often the service went that way."""
        healthy, farewells = looks_of("edge_farewell", before), looks_of("edge_farewell", during)
        witness = "client that waits for the server's farewell through the same edge"
        return (slow(healthy, farewells, floor_ns=self.delay.ns, witness=witness, what="farewells", given_up_counts=True), reach(during))


class LateEnding:
    """Bytes pass, endings wait."""

    __slots__ = ("_delay_ns", "_direction")

    def __init__(self, fault: SlowClose) -> None:
        self._delay_ns = fault.delay.ns
        self._direction = fault.direction

    def pass_on(self, item: Item, origin: Origin, at_ns: int) -> Iterable[Passed]:
        """Let an ending leave ``delay`` after it arrived."""
        is_held = origin.direction == self._direction and not isinstance(item, bytes)
        return (Passed(at_ns + self._delay_ns if is_held else at_ns, item, origin),)
