"""
An error says what is wrong, and gives nothing away.

Read are the words that the service itself answered with while a fault was armed: errors that came with an HTTP status. What the
client says about a connection that was cut is not the service's wording. Each must name the thing that failed, so that who reads it
knows where to look, and must not contain SQL text, a stack trace or a password, which belong into a log and not into a client's hands.

This is a check of wording by patterns: it finds what it knows. That it finds nothing does not prove that an error is helpful.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar, Final

from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.history import History, Operation
from fraiseql_chaos.verdicts.expectations.correct_results import WRONG
from fraiseql_chaos.verdicts.model import Finding
from fraiseql_chaos.verdicts.requests import requests_during, was_given_up

__all__ = ["ErrorIsClear", "error_is_clear"]

_SECRETS: Final = {
    "SQL text": re.compile(r"\b(select\b.{1,400}?\bfrom|insert\s+into|update\s+\S+\s+set|delete\s+from)\b", re.IGNORECASE | re.DOTALL),
    "a stack trace": re.compile(r'Traceback \(most recent call last\)|File "[^"]+", line \d+|\bat [\w.$]+\([\w.]+:\d+\)'),
    "a password": re.compile(r"\w+://[^/\s:@]*:[^@\s/]+@|\bpassword\s*=\s*\S+", re.IGNORECASE),
}

QUOTED_AT_MOST: Final = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorIsClear:
    """
    Expect every error answered during the fault to name what failed and to give nothing away.

    Args:
        names: Words of which each error must contain one, in any case; at least one word.

    Raises:
        DeclarationError: If there is no word, or an empty one.
    """

    kind: ClassVar[str] = "error_is_clear"

    names: tuple[str, ...] = ("database", "connection", "postgres")

    def __post_init__(self) -> None:
        if not self.names or not all(self.names):
            raise DeclarationError("error_is_clear: names must hold at least one word, and no empty one; nothing was judged")

    def __str__(self) -> str:
        return f"errors during the fault name the {' or '.join(self.names)}, and contain no SQL, stack trace or password"

    def judge(self, history: History) -> Finding:
        """Read every error the service answered with, and quote the first one that is not clear."""
        errors = [o for o in requests_during(history, "fault") if _is_answered_error(o)]
        faulty = [(o, fault) for o in errors if (fault := self._fault_of(o.detail))]
        if faulty:
            first, fault = faulty[0]
            statement = f"{len(faulty)} of {len(errors)} errors are not clear; request {first.ordinal} {fault}: {first.detail[:QUOTED_AT_MOST]!r}"
        else:
            statement = (
                f"all {len(errors)} errors name what failed" if errors else "the service answered with no error, so there is no wording to judge"
            )
        return Finding(
            expectation=self,
            verdict="violated" if faulty else "held" if errors else "inconclusive",
            statement=statement,
            numbers={"errors": len(errors), "not_clear": len(faulty), "wordings": len({o.detail for o in errors})},
        )

    def _fault_of(self, words: str) -> str:
        """Return what is wrong with an error's words, as the rest of a sentence; empty if nothing is."""
        leaked = next((secret for secret, pattern in _SECRETS.items() if pattern.search(words)), None)
        if leaked:
            return f"contains {leaked}"
        if not any(name.casefold() in words.casefold() for name in self.names):
            return "does not name what failed"
        return ""


def error_is_clear(*, names: tuple[str, ...] = ("database", "connection", "postgres")) -> ErrorIsClear:
    """Expect every error answered during the fault to name what failed and to give nothing away; see ``ErrorIsClear``."""
    return ErrorIsClear(names=names)


def _is_answered_error(operation: Operation) -> bool:
    return operation.outcome != "ok" and operation.status is not None and operation.cause != WRONG and not was_given_up(operation)
