r"""
Which message a fault is placed on.

A trigger names a kind of message and narrows it down: by the statement it belongs to, by the state of the transaction, by how often the like
has come by, by chance. A message the server sends belongs to the statement that it answers, so ``Trigger(message="CommandComplete",
sql=r"^\s*COMMIT")`` is the acknowledgement of a commit, by whichever protocol it was asked for and prepared or not.

Only what fits everything else is counted, and only what is counted rolls the dice: the n-th roll belongs to the n-th message that fits, of
this fault on this connection, whatever else flows.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from typing import Final, Literal, get_args

from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.layers.stream.model import DIRECTIONS, Direction
from fraiseql_chaos.layers.wire.messages import NAMES, STATEMENT, codes_of
from fraiseql_chaos.layers.wire.tracking import Transaction

__all__ = ["Occurrences", "Trigger"]

_STATES: Final = get_args(Transaction.__value__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    r"""
    What a message must be for a fault to hit it.

    Args:
        message: Its name in the protocol, as ``Query``, ``DataRow`` or ``CommandComplete``; ``Statement`` is a Query or an Execute.
        direction: Which way it goes, where a name does not say: CopyData and CopyDone go both ways.
        sql: A regular expression that is searched in the statement it belongs to, without regard to case; prepared statements count as
            their text. Begin it with ``^\s*`` to say how a statement begins.
        state: The state of the transaction, as the server told it last; a ReadyForQuery tells a new one, and that counts.
        nth: Only the n-th message that fits, from 1; None for any.
        first: Only the first so many that fit; None for no limit.
        probability: The chance of each of them, above 0 and at most 1.
        counted: Whether ``nth`` and ``first`` count the messages of one connection or of all connections through the edge. How
            connections interleave is not controlled, so the latter may hit another connection when it is replayed. Connections of witnesses
            are among them: say by ``sql`` which statements are meant, or one of theirs may be it.

    Raises:
        DeclarationError: If there is no such message or state, the name leaves the direction open or contradicts it, the pattern does not
            compile, ``nth`` and ``first`` are both given or below 1, or the probability is none.
    """

    message: str = STATEMENT
    direction: Direction | None = None
    sql: str | None = None
    state: Transaction | None = None
    nth: int | None = None
    first: int | None = None
    probability: float = 1.0
    counted: Literal["connection", "edge"] = "connection"

    def __post_init__(self) -> None:
        self._check_message()
        if self.sql is not None:
            _check_pattern(self.sql)
        if self.state is not None and self.state not in _STATES:
            raise DeclarationError(f"trigger: state {self.state!r} is not one of {', '.join(_STATES)}; nothing was armed")
        for name, value in (("nth", self.nth), ("first", self.first)):
            if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 1):
                raise DeclarationError(f"trigger: {name} is a number of messages from 1, or None, not {value!r}; nothing was armed")
        if self.nth is not None and self.first is not None:
            raise DeclarationError("trigger: nth is one message and first are several, so give one of the two; nothing was armed")
        if isinstance(self.probability, bool) or not isinstance(self.probability, int | float) or not 0 < self.probability <= 1:
            raise DeclarationError(f"trigger: probability is above 0 and at most 1, not {self.probability!r}; nothing was armed")
        if self.counted not in {"connection", "edge"}:
            raise DeclarationError(f"trigger: counted {self.counted!r} is neither 'connection' nor 'edge'; nothing was armed")

    def __str__(self) -> str:
        parts = [self.message]
        if self.sql is not None:
            parts.append(f"of /{self.sql}/")
        if self.state is not None:
            parts.append(f"while {self.state.replace('_', ' ')}")
        if self.nth is not None:
            parts.append(f"number {self.nth}")
        if self.first is not None:
            parts.append(f"up to {self.first} times")
        if self.probability != 1:
            parts.append(f"with probability {self.probability:g}")
        return " ".join(parts)

    @property
    def way(self) -> Direction:
        """Which way its messages go."""
        return next(direction for direction, codes in codes_of(self.message).items() if codes and self.direction in {None, direction})

    @property
    def codes(self) -> frozenset[int]:
        """The types of its messages."""
        return codes_of(self.message)[self.way]

    def fits(self, sql: bytes | None, transaction: Transaction | None) -> bool:
        """
        Tell whether a message of the right kind fits the rest, but for counting and chance.

        Args:
            sql: The statement it belongs to; None if that is not known, which no pattern fits.
            transaction: The state of the transaction; None before there was one.
        """
        if self.state is not None and self.state != transaction:
            return False
        return self.sql is None or (sql is not None and _compiled(self.sql).search(sql.decode(errors="replace")) is not None)

    def fires(self, ordinal: int, roll: float) -> bool:
        """
        Tell whether a message that fits is hit.

        Args:
            ordinal: How many have fitted before.
            roll: In [0, 1).
        """
        if self.nth is not None and ordinal != self.nth - 1:
            return False
        return (self.first is None or ordinal < self.first) and (self.probability == 1 or roll < self.probability)

    def _check_message(self) -> None:
        if not isinstance(self.message, str) or self.message not in NAMES:
            raise DeclarationError(f"trigger: no message is called {self.message!r}; there are {', '.join(NAMES)}; nothing was armed")
        if self.direction is not None and self.direction not in DIRECTIONS:
            raise DeclarationError(
                f"trigger: direction {self.direction!r} is neither 'up' (to the server) nor 'down' (to the service); nothing was armed"
            )
        ways = [direction for direction, codes in codes_of(self.message).items() if codes]
        if self.direction is None and len(ways) > 1:
            raise DeclarationError(f"trigger: {self.message} goes both ways; say direction='up' or direction='down'; nothing was armed")
        if self.direction is not None and self.direction not in ways:
            raise DeclarationError(f"trigger: {self.message} never goes {self.direction}; nothing was armed")


@dataclass(slots=True, kw_only=True)
class Occurrences:
    """How many messages have fitted a trigger so far."""

    count: int = field(default=0)

    def next(self) -> int:
        """Count one more, and return how many there were before."""
        self.count += 1
        return self.count - 1


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


def _check_pattern(pattern: str) -> None:
    if not isinstance(pattern, str):
        raise DeclarationError(f"trigger: sql is a regular expression, not {pattern!r}; nothing was armed")
    try:
        re.compile(pattern, re.IGNORECASE)
    except re.error as error:
        raise DeclarationError(f"trigger: the SQL pattern {pattern!r} does not compile: {error}; nothing was armed") from None
