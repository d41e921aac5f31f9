"""
The reader of one connection: follows the conversation, and carries out what wire faults decide about single messages.

    watch(direction, data)            no fault is aimed here: only follow; cheap
    pass_on(item, origin, at_ns)      faults are aimed here: follow, decide, act

Four rules hold whatever comes:

* What no fault hits leaves byte for byte as it came, in the pieces in which it came; nothing is ever written anew from what was read.
* A message is hit as a whole or not at all: one whose first byte has left when a fault is aimed is too late for it.
* What cannot be read is cut, and the ledger says why. No bytes of a peer raise an exception here or make memory grow without bound.
* What was asked of the server in the client's stead is answered before anything else is forgotten: while such an answer is owed, or
  anything is held, ``is_engaged`` stays true although every fault may be healed, and everything must go through ``pass_on``.

The reader finds the messages; ``aiming`` decides about them, ``tracking`` knows what they mean, and ``acting`` does what was decided.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from fraiseql_chaos.errors import PeerProtocolError
from fraiseql_chaos.layers.stream.model import DIRECTIONS, FOREVER_NS, Direction, Ending, Item, Origin, Passed
from fraiseql_chaos.layers.wire.acting import Acting
from fraiseql_chaos.layers.wire.aiming import Aim, Aimed, Aims
from fraiseql_chaos.layers.wire.framing import BODY_LIMIT_DEFAULT, HEAD, HEAD_BYTES, EncryptedFromTheStart, Framer, Mode
from fraiseql_chaos.layers.wire.lane import PASS, Lane
from fraiseql_chaos.layers.wire.ledger import Incident, WireLedger
from fraiseql_chaos.layers.wire.messages import (
    CANCEL_REQUEST,
    ENCRYPTION_ANSWER,
    GSSENC_REQUEST,
    LENGTH_LARGE,
    LENGTH_MAX,
    SSL_REQUEST,
    STARTUP_MESSAGE,
)
from fraiseql_chaos.layers.wire.tracking import DOWN, UP, Dialogue, Said

__all__ = ["WireReader"]

_SAID: Final[Mapping[Direction, Mapping[int, Said]]] = {"up": UP, "down": DOWN}
_READING: Final[Mapping[Direction, tuple[Callable[[bytes, int], tuple[int, int]], tuple[int, ...], Mapping[int, Said], int]]] = {
    "up": (HEAD.unpack_from, LENGTH_MAX["up"], UP, ord("d")),
    "down": (HEAD.unpack_from, LENGTH_MAX["down"], DOWN, ord("D")),
}
"""All that reading one direction needs: what takes a head apart, limits, what is learnt, and the message that comes in bulk and teaches nothing."""


@dataclass(slots=True, kw_only=True)
class Chunk:
    """
    What has arrived in one piece.

    Attributes:
        data: The bytes.
        origin: Where the first of them came from.
        at_ns: When.
        run: Up to where they have left, or were kept back, or dropped.
    """

    data: bytes
    origin: Origin
    at_ns: int
    run: int = 0


class WireReader:
    """
    Follows one connection.

    Args:
        connection: Its ordinal at the edge.
        seed: Where the dice of its faults derive from.
        ledger: Where is written down what is hit.
        body_limit: How much of a statement's text is read, in bytes.

    Attributes:
        dialogue: What the conversation is at.
    """

    __slots__ = ("_acting", "_aims", "_connection", "_lanes", "_ledger", "_may_be_engaged", "_messages", "dialogue")

    def __init__(self, *, connection: int, seed: int, ledger: WireLedger, body_limit: int = BODY_LIMIT_DEFAULT) -> None:
        self.dialogue = Dialogue()
        self._connection = connection
        self._ledger = ledger
        self._messages = ledger.messages
        self._lanes: dict[Direction, Lane] = {
            direction: Lane(direction=direction, framer=Framer(direction, body_limit), origin=Origin(direction, 0, 0)) for direction in DIRECTIONS
        }
        self._aims = Aims(connection=connection, seed=seed, ledger=ledger, dialogue=self.dialogue)
        self._may_be_engaged = False
        self._acting = Acting(self._lanes, self.dialogue, ledger)

    @property
    def is_encrypted(self) -> bool:
        """Whether the conversation is encrypted past us, so that no fault can be placed on its messages."""
        return self.dialogue.phase == "encrypted"

    @property
    def is_engaged(self) -> bool:
        """Whether what passes must go through ``pass_on``."""
        # Nothing can begin but through pass_on and aim, so and all is over where it could not be read; before that there is nothing to look at. This is asked for every chunk.
        if self._may_be_engaged:
            self._may_be_engaged = bool(self._aims) or self.dialogue.errands > 0 or any(lane.is_busy for lane in self._lanes.values())
        return self._may_be_engaged

    @property
    def due_ns(self) -> int | None:
        """When ``take`` will have something, or None if it will not by itself."""
        due_ns = min(lane.due_ns for lane in self._lanes.values())
        return None if due_ns >= FOREVER_NS else due_ns

    def held_bytes(self, direction: Direction) -> int:
        """Return how many bytes wait here to go one way."""
        return self._lanes[direction].held_bytes

    def discard(self, direction: Direction) -> int:
        """Drop everything that waits here to go one way, and return how many bytes that were."""
        return self._lanes[direction].discard()

    def watch(self, direction: Direction, data: bytes) -> Ending | None:
        """
        Follow what passes by untouched; only while ``is_engaged`` is false.

        Returns:
            How the connection must end, if it cannot be read on.
        """
        framer, dialogue = self._lanes[direction].framer, self.dialogue
        unpack, limits, said, bulk = _READING[direction]
        at, end = 0, len(data)
        try:
            if framer.is_inside or framer.mode is not Mode.TYPED:
                at = self._catch_up(framer, direction, data)
            count, last = framer.ordinal, end - HEAD_BYTES
            while at <= last:
                code, length = unpack(data, at)
                if code == bulk and 4 <= length <= LENGTH_LARGE:
                    at += length + 1
                    count += 1
                    continue
                if not 4 <= length <= limits[code]:
                    framer.ordinal = count
                    raise framer.unreadable(code, length)
                stop = at + 1 + length
                if stop > end:
                    break
                if code in said:
                    said[code](dialogue, code, data, at + HEAD_BYTES, stop)
                count += 1
                at = stop
            if at > end:  # The last row is not here by whole.
                at -= length + 1
                count -= 1
            self._messages[direction] += count - framer.ordinal
            framer.ordinal = count
            if at < end:
                framer.advance(data, at)
        except PeerProtocolError as error:
            self._unreadable(self._lanes[direction], error, 0)
            return Ending.CUT
        return None

    def pass_on(self, item: Item, origin: Origin, at_ns: int) -> Iterable[Passed]:
        """Decide what becomes of an item; see ``Toxic``."""
        self._may_be_engaged = True
        lane = self._lanes[origin.direction]
        if lane.has_ended:
            return ()
        lane.origin = origin
        if isinstance(item, Ending):
            self._acting.release_undecided(lane, at_ns)
            lane.emit(item, origin, at_ns, self._acting.out)
        else:
            self._read(lane, Chunk(data=item, origin=origin, at_ns=at_ns))
        return self._acting.collect()

    def aim(self, faults: Sequence[Aimed], now_ns: int) -> Iterable[Passed]:
        """
        Learn which faults hit this connection from now on.

        Returns:
            What leaves because of that: what one of them says at once, and what is held for none of them any more.
        """
        self._may_be_engaged = True
        had_any = bool(self._aims)
        new, healed = self._aims.renew(faults)
        for aim in healed:
            for gate in aim.gates:
                gate.until_ns = min(gate.until_ns, now_ns)
        down = self._lanes["down"]
        down.framer.read_also(self._aims.read_bodies_of)
        if not had_any:
            down.row = 0 if self.dialogue.is_idle else None
        for lane in self._lanes.values():
            if lane.fate is not None and lane.fate.aim in healed:
                lane.fate.after = ()
            if not self._aims:
                self._acting.release_undecided(lane, now_ns)
            lane.take(now_ns, self._acting.out, self._ledger)
        for aim in new:
            self._disturb(aim, down, now_ns)
        return self._acting.collect()

    def take(self, now_ns: int) -> Iterable[Passed]:
        """Return what was held until now at the latest."""
        for lane in self._lanes.values():
            lane.take(now_ns, self._acting.out, self._ledger)
        return self._acting.collect()

    def _disturb(self, aim: Aim, down: Lane, now_ns: int) -> None:
        """Let a fault act at once that need not wait for a message."""
        is_at_rest = self.dialogue.is_idle and not any(lane.framer.is_inside or lane.has_ended for lane in self._lanes.values())
        fate = self._aims.at_rest(aim, down, now_ns) if is_at_rest else None
        for move in () if fate is None else fate.after:
            assert fate is not None
            self._acting.move(down, fate, move, now_ns)

    # Reading.

    def _catch_up(self, framer: Framer, direction: Direction, data: bytes) -> int:
        """Follow what is no whole message with a type: the rest of one, or what is said first."""
        at = 0
        while at < len(data) and (framer.is_inside or framer.mode is not Mode.TYPED):
            if framer.mode is Mode.OPAQUE:
                return len(data)
            self._check_turn(direction)
            try:
                at = framer.advance(data, at)
            except EncryptedFromTheStart:
                self._encrypt()
                continue
            if framer.is_complete:
                self._learn(framer, direction)
                framer.finish()
                self._messages[direction] += 1
        return at

    def _read(self, lane: Lane, chunk: Chunk) -> None:
        """Cut a chunk at the messages that are hit, and let the runs between them leave whole."""
        framer = lane.framer
        at = begin = 0
        try:
            while at < len(chunk.data) and not lane.has_ended:
                if framer.mode is Mode.OPAQUE:
                    at = len(chunk.data)
                    break
                self._check_turn(lane.direction)
                if lane.fate is None and framer.is_inside and not lane.undecided:
                    lane.fate = PASS  # It began before any fault was aimed.
                begin = at
                try:
                    at = framer.advance(chunk.data, at)
                except EncryptedFromTheStart:
                    self._encrypt()
                    continue
                self._step(lane, chunk, begin, at)
                begin = at
        except PeerProtocolError as error:
            self._leave_run(lane, chunk, begin)
            self._unreadable(lane, error, chunk.at_ns)
            lane.emit(Ending.CUT, lane.origin, chunk.at_ns, self._acting.out)
            return
        if not lane.has_ended:
            self._leave_run(lane, chunk, at)

    def _step(self, lane: Lane, chunk: Chunk, begin: int, at: int) -> None:
        """Deal with the part of a chunk that was read: a message, or a piece of one."""
        framer = lane.framer
        is_new = lane.fate is None
        if is_new and framer.is_readable:
            lane.fate = self._aims.decide(lane, chunk.at_ns)
        if lane.fate is not PASS or lane.undecided:
            self._leave_run(lane, chunk, begin)
            chunk.run = at
            piece, origin = chunk.data[begin:at], _at(chunk.origin, begin)
            if lane.fate is None:
                lane.undecided.append((piece, origin))
            elif is_new:
                self._acting.begin(lane, piece, origin, chunk.at_ns)
            else:
                self._acting.forward(lane, piece, origin, chunk.at_ns)
        if framer.is_complete:
            if lane.farewell is not None:
                self._leave_run(lane, chunk, at)
            self._finish(lane, chunk.at_ns)

    def _check_turn(self, direction: Direction) -> None:
        if direction == "up" and self.dialogue.phase == "negotiating":
            raise PeerProtocolError("the client spoke before its request for encryption was answered")

    def _leave_run(self, lane: Lane, chunk: Chunk, stop: int) -> None:
        """Let what no fault hits leave, up to here, in one piece; the very chunk that came where that is all of it."""
        if chunk.run < stop:
            is_all = chunk.run == 0 and stop == len(chunk.data)
            lane.emit(chunk.data if is_all else chunk.data[chunk.run : stop], _at(chunk.origin, chunk.run), chunk.at_ns, self._acting.out)
            chunk.run = stop

    def _learn(self, framer: Framer, direction: Direction) -> None:
        """Let the dialogue know of a whole message."""
        code = framer.code
        if (learn := _SAID[direction].get(code)) is not None:
            learn(self.dialogue, code, bytes(framer.body), 0, len(framer.body))
        elif code >= STARTUP_MESSAGE:
            self._negotiate(code, bytes(framer.body))

    def _negotiate(self, code: int, body: bytes) -> None:
        """Learn from what is said before messages have types."""
        up, down = self._lanes["up"].framer, self._lanes["down"].framer
        match code:
            case x if x == STARTUP_MESSAGE:
                self.dialogue.phase, up.mode = "authenticating", Mode.TYPED
            case x if x in {SSL_REQUEST, GSSENC_REQUEST}:
                self.dialogue.phase, down.mode = "negotiating", Mode.ANSWER
            case x if x == CANCEL_REQUEST:
                self.dialogue.phase, up.mode = "cancelling", Mode.OPAQUE
            case x if x == ENCRYPTION_ANSWER and body in {b"S", b"G"}:
                self._encrypt()
            case x if x == ENCRYPTION_ANSWER and body == b"N":
                self.dialogue.phase, down.mode = "startup", Mode.TYPED
            case _:
                raise PeerProtocolError(f"the server answered a request for encryption with {body!r}")

    def _encrypt(self) -> None:
        self.dialogue.phase = "encrypted"
        for lane in self._lanes.values():
            lane.framer.mode = Mode.OPAQUE

    def _unreadable(self, lane: Lane, error: PeerProtocolError, at_ns: int) -> None:
        self._may_be_engaged = True
        lane.has_ended = True
        lane.undecided.clear()
        self._ledger.add(
            Incident(
                fault_id="",
                connection=self._connection,
                direction=lane.direction,
                ordinal=lane.framer.ordinal,
                message="",
                bytes=0,
                sql="",
                decision=f"cut, because it cannot be read: {error}",
                at_ns=at_ns,
            )
        )

    def _finish(self, lane: Lane, at_ns: int) -> None:
        """The message at hand has come by whole."""
        fate, framer = lane.fate, lane.framer
        assert fate is not None
        self._messages[lane.direction] += 1
        if fate.errand is not None:
            sql = self.dialogue.sql_of(framer.code, bytes(framer.body))
            self.dialogue.expect_for(fate.errand, framer.code, sql)
        elif lane.direction == "down" or fate.passes:
            self._learn(framer, lane.direction)
        if fate.mark is not None and fate.passes and not lane.has_ended:
            lane.mark(fate.mark, self._ledger)
        framer.finish()
        lane.fate = None
        self._acting.finish(lane, fate, at_ns)


def _at(origin: Origin, place: int) -> Origin:
    return origin if place == 0 else Origin(origin.direction, origin.ordinal, origin.offset + place)
