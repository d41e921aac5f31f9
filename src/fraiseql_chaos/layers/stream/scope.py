"""
Which connections a fault hits: all of them, a share, those from the n-th on, the first k.

Connections are counted per fault and from the moment it is armed: those that are open then come first, in the order they were opened, and
every later one follows. So "the first two" are two that can be hit, not two that closed an hour ago. Whether a connection belongs to the
share is rolled once and kept, from the seed, the fault's name and the connection's ordinal at its edge: arming another fault, or updating
this one, rolls nothing again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from fraiseql_chaos.core import Rolls
from fraiseql_chaos.errors import DeclarationError

__all__ = ["Choice", "Scope"]

DECISIONS_KEPT: Final = 2**16
"""How many decisions a fault remembers, to roll none of them at every chunk after a change: some 6 MB at most, and as many connections as a port has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """
    Which connections a fault hits.

    Args:
        toxicity: The share of connections, above 0 and at most 1, each decided by its own roll.
        from_connection: How many connections are left alone before the first that may be hit.
        first: How many are hit at most; None for no limit.

    Raises:
        DeclarationError: If the share is not a share, or a number of connections is negative, or no connection could be hit.
    """

    toxicity: float = 1.0
    from_connection: int = 0
    first: int | None = None

    def __post_init__(self) -> None:
        if isinstance(self.toxicity, bool) or not isinstance(self.toxicity, int | float) or not 0 < self.toxicity <= 1:
            raise DeclarationError(f"scope: toxicity is a share above 0 and at most 1, not {self.toxicity!r}; nothing was armed")
        if isinstance(self.from_connection, bool) or not isinstance(self.from_connection, int) or self.from_connection < 0:
            raise DeclarationError(f"scope: from_connection is a number of connections from 0, not {self.from_connection!r}; nothing was armed")
        if self.first is not None and (isinstance(self.first, bool) or not isinstance(self.first, int) or self.first < 1):
            raise DeclarationError(f"scope: first is a number of connections from 1, or None for no limit, not {self.first!r}; nothing was armed")

    def __str__(self) -> str:
        parts = []
        if self.toxicity != 1:
            parts.append(f"{self.toxicity:.3g} of the connections")
        if self.from_connection:
            parts.append(f"from connection {self.from_connection + 1} on")
        if self.first is not None:
            parts.append(f"the first {self.first} of them")
        return ", ".join(parts)


class Choice:
    """
    Decides for each connection of an edge whether a fault hits it; the same answer whenever it is asked.

    Args:
        scope: What was asked for.
        rolls: The fault's rolls at this edge, one for each connection's ordinal.
        present: The ordinals of the connections that are open as it is armed, ascending.
        upcoming: The ordinal of the next one to be opened.
    """

    __slots__ = ("_chosen", "_decided", "_looked", "_places", "_present", "_rolls", "_scope", "_upcoming")

    def __init__(self, scope: Scope, rolls: Rolls, *, present: Sequence[int], upcoming: int) -> None:
        self._scope = scope
        self._rolls = rolls
        self._present = tuple(present)
        self._places = {ordinal: place for place, ordinal in enumerate(self._present)}
        self._upcoming = upcoming
        self._looked = scope.from_connection
        self._chosen: set[int] = set()
        self._decided: dict[int, bool] = {}

    def hits(self, connection: int) -> bool:
        """Tell whether the fault hits a connection, by its ordinal."""
        if (place := self._place(connection)) < self._scope.from_connection:
            return False
        if self._scope.first is None:
            return self._is_of_the_share(connection)
        while self._looked <= place and len(self._chosen) < self._scope.first:
            candidate = self._connection(self._looked)
            self._looked += 1
            if self._is_of_the_share(candidate):
                self._chosen.add(candidate)
        return connection in self._chosen

    def _is_of_the_share(self, connection: int) -> bool:
        if self._scope.toxicity == 1:
            return True
        if (decided := self._decided.get(connection)) is None:
            if len(self._decided) >= DECISIONS_KEPT:
                self._decided.clear()  # They come out the same when they are asked for again.
            decided = self._decided[connection] = self._rolls[connection] < self._scope.toxicity
        return decided

    def _place(self, connection: int) -> int:
        if connection >= self._upcoming:
            return len(self._present) + connection - self._upcoming
        return self._places.get(connection, -1)

    def _connection(self, place: int) -> int:
        return self._present[place] if place < len(self._present) else self._upcoming + place - len(self._present)
