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

Where two faults would hit one message, the one that was armed first does, and the other does not see it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol, assert_never

from fraiseql_chaos.core import Rolls
from fraiseql_chaos.errors import PeerProtocolError
from fraiseql_chaos.layers.stream.model import DIRECTIONS, FOREVER_NS, Direction, Ending, Item, Origin, Passed
from fraiseql_chaos.layers.wire.errorfields import sqlstate_of
from fraiseql_chaos.layers.wire.framing import BODY_LIMIT_DEFAULT, HEAD, HEAD_BYTES, EncryptedFromTheStart, Framer, Mode
from fraiseql_chaos.layers.wire.lane import PASS, SWALLOW, Fate, Gate, Lane, Mark
from fraiseql_chaos.layers.wire.ledger import SQL_SHOWN, Incident, WireLedger
from fraiseql_chaos.layers.wire.messages import (
    CANCEL_REQUEST,
    ENCRYPTION_ANSWER,
    GSSENC_REQUEST,
    LENGTH_LARGE,
    LENGTH_MAX,
    SSL_REQUEST,
    STARTUP_MESSAGE,
    message_name,
)
from fraiseql_chaos.layers.wire.model import Act, Ask, End, Farewell, Hold, Move, Struck, WireFault
from fraiseql_chaos.layers.wire.tracking import DOWN, UP, Dialogue, Errand, Said, Transaction
from fraiseql_chaos.layers.wire.trigger import Occurrences

__all__ = ["Aimed", "WireReader"]

_SAID: Final[Mapping[Direction, Mapping[int, Said]]] = {"up": UP, "down": DOWN}
_READING: Final[Mapping[Direction, tuple[Callable[[bytes, int], tuple[int, int]], tuple[int, ...], Mapping[int, Said], int]]] = {
    "up": (HEAD.unpack_from, LENGTH_MAX["up"], UP, ord("d")),
    "down": (HEAD.unpack_from, LENGTH_MAX["down"], DOWN, ord("D")),
}
"""All that reading one direction needs: what takes a head apart, limits, what is learnt, and the message that comes in bulk and teaches nothing."""

_HIDEABLE: Final = frozenset(b"123CTn")
_RESULT_ENDS: Final = frozenset(b"CsIEZT")
_DATA_ROW, _ERROR, _READY = b"DEZ"
_STATES: Final[Mapping[int, Transaction]] = {ord("I"): "idle", ord("T"): "in_transaction", ord("E"): "failed"}


class Aimed(Protocol):
    """A fault that is armed at the edge, and hits this connection; told from others by identity."""

    @property
    def fault_id(self) -> str:
        """What it is called in the ledger."""
        ...

    @property
    def fault(self) -> WireFault:
        """The fault."""
        ...

    @property
    def name(self) -> str:
        """What its dice are called."""
        ...

    @property
    def armed_ns(self) -> int:
        """When it was armed."""
        ...


@dataclass(slots=True, kw_only=True, eq=False)
class Aim:
    """
    A fault and what it has met on this connection.

    Attributes:
        armed: The fault.
        way, codes: Which messages its trigger names; read off once, because they are looked at with every message.
        rolls: Its dice for whether it hits.
        magnitudes: Its dice for how.
        occurrences: How many messages have fitted.
        gates: What it keeps back now.
    """

    armed: Aimed
    way: Direction
    codes: frozenset[int]
    rolls: Rolls
    magnitudes: Rolls
    occurrences: Occurrences
    gates: list[Gate] = field(default_factory=list)


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

    __slots__ = ("__weakref__", "_aims", "_connection", "_lanes", "_ledger", "_messages", "_out", "_seed", "dialogue")

    def __init__(self, *, connection: int, seed: int, ledger: WireLedger, body_limit: int = BODY_LIMIT_DEFAULT) -> None:
        self.dialogue = Dialogue()
        self._connection = connection
        self._seed = seed
        self._ledger = ledger
        self._messages = ledger.messages
        self._lanes: dict[Direction, Lane] = {
            direction: Lane(direction=direction, framer=Framer(direction, body_limit), origin=Origin(direction, 0, 0)) for direction in DIRECTIONS
        }
        self._aims: tuple[Aim, ...] = ()
        self._out: list[Passed] = []

    @property
    def is_encrypted(self) -> bool:
        """Whether the conversation is encrypted past us, so that no fault can be placed on its messages."""
        return self.dialogue.phase == "encrypted"

    @property
    def is_engaged(self) -> bool:
        """Whether what passes must go through ``pass_on``."""
        return bool(self._aims) or self.dialogue.errands > 0 or any(lane.is_busy for lane in self._lanes.values())

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
        lane = self._lanes[origin.direction]
        if lane.has_ended:
            return ()
        lane.origin = origin
        if isinstance(item, Ending):
            self._release_undecided(lane, at_ns)
            lane.emit(item, origin, at_ns, self._out)
        else:
            self._read(lane, Chunk(data=item, origin=origin, at_ns=at_ns))
        return self._taken()

    def aim(self, faults: Sequence[Aimed], now_ns: int) -> Iterable[Passed]:
        """
        Learn which faults hit this connection from now on.

        Returns:
            What leaves because of that: what one of them says at once, and what is held for none of them any more.
        """
        known = {id(aim.armed): aim for aim in self._aims}
        before = self._aims
        self._aims = tuple(known.pop(id(armed)) if id(armed) in known else self._new_aim(armed) for armed in faults)
        for healed in known.values():
            for gate in healed.gates:
                gate.until_ns = min(gate.until_ns, now_ns)
        down = self._lanes["down"]
        down.framer.read_also(frozenset(code for aim in self._aims for code in aim.armed.fault.reads_body_of))
        if not before:
            down.row = 0 if self.dialogue.is_idle else None
        for lane in self._lanes.values():
            if lane.fate is not None and lane.fate.aim in known.values():
                lane.fate.after = ()
            if not self._aims:
                self._release_undecided(lane, now_ns)
            lane.take(now_ns, self._out, self._ledger)
        for aim in self._aims:
            if aim not in before and aim.armed.fault.acts_at_once and aim.way == "down" and _READY in aim.codes:
                self._strike_idle(aim, now_ns)
        return self._taken()

    def take(self, now_ns: int) -> Iterable[Passed]:
        """Return what was held until now at the latest."""
        for lane in self._lanes.values():
            lane.take(now_ns, self._out, self._ledger)
        return self._taken()

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
            lane.emit(Ending.CUT, lane.origin, chunk.at_ns, self._out)
            return
        if not lane.has_ended:
            self._leave_run(lane, chunk, at)

    def _step(self, lane: Lane, chunk: Chunk, begin: int, at: int) -> None:
        """Deal with the part of a chunk that was read: a message, or a piece of one."""
        framer = lane.framer
        is_new = lane.fate is None
        if is_new and framer.is_readable:
            lane.fate = self._decide(lane, chunk.at_ns)
        if lane.fate is not PASS or lane.undecided:
            self._leave_run(lane, chunk, begin)
            chunk.run = at
            piece, origin = chunk.data[begin:at], _at(chunk.origin, begin)
            if lane.fate is None:
                lane.undecided.append((piece, origin))
            elif is_new:
                self._begin(lane, piece, origin, chunk.at_ns)
            else:
                self._forward(lane, piece, origin, chunk.at_ns)
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
            lane.emit(chunk.data if is_all else chunk.data[chunk.run : stop], _at(chunk.origin, chunk.run), chunk.at_ns, self._out)
            chunk.run = stop

    def _release_undecided(self, lane: Lane, at_ns: int) -> None:
        if lane.undecided:
            lane.fate = PASS
            for piece, origin in lane.undecided:
                lane.emit(piece, origin, at_ns, self._out)
            lane.undecided.clear()

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

    # Deciding.

    def _new_aim(self, armed: Aimed) -> Aim:
        trigger = armed.fault.trigger
        shared = trigger.counted == "edge"
        return Aim(
            armed=armed,
            way=trigger.way,
            codes=trigger.codes,
            rolls=Rolls(self._seed, armed.name, self._connection, trigger.way),
            magnitudes=Rolls(self._seed, armed.name, self._connection, trigger.way, "magnitude"),
            occurrences=self._ledger.occurrences(armed.fault_id, armed.armed_ns) if shared else Occurrences(),
        )

    def _decide(self, lane: Lane, at_ns: int) -> Fate:
        framer, dialogue = lane.framer, self.dialogue
        code = framer.code
        if lane.direction == "down":
            if (fate := self._decide_for_us(lane, code)) is not None:
                return fate
            self._count_row(lane, code)
            if lane.is_truncating and code == _DATA_ROW:
                return SWALLOW
            sql = dialogue.cause
        else:
            sql = dialogue.sql_of(code, bytes(framer.body)) if self._aims else None
        for aim in self._aims:
            if code not in aim.codes or aim.way != lane.direction:
                continue
            struck = Struck(
                code=code,
                direction=lane.direction,
                body=bytes(framer.body),
                length=framer.length,
                sql=sql,
                row=lane.row,
                dialogue=dialogue,
                roll=aim.magnitudes[aim.occurrences.count],
                at_ns=at_ns,
            )
            if (act := self._ask(aim, struck)) is not None:
                return self._condemn(lane, aim, struck, act)
        return PASS

    def _decide_for_us(self, lane: Lane, code: int) -> Fate | None:
        """Keep from the client what answers a question of ours, but for the error that it asked for."""
        errand = self.dialogue.pending[0].errand if self.dialogue.pending else None
        if errand is None:
            return None
        if code == _ERROR:
            self._ledger.answered(errand.incident, errand.fault_id, sqlstate_of(bytes(lane.framer.body)))
            return PASS
        if errand.hidden and code in _HIDEABLE:
            errand.hidden -= 1
            return SWALLOW
        return None

    def _count_row(self, lane: Lane, code: int) -> None:
        if code == _DATA_ROW:
            lane.row = None if lane.row is None else lane.row + 1
        elif code in _RESULT_ENDS:
            lane.row, lane.is_truncating = 0, False

    def _ask(self, aim: Aim, struck: Struck) -> Act | None:
        """Ask a fault whose trigger names this kind of message what shall become of it; None if nothing."""
        trigger = aim.armed.fault.trigger
        transaction = self.dialogue.transaction
        if struck.direction == "down" and struck.code == _READY and struck.body:
            transaction = _STATES.get(struck.body[0])
        if not trigger.fits(struck.sql, transaction):
            return None
        if (act := aim.armed.fault.strike(struck)) is None:
            return None
        ordinal = aim.occurrences.next()
        self._ledger.fitted(aim.armed.fault_id)
        return act if trigger.fires(ordinal, aim.rolls[ordinal]) else None

    def _condemn(self, lane: Lane, aim: Aim, struck: Struck, act: Act) -> Fate:
        """Write down that a message is hit, do what comes in front of it, and return what becomes of it."""
        fault_id = aim.armed.fault_id
        number = self._ledger.add(
            Incident(
                fault_id=fault_id,
                connection=self._connection,
                direction=lane.direction,
                ordinal=lane.framer.ordinal,
                message=message_name(lane.direction, struck.code),
                bytes=struck.length,
                sql="" if struck.sql is None else struck.sql[: 4 * SQL_SHOWN].decode(errors="replace")[:SQL_SHOWN],
                decision=act.decision,
                at_ns=struck.at_ns,
            )
        )
        lane.is_truncating = lane.is_truncating or act.rest_of_result
        return Fate(passes=act.passes, patch=act.patch, before=tuple(act.before), after=tuple(act.after), aim=aim, mark=Mark(number, fault_id))

    def _strike_idle(self, aim: Aim, now_ns: int) -> None:
        """Let a fault that waits for the server to be ready hit a connection on which it is already."""
        if not self.dialogue.is_idle or self._lanes["down"].framer.is_inside or self._lanes["up"].framer.is_inside:
            return
        state = next(code for code, transaction in _STATES.items() if transaction == self.dialogue.transaction)
        lane = self._lanes["down"]
        struck = Struck(
            code=_READY,
            direction="down",
            body=bytes((state,)),
            length=6,
            sql=None,
            row=None,
            dialogue=self.dialogue,
            roll=aim.magnitudes[aim.occurrences.count],
            at_ns=now_ns,
        )
        if not lane.has_ended and (act := self._ask(aim, struck)) is not None:
            fate = self._condemn(lane, aim, struck, act)
            for move in act.after:
                self._move(lane, fate, move, now_ns)

    # Acting.

    def _begin(self, lane: Lane, piece: bytes, origin: Origin, at_ns: int) -> None:
        """Carry out the decision about a message of which this much has come."""
        fate = lane.fate
        assert fate is not None
        for move in fate.before:
            self._move(lane, fate, move, at_ns)
        undecided, lane.undecided = lane.undecided, []
        for earlier, whence in (*undecided, (piece, origin)):
            self._forward(lane, earlier, whence, at_ns)

    def _forward(self, lane: Lane, piece: bytes, origin: Origin, at_ns: int) -> None:
        fate = lane.fate
        assert fate is not None
        if not fate.passes or lane.has_ended:
            return
        if fate.patch is not None:
            place, mask = fate.patch[0] - fate.sent, fate.patch[1]
            fate.sent += len(piece)
            if 0 <= place < len(piece):
                piece = piece[:place] + bytes((piece[place] ^ mask,)) + piece[place + 1 :]
        lane.emit(piece, origin, at_ns, self._out)

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
        for move in fate.after:
            self._move(lane, fate, move, at_ns)
        if lane.farewell is not None:
            self._say_farewell(lane, lane.farewell, at_ns)

    def _move(self, lane: Lane, fate: Fate, move: Move, at_ns: int) -> None:
        match move:
            case End(ending=ending):
                lane.emit(ending, lane.origin, at_ns, self._out)
                lane.has_ended = True
            case Hold(until_ns=until_ns, directions=directions):
                gate = Gate(until_ns=until_ns)
                assert isinstance(fate.aim, Aim)
                fate.aim.gates = [*(old for old in fate.aim.gates if old.until_ns > at_ns), gate]
                for direction in directions:
                    self._lanes[direction].gates.append(gate)
            case Farewell():
                self._bid_farewell(fate, move, at_ns)
            case Ask():
                self._put_question(lane, fate, move, at_ns)
            case _:
                assert_never(move)

    def _put_question(self, lane: Lane, fate: Fate, ask: Ask, at_ns: int) -> None:
        assert fate.mark is not None
        lane.emit(ask.words, lane.origin, at_ns, self._out)
        for code in ask.expected:
            self.dialogue.expect_for(Errand(*fate.mark, hidden=1), code)
        if not ask.expected:
            fate.errand = Errand(*fate.mark, hidden=ask.hidden)

    def _bid_farewell(self, fate: Fate, farewell: Farewell, at_ns: int) -> None:
        up, down = self._lanes["up"], self._lanes["down"]
        if fate.mark is not None:
            self._ledger.answered(*fate.mark, sqlstate_of(farewell.words[HEAD_BYTES:]))
        if not up.has_ended:
            up.has_ended = True
            up.emit(Ending.FIN, up.origin, at_ns, self._out)
        if down.is_within:
            down.farewell = farewell
        elif not down.has_ended:
            self._say_farewell(down, farewell, at_ns)

    def _say_farewell(self, lane: Lane, farewell: Farewell, at_ns: int) -> None:
        lane.farewell = None
        lane.undecided.clear()
        lane.has_ended = True
        lane.emit(farewell.words, lane.origin, at_ns, self._out)
        lane.emit(Ending.FIN, lane.origin, at_ns, self._out)

    def _taken(self) -> Sequence[Passed]:
        taken, self._out = self._out, []
        return taken


def _at(origin: Origin, place: int) -> Origin:
    return origin if place == 0 else Origin(origin.direction, origin.ordinal, origin.offset + place)
