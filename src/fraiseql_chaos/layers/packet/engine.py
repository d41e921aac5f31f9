"""
The engine: what becomes of packets, decided without a device, a clock or chance of its own.

    feed(direction, packet, now) --> [ stage 0 ] --> [ stage 1 ] --> leaves at once
                                          |              |
                                          `--- line -----+---------> take(now), when due

A ``LinkEngine`` is one link, both directions of it. Its stages are the armed faults, in the order they were armed; a packet meets them one after the
other. What is to leave later waits in one line, ordered by the instant it is due. These rules hold whatever the faults do:

* Nothing armed, nothing done: the very same bytes leave in the call that brought them.
* Time adds up exactly: the next stage counts from the instant a packet was due, not from the instant a timer noticed.
* What falls due together leaves in the order it was decided; a packet that a fault lets pass at once may overtake one that is held, as on a real link.
* Neighbours never disturb each other: arming or healing one fault leaves every other stage its counts and its dice.
* Healing holds nothing back: what the healed fault held moves on at that instant, in the order it was due. So a rate limiter that is healed lets go of
  its queue in one burst, as a bottleneck does when its rate is raised; what its queue had no room for stays lost.
* What waits is bounded: beyond ``held_bytes_limit`` a packet is dropped and counted, as a full queue of a real link would drop it.

Answers that a fault gives in the other end's stead (RST, ICMP) go the other way, through the stages behind that fault.
"""

from __future__ import annotations

from collections.abc import Sequence
from heapq import heapify, heappop, heappush
from typing import Final

from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.layers.packet.ledger import HITS_KEPT_DEFAULT, Hits, PacketHit, PacketLedger, Traffic
from fraiseql_chaos.layers.packet.model import DIRECTIONS, DIRECTIONS_OF, Decision, Direction, Fate, Meeting, PacketFault
from fraiseql_chaos.layers.packet.packet import Packet, read_packet

__all__ = ["HELD_BYTES_DEFAULT", "PACKET_COST", "LinkEngine"]

HELD_BYTES_DEFAULT: Final = 64 * 2**20
"""
How much a link may hold, both directions together, before it drops.

A delay caps throughput at this over the delay: 320 MB/s under 200 ms. A connection has at most its receiver's window on its way, which Linux lets grow
to 6 MiB (``tcp_rmem``), so ten of them at full speed still fit; memory is what it protects.
"""

PACKET_COST: Final = 256
"""What a held packet counts against the bound beside its bytes, so that a million bare acknowledgements are bounded too."""


class Stage:
    """A fault at work: which packets it has been about, and what it does to them."""

    __slots__ = ("_acts", "_counter", "_impairment", "fault_id", "ordinals", "place")

    def __init__(self, fault_id: str, fault: PacketFault, meeting: Meeting) -> None:
        self.fault_id = fault_id
        self.place = 0
        self.ordinals: dict[Direction, int] = dict.fromkeys(DIRECTIONS, 0)
        self._acts = DIRECTIONS_OF[fault.direction]
        self._counter = None if fault.match.is_everything else fault.match.counter()
        self._impairment = fault.impairment(meeting)

    def strike(self, packet: Packet, direction: Direction, at_ns: int) -> Fate | None:
        """Return what becomes of a packet; None if it passes as it came."""
        if direction not in self._acts or (self._counter is not None and not self._counter.fits(packet, direction)):
            return None
        ordinal = self.ordinals[direction]
        self.ordinals[direction] = ordinal + 1
        return self._impairment.strike(packet, direction, ordinal, at_ns)


class _Tally:
    """The counts of one direction."""

    __slots__ = ("added", "bytes", "dropped", "held", "held_bytes", "packets", "unreadable")

    def __init__(self) -> None:
        self.packets = self.bytes = self.unreadable = self.dropped = self.added = self.held = self.held_bytes = 0

    def snapshot(self) -> Traffic:
        return Traffic(**{name: getattr(self, name) for name in self.__slots__})


type _Held = tuple[int, int, Stage, Direction, bytes]
"""When it is due; a number that keeps the order of what is due together; who holds it; which way it goes; the packet."""


class LinkEngine:
    """
    One link.

    Args:
        seed: Where the dice of everything armed here derive from.
        held_bytes_limit: How much may wait; see ``HELD_BYTES_DEFAULT``.
        hits_limit: How many hits are kept whole.
    """

    __slots__ = ("_fitted", "_held_cost", "_hits", "_limit", "_line", "_ready", "_ready_ns", "_seed", "_stages", "_tallies", "_tick")

    def __init__(self, *, seed: int, held_bytes_limit: int = HELD_BYTES_DEFAULT, hits_limit: int = HITS_KEPT_DEFAULT) -> None:
        self._seed = seed
        self._limit = held_bytes_limit
        self._hits = Hits(hits_limit)
        self._stages: tuple[Stage, ...] = ()
        self._fitted: dict[str, int] = {}  # Of healed faults.
        self._line: list[_Held] = []
        self._held_cost = self._tick = 0
        self._ready: list[tuple[Direction, bytes]] = []  # What left the last stage and was not handed out yet.
        self._ready_ns = 0
        self._tallies: dict[Direction, _Tally] = {direction: _Tally() for direction in DIRECTIONS}

    @property
    def due_ns(self) -> int | None:
        """When something will leave, or move on, by itself; None if nothing will. It is in the past if something waits to be taken."""
        if self._ready:
            return self._ready_ns
        return self._line[0][0] if self._line else None

    def arm(self, fault_id: str, fault: PacketFault, *, dice: str, now_ns: int) -> None:
        """
        Add a fault behind those there are.

        Args:
            fault_id: What it is called from now on.
            fault: The fault.
            dice: What its dice are called.
            now_ns: When this is.

        Raises:
            DeclarationError: If the id is armed already.
        """
        if any(stage.fault_id == fault_id for stage in self._stages):
            raise DeclarationError(f"a fault with the id {fault_id!r} is armed already; heal it first, or choose another id; nothing was armed")
        self._move(now_ns)
        self._set_stages((*self._stages, Stage(fault_id, fault, Meeting(armed_ns=now_ns, seed=self._seed, dice=dice))))

    def heal(self, fault_id: str, now_ns: int) -> None:
        """
        Take a fault away; what it held is due now, and ``take`` or the next ``feed`` hands it out.

        Raises:
            DeclarationError: If no fault with this id is armed.
        """
        healed = next((stage for stage in self._stages if stage.fault_id == fault_id), None)
        if healed is None:
            known = ", ".join(stage.fault_id for stage in self._stages) or "none"
            raise DeclarationError(f"no fault with the id {fault_id!r} is armed; armed are {known}; nothing was healed")
        self._move(now_ns)
        self._fitted[fault_id] = self._fitted.get(fault_id, 0) + sum(healed.ordinals.values())
        released = sorted(held for held in self._line if held[2] is healed)
        self._line = [held for held in self._line if held[2] is not healed]
        heapify(self._line)
        place = healed.place
        self._set_stages(tuple(stage for stage in self._stages if stage is not healed))
        for _, _, _, direction, raw in released:
            self._let_go(direction, raw)
            self._go_on(raw, direction, now_ns, place)

    def feed(self, direction: Direction, packet: bytes, now_ns: int) -> Sequence[tuple[Direction, bytes]]:
        """
        Take in a packet that a kernel sends now.

        Args:
            direction: Which way it goes.
            packet: All of it, from its IP header on.
            now_ns: The machine's monotonic clock; it never goes back.

        Returns:
            What leaves at once and which way it goes: what was due before, and the packet or what became of it.
        """
        tally = self._tallies[direction]
        tally.packets += 1
        tally.bytes += len(packet)
        if not self._stages and not self._ready:
            return ((direction, packet),)
        if self._line:
            self._move(now_ns)
        read = read_packet(packet)
        if read is None:
            tally.unreadable += 1
            self._ready.append((direction, packet))
        else:
            self._pass_on(read, direction, now_ns, 0)
        left, self._ready = self._ready, []
        return left

    def take(self, now_ns: int) -> Sequence[tuple[Direction, bytes]]:
        """Return what is due by now and which way it goes, in the order it was due."""
        self._move(now_ns)
        left, self._ready = self._ready, []
        return left

    def ledger(self) -> PacketLedger:
        """Return what happened so far."""
        fitted = dict(self._fitted)
        for stage in self._stages:
            fitted[stage.fault_id] = fitted.get(stage.fault_id, 0) + sum(stage.ordinals.values())
        up, down = (self._tallies[direction].snapshot() for direction in DIRECTIONS)
        return PacketLedger(up=up, down=down, fitted=fitted, hits=self._hits.by_fault())

    def hits(self, since: int = 0) -> tuple[PacketHit, ...]:
        """Return the hits that were kept whole, without the first ``since`` of them."""
        return tuple(self._hits.kept[since:])

    def _set_stages(self, stages: tuple[Stage, ...]) -> None:
        self._stages = stages
        for place, stage in enumerate(stages):
            stage.place = place

    def _move(self, now_ns: int) -> None:
        """Let what is due by now go on to the stages behind, or leave."""
        line = self._line
        while line and line[0][0] <= now_ns:
            at_ns, _, stage, direction, raw = heappop(line)
            self._let_go(direction, raw)
            self._go_on(raw, direction, at_ns, stage.place + 1)

    def _go_on(self, raw: bytes, direction: Direction, at_ns: int, place: int) -> None:
        """Let a packet arrive at the stage of that place; one that a fault made unreadable passes all the others, as one does that came so."""
        if place < len(self._stages) and (packet := read_packet(raw)) is not None:
            self._pass_on(packet, direction, at_ns, place)
        else:
            self._leave(direction, raw, at_ns)

    def _pass_on(self, packet: Packet, direction: Direction, at_ns: int, place: int) -> None:
        for stage in self._stages[place:] if place else self._stages:
            fate = stage.strike(packet, direction, at_ns)
            if fate is not None:
                self._carry_out(stage, fate, packet, direction, at_ns)
                return
        self._leave(direction, packet.raw, at_ns)

    def _leave(self, direction: Direction, raw: bytes, at_ns: int) -> None:
        if not self._ready:
            self._ready_ns = at_ns
        self._ready.append((direction, raw))

    def _carry_out(self, stage: Stage, fate: Fate, packet: Packet, direction: Direction, at_ns: int) -> None:
        """Write down what becomes of a packet, and see to it."""
        self._note(stage, fate.decision, packet, direction, at_ns)
        onward = 0
        for leaving in fate.leaving:
            if leaving.direction == direction:
                onward += 1
            else:
                self._tallies[leaving.direction].added += 1
        self._tallies[direction].dropped += onward == 0
        self._tallies[direction].added += max(0, onward - 1)
        for leaving in fate.leaving:
            if leaving.at_ns <= at_ns:
                self._go_on(leaving.raw, leaving.direction, at_ns, stage.place + 1)
            elif self._held_cost + len(leaving.raw) + PACKET_COST > self._limit:
                self._tallies[leaving.direction].dropped += 1
                self._note(stage, "overflowed", packet, direction, at_ns)
            else:
                self._hold(stage, leaving.direction, leaving.raw, leaving.at_ns)

    def _hold(self, stage: Stage, direction: Direction, raw: bytes, due_ns: int) -> None:
        tally = self._tallies[direction]
        tally.held += 1
        tally.held_bytes += len(raw)
        self._held_cost += len(raw) + PACKET_COST
        self._tick += 1
        heappush(self._line, (due_ns, self._tick, stage, direction, raw))

    def _let_go(self, direction: Direction, raw: bytes) -> None:
        tally = self._tallies[direction]
        tally.held -= 1
        tally.held_bytes -= len(raw)
        self._held_cost -= len(raw) + PACKET_COST

    def _note(self, stage: Stage, decision: Decision, packet: Packet, direction: Direction, at_ns: int) -> None:
        hits = self._hits
        hits.counts[stage.fault_id, decision] += 1
        if hits.has_room:
            ordinal = stage.ordinals[direction] - 1
            hits.kept.append(PacketHit(stage.fault_id, at_ns, direction, ordinal, packet.flow_words, len(packet.raw), decision))
