"""
Packets arrive other than they were sent.

In each packet that fits, ``bits`` different bits are flipped with probability ``rate``. With ``checksum="broken"`` the checksum stays as it was, so that it
is wrong: the receiving kernel throws the packet away without a word, its sender sends it again, and an application notices nothing but time. With
``checksum="repaired"`` every checksum is made right again: the undetectable kind, as a faulty router makes it that checks, corrupts and sends on, and
as one in 65536 of all corruptions is by itself. Nothing below the application can notice it; over plaintext it reaches PostgreSQL or the
service, over TLS the connection breaks.

``where`` the bits are: in the transport's ``segment`` (its header and what it carries), in its ``payload`` alone, or anywhere in the ``packet``. A packet
without payload cannot be hit there, so ``payload`` asks for ``match=Match(tcp="data")``. A packet whose addresses were changed reaches
nobody who would be fooled, so ``packet`` goes with ``broken`` alone; the first byte, by which a device knows what it is handed, stays. The checksum itself
is not among the bits of a packet that is repaired: repairing would undo it; bits of the
header may still make nonsense of a segment, or hand it to another connection. A UDP packet that goes without a checksum cannot have a broken one.

Witnesses: a capture at both ends of the link, where packets are counted that arrived with other bytes, and those of them whose checksum is wrong; the asked
rate must lie within the 99.9 % interval of the counted one. Both kernels' counters, as receivers refuse wrong checksums and senders send again; of
repaired ones they can know nothing. The kernel's table of connections shows that the service's went this way.

Source:
    Stone and Partridge, "When the CRC and TCP checksum disagree", SIGCOMM 2000.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import ClassVar, Final, Literal

from fraiseql_chaos.core import JsonObject, dice
from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.history import Sample
from fraiseql_chaos.layers.packet.checksums import checksum_place, has_checksum, is_whole, repaired
from fraiseql_chaos.layers.packet.match import Match
from fraiseql_chaos.layers.packet.model import (
    DIRECTION_CHOICES,
    DIRECTION_WORDS,
    DIRECTIONS,
    WITNESSES,
    Direction,
    Directions,
    Fate,
    Leaving,
    Meeting,
)
from fraiseql_chaos.layers.packet.packet import Packet
from fraiseql_chaos.layers.packet.traces import corroborated, reach, received_by, retransmissions, share
from fraiseql_chaos.plan import Fidelity, Sighting, check_choice, check_count, check_share, parameters_of

__all__ = ["BitFlip"]

_CHECKSUMS: Final = {"broken": "left as it was, and so wrong", "repaired": "made right again"}
_PLACES: Final = {"segment": "transport header and payload", "payload": "what the transport carries", "packet": "anywhere"}

BITS_MOST: Final = 64
"""The smallest part that bits are chosen from, one byte of payload, has 8; in a larger one more of them would still be few. A limit, for refusals."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BitFlip:
    """
    Flip bits in packets.

    Args:
        rate: The probability for each packet, above 0 and at most 1.
        bits: How many bits are flipped in a packet that is hit, from 1 to 64; all of them, where there are fewer.
        checksum: ``broken`` leaves the checksum as it was, and so wrong; ``repaired`` makes it right again.
        where: ``segment``, ``payload`` or ``packet``.
        direction: ``up`` towards the server, ``down`` towards the service, ``both`` each way by itself.
        match: Which packets may be hit.

    Raises:
        DeclarationError: If the rate is no share, the number of bits or a word is none of those allowed, or they do not go together.
    """

    kind: ClassVar[str] = "bit_flip"
    failure_type: ClassVar[str] = "bit_flip"
    layer: ClassVar[str] = "packet"
    fidelity: ClassVar[Fidelity] = "kernel"
    silences: ClassVar[bool] = False
    witnesses: ClassVar[tuple[str, ...]] = WITNESSES

    rate: float
    bits: int = 1
    checksum: Literal["broken", "repaired"] = "broken"
    where: Literal["segment", "payload", "packet"] = "segment"
    direction: Directions = "both"
    match: Match = Match()

    def __post_init__(self) -> None:
        check_share(self.kind, "rate", self.rate)
        check_count(self.kind, "bits", self.bits, least=1, of="bits")
        check_choice(self.kind, "checksum", self.checksum, _CHECKSUMS)
        check_choice(self.kind, "where", self.where, _PLACES)
        check_choice(self.kind, "direction", self.direction, DIRECTION_CHOICES)
        if self.bits > BITS_MOST:
            raise DeclarationError(f"bit_flip: bits is at most {BITS_MOST}, not {self.bits}; nothing was armed")
        if self.where == "payload" and self.match.tcp != "data":
            raise DeclarationError(
                "bit_flip: where='payload' cannot hit a packet without payload; give match=Match(tcp='data'), or where='segment'; nothing was armed"
            )
        if self.where == "packet" and self.checksum == "repaired":
            raise DeclarationError(
                "bit_flip: where='packet' with checksum='repaired' would send packets to strangers; give where='segment' or 'payload'; nothing was armed"
            )

    def parameters(self) -> JsonObject:
        """Return the magnitudes, as shares and counts."""
        return parameters_of(self)

    def __str__(self) -> str:
        bits = "1 bit" if self.bits == 1 else f"{self.bits} bits"
        fate = "and the checksum repaired" if self.checksum == "repaired" else "under a checksum then wrong"
        place = "" if self.where == "segment" else f" of the {self.where}"
        return f"{bits}{place} flipped in {self.rate * 100:g} % of the packets {DIRECTION_WORDS[self.direction]}, {fate}{self.match.clause}"

    def impairment(self, meeting: Meeting) -> Flipping:
        """Return what it does on a link."""
        return Flipping(self, meeting)

    def sightings(self, before: tuple[Sample, ...], during: tuple[Sample, ...]) -> tuple[Sighting, ...]:
        """Count the packets that arrived with other bytes, if as many did as were to be expected; what the kernels refused; and how often the service went that way."""
        is_broken = self.checksum == "broken"
        seen = share(
            before,
            during,
            direction=self.direction,
            asked=self.rate,
            marked=lambda seen: seen.bad_checksum if is_broken else seen.changed - seen.bad_checksum,
            among=lambda seen: seen.arrived,
            how=f"that arrived had other bytes and a {'wrong' if is_broken else 'right'} checksum",
        )
        counters = (
            *received_by(self.direction, "TcpInCsumErrors", "wrong checksums refused"),
            *(retransmissions(self.direction) if is_broken else ()),
        )
        return (seen, corroborated(seen, before, during, counters=counters), reach(during))


class Flipping:
    """Lets most packets pass as they came, and some otherwise."""

    __slots__ = ("_draws", "_fault", "_meeting")

    def __init__(self, fault: BitFlip, meeting: Meeting) -> None:
        self._fault = fault
        self._meeting = meeting
        self._draws = {direction: meeting.draws(direction) for direction in DIRECTIONS}

    def strike(self, packet: Packet, direction: Direction, ordinal: int, at_ns: int) -> Fate | None:
        """Let the packet pass, or flip some of its bits."""
        if self._draws[direction][ordinal] >= self._fault.rate:
            return None
        rolled = dice(self._meeting.seed, self._meeting.dice, direction, "bits", ordinal)
        flipped = self._repaired(packet, rolled) if self._fault.checksum == "repaired" else self._broken(packet, rolled)
        return Fate("changed", (Leaving(at_ns, direction, flipped),))

    def _repaired(self, packet: Packet, rolled: Random) -> bytes:
        place = checksum_place(packet)
        return repaired(packet._replace(raw=self._flipped(packet, rolled, spared=range(place, place + 2))))

    def _broken(self, packet: Packet, rolled: Random) -> bytes:
        """Flip, and once more if the flips cancel each other out in the sum: a single one never does."""
        protected = has_checksum(packet)
        flipped = self._flipped(packet, rolled)
        while protected and is_whole(packet._replace(raw=flipped)):
            flipped = self._flipped(packet, rolled)
        return flipped

    def _flipped(self, packet: Packet, rolled: Random, spared: range = range(0)) -> bytes:
        begin = {"segment": packet.header, "payload": packet.payload, "packet": 1}[self._fault.where]
        places = (*range(begin, spared.start), *range(max(begin, spared.stop), packet.end))
        raw = bytearray(packet.raw)
        for bit in rolled.sample(range(len(places) * 8), min(self._fault.bits, len(places) * 8)):
            raw[places[bit // 8]] ^= 1 << bit % 8
        return bytes(raw)
