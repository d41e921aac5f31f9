"""
The one writer of a history.

Everything that happens anywhere in a run passes through here on its way to the file, in the runner's event loop, so that lines never mix.
Samples arrive on the machine's clock and leave on the run's own; those from before the origin is known wait for it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from fraiseql_chaos.core import now_ns
from fraiseql_chaos.errors import HistoryError
from fraiseql_chaos.history import Event, FaultArmed, FaultHealed, History, HistoryLog, Sample, read_history

__all__ = ["Recorder"]


class Recorder:
    """
    A history in the making.

    Args:
        path: Where it is written; the file must not exist.
        origin_ns: Time zero of the history, on the machine's monotonic clock.
        observe: Is told of every event but samples, once it is written.

    Raises:
        HistoryError: If the file exists or cannot be written.
    """

    def __init__(self, path: Path, *, origin_ns: int, observe: Callable[[Event], None] = lambda _event: None) -> None:
        self.origin_ns = origin_ns
        self.samples: list[Sample] = []
        self.armed: dict[str, FaultArmed] = {}
        self.healed: dict[str, FaultHealed] = {}
        self._observe = observe
        self._log = HistoryLog(path)

    def now_ns(self) -> int:
        """Return the time since the origin."""
        return now_ns() - self.origin_ns

    def append(self, event: Event) -> None:
        """Write an event whose times count from the origin already; remember when faults were armed and healed, for the witnesses."""
        match event:
            case FaultArmed(fault=fault):
                self.armed[fault] = event
            case FaultHealed(fault=fault):
                self.healed[fault] = event
            case _:
                pass
        self._log.append(event)
        self._observe(event)

    def sample(self, sample: Sample) -> None:
        """Write a probe's look, and keep it for the witnesses."""
        moved = replace(sample, began_ns=sample.began_ns - self.origin_ns, at_ns=sample.at_ns - self.origin_ns)
        self.samples.append(moved)
        self._log.append(moved)

    def finish(self) -> History:
        """Write the last line, and read the file back: what is judged is what is stored."""
        self._log.end(self.now_ns())
        return read_history(self._log.path)

    def abandon(self) -> None:
        """Close the file as it is; without its last line it can be read by people, but not be judged."""
        # The error that brought us here matters, not that a full disk would not let go of the file either.
        with contextlib.suppress(HistoryError):
            self._log.close()
