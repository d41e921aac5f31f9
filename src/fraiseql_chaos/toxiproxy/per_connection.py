"""What several toxics know together of each connection, for as long as one of them still holds it."""

from __future__ import annotations

from collections.abc import Callable
from weakref import WeakValueDictionary

__all__ = ["PerConnection"]


class PerConnection[T]:
    """
    A value for each connection, forgotten with the toxics that hold it.

    Args:
        make: Makes the value of a connection that is new.
    """

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._values: WeakValueDictionary[int, T] = WeakValueDictionary()

    def __len__(self) -> int:
        return len(self._values)

    def on(self, connection: int) -> T:
        """Return the value of a connection, by its ordinal."""
        value = self._values.get(connection)
        if value is None:
            value = self._values[connection] = self._make()
        return value
