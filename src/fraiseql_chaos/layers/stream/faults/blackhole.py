"""
Packets vanish, and nobody is told.

What is on its way stays on its way, as TCP keeps what is not acknowledged and sends it again and again; when the fault heals it arrives,
late and complete. Nobody learns of anything meanwhile: no end, no error. A handshake needs both ways, so new connects hang in the kernel,
also if only one way is dark, and go through with their next SYN after the healing.

Witnesses: connects of the runner's own that get no answer, and a transfer through the same edge that does not end. The kernel's connection
table shows that the service was on the edge: with connections that stand, or a connect that hangs.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar, Literal

from fraiseql_chaos.core import JsonObject
from fraiseql_chaos.history import Sample
from fraiseql_chaos.layers.stream.model import DIRECTION_WORDS, FOREVER_NS, Door, Item, Meeting, Origin, Passed
from fraiseql_chaos.layers.stream.scope import Scope
from fraiseql_chaos.layers.stream.traces import GIVEN_UP, broken, looks_of, reach
from fraiseql_chaos.plan import Fidelity, Sighting, check_choice, parameters_of

__all__ = ["Blackhole"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Blackhole:
    """
    Hold everything until the fault is healed.

    Args:
        direction: What vanishes: ``both`` ways, ``down`` towards the service alone, ``up`` towards the server alone.
        scope: Which connections it hits; the door is for all.

    Raises:
        DeclarationError: If the direction is none of these.
    """

    kind: ClassVar[str] = "blackhole"
    failure_type: ClassVar[str] = "blackhole"
    layer: ClassVar[str] = "stream"
    fidelity: ClassVar[Fidelity] = "kernel"
    silences: ClassVar[bool] = True
    witnesses: ClassVar[tuple[str, ...]] = ("edge_connect", "edge_transfer", "service_path")
    door: ClassVar[Door] = "hanging"
    acts_at_once: ClassVar[bool] = False

    direction: Literal["both", "down", "up"] = "both"
    scope: Scope = Scope()

    def __post_init__(self) -> None:
        check_choice(self.kind, "direction", self.direction, {"both": "nothing passes", **DIRECTION_WORDS})

    def parameters(self) -> JsonObject:
        """Return which way is dark."""
        return parameters_of(self)

    def __str__(self) -> str:
        return f"packets vanish {'both ways' if self.direction == 'both' else DIRECTION_WORDS[self.direction]}, connects hang"

    def toxic(self, meeting: Meeting) -> Dark:
        """Return what it does to a connection."""
        del meeting  # No chance is involved.
        return Dark(self)

    def sightings(self, before: tuple[Sample, ...], during: tuple[Sample, ...]) -> tuple[Sighting, ...]:
        """Count the connects and the transfers that got no answer, where none had before; and how often the service was on the edge."""
        return (
            broken(
                looks_of("edge_connect", before),
                looks_of("edge_connect", during),
                bitten=lambda look: look.error in GIVEN_UP,
                scope=Scope(),
                witness="kernel, asked by a connect to the edge",
                what="connects",
                how="got no answer",
            ),
            broken(
                looks_of("edge_transfer", before),
                looks_of("edge_transfer", during),
                bitten=lambda look: look.error in GIVEN_UP,
                scope=Scope(first=1),  # A look lasts as long as the patience of its probe, so there may be one alone.
                witness="client that transfers a known amount through the same edge",
                what="transfers",
                how="got no answer",
            ),
            reach(during, connecting_counts=True),
        )


class Dark:
    """Holds what goes a dark way until it is let go."""

    __slots__ = ("_direction",)

    def __init__(self, fault: Blackhole) -> None:
        self._direction = fault.direction

    def pass_on(self, item: Item, origin: Origin, at_ns: int) -> Iterable[Passed]:
        """Hold the item for as long as the fault lives."""
        is_held = self._direction in {"both", origin.direction}
        return (Passed(FOREVER_NS if is_held else at_ns, item, origin),)
