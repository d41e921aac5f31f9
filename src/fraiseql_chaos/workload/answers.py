"""
From an HTTP status and a body to an outcome, and nothing else.

    status 2xx? -- no --> http_error
      JSON object? -- no --> malformed_answer
        errors? -- yes --> graphql_error      also when there is data beside them: half an answer is not the answer
          data? -- missing --> malformed_answer
            contains what was expected? -- no --> wrong_answer      an error swallowed into null or [] ends here
              ok

What may count as *refused before execution*, so that a mutation certainly left no trace, is kept small: the HTTP statuses 400-499
except 408 (which says that the service waited, not where it stopped), and answers without data whose every error says by its code that
parsing or validation failed. That an answer has no ``data`` entry would be enough by the GraphQL specification (October 2021, section
7.1), but FraiseQL leaves it out after failed executions too, so it proves nothing here.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Final, NoReturn

from fraiseql_chaos.core import Json, JsonObject
from fraiseql_chaos.history import Outcome
from fraiseql_chaos.workload.causes import Cause, outcome_of
from fraiseql_chaos.workload.matching import mismatch
from fraiseql_chaos.workload.model import OperationKind

__all__ = ["DETAIL_MAX", "Answer", "no_answer", "read_answer"]

DETAIL_MAX: Final = 300
"""Characters of an error's own words that a history keeps: enough for a PostgreSQL message and its SQLSTATE."""

_REFUSALS: Final = frozenset({"GRAPHQL_PARSE_FAILED", "GRAPHQL_VALIDATION_FAILED"})
_REQUEST_TIMEOUT: Final = 408


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """
    What became of one request.

    Attributes:
        outcome: See ``history.Outcome``.
        cause: A word of ``causes``.
        detail: The service's or the kernel's own words, at most ``DETAIL_MAX`` characters.
        status: The HTTP status, if one came.
        data: The answer's data, if it was a GraphQL answer without errors.
    """

    outcome: Outcome
    cause: Cause
    detail: str = ""
    status: int | None = None
    data: JsonObject | None = None


def read_answer(status: int, body: bytes, *, kind: OperationKind, expected: JsonObject | None) -> Answer:
    """
    Judge a complete HTTP answer.

    Args:
        status: The HTTP status.
        body: The whole body.
        kind: Whether the request could have changed anything.
        expected: What the data must contain; None if any data will do.
    """
    parsed = _parsed(body)
    if not 200 <= status < 300:
        return _bad("http_error", _words(parsed, body), status, kind, refused=400 <= status < 500 and status != _REQUEST_TIMEOUT)
    if not isinstance(parsed, dict):
        return _bad("malformed_answer", f"not a JSON object: {_cut(body)}", status, kind)
    if parsed.get("errors"):
        return _bad("graphql_error", _words(parsed, body), status, kind, refused=_is_refusal(parsed))
    if "data" not in parsed:
        return _bad("malformed_answer", f"neither data nor errors: {_cut(body)}", status, kind)
    return _read_data(parsed["data"], status, kind, expected)


def no_answer(cause: Cause, detail: str, *, kind: OperationKind, status: int | None = None, refused: bool = False) -> Answer:
    """Judge a request that got no complete answer; ``refused`` if it certainly never reached the service."""
    return _bad(cause, detail, status, kind, refused=refused)


def _read_data(data: Json, status: int, kind: OperationKind, expected: JsonObject | None) -> Answer:
    if not isinstance(data, dict):
        return _bad("wrong_answer", f"data: expected an object, got {_cut(json.dumps(data).encode())}", status, kind)
    told = "" if expected is None else mismatch(expected, data)
    if told:
        return _bad("wrong_answer", told, status, kind)
    return Answer(outcome="ok", cause="", status=status, data=data)


def _bad(cause: Cause, detail: str, status: int | None, kind: OperationKind, *, refused: bool = False) -> Answer:
    # A service can answer with half a surrogate pair, which JSON can say and no file can hold.
    storable = detail[:DETAIL_MAX].encode("utf-8", errors="replace").decode("utf-8")
    return Answer(outcome=outcome_of(cause, kind=kind, refused=refused), cause=cause, detail=storable, status=status)


def _parsed(body: bytes) -> Json:
    """Return the body's JSON value, or None if it is not JSON: JSON's own null is no answer either."""
    try:
        value: Json = json.loads(body.decode("utf-8"), parse_constant=_refuse_constant)
    except (ValueError, RecursionError):  # UnicodeDecodeError is a ValueError; nesting without end is garbage too
        return None
    return value


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _is_refusal(answer: JsonObject) -> bool:
    errors = answer["errors"]
    return not answer.get("data") and isinstance(errors, list) and all(_code(error) in _REFUSALS for error in errors)


def _code(error: Json) -> str:
    extensions = error.get("extensions") if isinstance(error, dict) else None
    code = extensions.get("code") if isinstance(extensions, dict) else None
    return code if isinstance(code, str) else ""


def _words(parsed: Json, body: bytes) -> str:
    """Return what the service said went wrong: its error messages with their codes, or the body's beginning."""
    errors = parsed.get("errors") if isinstance(parsed, dict) else None
    if not isinstance(errors, list):
        return _cut(body)
    return "; ".join(_message(error) for error in errors)


def _message(error: Json) -> str:
    message = error.get("message") if isinstance(error, dict) else None
    text = message if isinstance(message, str) else json.dumps(error)
    code = _code(error)
    return f"{text} [{code}]" if code else text


def _cut(body: bytes) -> str:
    return body[: DETAIL_MAX * 4].decode("utf-8", errors="replace")[:DETAIL_MAX] or "(nothing)"
