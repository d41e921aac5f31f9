"""
Carrying out what was decided about a message: what happens in front of it, what of it leaves, what happens behind it.

What leaves is collected in ``out``. A farewell may have to wait for the message that the client is being told just now, for a message that
is broken off would make the farewell its rest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import assert_never

from fraiseql_chaos.layers.stream.model import Direction, Ending, Origin, Passed
from fraiseql_chaos.layers.wire.aiming import Aim
from fraiseql_chaos.layers.wire.errorfields import sqlstate_of
from fraiseql_chaos.layers.wire.framing import HEAD_BYTES
from fraiseql_chaos.layers.wire.lane import PASS, Fate, Gate, Lane
from fraiseql_chaos.layers.wire.ledger import WireLedger
from fraiseql_chaos.layers.wire.model import Ask, End, Farewell, Hold, Move
from fraiseql_chaos.layers.wire.tracking import Dialogue, Errand

__all__ = ["Acting"]


class Acting:
    """
    What is done to one connection.

    Args:
        lanes: Its two directions.
        dialogue: What the conversation is at.
        ledger: Where is written down what was delivered and answered.

    Attributes:
        out: What has left and was not collected yet.
    """

    __slots__ = ("_dialogue", "_lanes", "_ledger", "out")

    def __init__(self, lanes: Mapping[Direction, Lane], dialogue: Dialogue, ledger: WireLedger) -> None:
        self.out: list[Passed] = []
        self._lanes = lanes
        self._dialogue = dialogue
        self._ledger = ledger

    def collect(self) -> Sequence[Passed]:
        """Return what has left, once."""
        out, self.out = self.out, []
        return out

    def release_undecided(self, lane: Lane, at_ns: int) -> None:
        """Let what waits for a decision leave without one."""
        if lane.undecided:
            lane.fate = PASS
            for piece, origin in lane.undecided:
                lane.emit(piece, origin, at_ns, self.out)
            lane.undecided.clear()

    def begin(self, lane: Lane, piece: bytes, origin: Origin, at_ns: int) -> None:
        """Carry out the decision about a message of which this much has come."""
        fate = lane.fate
        assert fate is not None
        for move in fate.before:
            self.move(lane, fate, move, at_ns)
        undecided, lane.undecided = lane.undecided, []
        for earlier, whence in (*undecided, (piece, origin)):
            self.forward(lane, earlier, whence, at_ns)

    def forward(self, lane: Lane, piece: bytes, origin: Origin, at_ns: int) -> None:
        """Let a piece of a message leave as was decided, or not."""
        fate = lane.fate
        assert fate is not None
        if not fate.passes or lane.has_ended:
            return
        if fate.patch is not None:
            place, mask = fate.patch[0] - fate.sent, fate.patch[1]
            fate.sent += len(piece)
            if 0 <= place < len(piece):
                piece = piece[:place] + bytes((piece[place] ^ mask,)) + piece[place + 1 :]
        lane.emit(piece, origin, at_ns, self.out)

    def finish(self, lane: Lane, fate: Fate, at_ns: int) -> None:
        """Do what comes behind a message that has come by whole."""
        for move in fate.after:
            self.move(lane, fate, move, at_ns)
        if lane.farewell is not None:
            self._say_farewell(lane, lane.farewell, at_ns)

    def move(self, lane: Lane, fate: Fate, move: Move, at_ns: int) -> None:
        """Make one move."""
        match move:
            case End(ending=ending):
                lane.emit(ending, lane.origin, at_ns, self.out)
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
        lane.emit(ask.words, lane.origin, at_ns, self.out)
        for code in ask.expected:
            self._dialogue.expect_for(Errand(*fate.mark, hidden=1), code)
        if not ask.expected:
            fate.errand = Errand(*fate.mark, hidden=ask.hidden)

    def _bid_farewell(self, fate: Fate, farewell: Farewell, at_ns: int) -> None:
        up, down = self._lanes["up"], self._lanes["down"]
        if fate.mark is not None:
            self._ledger.answered(*fate.mark, sqlstate_of(farewell.words[HEAD_BYTES:]))
        if not up.has_ended:
            up.has_ended = True
            up.emit(Ending.FIN, up.origin, at_ns, self.out)
        if down.is_within:
            down.farewell = farewell
        elif not down.has_ended:
            self._say_farewell(down, farewell, at_ns)

    def _say_farewell(self, lane: Lane, farewell: Farewell, at_ns: int) -> None:
        lane.farewell = None
        lane.undecided.clear()
        lane.has_ended = True
        lane.emit(farewell.words, lane.origin, at_ns, self.out)
        lane.emit(Ending.FIN, lane.origin, at_ns, self.out)
