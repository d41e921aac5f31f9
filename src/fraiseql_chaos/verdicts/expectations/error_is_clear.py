"""
An error says what is wrong and what to do about it, and gives nothing away.

Read are the words that the service itself answered with while a fault was armed: errors that came with an HTTP status. What the
client says about a connection that was cut is not the service's wording. Each must

* name the thing that failed, so that who reads it knows where to look;
* be of an *actionable class*, so that who reads it knows what to do: ask again later, ask less, ask for permission, call somebody. The class is told by
  words, by the HTTP status, or by a code in the error's extensions that is more than "internal error";
* contain no SQL text, no stack trace (PL/pgSQL's ``CONTEXT`` is one) and no secret, which belong into a log and not into a client's hands.

This is a check of wording by patterns: it finds what it knows. That it finds nothing does not prove that an error is helpful.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import ClassVar, Final

from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.history import History, Operation
from fraiseql_chaos.verdicts.expectations.correct_results import WRONG
from fraiseql_chaos.verdicts.jsonform import ADDED_LATER
from fraiseql_chaos.verdicts.model import Finding
from fraiseql_chaos.verdicts.requests import requests_during, was_given_up

__all__ = ["CLASSES", "ErrorIsClear", "error_is_clear"]

_SECRETS: Final = {
    "SQL text": re.compile(r"\b(select\b.{1,400}?\bfrom|insert\s+into|update\s+\S+\s+set|delete\s+from)\b", re.IGNORECASE | re.DOTALL),
    "a stack trace": re.compile(
        r'Traceback \(most recent call last\)|File "[^"]+", line \d+|\bat [\w.$]+\([\w.]+:\d+\)|\bCONTEXT:\s+(?:PL/|SQL )', re.MULTILINE
    ),
    "a password": re.compile(r"\w+://[^/\s:@]*:[^@\s/]+@|\bpassword\s*=\s*\S+", re.IGNORECASE),
    "a key or token": re.compile(
        r"\bbearer\s+[\w.~+/-]{16,}|\beyJ[\w-]{8,}\.[\w-]{8,}\.|\b(?:api[_-]?key|secret|token)\s*[=:]\s*\S{8,}|-----BEGIN [A-Z ]*PRIVATE KEY",
        re.IGNORECASE,
    ),
}

_WORDS: Final = MappingProxyType(
    {
        "unreachable": r"unavailable|not available|unreachable|refused|could(?:n't| not) (?:get|connect|establish)|(?:connection|session) \S*\s?(?:lost|closed|reset|failed|broken|terminated)"
        r"|terminating connection|closed the connection|shutting down|starting up|no route|is down",
        "timeout": r"time[d ]*out|deadline|after [0-9.]+ ?(?:ms|s|sec|seconds)\b",
        "overload": r"too many|overload|exhaust|limit|busy|try again|retry|capacity|out of (?:memory|disk|space)|no space",
        "conflict": r"conflict|deadlock|serializ|lock|already exists|duplicate",
        "permission": r"permission|denied|read-only|authenticat|authoriz|forbidden|expired",
    }
)
_STATUSES: Final = MappingProxyType(
    {401: "permission", 403: "permission", 408: "timeout", 409: "conflict", 429: "overload", 503: "unreachable", 504: "timeout"}
)
_CODE: Final = re.compile(r"\[(?!INTERNAL|UNKNOWN|ERROR\b)[A-Z][A-Z0-9_]+\]")

CLASSES: Final[tuple[str, ...]] = (*_WORDS, "code")
"""What an error may be recognised as; ``code`` is a code of its own in the error's extensions."""

QUOTED_AT_MOST: Final = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorIsClear:
    """
    Expect every error answered during the fault to name what failed, to be of a class that can be acted on, and to give nothing away.

    Args:
        names: Words of which each error must contain one, in any case; at least one word.
        classes: Of which of ``CLASSES`` each error must be; none to not ask for it, as before there were classes.

    Raises:
        DeclarationError: If there is no word, an empty one, or a class that there is not.
    """

    kind: ClassVar[str] = "error_is_clear"

    names: tuple[str, ...] = ("database", "connection", "postgres")
    classes: tuple[str, ...] = field(default=(), metadata=ADDED_LATER)

    def __post_init__(self) -> None:
        if not self.names or not all(self.names):
            raise DeclarationError("error_is_clear: names must hold at least one word, and no empty one; nothing was judged")
        for name in self.classes:
            if name not in CLASSES:
                raise DeclarationError(f"error_is_clear: there is no class {name!r}, only {', '.join(CLASSES)}; nothing was judged")

    def __str__(self) -> str:
        classed = " say what can be done," if self.classes else ""
        return f"errors during the fault name the {' or '.join(self.names)},{classed} and contain no SQL, stack trace or secret"

    def judge(self, history: History) -> Finding:
        """Read every error the service answered with, and quote the first one that is not clear."""
        errors = [o for o in requests_during(history, "fault") if _is_answered_error(o)]
        faulty = [(o, fault) for o in errors if (fault := self._fault_of(o))]
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

    def _fault_of(self, error: Operation) -> str:
        """Return what is wrong with an error, as the rest of a sentence; empty if nothing is."""
        leaked = next((secret for secret, pattern in _SECRETS.items() if pattern.search(error.detail)), None)
        if leaked:
            return f"contains {leaked}"
        if not any(name.casefold() in error.detail.casefold() for name in self.names):
            return "does not name what failed"
        if self.classes and not _classes_of(error) & set(self.classes):
            return "does not say what can be done about it"
        return ""


def error_is_clear(*, names: tuple[str, ...] = ("database", "connection", "postgres"), classes: tuple[str, ...] = CLASSES) -> ErrorIsClear:
    """Expect every error answered during the fault to say what failed, to be actionable, and to give nothing away; see ``ErrorIsClear``."""
    return ErrorIsClear(names=names, classes=classes)


def _classes_of(error: Operation) -> set[str]:
    """Return every class that an error's words, status or code belong to."""
    found = {name for name, pattern in _WORDS.items() if re.search(pattern, error.detail, re.IGNORECASE)}
    found |= {_STATUSES[error.status]} if error.status is not None and error.status in _STATUSES else set()
    return found | ({"code"} if _CODE.search(error.detail) else set())


def _is_answered_error(operation: Operation) -> bool:
    return operation.outcome != "ok" and operation.status is not None and operation.cause != WRONG and not was_given_up(operation)
