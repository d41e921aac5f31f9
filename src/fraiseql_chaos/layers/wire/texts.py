"""
Which statement a name stands for, as far as memory goes.

Both names and texts are a client's choice, so both are counted, and beyond the limit the oldest are forgotten. What is forgotten is not known, and
what is not known is never guessed.
"""

from __future__ import annotations

from typing import Final

__all__ = ["Texts"]

_ENTRY_COST: Final = 100
"""What an entry costs beside its bytes."""


class Texts:
    """
    The texts behind prepared statements, or behind portals.

    Args:
        cost_limit: How much is remembered, in bytes.

    Attributes:
        known: The text of each name; None where the name is known and its text is not.
    """

    __slots__ = ("_cost", "_cost_limit", "known")

    def __init__(self, cost_limit: int) -> None:
        self.known: dict[bytes, bytes | None] = {}
        self._cost = 0
        self._cost_limit = cost_limit

    def __eq__(self, other: object) -> bool:
        """Tell whether the same is known."""
        return isinstance(other, Texts) and self.known == other.known

    __hash__ = None  # type: ignore[assignment]  # What is known changes.

    def get(self, name: bytes) -> bytes | None:
        """Return a name's text; None if it is not known."""
        return self.known.get(name)

    def remember(self, name: bytes, text: bytes | None) -> None:
        """Let a name stand for a text from now on."""
        self.forget(name)
        self.known[name] = text
        self._cost += _cost(name, text)
        while self._cost > self._cost_limit:
            self.forget(next(iter(self.known)))

    def forget(self, name: bytes) -> None:
        """Let a name stand for nothing."""
        if name in self.known:
            self._cost -= _cost(name, self.known.pop(name))

    def clear(self) -> None:
        """Forget everything."""
        self.known.clear()
        self._cost = 0


def _cost(name: bytes, text: bytes | None) -> int:
    return len(name) + len(text or b"") + _ENTRY_COST
