"""
Why a request did not count as right: a closed list of words, and what each lets us say about the database.

``fail`` and ``indeterminate`` are promises to whoever judges integrity, who sees nothing but the outcome: of a failed mutation no trace
may be found, of an indeterminate one nobody can say. So the rule has two halves.

- A *query* has no effect. Whatever went wrong with it is a ``fail``.
- A *mutation* is a ``fail`` only if it is certain that it was never executed: no connection came about, it was held back, or the service
  refused it before running it. Everything else is ``indeterminate``, an error answer too: a function that raised was rolled back, but
  an answer looks the same when the connection to the database broke between COMMIT and its acknowledgement (Jepsen calls such an
  operation ``info``). The same holds for a mutation answered wrongly or with garbage: its cause says that it was not right.
"""

from __future__ import annotations

from typing import Final, Literal

from fraiseql_chaos.history import Outcome
from fraiseql_chaos.workload.model import OperationKind

__all__ = ["CAUSES", "Cause", "outcome_of"]

type Cause = Literal[
    "",
    "graphql_error",
    "http_error",
    "wrong_answer",
    "malformed_answer",
    "connect_failed",
    "connection_lost",
    "timeout",
    "unfinished",
    "not_sent",
]

CAUSES: Final[dict[Cause, str]] = {
    "": "the right answer came back",
    "graphql_error": "the answer carried GraphQL errors, with or without data beside them",
    "http_error": "the answer's HTTP status was not a success",
    "wrong_answer": "a success without the expected data, which includes an error swallowed into an empty answer",
    "malformed_answer": "what came back was not HTTP, not JSON, or neither data nor errors",
    "connect_failed": "no connection came about, so the request was never sent",
    "connection_lost": "the connection broke before the answer was complete",
    "timeout": "no complete answer within the bound for one request",
    "unfinished": "still waiting when the run ended; its age is a lower bound of its latency",
    "not_sent": "held back, because the bound on requests in flight was reached",
}
"""Every cause word that an ``Operation`` can carry, with its meaning."""

_NEVER_EXECUTED: Final = frozenset({"connect_failed", "not_sent"})


def outcome_of(cause: Cause, *, kind: OperationKind, refused: bool = False) -> Outcome:
    """
    Tell what a cause lets us say.

    Args:
        cause: The cause; empty for the right answer.
        kind: Whether the request could have changed anything.
        refused: True if it is certain that the request was not executed.
    """
    if not cause:
        return "ok"
    if kind == "query" or refused or cause in _NEVER_EXECUTED:
        return "fail"
    return "indeterminate"
