"""
The client is told an error of a chosen SQLSTATE: as it logs in, while it is idle, or in answer to a statement.

In answer to a statement the error is raised by the server itself, and not made up by us. What the client is told is then true: both sides
agree about the transaction, the pipeline and what comes next, whatever the protocol; the error is in the server's log, written by somebody
who does not know of us; and no answer has to be fitted between answers that are still under way.

    Query 'UPDATE ...'            is replaced by      Query 'DO $$ ... RAISE ... $$'
    P B D [E] S                   E is replaced by    C P B E of such a DO, under names of their own: the server raises, and reads
                                                      past all that follows up to the Sync, as it does after any error
    COMMIT, in a transaction      is preceded by      ROLLBACK, because a COMMIT that fails leaves no transaction behind

The statement itself never reaches the server. The DO needs PL/pgSQL, which every database has unless somebody dropped it; then, or on a
connection for replication, the error is another one, and the log says so. Of an extended query the server keeps one prepared statement
called ``fraiseql_chaos_answer`` in that session. In a failed transaction nothing is done: there the server itself refuses everything with 25P02.

FATAL errors end the session, so there the client is told by us and both ends are closed in good order: the server ends the transaction, as
it would for a client that has gone. A login is answered before the server has heard of it; an idle session is told at once, unasked.

Witnesses: of an ERROR the server's log; of a FATAL error at login a client of our own that logs in through the same edge; of one while
idle or at a statement the list of the server's sessions, from which one vanishes.

Source: PostgreSQL documentation, "PostgreSQL Error Codes", "Errors and Messages" of PL/pgSQL; ``ignore_till_sync`` in postgres.c.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar, Final, Literal

from fraiseql_chaos.core import JsonObject
from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.history import Sample
from fraiseql_chaos.layers.stream.model import Door, Meeting, Toxic
from fraiseql_chaos.layers.stream.scope import Scope
from fraiseql_chaos.layers.stream.traces import reach_of_broken
from fraiseql_chaos.layers.wire.errorfields import error_response
from fraiseql_chaos.layers.wire.evidence import errors_logged, logins_refused, sessions_lost
from fraiseql_chaos.layers.wire.messages import STATEMENT
from fraiseql_chaos.layers.wire.model import Act, Ask, Farewell, Struck
from fraiseql_chaos.layers.wire.placing import check_placing
from fraiseql_chaos.layers.wire.trigger import Trigger
from fraiseql_chaos.plan import Fidelity, Sighting, parameters_of

__all__ = ["AnswerError"]

NAME: Final = "fraiseql_chaos_answer"

_SQLSTATE: Final = re.compile(r"[0-9A-Z]{5}")
_COMMITS: Final = re.compile(rb"(?:\s|;|--[^\n]*\n|/\*.*?\*/)*(?:COMMIT|END|PREPARE\s+TRANSACTION)\b", re.IGNORECASE | re.DOTALL)
_AT_LOGIN: Final = frozenset({"StartupMessage"})
_AT_STATEMENT: Final = frozenset({STATEMENT, "Query", "Execute"})
_PLACES: Final = ("StartupMessage", "ReadyForQuery", STATEMENT, "Query", "Execute")

_SAYINGS: Final = {
    "25006": "cannot execute statement in a read-only transaction",
    "40001": "could not serialize access due to concurrent update",
    "40P01": "deadlock detected",
    "53100": "could not extend file: No space left on device",
    "53200": "out of memory",
    "53300": "sorry, too many clients already",
    "55P03": "canceling statement due to lock timeout",
    "57014": "canceling statement due to statement timeout",
    "57P01": "terminating connection due to administrator command",
    "57P02": "terminating connection because of crash of another server process",
    "57P03": "the database system is starting up",
    "57P05": "terminating connection due to idle-session timeout",
}
"""What PostgreSQL itself says with these, so that a client that reads the words is not told apart from one that reads the code."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerError:
    """
    Answer with an error.

    Args:
        sqlstate: Its five characters, as ``40001``.
        severity: ``ERROR``, or ``FATAL`` or ``PANIC``, which end the session; None takes ERROR for a statement, and FATAL elsewhere.
        message: What it says; None takes PostgreSQL's own words where we know them.
        trigger: At what: a ``StartupMessage``, so that logins are refused; a ``ReadyForQuery``, so that idle sessions are told, those that
            are idle already as soon as the fault is armed; or a ``Statement``, ``Query`` or ``Execute``.
        scope: On which connections.

    Raises:
        DeclarationError: If the SQLSTATE is none, the trigger is about another message, or the severity does not go with it.
    """

    kind: ClassVar[str] = "answer_error"
    failure_type: ClassVar[str] = "answer_error"
    layer: ClassVar[str] = "wire"
    fidelity: ClassVar[Fidelity] = "wire"
    silences: ClassVar[bool] = False
    witnesses: ClassVar[tuple[str, ...]] = ("server_log", "edge_login", "server_sessions", "service_path")
    door: ClassVar[Door] = "open"
    acts_at_once: ClassVar[bool] = True
    reads_body_of: ClassVar[bytes] = b""

    sqlstate: str
    severity: Literal["ERROR", "FATAL", "PANIC"] | None = None
    message: str | None = None
    trigger: Trigger = Trigger()
    scope: Scope = Scope()

    def __post_init__(self) -> None:
        check_placing(self.kind, self.trigger)
        if not isinstance(self.sqlstate, str) or _SQLSTATE.fullmatch(self.sqlstate) is None or self.sqlstate == "00000":
            raise DeclarationError(
                f"answer_error: an error's SQLSTATE is five digits or capital letters and not 00000, as 40001; {self.sqlstate!r} is none; nothing was armed"
            )
        if self.severity not in {None, "ERROR", "FATAL", "PANIC"}:
            raise DeclarationError(f"answer_error: severity {self.severity!r} is none of ERROR, FATAL, PANIC; nothing was armed")
        if self.trigger.message not in _PLACES:
            raise DeclarationError(
                f"answer_error: {self.trigger.message} cannot be answered with an error; {', '.join(_PLACES)} can; nothing was armed"
            )
        if self.severity == "ERROR" and self.trigger.message not in _AT_STATEMENT:
            raise DeclarationError(f"answer_error: an error at {self.trigger.message} ends the session, so it is FATAL, not ERROR; nothing was armed")
        if self.message is not None and (not isinstance(self.message, str) or not self.message or "\0" in self.message):
            raise DeclarationError(f"answer_error: a message is a text without zero bytes, not {self.message!r}; nothing was armed")

    def parameters(self) -> JsonObject:
        """Return the magnitudes."""
        return parameters_of(self)

    def toxic(self, meeting: Meeting) -> Toxic | None:  # noqa: ARG002  the reader acts, for all wire faults at once
        """Return nothing: the connection's reader acts."""
        return None

    @property
    def is_fatal(self) -> bool:
        """Whether it ends the session."""
        return self.severity in {"FATAL", "PANIC"} or self.trigger.message not in _AT_STATEMENT

    @property
    def says(self) -> str:
        """What the client is told."""
        return self.message or _SAYINGS.get(self.sqlstate, "an error was injected")

    def __str__(self) -> str:
        return f"{'FATAL' if self.is_fatal else 'ERROR'} {self.sqlstate} at {self.trigger}"

    def strike(self, struck: Struck) -> Act | None:
        """Tell the client, or have the server tell it."""
        if self.is_fatal:
            words = error_response(self.severity or "FATAL", self.sqlstate, self.says)
            farewell = (Farewell(words=words),)
            if self.trigger.message == "ReadyForQuery":
                return Act(decision=f"FATAL {self.sqlstate} behind it", after=farewell) if struck.body[:1] == b"I" else None
            return Act(decision=f"answered with FATAL {self.sqlstate}", before=farewell, passes=False)
        if struck.dialogue.is_skipping or struck.dialogue.transaction == "failed" or struck.dialogue.copying is not None:
            return None  # The server would not so much as read the statement.
        is_commit = struck.dialogue.transaction == "in_transaction" and _COMMITS.match(struck.sql or b"") is not None
        ask = self._replacement(is_commit=is_commit) if struck.code == ord("Q") else self._insertion(is_commit=is_commit)
        return Act(decision=f"replaced by one that raises {self.sqlstate}", before=(ask,), passes=False)

    def sightings(self, before: tuple[Sample, ...], during: tuple[Sample, ...]) -> tuple[Sighting, ...]:
        """Count where the error, or what it leaves behind, was seen."""
        if not self.is_fatal:
            return (errors_logged(self.sqlstate, before, during), reach_of_broken(before, during))
        seen = logins_refused(self.sqlstate, before, during) if self.trigger.message in _AT_LOGIN else sessions_lost(before, during)
        return (seen, reach_of_broken(before, during))

    @property
    def _raise(self) -> bytes:
        text = self.says.replace("'", "''")
        for special in "$\\":  # A dollar could end the quoting around it; what a backslash means is a setting.
            text = text.replace(special, f"' || chr({ord(special)}) || '")
        return f"DO $fraiseql_chaos$ BEGIN RAISE EXCEPTION USING ERRCODE = '{self.sqlstate}', MESSAGE = '{text}'; END $fraiseql_chaos$".encode()

    def _replacement(self, *, is_commit: bool) -> Ask:
        """Return a simple query that raises, in place of another."""
        if is_commit:
            return Ask(words=_message("Q", b"ROLLBACK; ", self._raise, b"\0"), hidden=1)
        return Ask(words=_message("Q", self._raise, b"\0"))

    def _insertion(self, *, is_commit: bool) -> Ask:
        """Return messages that raise, in place of an Execute."""
        steps = (b"ROLLBACK", self._raise) if is_commit else (self._raise,)
        name = NAME.encode() + b"\0"
        words, expected = b"", b""
        for sql in steps:
            words += _message("C", b"S", name) + _message("P", name, sql, b"\0\0\0")
            words += _message("B", name, name, b"\0\0\0\0\0\0") + _message("E", name, b"\0\0\0\0")
            expected += b"CPBE"
        return Ask(words=words, expected=expected)


def _message(code: str, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return code.encode() + (len(body) + 4).to_bytes(4) + body
