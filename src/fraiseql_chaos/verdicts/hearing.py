"""
The one boundary of the reading arm: a judge that crashes is heard as one that cannot tell, and the others are still heard.

An expectation that is made of others hears them here too, so that a bug in one part silences neither its neighbours nor the whole.
"""

from __future__ import annotations

from fraiseql_chaos.history import History
from fraiseql_chaos.verdicts.model import Expectation, Finding

__all__ = ["hear"]


def hear(expectation: Expectation, history: History) -> Finding:
    """Ask one judge; its own failure is an inconclusive finding that names the error."""
    try:
        return expectation.judge(history)
    except Exception as error:  # noqa: BLE001  a judge's bug must not silence the other judges
        statement = f"the judge itself failed with {type(error).__name__}: {error}; please report it"
        return Finding(expectation=expectation, verdict="inconclusive", statement=statement, numbers={})
