"""
Which faults are aimed at a connection, and what becomes of a message because of them.

Each fault keeps count here of what has fitted its trigger on this connection. Asked about a message, the faults are asked in the order they
were armed, and the first that hits it takes it: the others do not see it. A fault that can do nothing to a message has not met it, so such a
message is not counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol, cast

from fraiseql_chaos.core import Rolls
from fraiseql_chaos.layers.stream.model import Direction, StreamFault
from fraiseql_chaos.layers.wire.errorfields import sqlstate_of
from fraiseql_chaos.layers.wire.lane import PASS, SWALLOW, Fate, Gate, Lane, Mark
from fraiseql_chaos.layers.wire.ledger import SQL_SHOWN, Incident, WireLedger
from fraiseql_chaos.layers.wire.messages import message_name
from fraiseql_chaos.layers.wire.model import Act, Struck, WireFault
from fraiseql_chaos.layers.wire.tracking import TRANSACTIONS, Dialogue
from fraiseql_chaos.layers.wire.trigger import Occurrences

__all__ = ["Aim", "Aimed", "Aims"]

_HIDEABLE: Final = frozenset(b"123CTn")
_RESULT_ENDS: Final = frozenset(b"CsIEZT")
_DATA_ROW, _ERROR, _READY = b"DEZ"


class Aimed(Protocol):
    """A fault that is armed at the edge, and hits this connection; told from others by identity."""

    @property
    def fault_id(self) -> str:
        """What it is called in the ledger."""
        ...

    @property
    def fault(self) -> StreamFault:
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
        armed: What is told from others by identity.
        fault: The fault.
        way, codes: Which messages its trigger names; read off once, because they are looked at with every message.
        rolls: Its dice for whether it hits.
        magnitudes: Its dice for how.
        occurrences: How many messages have fitted.
        gates: What it keeps back now.
    """

    armed: Aimed
    fault: WireFault
    way: Direction
    codes: frozenset[int]
    rolls: Rolls
    magnitudes: Rolls
    occurrences: Occurrences
    gates: list[Gate] = field(default_factory=list)


class Aims:
    """
    The faults that are aimed at one connection.

    Args:
        connection: Its ordinal at the edge.
        seed: Where the dice derive from.
        ledger: Where is written down what is hit.
        dialogue: What the conversation is at.

    Attributes:
        all: The faults, in the order they were armed.
    """

    __slots__ = ("_connection", "_dialogue", "_ledger", "_seed", "all")

    def __init__(self, *, connection: int, seed: int, ledger: WireLedger, dialogue: Dialogue) -> None:
        self.all: tuple[Aim, ...] = ()
        self._connection = connection
        self._seed = seed
        self._ledger = ledger
        self._dialogue = dialogue

    def __bool__(self) -> bool:
        return bool(self.all)

    def renew(self, faults: Sequence[Aimed]) -> tuple[tuple[Aim, ...], tuple[Aim, ...]]:
        """Learn which there are from now on; those that stay keep their counts. Return the new ones, and the healed ones."""
        known = {id(aim.armed): aim for aim in self.all}
        before = self.all
        self.all = tuple(known.pop(id(armed)) if id(armed) in known else self._new_aim(armed) for armed in faults)
        return tuple(aim for aim in self.all if aim not in before), tuple(known.values())

    @property
    def read_bodies_of(self) -> frozenset[int]:
        """The messages of the server whose body a fault must see."""
        return frozenset(code for aim in self.all for code in aim.fault.reads_body_of)

    def at_rest(self, aim: Aim, lane: Lane, now_ns: int) -> Fate | None:
        """
        Ask a fault that waits for the server to be ready, on a connection where it is so already.

        Returns:
            What happens behind the ReadyForQuery that was; None if nothing.
        """
        if not (aim.fault.acts_at_once and aim.way == "down" and _READY in aim.codes):
            return None
        state = next(code for code, transaction in TRANSACTIONS.items() if transaction == self._dialogue.transaction)
        struck = Struck(
            code=_READY,
            direction="down",
            body=bytes((state,)),
            length=6,
            sql=None,
            row=None,
            dialogue=self._dialogue,
            roll=aim.magnitudes[aim.occurrences.count],
            at_ns=now_ns,
        )
        act = self._ask(aim, struck)
        return None if act is None else self._condemn(lane, aim, struck, act)

    def _new_aim(self, armed: Aimed) -> Aim:
        fault = cast("WireFault", armed.fault)  # The edge aims only those of our layer at us.
        trigger = fault.trigger
        shared = trigger.counted == "edge"
        return Aim(
            armed=armed,
            fault=fault,
            way=trigger.way,
            codes=trigger.codes,
            rolls=Rolls(self._seed, armed.name, self._connection, trigger.way),
            magnitudes=Rolls(self._seed, armed.name, self._connection, trigger.way, "magnitude"),
            occurrences=self._ledger.occurrences(armed.fault_id, armed.armed_ns) if shared else Occurrences(),
        )

    def decide(self, lane: Lane, at_ns: int) -> Fate:
        """Return what becomes of the message at hand, of which as much is there as must be read."""
        framer, dialogue = lane.framer, self._dialogue
        code = framer.code
        if lane.direction == "down":
            if (fate := self._decide_for_us(lane, code)) is not None:
                return fate
            self._count_row(lane, code)
            if lane.is_truncating and code == _DATA_ROW:
                return SWALLOW
            sql = dialogue.cause
        else:
            sql = dialogue.sql_of(code, bytes(framer.body)) if self.all else None
        for aim in self.all:
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
        errand = self._dialogue.pending[0].errand if self._dialogue.pending else None
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
        trigger = aim.fault.trigger
        transaction = self._dialogue.transaction
        if struck.direction == "down" and struck.code == _READY and struck.body:
            transaction = TRANSACTIONS.get(struck.body[0])
        if not trigger.fits(struck.sql, transaction):
            return None
        if (act := aim.fault.strike(struck)) is None:
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
