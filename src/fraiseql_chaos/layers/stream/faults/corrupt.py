"""
Bytes arrive other than they were sent.

Each byte is hit with probability ``rate``, and in a byte that is hit one bit is flipped, so the length stays as it was. Which bytes and
bits is a function of the seed, the connection, the direction and the byte's place in the stream alone: however the kernel hands the stream
over, and whenever the fault is armed, the same bytes are hit. TCP's own checksum does not help, because the proxy sends what it sends with
a right one; so does every faulty router that checks, corrupts and sends on.

Witnesses: a client of the runner's own that sends known bytes through the same edge and back, and compares. The kernel's connection table
shows that the service's connections went the same way.

Source:
    Stone and Partridge, "When the CRC and TCP checksum disagree", SIGCOMM 2000.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final, Literal

from fraiseql_chaos.core import JsonObject, dice
from fraiseql_chaos.history import Sample
from fraiseql_chaos.layers.stream.model import DIRECTION_WORDS, Door, Item, Meeting, Origin, Passed
from fraiseql_chaos.layers.stream.scope import Scope
from fraiseql_chaos.layers.stream.traces import broken, looks_of, reach
from fraiseql_chaos.plan import Fidelity, Sighting, check_choice, check_share, parameters_of

__all__ = ["Corrupt"]

BLOCK_BYTES: Final = 16 * 2**10
"""How much of the stream one throw of dice decides: rolling for each byte would cost a microsecond a byte."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Corrupt:
    """
    Flip bits.

    Args:
        rate: The probability for each byte, above 0 and at most 1.
        direction: ``down`` towards the service, ``up`` towards the server.
        scope: Which connections it hits.

    Raises:
        DeclarationError: If the rate is no share, or the direction is neither.
    """

    kind: ClassVar[str] = "corrupt"
    failure_type: ClassVar[str] = "corrupt"
    layer: ClassVar[str] = "stream"
    fidelity: ClassVar[Fidelity] = "wire"
    silences: ClassVar[bool] = False
    witnesses: ClassVar[tuple[str, ...]] = ("edge_transfer", "service_path")
    door: ClassVar[Door] = "open"
    acts_at_once: ClassVar[bool] = False

    rate: float
    direction: Literal["down", "up"] = "down"
    scope: Scope = Scope()

    def __post_init__(self) -> None:
        check_share(self.kind, "rate", self.rate)
        check_choice(self.kind, "direction", self.direction, DIRECTION_WORDS)

    def parameters(self) -> JsonObject:
        """Return the magnitudes, as shares."""
        return parameters_of(self)

    def __str__(self) -> str:
        return f"one bit flipped in {self.rate:g} of the bytes {DIRECTION_WORDS[self.direction]}"

    def toxic(self, meeting: Meeting) -> Flips:
        """Return what it does to a connection."""
        return Flips(self, meeting)

    def sightings(self, before: tuple[Sample, ...], during: tuple[Sample, ...]) -> tuple[Sighting, ...]:
        """Count the transfers that came back with other bytes, where none had before; and how often the service went that way."""
        transfers = broken(
            looks_of("edge_transfer", before),
            looks_of("edge_transfer", during),
            bitten=lambda look: bool(look.value.get("wrong_bytes")),
            scope=Scope(first=1),  # How many of them are hit is for the rate to say.
            witness="client that compares known bytes through the same edge",
            what="transfers",
            how="came back with wrong bytes",
        )
        return (transfers, reach(during))


class Flips:
    """Flips what the dice of each block of the stream say."""

    __slots__ = ("_block", "_direction", "_flips", "_meeting", "_rate")

    def __init__(self, fault: Corrupt, meeting: Meeting) -> None:
        self._rate = fault.rate
        self._direction = fault.direction
        self._meeting = meeting
        self._block = -1  # The block whose flips are known.
        self._flips: Sequence[tuple[int, int]] = ()

    def pass_on(self, item: Item, origin: Origin, at_ns: int) -> Iterable[Passed]:
        """Let the item leave with its bits flipped; the very same item if none is."""
        if origin.direction != self._direction or not isinstance(item, bytes):
            return (Passed(at_ns, item, origin),)
        start, end = origin.offset, origin.offset + len(item)
        hits = [
            (offset, mask)
            for block in range(start // BLOCK_BYTES, -(-end // BLOCK_BYTES))
            for offset, mask in self._flips_of(block)
            if start <= offset < end
        ]
        if not hits:
            return (Passed(at_ns, item, origin),)
        corrupted = bytearray(item)
        for offset, mask in hits:
            corrupted[offset - start] ^= mask
        return (Passed(at_ns, bytes(corrupted), origin),)

    def _flips_of(self, block: int) -> Sequence[tuple[int, int]]:
        """Return where in a block which bit is flipped; the gaps between hits are geometric, and have no memory, so a block may begin anew."""
        if block == self._block:
            return self._flips
        rolled = dice(self._meeting.seed, self._meeting.name, self._meeting.connection, self._direction, block)
        flips: list[tuple[int, int]] = []
        log_miss = math.log1p(-self._rate) if self._rate < 1 else -math.inf
        place = -1
        while (place := place + 1 + int(min(BLOCK_BYTES, math.log(1 - rolled.random()) / log_miss))) < BLOCK_BYTES:
            flips.append((block * BLOCK_BYTES + place, 1 << rolled.getrandbits(3)))
        self._block, self._flips = block, flips
        return flips
