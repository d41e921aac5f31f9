"""
What becomes of those who ask again.

The load is open and asks nothing a second time; but it asks the same operation again and again, so the first request of it that was planned after a failed one had
ended stands in the place of a client that tries again at once.
"""

from __future__ import annotations

from fraiseql_chaos.history import History, Operation
from fraiseql_chaos.verdicts.requests import was_given_up

__all__ = ["next_tries"]


def next_tries(history: History) -> tuple[tuple[Operation, Operation | None], ...]:
    """Return every request that got an error, and the next one of its kind; None if it was the last. What was given up got no error to act upon."""
    failed = [o for o in history.operations if o.outcome != "ok" and not was_given_up(o)]
    return tuple((one, _next(one, history.operations)) for one in failed)


def _next(failed: Operation, operations: tuple[Operation, ...]) -> Operation | None:
    return min((o for o in operations if o.name == failed.name and o.planned_ns >= failed.done_ns), key=lambda o: o.planned_ns, default=None)
