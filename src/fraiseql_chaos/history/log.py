"""
The append-only file that a running experiment writes.

One writer, one line an event, flushed as it comes: what a run had seen until it was killed can be read. The ``end`` line carries the
number of events before it, so a file that lost its tail, or its middle, says so when it is read.

A disk that is full is an error at once, with the path: a run whose record has holes is worth nothing.
"""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Self

from fraiseql_chaos.errors import HistoryError
from fraiseql_chaos.history.codec import encode
from fraiseql_chaos.history.events import End, Event

__all__ = ["HistoryLog"]


class HistoryLog:
    """
    An open history file.

    Args:
        path: A file that does not exist yet; its folder must.

    Raises:
        HistoryError: If the file exists already, or cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._events = 0
        try:
            self._file = path.open("x", encoding="utf-8", buffering=1)
        except FileExistsError:
            raise HistoryError(f"{path} exists already; a history is never overwritten") from None
        except OSError as error:
            raise self._unwritable(error) from error

    def append(self, event: Event) -> None:
        """
        Write one event.

        Raises:
            HistoryError: If it could not be written, for example because the disk is full.
        """
        try:
            self._file.write(encode(event) + "\n")
        except OSError as error:
            raise self._unwritable(error) from error
        self._events += 1

    def end(self, at_ns: int) -> None:
        """Write the last line and close the file."""
        self.append(End(at_ns=at_ns, events=self._events))
        self.close()

    def close(self) -> None:
        """Close the file without its last line: what is in it can be read by people, but not be judged."""
        try:
            self._file.close()
        except OSError as error:
            raise self._unwritable(error) from error

    def _unwritable(self, error: OSError) -> HistoryError:
        return HistoryError(f"{self.path} cannot be written: {error.strerror or error}; the run's record would have holes, so the run ends here")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        self.close()
