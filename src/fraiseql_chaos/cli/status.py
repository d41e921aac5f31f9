"""What the exit status means."""

from __future__ import annotations

from typing import Final

from fraiseql_chaos.reports import RunDocument

__all__ = ["HELD", "INCONCLUSIVE", "INTERRUPTED", "RIG_FAILED", "VIOLATED", "WRONG_USE", "status_of"]

HELD: Final = 0
VIOLATED: Final = 1
WRONG_USE: Final = 2
INCONCLUSIVE: Final = 3
RIG_FAILED: Final = 4
INTERRUPTED: Final = 130
"""As a shell reports what ended by Ctrl-C."""


def status_of(document: RunDocument) -> int:
    """
    Return the worst of a run.

    A run of nothing shows nothing, a register that is out of date is no better than a violation, and a test that failed in another way than by
    a verdict leaves only a violation standing.
    """
    if document.totals.violated or any(record.is_outdated_weakness for record in document.experiments):
        return VIOLATED
    if document.totals.problems:
        return RIG_FAILED
    return INCONCLUSIVE if document.totals.inconclusive or not document.totals.run else HELD
