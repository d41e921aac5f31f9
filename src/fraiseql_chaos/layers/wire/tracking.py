"""
What one connection's conversation is at, read off the messages of both sides.

    up    P B D E S      P B D E      S
    down           1 2 T D C Z       1 2 E  . . . Z
                   '-- pending: answers still owed, oldest first; each knows the SQL it belongs to

The protocol is no game of question and answer: a client may send any number of messages before it reads the first answer, and the server
may speak unasked at any time (notices, notifications, parameters). So each message that will be answered is put on a queue when it passes
up, and taken off by the answer that settles it; what settles nothing is left alone.

An error of an extended query makes the server skip everything to the next Sync: what is pending up to there will never be answered, and
what the client sends before it is lost, so prepared statements made or closed by it are put back as they were. In COPY the server reads
past any Sync until the client says that the copy is done.

Memory is bounded by ``cost_limit``: where more than that is pending, attribution is given up until all is answered; of prepared
statements and of portals, the oldest are forgotten. What is not known is None, and never guessed.

Source: PostgreSQL documentation, "Message Flow"; ``ignore_till_sync`` in postgres.c; ``CopyGetData`` in copyfromparse.c.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Mapping
from typing import Final, Literal, NamedTuple

from fraiseql_chaos.errors import PeerProtocolError
from fraiseql_chaos.layers.wire.texts import Texts

__all__ = ["COST_LIMIT_DEFAULT", "DOWN", "TRANSACTIONS", "UP", "Dialogue", "Errand", "Expected", "Phase", "Transaction"]

type Phase = Literal["startup", "negotiating", "authenticating", "ready", "cancelling", "encrypted"]
type Transaction = Literal["idle", "in_transaction", "failed"]

COST_LIMIT_DEFAULT: Final = 16 * 2**20
"""For what is pending, again for prepared statements, and again for portals; a pool's connection needs a few kilobytes."""

_ENTRY_COST: Final = 100

TRANSACTIONS: Final[Mapping[int, Transaction]] = {ord("I"): "idle", ord("T"): "in_transaction", ord("E"): "failed"}

QUERY, PARSE, BIND, DESCRIBE, EXECUTE, CLOSE, SYNC, FUNCTION_CALL = b"QPBDECSF"

_TEXTS: Final = frozenset({QUERY, PARSE})
_ENDED_BY_READY: Final = frozenset({QUERY, SYNC, FUNCTION_CALL})
_SETTLES: Final = {ord("1"): PARSE, ord("2"): BIND, ord("3"): CLOSE, ord("T"): DESCRIBE, ord("n"): DESCRIBE, ord("s"): EXECUTE, ord("I"): EXECUTE}

_D, _IDLE = b"DI"
_DEALLOCATE: Final = re.compile(rb'\bDEALLOCATE\s+(?:PREPARE\s+)?("(?:[^"]|"")*"|[^\s;"]+)', re.IGNORECASE)


class Errand:
    """
    What was asked of the server on behalf of a fault.

    Attributes:
        incident: Where the ledger has it.
        fault_id: Which fault.
        hidden: How many answers are not for the client's eyes.
    """

    __slots__ = ("fault_id", "hidden", "incident")

    def __init__(self, incident: int, fault_id: str, *, hidden: int) -> None:
        self.incident = incident
        self.fault_id = fault_id
        self.hidden = hidden


class Expected(NamedTuple):
    """
    An answer that the server owes.

    Attributes:
        code: The type of the message that will be answered.
        sql: The statement it belongs to, if it is known.
        name: The prepared statement that it makes or closes; None if none.
        before: That statement's text before.
        errand: Set if we asked, and not the client.
    """

    code: int
    sql: bytes | None = None
    name: bytes | None = None
    before: bytes | None = None
    errand: Errand | None = None


class Dialogue:
    """
    One connection's conversation.

    Args:
        cost_limit: A bound on what is remembered, in bytes; see the header.

    Attributes:
        phase: How far it is.
        copying: Who is copying data, if anybody: ``in`` from the client, ``out`` from the server, or both.
        pending: The answers still owed, oldest first.
        is_skipping: Whether the server ignores what comes, up to the next Sync.
        is_lost: Whether attribution is given up until everything is answered.
        backend: Process and secret key by which the client can cancel, once the server has told.
        errands: How many errands wait for their answer.
    """

    __slots__ = (
        "_cost_limit",
        "_executed",
        "_owed",
        "_portals",
        "_state",
        "_statements",
        "_texts",
        "backend",
        "copying",
        "errands",
        "is_lost",
        "is_skipping",
        "pending",
        "phase",
    )

    def __init__(self, cost_limit: int = COST_LIMIT_DEFAULT) -> None:
        self.phase: Phase = "startup"
        self.copying: Literal["in", "out", "both"] | None = None
        self.pending: deque[Expected] = deque()
        self.is_skipping = self.is_lost = False
        self.backend: tuple[int, bytes] | None = None
        self.errands = 0
        self._state = 0
        self._statements, self._portals = Texts(cost_limit), Texts(cost_limit)
        self._cost_limit = cost_limit
        self._texts = 0
        self._owed = 0
        self._executed: bytes | None = None

    @property
    def transaction(self) -> Transaction | None:
        """The transaction's state as the server told it last; None before it did."""
        return TRANSACTIONS.get(self._state)

    @property
    def is_idle(self) -> bool:
        """Whether the server owes nothing and copies nothing: it waits for the client."""
        return self.phase == "ready" and not self.pending and not self.is_lost and not self.is_skipping and self.copying is None

    @property
    def cause(self) -> bytes | None:
        """The statement that what the server says now belongs to, if it is known."""
        return self.pending[0].sql if self.pending else None

    def sql_of(self, code: int, body: bytes) -> bytes | None:
        """Return the statement that a message of the client is about, before it is registered; None if it is about none or it is not known."""
        if code == QUERY:
            return _until_zero(body, 0, len(body))[0]
        if code == PARSE:
            return _until_zero(body, _until_zero(body, 0, len(body))[1], len(body))[0]
        if code == BIND:
            return self._statements.get(_until_zero(body, _until_zero(body, 0, len(body))[1], len(body))[0])
        if code == EXECUTE:
            return self._portals.get(_until_zero(body, 0, len(body))[0])
        if code in {DESCRIBE, CLOSE} and body:
            name = _until_zero(body, 1, len(body))[0]
            return self._statements.get(name) if body[0] == ord("S") else self._portals.get(name)
        return None

    def expect(self, expected: Expected) -> None:
        """Put an answer on the queue."""
        if self.is_lost:
            self._owed += expected.code in _ENDED_BY_READY
            return
        self.pending.append(expected)
        self._texts += _text_bytes(expected)
        if self._texts + len(self.pending) * _ENTRY_COST > self._cost_limit:
            self._lose()

    def expect_for(self, errand: Errand, code: int, sql: bytes | None = None) -> None:
        """Put the answer to a question of ours on the queue."""
        self.errands += 1
        self.expect(Expected(code, sql, errand=errand))

    # What the client says: each takes the body as a range of what holds it.

    def query(self, _code: int, body: bytes, start: int, stop: int) -> None:
        """A Query will be answered up to a ReadyForQuery."""
        if not self.is_skipping:
            self.expect(Expected(QUERY, _until_zero(body, start, stop)[0]))

    def parse(self, _code: int, body: bytes, start: int, stop: int) -> None:
        """A Parse makes a prepared statement, unless it fails."""
        if self.is_skipping:
            return
        name, at = _until_zero(body, start, stop)
        sql, _ = _until_zero(body, at, stop)
        self.expect(Expected(PARSE, sql, name, self._statements.get(name)))
        self._statements.remember(name, sql)

    def bind(self, _code: int, body: bytes, start: int, stop: int) -> None:
        """A Bind makes a portal of a prepared statement."""
        if self.is_skipping:
            return
        portal, at = _until_zero(body, start, stop)
        name, _ = _until_zero(body, at, stop)
        sql = self._statements.get(name)
        self.expect(Expected(BIND, sql))
        self._portals.remember(portal, sql)

    def describe(self, code: int, body: bytes, start: int, stop: int) -> None:
        """A Describe asks for columns."""
        if not self.is_skipping:
            self.expect(Expected(DESCRIBE, self.sql_of(code, body[start:stop])))

    def execute(self, _code: int, body: bytes, start: int, stop: int) -> None:
        """An Execute runs a portal."""
        if not self.is_skipping:
            self._executed = self._portals.get(_until_zero(body, start, stop)[0])
            self.expect(Expected(EXECUTE, self._executed))

    def close(self, code: int, body: bytes, start: int, stop: int) -> None:
        """A Close ends a prepared statement or a portal."""
        if self.is_skipping or start == stop:
            return
        sql = self.sql_of(code, body[start:stop])
        name, _ = _until_zero(body, start + 1, stop)
        if body[start] == ord("S"):
            self.expect(Expected(CLOSE, sql, name, sql))
            self._statements.forget(name)
        else:
            self.expect(Expected(CLOSE, sql))
            self._portals.forget(name)

    def function_call(self, _code: int, _body: bytes, _start: int, _stop: int) -> None:
        """A FunctionCall is answered like a Query."""
        if not self.is_skipping:
            self.expect(Expected(FUNCTION_CALL))

    def sync(self, _code: int, _body: bytes, _start: int, _stop: int) -> None:
        """A Sync ends what an error would skip."""
        if self.copying in {"in", "both"}:
            return  # The server reads past it.
        self.is_skipping = False
        self.expect(Expected(SYNC, self._executed))  # The ReadyForQuery belongs to what was executed last.
        self._executed = None

    def copy_ended(self, _code: int, _body: bytes, _start: int, _stop: int) -> None:
        """A CopyDone or CopyFail ends the client's copy."""
        self.copying = "out" if self.copying == "both" else None

    # What the server says.

    def settled(self, code: int, _body: bytes, _start: int, _stop: int) -> None:
        """An answer settles the message that it can only belong to."""
        if self.pending and self.pending[0].code == _SETTLES[code]:
            self._pop()

    def completed(self, _code: int, body: bytes, start: int, stop: int) -> None:
        """A CommandComplete settles an Execute, and one of several statements of a Query."""
        if start < stop and body[start] == _D:
            self._deallocated(body[start:stop], self.cause)
        if self.pending and self.pending[0].code == EXECUTE:
            self._pop()

    def failed(self, _code: int, _body: bytes, _start: int, _stop: int) -> None:
        """An ErrorResponse settles everything up to the next Sync, or nothing if a ReadyForQuery follows anyway."""
        self.copying = None
        if not self.pending or self.pending[0].code in _ENDED_BY_READY:
            return
        undone = []
        while self.pending and self.pending[0].code != SYNC:
            undone.append(self._pop())
        self.is_skipping = not self.pending
        for expected in reversed(undone):
            if expected.name is not None:
                if expected.before is None:
                    self._statements.forget(expected.name)
                else:
                    self._statements.remember(expected.name, expected.before)

    def ready(self, _code: int, body: bytes, start: int, _stop: int) -> None:
        """A ReadyForQuery settles a Query or a Sync, and tells the state of the transaction."""
        state = body[start] if start < len(body) else 0
        if state not in TRANSACTIONS:
            raise PeerProtocolError(f"the server is ready in the unknown transaction state {bytes((state,))!r}")
        self._state = state
        self.copying = None
        if self.phase != "ready":
            self.phase = "ready"
            return
        if self.is_lost:
            self._owed -= 1
            self.is_lost = self._owed > 0
            return
        pending = self.pending
        while pending and self._pop().code not in _ENDED_BY_READY:
            pass
        if state == _IDLE and not pending and self._portals.known:
            self._portals.clear()  # Portals end with their transaction.

    def copies_in(self, _code: int, _body: bytes, _start: int, _stop: int) -> None:
        """A CopyInResponse makes the server read data, and past any Sync."""
        self.copying = "in"
        while len(self.pending) > 1 and self.pending[0].code == EXECUTE and self.pending[1].code == SYNC:
            del self.pending[1]  # Sent behind the Execute, and read past.

    def copies_out(self, _code: int, _body: bytes, _start: int, _stop: int) -> None:
        """A CopyOutResponse announces data."""
        self.copying = "out"

    def copies_both(self, code: int, body: bytes, start: int, stop: int) -> None:
        """A CopyBothResponse begins replication."""
        self.copies_in(code, body, start, stop)
        self.copying = "both"

    def copied_out(self, _code: int, _body: bytes, _start: int, _stop: int) -> None:
        """A CopyDone ends the server's copy."""
        self.copying = "in" if self.copying == "both" else None

    def keyed(self, _code: int, body: bytes, start: int, stop: int) -> None:
        """A BackendKeyData tells how to cancel."""
        self.backend = (int.from_bytes(body[start : start + 4]), body[start + 4 : stop])

    # The rest.

    def _pop(self) -> Expected:
        expected = self.pending.popleft()
        self._texts -= _text_bytes(expected)
        if expected.errand is not None:
            self.errands -= 1
        return expected

    def _lose(self) -> None:
        self.is_lost = True
        self._owed = sum(expected.code in _ENDED_BY_READY for expected in self.pending)
        self.pending.clear()
        self._portals.clear()
        self._texts = self.errands = 0

    def _deallocated(self, tag: bytes, cause: bytes | None) -> None:
        if tag.startswith((b"DEALLOCATE ALL", b"DISCARD ALL")):
            self._statements.clear()
        elif tag.startswith(b"DEALLOCATE") and cause is not None:
            for name in _DEALLOCATE.findall(cause):
                self._statements.forget(name[1:-1].replace(b'""', b'"') if name.startswith(b'"') else name.lower())


type Said = Callable[[Dialogue, int, bytes, int, int], None]

UP: Final[Mapping[int, Said]] = {
    QUERY: Dialogue.query,
    PARSE: Dialogue.parse,
    BIND: Dialogue.bind,
    DESCRIBE: Dialogue.describe,
    EXECUTE: Dialogue.execute,
    CLOSE: Dialogue.close,
    FUNCTION_CALL: Dialogue.function_call,
    SYNC: Dialogue.sync,
    ord("c"): Dialogue.copy_ended,
    ord("f"): Dialogue.copy_ended,
}
"""What a message of the client changes, by type; those that are missing change nothing."""

DOWN: Final[Mapping[int, Said]] = {
    **dict.fromkeys(_SETTLES, Dialogue.settled),
    ord("C"): Dialogue.completed,
    ord("E"): Dialogue.failed,
    ord("Z"): Dialogue.ready,
    ord("G"): Dialogue.copies_in,
    ord("H"): Dialogue.copies_out,
    ord("W"): Dialogue.copies_both,
    ord("c"): Dialogue.copied_out,
    ord("K"): Dialogue.keyed,
}
"""What a message of the server changes, by type."""


def _text_bytes(expected: Expected) -> int:
    """Return how many bytes an answer that is owed keeps alive by itself; another's text is counted where it was first said."""
    text = expected.sql if expected.code in _TEXTS else None
    return len(text or b"") + len(expected.name or b"")


def _until_zero(body: bytes, start: int, stop: int) -> tuple[bytes, int]:
    """Return a string that ends in a zero byte, or where the body is cut, and where the next one begins."""
    end = body.find(0, start, stop)
    return (body[start:end], end + 1) if end >= 0 else (body[start:stop], stop)
